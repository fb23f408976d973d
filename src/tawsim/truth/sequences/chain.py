"""The hidden chain of true tags: forward–backward over all sequences at once, probabilities of spans, best set of spans.

States: 0 outside; 1 + x a span of type x begins; 1 + X + x it goes on. Pure arrays; knows no workers.
"""

import bisect
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Spans less likely than this are not listed: they never enter an answer, and their sum is below the rounding of a report.
LEAST = 0.01


class Layout:
    """Which tokens are the p-th of their sequence: `steps[p]` lists them, longest sequences first, so that a step along
    all sequences is one operation on `steps[p]` and the first of `steps[p - 1]`."""

    def __init__(self, lengths: Ints) -> None:
        self.starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        self.tokens = int(self.starts[-1])
        self.sequence = np.repeat(np.arange(len(lengths)), lengths)
        order = np.argsort(-lengths, kind="stable")
        ordered = lengths[order]
        left = np.searchsorted(-ordered, -np.arange(int(lengths.max(initial=0))), side="left")
        self.steps = [self.starts[order[:count]] + p for p, count in enumerate(left.tolist())]
        self.last = self.starts[1:][lengths > 0] - 1
        self.ends = np.zeros(self.tokens, bool)
        self.ends[self.last] = True


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """`state` (N, S): probability of each state of each token. `pairs` (S, S): expected transitions.

    `begun` and `inside` (N, X): probability that the span goes on to the next token, given that this token begins, or
    goes on with, a span of type x; empty where they were not asked for. `log_likelihood` of all, up to the weights' scale.
    """

    state: Floats
    pairs: Floats
    begun: Floats
    inside: Floats
    log_likelihood: float


def allowed(types: int) -> NDArray[np.bool_]:
    """Which state may follow which, (S, S), S = 1 + 2 types: a span goes on only where one of its type is open."""
    may = np.ones((1 + 2 * types, 1 + 2 * types), bool)
    may[:, 1 + types :] = False
    x = np.arange(types)
    may[1 + x, 1 + types + x] = True
    may[1 + types + x, 1 + types + x] = True
    return may


def forward_backward(
    log_weight: Floats, transition: Floats, first: Floats, layout: Layout, *, spans: bool = False
) -> Posterior:
    """`Posterior` of tokens (N, S) with evidence `log_weight`, transitions (S, S) and first states (S,); with `spans`,
    also what `span_probability` and `candidates` need.

    Cost: two passes over the longest sequence, each step S² a live sequence; memory about 4 arrays of N S numbers.
    """
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    np.maximum(weight, 1e-300, out=weight)
    tokens, states = weight.shape
    forward, backward = np.zeros((tokens, states)), np.ones((tokens, states))
    scale = np.ones(tokens)
    for p, here in enumerate(layout.steps):
        value = (first if p == 0 else forward[layout.steps[p - 1][: len(here)]] @ transition) * weight[here]
        scale[here] = value.sum(axis=1)
        forward[here] = value / scale[here, None]
    pairs = np.zeros((states, states))
    for p in range(len(layout.steps) - 2, -1, -1):
        after = layout.steps[p + 1]
        here = layout.steps[p][: len(after)]
        ahead = weight[after] * backward[after] / scale[after, None]
        backward[here] = ahead @ transition.T
        pairs += forward[here].T @ ahead
    begun = inside = np.zeros((0, 0))
    if spans:
        begun, inside = _going_on(weight, backward, scale, transition, layout)
    state = forward * backward
    state /= state.sum(axis=1, keepdims=True)
    return Posterior(state, pairs * transition, begun, inside, float(np.log(scale).sum()))


def _going_on(
    weight: Floats, backward: Floats, scale: Floats, transition: Floats, layout: Layout
) -> tuple[Floats, Floats]:
    types = (weight.shape[1] - 1) // 2
    x = np.arange(types)
    begun, inside = np.zeros((len(weight), types)), np.zeros((len(weight), types))
    here = np.flatnonzero(~layout.ends)
    ahead = weight[here + 1, 1 + types :] * backward[here + 1, 1 + types :] / scale[here + 1, None]
    for found, state in ((begun, 1 + x), (inside, 1 + types + x)):
        share = transition[state, 1 + types + x] * ahead / np.maximum(backward[here][:, state], 1e-300)
        found[here] = np.clip(share, 0, 1)
    return begun, inside


