"""Numbers as answers: `Numeric`, and the mean and the median that it must beat."""

from tawsim.truth.numeric.baselines import Mean, Median
from tawsim.truth.numeric.model import Numeric

MODELS: dict[str, type[Mean] | type[Median] | type[Numeric]] = {"mean": Mean, "median": Median, "numeric": Numeric}

__all__ = ["MODELS", "Mean", "Median", "Numeric"]
