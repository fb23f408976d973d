"""Numbers from people who bend the scale, differ in care and sometimes err grossly: a pool of models and of the mean."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.answers import Answers
from tawsim.truth.numeric.baselines import half_variance, mean_of
from tawsim.truth.numeric.linear import Fitted, Floats, Numbers, Parts, Workers, fit_line, medians
from tawsim.truth.numeric.reading import read_number
from tawsim.truth.numeric.result import NumericResult, only, read_numbers
from tawsim.truth.numeric.slips import slips

# From the barest to the fullest. The pool always holds the plain mean beside them.
MEMBERS = {
    "shrunk": Parts(line=False, precision=False),
    "line": Parts(precision=False),
    "precise": Parts(),
    "robust": Parts(robust=True),
}
# What is still this many times the range of the middle 90 % of all answers from its task's median, as one of two answers
# that are both far from all others, is brought to that distance: it would spoil the unit.
REACH = 1.5
# Fewer tasks than this with known truth do not tell the crowd's own bias and scale: a line has two numbers, and one task
# more must say whether it holds.
MIN_GOLD = 3
# A crowd's scale is off by so much, as those of workers who are no spammers are.
SCALES = 0.5


@dataclass(frozen=True, slots=True)
class _Unit:
    """The unit models work in: answers less `zero`, divided by `one`, which is 0 where all answers are one number."""

    zero: float
    one: float


class Numeric(NumericResult):
    """The truth θ_t of each task as a number, with each worker's bias, scale and precision.

    Model, for worker w's answer to task t:

        y_tw = a_w + b_w θ_t + e,   e ~ N(0, 1 / (λ_w κ(θ_t))) or Student's t with 4 degrees around 0
        θ_t ~ N(μ, τ²)    a_w ~ N(0, σ_a²)    b_w ~ N(1, σ_b²)    λ_w ~ Gamma(k, r)

    with the widths of the priors learned from the same answers, so that a worker with few answers looks like the crowd.
    κ is how precise the crowd is at a level: on most scales people agree at the ends and differ between. Biases average
    0 and scales 1 over all answers: the truth is what an unbounded crowd of the same people would answer on average.
    Fitted by variational EM (the E step is exact and linear: task by task a weighted mean, drawn towards μ).

    Five estimates are pooled: the plain mean; the same drawn towards μ; with lines; with lines and precisions; with
    heavy tails as well. Each foretells every answer from the others of its task, up to one line for all answers; with
    q_m the mean squared error of member m and v the posterior variance of the best one, m weighs ∝ exp(-(q_m - min q) /
    (v + e)), e the standard error of the difference. Members that foretell equally well count alike, and one that does
    clearly worse, as the mean among spammers, not at all.

    Papers: V. Raykar et al., "Learning from crowds", JMLR 11 (2010), the numeric model (there: precision only); F.
    Mosteller and D. Wallace's and K. Lange, R. Little, J. Taylor's use of t errors (JASA 84, 1989); J. Bates and C.
    Granger, "The combination of forecasts" (1969). Where we depart: noise depends on the level, as a moving average
    over tasks and only as a weight (in the likelihood itself, a task's spread would be taken as evidence of its
    level); pooling instead of one chosen model, because held-out answers of the same people favour weights that are
    too sharp (errors that workers share do not show there); slips of the pen are left out first, as if never given: the
    rule and its bar are in tawsim/truth/numeric/slips.py.

    Assumes that the crowd as a whole is right on average, and that workers do not copy one another: shared error makes
    intervals too narrow. They are for what an unbounded crowd of the same people would say, not for what others call
    right: on n_emotion, whose gold is other people's, 95 % intervals hold 70 % of it, though estimates from two halves
    of that crowd differ even less than their intervals say (96 % within them). What all workers share cannot be told
    from the truth by hidden answers, so no widening is learned from them. A single answer to a task has an interval from
    the crowd's noise; where nothing tells that, as for one answer in all, `sd_` and the interval are NaN.

    With `gold` the crowd's common bias and scale are learned as well, from three tasks on, and the truth is on the
    scale of the gold: each gold task is foretold by a line through the others and by no line, and the line counts as
    its chance to be the better one of the two says.
    Cost: about 60 passes over N answers a member, and a sort of the tasks each; memory some 30 arrays of N.

    Learned: `tasks_`, `workers_`; `estimate_`, `sd_` (T,) in the unit of the answers (tasks without answers have the
    prior's, but predict None); `answered_` (T,) bool; `bias_`, `scale_` (W,) with `bias_sd_`, `scale_sd_`; `noise_`
    (W,), a standard deviation; `pool_` {member: weight}; `held_out_error_` {member: root mean square, capped};
    `clipped_`, how many answers were slips, left out or brought in; `gold_line_` (shift, scale) from the crowd's
    scale to the gold's; `repeated_`.

    >>> table = [(t, w, 10 * t + 3 * w) for t in range(8) for w in (-1, 0, 1)]
    >>> model = Numeric().fit(table)
    >>> round(model.predict()[2]), [round(bias) for bias in model.bias_]
    (20, [-3, 0, 3])
    """

    answered_: NDArray[np.bool_]
    bias_: Floats
    scale_: Floats
    noise_: Floats
    bias_sd_: Floats
    scale_sd_: Floats
    pool_: dict[str, float]
    held_out_error_: dict[str, float]
    clipped_: int
    gold_line_: tuple[float, float]

    def fit(self, answers: Any, *, gold: Mapping[Any, Any] | None = None) -> Self:
        """Learn from `answers` (`Answers`, or a table with task, worker and label as numbers); `gold` maps some tasks to
        their known truth. Raises `BadInput` for an answer that is not a number (with its row), or gold for an unknown
        task.
        """
        data, table = read_numbers(answers)
        known = _gold(gold, table)
        self.answered_ = data.per_task() > 0
        data, unit, self.clipped_ = _in_unit(data)
        estimate, variance, fitted = self._pool(data)
        line, unsure = _Line(), np.zeros(len(estimate))
        at_gold = self.answered_ & ~np.isnan(known)
        if np.count_nonzero(at_gold) >= MIN_GOLD:
            wanted = (known - unit.zero) / (unit.one or 1.0)
            line = _line_to_gold(estimate[at_gold], wanted[at_gold])
            data = replace(data, fixed=np.where(self.answered_, (wanted - line.shift) / line.scale, np.nan))
            estimate, variance, fitted = self._pool(data)
            unsure = line.variance(estimate)
        self._keep_workers(fitted, unit, (line.shift, line.scale))
        # One answer in all, or one number and never twice for a task: nothing tells the noise.
        known_noise = unit.one > 0 or bool((data.per_task() > 1).any())
        sd = (unit.one if known_noise else np.nan) * np.sqrt(variance * line.scale**2 + unsure)
        value = unit.zero + unit.one * (line.shift + line.scale * estimate)
        self.gold_line_ = (unit.zero * (1 - line.scale) + unit.one * line.shift, line.scale)
        self._keep(table, np.where(np.isnan(known), value, known), np.where(np.isnan(known), sd, 0.0))
        return self

    def predict(self) -> list[float | None]:
        """The estimate of every task in the order of `tasks_`, (T,); None where nobody answered."""
        values = super().predict()
        return [value if answered else None for value, answered in zip(values, self.answered_, strict=True)]

    def _pool(self, data: Numbers) -> tuple[Floats, Floats, Fitted]:
        """The pooled estimate and its variance (T,), and the member that tells of the workers."""
        count = data.per_task()
        several = count > 1
        members = {name: fit_line(data, parts) for name, parts in MEMBERS.items()} if several.any() else {}
        plain = members.get("shrunk") or _nothing_shared(data)
        middle = np.where(count > 0, mean_of(data), plain.mean)
        # What the mean knows is what the shrunk mean knows, less the prior.
        alone = plain.variance
        if members:
            alone = 1 / np.maximum(1 / np.maximum(plain.variance, 1e-12) - 1 / plain.spread, 1e-2 / plain.spread)
        at = data.task
        others = (count[at] * middle[at] - data.value) / np.maximum(count[at] - 1, 1)
        values = np.stack([middle, *(member.truth for member in members.values())])
        variances = np.stack([alone, *(member.variance for member in members.values())])
        held_out = np.stack([others, *(member.held_out for member in members.values())])
        weight = self._weigh(data, held_out, variances, several)
        self.pool_ = dict(zip(("mean", *members), weight.tolist(), strict=True))
        estimate = weight @ values
        variance = weight @ (variances + (values - estimate) ** 2)
        fixed = ~np.isnan(data.fixed)
        estimate, variance = np.where(fixed, data.fixed, estimate), np.where(fixed, 0.0, variance)
        best = max(members, key=lambda name: self.pool_[name]) if members else ""
        return estimate, variance, members["robust" if best == "robust" else "precise"] if members else plain

    def _weigh(self, data: Numbers, held_out: Floats, variances: Floats, several: Any) -> Floats:
        """Weights (M,) that sum to 1, from how well each row of `held_out` (M, N) foretells the answers."""
        judged = several[data.task] & np.isnan(data.fixed)[data.task] & ~np.isnan(held_out).any(axis=0)
        names = ("mean", *MEMBERS)
        if not judged.any():
            self.held_out_error_ = {}
            return np.full(len(held_out), 1 / len(held_out))
        losses = np.stack([_losses_around_line(row[judged], data.value[judged]) for row in held_out])
        error = losses.mean(axis=1)
        self.held_out_error_ = dict(zip(names, np.sqrt(error).tolist(), strict=True))
        # Not the plain mean: drawn in or not it foretells alike, but knows its own error less well.
        best = 1 + int(error[1:].argmin())
        worse = losses - losses[best]
        chance = worse.std(axis=1) / np.sqrt(losses.shape[1])
        doubt = max(float(variances[best, several].mean()), 1e-9)
        score = -worse.mean(axis=1) / (doubt + chance)
        weight: Floats = np.exp(score - score.max())
        weight /= weight.sum()
        return weight

    def _keep_workers(self, fitted: Fitted, unit: _Unit, line: tuple[float, float]) -> None:
        """Bias, scale and noise in the unit of the answers, against the truth on the scale it is told on."""
        who = fitted.workers
        self.scale_ = who.scale / line[1]
        at_zero = unit.zero + unit.one * line[0]
        self.bias_ = unit.zero + unit.one * who.bias - self.scale_ * at_zero
        self.noise_ = unit.one / np.sqrt(who.precision)
        self.scale_sd_ = np.sqrt(who.scale_variance) / abs(line[1])
        level = -at_zero / line[1]  # where the truth is 0, from the middle of the answers
        spread = unit.one**2 * who.bias_variance + 2 * unit.one * level * who.covariance + level**2 * who.scale_variance
        self.bias_sd_ = np.sqrt(np.maximum(spread, 0.0))
        self.held_out_error_ = {name: error * unit.one for name, error in self.held_out_error_.items()}


def _losses_around_line(held_out: Floats, value: Floats) -> Floats:
    """Squared errors of the best line from `held_out` to the answers: spammers flatten it for every member alike.

    Errors count as at most the range of most answers: what is beyond says nothing of which member is better.
    """
    x, y = held_out - held_out.mean(), value - value.mean()
    slope = max(float((x * y).sum()) / max(float((x * x).sum()), 1e-12), 0.0)
    losses: Floats = np.minimum(np.abs(y - slope * x), _range(value)) ** 2
    return losses


def _range(value: Floats) -> float:
    """The range of the middle 90 % of the values, or of all where these are one number."""
    low, high = np.quantile(value, [0.05, 0.95])
    return float(high - low) or float(value.max() - value.min()) or 1.0


def _in_unit(data: Numbers) -> tuple[Numbers, _Unit, int]:
    """Answers without slips, in a unit in which their spread is one; and how many were left out or brought in."""
    slip = slips(data)
    data = only(data, ~slip)
    middle, reach = medians(data)[data.task], REACH * _range(data.value)
    value = np.clip(data.value, middle - reach, middle + reach)
    clipped = int(np.count_nonzero(slip) + np.count_nonzero(value != data.value))
    zero, one = float(value.mean()), float(value.std())
    return replace(data, value=(value - zero) / (one or 1.0)), _Unit(zero, one), clipped


def _nothing_shared(data: Numbers) -> Fitted:
    """Where no task has two answers nothing tells noise from truth: half of the variance is taken for each."""
    count = data.per_task()
    truth = np.where(count > 0, mean_of(data), 0.0)
    spread = half_variance(data.value) or 1.0
    zero, one = np.zeros(data.workers), np.ones(data.workers)
    return Fitted(
        truth=truth,
        variance=np.where(count > 0, spread, 2 * spread),
        workers=Workers(zero, one, zero, zero, zero, one / spread),
        weight=np.full(len(data.value), 1 / spread),
        held_out=truth[data.task],
        mean=0.0,
        spread=spread,
        iterations=0,
    )


def _gold(gold: Mapping[Any, Any] | None, table: Answers) -> Floats:
    """The known truth of each task, (T,); NaN where it is not known."""
    known = np.full(len(table.tasks), np.nan)
    place = {task: i for i, task in enumerate(table.tasks)}
    for task, value in (gold or {}).items():
        if task not in place:
            raise BadInput(
                f"There is gold for {repr(task)[:80]}, which nobody answered.", "Name tasks as the answers do."
            )
        try:
            known[place[task]] = read_number(value)
        except BadInput as error:
            raise BadInput(f"The gold of {repr(task)[:80]}: {error.message}", error.hint) from None
    return known


@dataclass(frozen=True, slots=True)
class _Line:
    """known ≈ shift + scale · estimate, from `tasks` around `middle` with the squares `width`, and squared errors `noise`."""

    shift: float = 0.0
    scale: float = 1.0
    middle: float = 0.0
    width: float = 1.0
    noise: float = 0.0
    tasks: int = 1

    def variance(self, estimate: Floats) -> Floats:
        """How unsure the line is at each estimate, (T,)."""
        found: Floats = self.noise * (1 / self.tasks + (estimate - self.middle) ** 2 / self.width)
        return found


def _line_to_gold(estimate: Floats, known: Floats) -> _Line:
    """The line from estimates to what is known, both (n,), drawn to none by how well either foretells a task left out.

    With the squared errors r of the one and s of the other, of normal noise whose width is not known, the line is the
    better one with the odds (s / r)^(n / 2).
    """
    tasks = len(known)
    others = ~np.eye(tasks, dtype=bool)
    lines = [_regression(estimate[rest], known[rest]) for rest in others]
    shift, scale = np.array(lines).T
    foretold = float(((known - shift - scale * estimate) ** 2).sum()) + 1e-12
    bare = float(((known - estimate) ** 2).sum()) + 1e-12
    chance = 1 / (1 + float(np.exp(np.clip(tasks / 2 * np.log(foretold / bare), -50, 50))))
    shift_all, scale_all = _regression(estimate, known)
    slope = 1 + chance * (scale_all - 1)
    width = float(((estimate - estimate.mean()) ** 2).sum() + estimate.var()) + 1e-9
    return _Line(
        shift=chance * shift_all,
        scale=slope if abs(slope) > 1e-3 else 1e-3,
        middle=float(estimate.mean()),
        width=width,
        noise=chance * foretold / tasks,
        tasks=tasks,
    )


def _regression(estimate: Floats, known: Floats) -> tuple[float, float]:
    """(c, d) such that known ≈ c + d · estimate: regression with d ~ N(1, SCALES²) and one imagined task at d = 1."""
    x, y = estimate - estimate.mean(), known - known.mean()
    around = float(estimate.var()) + 1e-9
    slope = 1.0
    # First as if there were no noise, then with what noise that leaves.
    for noise in (0.0, 1.0):
        prior = around + noise * float(((y - slope * x) ** 2).mean()) / SCALES**2
        slope = (float((x * y).sum()) + prior) / (float((x**2).sum()) + prior)
    slope = slope if abs(slope) > 1e-3 else 1e-3
    return float(known.mean() - slope * estimate.mean()), slope
