"""Scores of items from comparisons and rankings: Bradley–Terry and Plackett–Luce, with workers who differ."""

from tawsim.truth.ranking.bradley_terry import BradleyTerry
from tawsim.truth.ranking.comparisons import Comparisons
from tawsim.truth.ranking.consistency import Consistency
from tawsim.truth.ranking.plackett_luce import PlackettLuce
from tawsim.truth.ranking.rankings import Rankings
from tawsim.truth.ranking.rated import RatedWorker, Rating, WinProbability

__all__ = [
    "BradleyTerry",
    "Comparisons",
    "Consistency",
    "PlackettLuce",
    "Rankings",
    "RatedWorker",
    "Rating",
    "WinProbability",
]
