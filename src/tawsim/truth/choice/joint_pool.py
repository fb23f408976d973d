"""From what several models learned to one probability: how much each counts, their pool, and what nobody said.

Members are weighed by the votes alone: each predicts hidden votes from the other votes of their task, and the better
prediction counts for more. The weight is as if *one task* had been seen (a coarsened posterior: Miller and Dunson, JASA
2019), because the models are all wrong in ways that all tasks share: at full strength the best of them would get all
the weight on any set, and prediction of votes is not the truth. Where there is gold, gold decides (gold.py).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.choice.calibration import CORRELATIONS, HiddenVotes, softmax, worth
from tawsim.truth.choice.joint_em import BLOCK, Crowd, Member

Floats = NDArray[np.float64]
# All models take the consensus that explains the votes for the truth; gold disagrees with any consensus. What is said is
# therefore less sure by this power than what the pool says. Over 23 real sets ECE is .103 at 1, .100 at 0.85, .095 at 0.7
# (which is best whichever set is left out) and .117 at 0.5; made crowds, where the consensus is the truth, want 1.
HUMILITY = 0.75
# What is held of the correlation before any vote is seen, in log probability up to a constant: about 0.12, give or take a
# factor of three. It decides only where votes cannot, as with two votes a task; there the first of equals, 0, would be
# the surest of all.
USUAL_CORRELATION = 0.12
BEFORE_ANY = -(np.log((np.array(CORRELATIONS) + 0.02) / (USUAL_CORRELATION + 0.02)) ** 2) / 2
# A label that nobody gave stays this much below the best one that somebody gave.
BELOW = 0.999


class Evidence(NamedTuple):
    """`correlation` of votes (0..1) under which a model predicts hidden votes best, and `score`, the mean log likelihood."""

    correlation: float
    score: float


def evidence_of(hidden: HiddenVotes) -> Evidence:
    """How well a model predicts hidden votes, and how much its votes must be held to correlate for that."""
    if not len(hidden.left):
        return Evidence(0.0, 0.0)
    scores = np.zeros(len(CORRELATIONS))
    for start in range(0, len(hidden.left), BLOCK):
        rows = slice(start, start + BLOCK)
        others, likelihood = hidden.others[rows], hidden.likelihood[rows]
        for i, correlation in enumerate(CORRELATIONS):
            posterior = softmax(worth(hidden.left[rows], correlation)[:, None] * others)
            posterior *= likelihood
            scores[i] += np.log(np.maximum(posterior.sum(axis=1), 1e-300)).sum()
    best = int((scores + BEFORE_ANY).argmax())
    return Evidence(CORRELATIONS[best], float(scores[best]) / len(hidden.left))


def weigh(evidence: list[Evidence], per_task: NDArray[np.int64]) -> Floats:
    """Weights (M,) of the members from the evidence of one task: its independent votes times the score of each."""
    scores = np.array([one.score for one in evidence])
    answered = per_task[per_task > 0]
    correlation = evidence[int(scores.argmax())].correlation
    weight: Floats = softmax((answered * worth(answered, correlation)).mean() * scores[None])[0]
    return weight


def tempered(crowd: Crowd, member: Member, evidence: Evidence) -> Floats:
    """A member's probabilities (T, K), its votes counted as correlated."""
    return softmax(worth(crowd.per_task, evidence.correlation)[:, None] * member.log_posterior)


def pooled(members: list[Floats], weight: Floats) -> Floats:
    """The mean of the members' probabilities: where they contradict one another, the pool is unsure."""
    pool: Floats = np.einsum("m,mtk->tk", weight, np.stack(members))
    return pool


def humbled(probability: Floats, power: float) -> Floats:
    """Probabilities raised to a power and made to sum to one."""
    return softmax(power * np.log(np.maximum(probability, 1e-12)))


def said_by_somebody(probability: Floats, counts: NDArray[np.int64]) -> Floats:
    """By the `counts` (T, K) of votes: no label that nobody gave to a task is its most probable one, (T, K).

    A rare label's lone vote is easily outweighed by how frequent another label is, and that frequency is not to be had
    where tasks get different numbers of votes for a reason (s_adult: 2.6 points under the majority without this rule).
    """
    voted = counts > 0
    answered = voted.any(axis=1, keepdims=True)
    cap = BELOW * np.where(voted, probability, 0.0).max(axis=1, keepdims=True)
    kept = np.where(voted | ~answered, probability, np.minimum(probability, cap))
    capped: Floats = kept / kept.sum(axis=1, keepdims=True)
    return capped
