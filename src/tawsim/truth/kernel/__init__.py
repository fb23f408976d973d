"""The hot loops of the truth models. Nothing here knows what a vote means."""

from tawsim.truth.kernel.sums import GroupedSum

__all__ = ["GroupedSum"]
