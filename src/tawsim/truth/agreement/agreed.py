"""What is told of agreement, whatever the kind of answers: one form for every measure. Nothing is computed."""

from dataclasses import dataclass

from tawsim.truth.agreement.krippendorff import Agreement


@dataclass(frozen=True, slots=True)
class Agreed:
    """How far workers agree: `value` of the `measure` with its 95 % interval `low`..`high`, from `tasks` of the `of` tasks
    with two answers or more; fewer where a sample was taken.

    `measure`: alpha (with its `metric`) and gamma, 1 = full agreement, 0 = as by chance; overlap, the mean overlap of what
    two workers drew, 0..1; word_error, the mean share of words that differ between two answers, 0..1, 0 = the same.
    """

    measure: str
    value: float
    low: float
    high: float
    tasks: int
    of: int
    metric: str = ""


def of_alpha(found: Agreement | None, metric: str = "nominal") -> Agreed | None:
    """Alpha as `Agreed`."""
    if found is None:
        return None
    return Agreed("alpha", found.alpha, found.low, found.high, found.tasks, found.tasks, metric)