def span_probability(posterior: Posterior, start: Ints, end: Ints, kind: Ints) -> Floats:
    """Probability that exactly the tokens `start` to `end` (without) are a span of type `kind`, each (M,)."""
    begins = posterior.state[start, 1 + kind]
    with np.errstate(divide="ignore"):
        log_inside = np.log(np.maximum(posterior.inside, 1e-300))
    total = np.concatenate([np.zeros((1, log_inside.shape[1])), np.cumsum(log_inside, axis=0)])
    last = end - 1
    longer = last > start
    goes_on = np.exp(np.minimum(total[last, kind] - total[np.minimum(start + 1, last), kind], 0))
    stops = np.where(longer, 1 - posterior.inside[last, kind], 1 - posterior.begun[start, kind])
    result: Floats = begins * np.where(longer, posterior.begun[start, kind] * goes_on, 1.0) * stops
    return result


class Candidates(NamedTuple):
    """Possible spans with their probability, sorted by end and then start; each (M,), positions among all tokens."""

    start: Ints
    end: Ints
    kind: Ints
    probability: Floats


def candidates(posterior: Posterior, types: int, least: float = LEAST) -> Candidates:
    """All spans of the first `types` types with a probability of `least` or more."""
    start, kind = np.nonzero(posterior.state[:, 1 : 1 + types] >= least)
    mass = posterior.state[start, 1 + kind]
    here, goes_on = start.copy(), posterior.begun[start, kind]
    found = []
    while len(start):
        stops = mass * (1 - goes_on)
        keep = stops >= least
        found.append((start[keep], here[keep] + 1, kind[keep], stops[keep]))
        mass = mass * goes_on
        on = mass >= least
        start, here, kind, mass = start[on], here[on] + 1, kind[on], mass[on]
        goes_on = posterior.inside[here, kind]
    if not found:
        none = np.zeros(0, np.int64)
        return Candidates(none, none, none, np.zeros(0))
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    order = np.lexsort((columns[2], columns[0], columns[1]))
    return Candidates(*(column[order] for column in columns))


def best_spans(found: Candidates, expected: float) -> tuple[NDArray[np.bool_], float]:
    """Which of the candidates to answer so that the expected span F1 is highest, (M,), and that F1.

    F1 = 2 Σ_chosen p / (chosen + expected), with `expected` the expected number of true spans. The ratio is maximised by
    Dinkelbach's method (1967): for a given F the best set maximises Σ (p − F / 2) over spans that do not overlap, which
    is found exactly, and gives the next F, until it stays. So a span needs p > F / 2, not p > 1 / 2: where the crowd
    overlooks much, a likely find is worth its risk.
    """
    f1, chosen = 0.0, np.zeros(len(found.start), bool)
    for _ in range(50):
        chosen = _without_overlap(found, f1 / 2)
        gain = float(2 * found.probability[chosen].sum() / max(chosen.sum() + expected, 1e-12))
        if gain <= f1 + 1e-9:
            break
        f1 = gain
    return chosen, f1


def _without_overlap(found: Candidates, price: float) -> NDArray[np.bool_]:
    """The spans without overlap whose probabilities less `price` sum to the most (weighted interval scheduling)."""
    worth = np.flatnonzero(found.probability > price)
    chosen = np.zeros(len(found.start), bool)
    ends: list[int] = []
    value, back, taken = [0.0], [0], [-1]
    for i in worth.tolist():
        before = bisect.bisect_right(ends, int(found.start[i]))
        gain = value[before] + float(found.probability[i]) - price
        better = gain > value[-1] + 1e-12
        back.append(before if better else len(value) - 1)
        value.append(gain if better else value[-1])
        taken.append(i if better else -1)
        ends.append(int(found.end[i]))
    at = len(value) - 1
    while at > 0:
        if taken[at] >= 0:
            chosen[taken[at]] = True
        at = back[at]
    return chosen
