"""Plackett–Luce: scores of items from full and partial rankings and best-of-n, with ties and the reliability of workers."""

from itertools import pairwise
from typing import Any, Self

import numpy as np

from tawsim.truth.ranking.rankings import Rankings
from tawsim.truth.ranking.rated import Rated, check_rated
from tawsim.truth.ranking.staged import Staged


class PlackettLuce(Rated):
    """A ranking is a chain of choices of the best among what is left; each chooses i with odds exp(a_w s_i).

    Model: out of the set S worker w takes the group T of t items with

        P(T | S) = δ_t exp(mean of a_w s_i over T) / Σ_t δ_t e_t(exp(a_w s_i / t), i in S),  δ_1 = 1

    (e_t: elementary symmetric polynomial; δ_t is 0 for sizes never seen); s_i ~ N(0, σ²), a_w ~ N(1, τ²),
    log δ_t ~ N(0, 4). Learned as `BradleyTerry`, with which it coincides on rankings of two (without position bias);
    `reliability="auto"`, intervals and assumptions are as described there. Items shown but not ranked are below the
    ranked ones, in unknown order.

    Assumes that choices are made from the top, and independently of what else is in the set (Luce's axiom).

    Cost per iteration: O(members of all choices × sizes of ties + pairs within choices): n³ / 6 pairs for a ranking of n
    items; at most 2·10⁷ in all (`TooLarge` beyond). Memory about 40 bytes each.

    Papers: R. Plackett, Applied Statistics 24 (1975); R. Luce, 1959; ties: D. Firth, I. Kosmidis and H. Turner,
    "Davidson–Luce model for multi-item choice with ties" (2019). Where we depart: a scale per worker, the priors, and
    the choice by left-out workers. The Newton steps and intervals use a covariance that is exact without ties and for
    pairs, and keeps its trace with ties among more than two items.

    Learned: see `Rated`; `position_bias_` is 0.

    >>> from tawsim.truth.ranking import PlackettLuce
    >>> table = [(w, ["a", "b", "c"]) for w in ("ann", "bob", "eve")] + [("eve", ["b", ["a", "c"]])]
    >>> model = PlackettLuce().fit(table)
    >>> model.ranking(), model.predict()
    ([['a', 'b', 'c']], [['a', 'b', 'c']])
    """

    def fit(self, rankings: Any, *, strict: bool = False) -> Self:
        """Learn from `Rankings`, `Comparisons` or any table that `Rankings.from_table` reads; raises its `BadInput`, and
        `TooLarge`."""
        said = Rankings.from_table(rankings, strict=strict) if strict else Rankings.from_table(rankings)
        self.items_, self.workers_, self.repeated_ = said.items, said.workers, said.repeated
        self._learn(Staged.of(said), position=False)
        self._keep_tasks(said.tasks, np.repeat(said.task, np.diff(said.starts)), said.item)
        return self

    def predict(self) -> list[list[Any]]:
        """The items of each task, best first, in the order of `tasks_`; `confidence_` is the probability that the first
        is better than the second."""
        check_rated(self)
        ends = self.task_starts_.tolist()
        items = [self.items_[k] for k in self.task_items_.tolist()]
        return [items[start:end] for start, end in pairwise(ends)]
