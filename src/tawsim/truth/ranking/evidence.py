"""Does reliability help to know the crowd? Measured on workers who were left out, whole.

Answers hidden from *known* workers are told best by a model that knows each of them, even where it follows the loudest of
two camps. The question here is another: do the scores of the rest tell what a fresh worker will say, whoever that may
be? So workers are left out in turn, and each one's answers are told from the others' scores.

A fresh worker who contradicts the scores may be unreliable, or may be right about another taste. The first reading
forgives the scores: the worker's own scale is integrated out. The second does not: everybody's scale is 1. Nothing in
the answers tells the two apart, so the evidence is the mean of both logs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.ranking.learning import Learned, Likelihood, Switches, learn

Floats = NDArray[np.float64]
# Five parts are the usual compromise of cost and of what the rest still knows.
PARTS = 5
# Answers beyond which every k-th worker is enough: the difference shows in thousands.
ENOUGH = 100_000
# Fewer workers than this cannot tell who of them is right.
FEWEST = 3
STEPS = 12


class Evidence(NamedTuple):
    """Mean log evidence per answer of left-out workers, without and with reliability, the standard error of their
    difference (over workers), and the answers it rests on."""

    plain: float
    reliable: float
    error: float
    answers: int


def compare(answers: Likelihood, plain: Learned, reliable: Learned, switches: Switches) -> Evidence | None:
    """Evidence for both members, or None where there are too few workers. Cost: 2 × 5 fits of at most 10⁵ answers."""
    turn = _turns(answers, plain)
    if turn is None:
        return None
    worth = np.zeros((2, answers.workers))
    for part in range(int(turn.max()) + 1):
        out, rest = turn == part, (turn >= 0) & (turn != part)
        hidden, known = answers.only(out), answers.only(rest)
        quick = switches._replace(tolerance=2e-3, most_steps=20)
        members = (
            learn(known, quick._replace(scale=False), _forget(plain, out, scale=False)),
            learn(known, quick, _forget(reliable, out, scale=True)),
        )
        worth += [_of_fresh(hidden, member, members[1].variance_scale) for member in members]
    asked = float(answers.answers[turn >= 0].sum())
    plainly, reliably = worth.sum(axis=1) / asked
    gain = (worth[1] - worth[0])[turn >= 0]
    error = float(gain.std()) * len(gain) ** 0.5 / asked
    return Evidence(float(plainly), float(reliably), error, int(asked))


def _turns(answers: Likelihood, plain: Learned) -> NDArray[np.int64] | None:
    """The part in which each worker is left out (W,), -1 for those in none.

    Workers are dealt out in the order of what they did, never of their names, so that names change nothing.
    """
    took_part = np.flatnonzero(answers.answers > 0)
    if len(took_part) < FEWEST:
        return None
    fit = np.round(answers.log_likelihood(plain), 6)
    order = took_part[np.lexsort((fit[took_part], answers.answers[took_part]))]
    every = max(1, int(answers.answers.sum() // ENOUGH))
    chosen = order[every // 2 :: every] if len(order) // every >= 4 * PARTS else order
    turn = np.full(answers.workers, -1)
    turn[chosen] = np.arange(len(chosen)) % min(PARTS, len(chosen))
    return turn


def _forget(of_all: Learned, out: NDArray[np.bool_], *, scale: bool) -> Learned:
    """A start from the fit of all, with the left-out workers unknown again."""
    first = copy_of(of_all)
    first.scale = np.where(out, 1.0, of_all.scale) if scale else np.ones(len(out))
    first.left = np.where(out, of_all.crowd_left, of_all.left)
    return first


def copy_of(of_all: Learned) -> Learned:
    """A copy to go on from."""
    return Learned(
        of_all.scores.copy(),
        of_all.scale.copy(),
        of_all.left.copy(),
        of_all.crowd_left,
        of_all.log_ties.copy(),
        of_all.variance_items,
        of_all.variance_scale,
        of_all.variance_left,
    )


def _of_fresh(hidden: Likelihood, member: Learned, variance: float) -> Floats:
    """Log evidence of each hidden worker's answers (W,), 0 for all others: the mean of both readings.

    The scores' unit is set on the hidden answers, alike for all members: one number, and the members differ in unit.
    The scale of the first reading is integrated out by Laplace's method.
    """
    now = copy_of(member)
    now.left = np.full(hidden.workers, member.crowd_left)
    now.scale = np.ones(hidden.workers)
    for _ in range(STEPS):
        slopes = hidden.about_workers(now)
        curvature = max(float(slopes.scale_scale.sum()), 1e-9)
        now.scores = now.scores * float(np.clip(1 + slopes.scale.sum() / curvature, 0.5, 2.0))
    of_one_kind = hidden.log_likelihood(now)
    reach = max(float(np.ptp(now.scores)), 1.0)
    for _ in range(STEPS):
        slopes = hidden.about_workers(now)
        step = (slopes.scale - (now.scale - 1) / variance) / (slopes.scale_scale + 1 / variance)
        now.scale = now.scale + np.clip(step, -2 / reach, 2 / reach)
    curvature_of = variance * hidden.about_workers(now).scale_scale + 1
    worth = hidden.log_likelihood(now) - (now.scale - 1) ** 2 / (2 * variance) - np.log(curvature_of) / 2
    return np.where(hidden.answers > 0, (worth + of_one_kind) / 2, 0.0)
