"""From an audited sample to a certificate: at most ε of the labels are wrong, with probability 1 - δ. No drawing here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tawsim.core.errors import BadInput
from tawsim.truth.certificates.audit import Audit, check_never_fitted
from tawsim.truth.certificates.hypergeometric import (
    EDGE,
    binomial_cdf,
    excluded_anytime,
    excluded_exact,
    least_wrong,
    most_wrong,
)

Method = Literal["exact", "anytime"]
Missing = Literal["wrong", "leave out"]
EXCLUDED = {"exact": excluded_exact, "anytime": excluded_anytime}
METHODS = {
    "exact": "hypergeometric (exact), for one look at the whole sample",
    "anytime": "one-sided prior-posterior martingale, valid at every look",
    "binomial": "binomial bound for samples of slices (Hoeffding 1956)",
    "sum": "sum of the bounds of the slices",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """What the sample says of `population` labels, of which `sample` were checked and `wrong` found wrong.

    `most_wrong` and `least_wrong` bound the wrong labels of the whole population, each with probability `confidence`;
    `error_high` and `error_low` are the same as shares, `error` is the share of the sample. `method` is a key of
    `METHODS`. `name` is the slice, "" for all.
    """

    name: str
    population: int
    sample: int
    wrong: int
    least_wrong: int
    most_wrong: int
    confidence: float
    method: str

    @property
    def error(self) -> float:
        """Share of the checked labels that are wrong; NaN if none was checked."""
        return self.wrong / self.sample if self.sample else float("nan")

    @property
    def error_high(self) -> float:
        """At most this share of all labels is wrong."""
        return self.most_wrong / self.population

    @property
    def error_low(self) -> float:
        """At least this share of all labels is wrong."""
        return self.least_wrong / self.population


@dataclass(frozen=True, slots=True)
class Certificate:
    """`overall` holds with probability 1 - `delta`; `slices` hold all at once with probability 1 - `delta`.

    `missing`: tasks of the sample that nobody checked, counted as `missing_as`. `commitment` and `seed` are those of the
    audit. `says` is the claim as a sentence.
    """

    overall: Bound
    slices: tuple[Bound, ...]
    delta: float
    method: Method
    missing: int
    missing_as: Missing
    commitment: str
    seed: str
    says: str

    def holds(self, error: float) -> bool:
        """Whether the certificate supports the claim “at most `error` of the labels are wrong”."""
        return self.overall.error_high <= error


def certify(
    audit: Audit,
    results: Mapping[Any, bool],
    *,
    delta: float = 0.05,
    method: Method = "exact",
    missing: Missing = "wrong",
    used_gold: Sequence[Any] | Mapping[Any, Any] = (),
) -> Certificate:
    """What `results` (task → whether its label is right) of an audit prove about all labels it was drawn from.

    `method` "exact": an inverted hypergeometric tail (Clopper and Pearson 1934, for a finite population), for a sample
    whose size was fixed beforehand and that is looked at once. "anytime": wider, but holds at all times at once, so that
    one may look after every task and stop at will; results must then be a first part of `audit.tasks`, and what comes
    after it is not missing. A task of the sample without a result counts as wrong; with `missing="leave out"` it counts
    as never drawn, which is only right if being missed has nothing to do with being wrong.

    Slices share δ by Šidák's 1 - (1 - δ)^(1/S), a little sharper than Bonferroni's δ / S: their samples are independent
    given their sizes. A stratified sample has for its whole the binomial bound at the lowest rate of sampling: wrong
    labels seen are then a sum of independent yes/no's, whose lower tail is under the binomial's (Hoeffding 1956); looked at
    any time, it has the sum of the slices' bounds. `used_gold`: the tasks whose gold a model was given; with any of the
    audit among them nothing is certified.

    Raises `BadInput`: results for tasks outside the sample (named), a result that is not yes or no, δ outside 0 … 0.5, a
    gap in the order under "anytime", audit labels used for fitting.
    """
    _check(delta, method, missing)
    check_never_fitted(used_gold, audit)
    checked = _checked(audit, results, method)
    drawn, unseen = _with_missing(checked, missing)
    slices = _slice_bounds(audit, drawn, delta, method)
    overall = _overall(audit, drawn, slices, delta, method)
    return _spoken(Certificate(overall, slices, delta, method, unseen, missing, audit.commitment, audit.seed, says=""))


def _check(delta: float, method: str, missing: str) -> None:
    if not 0 < delta < 0.5:
        raise BadInput(f"delta is a probability between 0 and 0.5, not {delta}.", "0.05 for 95 %.")
    if method not in EXCLUDED:
        raise BadInput(f"There is no method {method!r}.", "exact, or anytime.")
    if missing not in ("wrong", "leave out"):
        raise BadInput(f"Missing results count as 'wrong' or are left out ('leave out'), not {missing!r}.")


def _checked(audit: Audit, results: Mapping[Any, bool], method: Method) -> list[bool | None]:
    """Right, wrong or not checked, in the order of the audit; for "anytime" only up to the last one checked."""
    members = set(audit.tasks)
    strange = [task for task in results if task not in members]
    if strange:
        raise BadInput(
            f"{len(strange)} results are for tasks outside the sample: {', '.join(map(repr, strange[:5]))}.",
            "Only tasks drawn for the audit may be counted; others were chosen for a reason.",
            tasks=strange[:100],
        )
    for task, right in results.items():
        if not isinstance(right, bool | np.bool_):
            raise BadInput(f"The result of {task!r} is {right!r}, not True (right) or False (wrong).")
    found = [bool(results[task]) if task in results else None for task in audit.tasks]
    if not results:
        raise BadInput("There are no results.", "Check some tasks of the audit first.")
    if method == "exact":
        return found
    last = max(i for i, one in enumerate(found) if one is not None)
    gaps = [audit.tasks[i] for i in range(last) if found[i] is None]
    if gaps:
        raise BadInput(
            f"The task {gaps[0]!r} comes before others that were checked, and was not.",
            "A bound for any time needs the tasks checked in the order of audit.tasks, or the method exact.",
            tasks=gaps[:100],
        )
    return found[: last + 1]


def _with_missing(checked: list[bool | None], missing: Missing) -> tuple[list[tuple[int, bool]], int]:
    """(position in the audit, right) of every task that counts; and how many had no result."""
    unseen = sum(one is None for one in checked)
    if missing == "wrong":
        return [(i, bool(one)) for i, one in enumerate(checked)], unseen
    return [(i, one) for i, one in enumerate(checked) if one is not None], unseen


def _bound(name: str, population: int, sample: int, wrong: int, delta: float, method: Method) -> Bound:
    excluded = EXCLUDED[method]
    low = least_wrong(population, sample, wrong, delta, excluded)
    high = most_wrong(population, sample, wrong, delta, excluded)
    return Bound(name, population, sample, wrong, low, high, 1 - delta, method)


def _slice_bounds(audit: Audit, drawn: Sequence[tuple[int, bool]], delta: float, method: Method) -> tuple[Bound, ...]:
    if not audit.slices:
        return ()
    share = 1 - (1 - delta) ** (1 / len(audit.slices))
    bounds = []
    for place, one in enumerate(audit.slices):
        here = [right for i, right in drawn if audit.slice_of[i] == place]
        bounds.append(_bound(one.name, one.population, len(here), here.count(False), share, method))
    return tuple(bounds)


def _overall(
    audit: Audit, drawn: Sequence[tuple[int, bool]], slices: Sequence[Bound], delta: float, method: Method
) -> Bound:
    wrong = sum(not right for _, right in drawn)
    if not audit.stratified or len(slices) == 1:
        return _bound("", audit.population, len(drawn), wrong, delta, method)
    if method == "exact":
        rates = [one.sample / one.population for one in slices]
        high = _stratified_most(audit.population, len(drawn), wrong, min(rates), delta)
        low = audit.population - _stratified_most(audit.population, len(drawn), len(drawn) - wrong, min(rates), delta)
        return Bound("", audit.population, len(drawn), wrong, low, high, 1 - delta, "binomial")
    low, high = sum(one.least_wrong for one in slices), sum(one.most_wrong for one in slices)
    return Bound("", audit.population, len(drawn), wrong, low, high, 1 - delta, "sum")


def _stratified_most(population: int, sample: int, wrong: int, rate: float, delta: float) -> int:
    """The most wrong labels K with P(X ≤ wrong) > δ for X ~ Binomial(sample, rate · K / sample).

    Each slice's wrong labels seen are a sum of independent yes/no's (Vatutin and Mikhailov 1982), and together they have
    at least the mean rate · K. Hoeffding's inequality holds at or below the mean less one, so nothing else is excluded.
    """
    low, high = wrong, population - (sample - wrong)
    while low < high:
        middle = (low + high + 1) // 2
        mean = rate * middle
        if wrong <= mean - 1 and binomial_cdf(sample, min(1.0, mean / sample), wrong) <= delta * (1 - EDGE):
            high = middle - 1
        else:
            low = middle
    return low


def _spoken(found: Certificate) -> Certificate:
    one = found.overall
    look = "at this and every other look" if found.method == "anytime" else "by one look at a sample fixed beforehand"
    says = (
        f"At most {one.error_high:.2%} of the {one.population:,} labels ({one.most_wrong:,}) are wrong, with probability "
        f"{1 - found.delta:.4g}, {look}: {one.wrong:,} of {one.sample:,} checked at random were wrong."
    )
    if found.missing:
        how = "counted as wrong" if found.missing_as == "wrong" else "left out"
        says += f" {found.missing:,} of the sample had no result and were {how}."
    if found.slices:
        worst = max(found.slices, key=lambda each: each.error_high)
        says += (
            f" All {len(found.slices)} slices hold together with probability {1 - found.delta:.4g}; "
            f"the highest bound is {worst.error_high:.2%}, in “{worst.name}”."
        )
    return replace(found, says=says)
