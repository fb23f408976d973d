"""What tasks of known truth teach Joint: which members to believe, and how sure to be. Gold never judges itself.

The members whose predictions are compared with gold were fitted without it, so that their mistakes on gold tasks are
those they make on any task; the members that label the other tasks were fitted with gold held fixed. Everything is drawn
to what is done without gold, so that ten gold tasks help and do not harm.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.choice.calibration import softmax
from tawsim.truth.choice.joint_em import Known
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
# The weights without gold stand for so many gold tasks: 5 and 20 were equally good on 15 sets with 50 gold tasks.
IMAGINED_TASKS = 10.0
# Members that are in the pool only with gold start with this share of the weight, evenly.
NEWCOMERS = 0.25
# A task that a model got entirely wrong counts as if it had left the truth this much.
LEAST = 1e-4
# The log of the power is held to be within ±1 of that without gold (two standard deviations), before any gold is seen.
SPREAD = 0.5
POWERS = np.exp(np.linspace(np.log(0.1), np.log(2.0), 61))


def read_gold(gold: Mapping[Any, Any] | None, votes: Votes) -> Known | None:
    """`gold`, task → label, as positions sorted by task. Raises `BadInput` for tasks or labels that are not in `votes`."""
    if not gold:
        return None
    if not isinstance(gold, Mapping):
        raise BadInput(f"Gold is a mapping of task to label, not a {type(gold).__name__}.")
    tasks = {task: i for i, task in enumerate(votes.tasks)}
    labels = {label: k for k, label in enumerate(votes.labels)}
    strange = [task for task in gold if task not in tasks]
    if strange:
        named = ", ".join(repr(str(task)[:60]) for task in strange[:5])
        raise BadInput(
            f"{len(strange)} gold tasks have no votes: {named}.", "Name gold tasks as the table of votes names them."
        )
    wrong = [task for task, label in gold.items() if label not in labels]
    if wrong:
        raise BadInput(
            f"The gold label {str(gold[wrong[0]])[:60]!r} of task {str(wrong[0])[:60]!r} is not among the labels.",
            "Known labels: " + ", ".join(str(label) for label in votes.labels[:12]),
        )
    pairs = sorted((tasks[task], labels[label]) for task, label in gold.items())
    return Known(np.array([t for t, _ in pairs]), np.array([k for _, k in pairs]))


def with_newcomers(weight: Floats, newcomers: int) -> Floats:
    """Weights of all members from those of the first few."""
    return np.append((1 - NEWCOMERS) * weight, np.full(newcomers, NEWCOMERS / newcomers))


def weigh_by_gold(truths: list[Floats], known: Known, start: Floats) -> Floats:
    """Weights (M,) of the mixture under which gold is most probable, by EM, with `start` as `IMAGINED_TASKS` tasks.

    `truths`: each member's probabilities (T, K), learned without gold.
    """
    likely = np.stack([member[known.task, known.label] for member in truths], axis=1)
    likely = np.maximum(likely, LEAST)
    weight = start.copy()
    for _ in range(100):
        share = weight * likely
        share /= share.sum(axis=1, keepdims=True)
        weight = share.sum(axis=0) + IMAGINED_TASKS * start
        weight /= weight.sum()
    return weight


def power_by_gold(pool: Floats, known: Known, usual: float) -> float:
    """The power to which probabilities are raised under which gold is most probable, drawn to `usual`."""
    log_pool = np.log(np.maximum(pool[known.task], 1e-12))
    here = np.arange(len(known.task))
    score = [
        np.log(np.maximum(softmax(power * log_pool)[here, known.label], LEAST)).sum()
        - (np.log(power / usual) / SPREAD) ** 2 / 2
        for power in POWERS
    ]
    return float(POWERS[int(np.argmax(score))])


def loss_on_gold(truth: Floats, known: Known) -> float:
    """Mean Brier score on gold of probabilities that were learned without it, 0 (best) to 2."""
    here = truth[known.task].copy()
    here[np.arange(len(here)), known.label] -= 1
    return float((here**2).sum(axis=1).mean())
