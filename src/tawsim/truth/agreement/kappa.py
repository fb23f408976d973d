"""Cohen's and Fleiss's kappa with bootstrap intervals, from counts. Pure arrays."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.agreement.draws import distinct_rows
from tawsim.truth.agreement.krippendorff import MAX_DRAWS, MIN_REPLICATES, REPLICATES, Floats

Weights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True, slots=True)
class Kappa:
    """`kappa` (1 = perfect, 0 = as by chance) with its 95 % interval `low`..`high`, and the number of `tasks`."""

    kappa: float
    low: float
    high: float
    tasks: int


def cohen_kappa(
    counts: NDArray[Any], *, weights: Weights = "none", replicates: int = REPLICATES, seed: int = 0
) -> Kappa | None:
    """Kappa of two workers from `counts` (K, K), how often one said k where the other said l. None where it is
    undefined: no task in common, or both said one and the same label always.

    1 - Σ w p / Σ w e with p the shares, e the product of their margins and w the cost of disagreeing: 1 ("none"), or with
    labels in order the distance between them ("linear") or its square ("quadratic"). J. Cohen, Educational and
    Psychological Measurement 20 (1960), Psychological Bulletin 70 (1968). Interval: percentiles over tasks drawn with
    replacement.

    >>> round(cohen_kappa(np.array([[20, 5], [10, 15]])).kappa, 3)
    0.4
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts < 0).any():
        raise BadInput("The counts of two workers are a square table of 0 and above.")
    if weights not in ("none", "linear", "quadratic"):
        raise BadInput(f"There are no weights {weights!r}.", "Known weights: none, linear, quadratic.")
    labels, tasks = len(counts), int(counts.sum())
    if not tasks:
        return None
    apart = np.abs(np.arange(labels)[:, None] - np.arange(labels)[None]).astype(float)
    cost = {"none": (apart > 0).astype(float), "linear": apart, "quadratic": apart**2}[weights]
    draws = np.random.default_rng(seed).multinomial(tasks, counts.ravel() / tasks, size=replicates)
    tables = np.concatenate([counts.reshape(1, -1), draws]).reshape(-1, labels, labels) / tasks
    said = (tables * cost).sum(axis=(1, 2))
    chance = np.einsum("bk,kl,bl->b", tables.sum(axis=2), cost, tables.sum(axis=1))
    return _summary(said, chance, tasks)


def fleiss_kappa(counts: NDArray[Any], *, replicates: int = REPLICATES, seed: int = 0) -> Kappa | None:
    """Kappa of many workers from `counts` (T, K), the number of answers k to task t, the same number of answers to every
    task (else use Krippendorff's alpha). None where it is undefined: one answer a task, or only one label occurs.

    (P - P_e) / (1 - P_e) with P the share of agreeing pairs and P_e = Σ_k p_k². J. Fleiss, Psychological Bulletin 76
    (1971). Interval: percentiles over tasks drawn with replacement. Raises `BadInput` for unequal numbers of answers.
    """
    counts = np.asarray(counts)
    size = counts.sum(axis=1)
    if len(counts) and size.min() != size.max():
        row = int(np.flatnonzero(size != size[0])[0]) + 1
        raise BadInput(
            f"Task {row} has {size[row - 1]} answers and the first {size[0]}: Fleiss's kappa needs as many for each.",
            "Use Krippendorff's alpha, which does not.",
            row=row,
        )
    if not len(counts) or size[0] < 2:
        return None
    return fleiss_of_patterns(*distinct_rows(counts), replicates=replicates, seed=seed)


def fleiss_of_patterns(
    pattern: Floats, times: NDArray[np.int64], *, replicates: int = REPLICATES, seed: int = 0
) -> Kappa | None:
    """`fleiss_kappa` from distinct rows of counts (P, K), all of one and the same number of answers, and how many tasks have
    each (P,)."""
    there = times > 0
    pattern, times = pattern[there], times[there]
    if not len(times):
        return None
    tasks = int(times.sum())
    few = max(MIN_REPLICATES, min(replicates, MAX_DRAWS // len(times)))
    draws = np.random.default_rng(seed).multinomial(tasks, times / tasks, size=few)
    weight: Floats = np.concatenate([times[None], draws]) / tasks
    each = float(pattern[0].sum())
    disagree = 1 - ((pattern**2).sum(axis=1) - each) / (each * (each - 1))
    return _summary(weight @ disagree, 1 - ((weight @ pattern / each) ** 2).sum(axis=1), tasks)


def _summary(said: Floats, chance: Floats, tasks: int) -> Kappa | None:
    """Kappa from the disagreement found and that by chance, the first of each; the others are replicates."""
    undefined = np.full(len(said), np.nan)
    found = 1 - np.divide(said, chance, out=undefined, where=chance > 1e-12)
    kappa, spread = float(found[0]), found[1:][~np.isnan(found[1:])]
    if np.isnan(kappa):
        return None
    low, high = np.quantile(spread, [0.025, 0.975]) if spread.size else (kappa, kappa)
    return Kappa(kappa, min(float(low), kappa), max(float(high), kappa), tasks)
