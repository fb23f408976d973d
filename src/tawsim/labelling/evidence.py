"""What one answer, or one review, turned out to be worth, and the score that follows: always with its interval.

Whoever learns that an answer was right or wrong (gold, a review, an adjudicator's decision, a dispute) says so here, and
nowhere else. The truth model's own opinion of a worker is not evidence: it would be counted twice.

A score rests on **fair** evidence alone: of acts that chance chose, or all. Acts that were chosen for a reason (doubt, a
flag, somebody's wish, a disagreement) are told beside it and say nothing of the others (docs/decisions/0016).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from tawsim.core.ids import new_id
from tawsim.store.database import Row, Transaction
from tawsim.truth.beta import beta_cdf, beta_quantile

Act = Literal["label", "review"]
Source = Literal["training", "gold", "review", "decision", "dispute"]
# A later word of a higher rank replaces an earlier one; a lower one never replaces a higher.
RANK = {"training": 0, "gold": 1, "review": 2, "decision": 3, "dispute": 4}
TAIL = 0.025
REMEMBERED = 65_536  # people of a project have few different scores; each costs a millisecond to compute


@dataclass(frozen=True, slots=True)
class Score:
    """The share of one person's acts that were right, from `n` that somebody judged; `low` to `high` is the 95 % credible
    interval under a uniform prior. With n = 0 nothing is known: 0.5, from .025 to .975."""

    n: int
    right: float
    mean: float
    low: float
    high: float

    def verdict(self, threshold: float) -> Literal["above", "below", "open"]:
        """Whether the interval lies above or below the threshold; "open" where it holds it: nobody is judged on that."""
        return "above" if self.low >= threshold else "below" if self.high < threshold else "open"


@dataclass(frozen=True, slots=True)
class Looked:
    """Acts that were chosen for a reason: `n` of them, `right` (parts count as such). No share of all follows from them."""

    n: int
    right: float


@dataclass(frozen=True, slots=True)
class Tally:
    """All that is known of one person's acts of a kind: the score by fair evidence, and the rest beside it."""

    score: Score
    looked: Looked


@lru_cache(maxsize=REMEMBERED)
def score(n: int, right: float) -> Score:
    """The score of `right` (0..n, parts count as such) right acts out of n. Beta(1 + right, 1 + n − right)."""
    return _scores([(n, right)])[0]


def _scores(found: Sequence[tuple[int, float]]) -> list[Score]:
    """Of many (n, right) at once: hundreds of people cost little more than one."""
    n, right = (np.array(one, float) for one in zip(*found, strict=True))
    a, b = 1.0 + right, 1.0 + n - right
    low, high = (beta_quantile(np.full(len(n), p), a, b).tolist() for p in (TAIL, 1 - TAIL))
    mean = (a / (a + b)).tolist()
    return [Score(*known, *ends) for known, *ends in zip(found, mean, low, high, strict=True)]


@lru_cache(maxsize=REMEMBERED)
def more_to_tell(now: Score, threshold: float, most: int = 10_000) -> int:
    """How many more judged acts would tell whether the share is above or below the threshold, if it stays as it is now.
    0 where that is told already, `most` where that many would not."""
    if now.verdict(threshold) != "open":
        return 0
    sizes = np.unique(np.geomspace(1, most, 200).astype(int))
    a = 1.0 + now.right + sizes * now.mean
    b = 1.0 + (now.n - now.right) + sizes * (1 - now.mean)
    below = beta_cdf(np.full(len(sizes), threshold), a, b)
    told = (below <= TAIL) | (below >= 1 - TAIL)
    return int(sizes[told.argmax()]) if told.any() else most


def put_evidence(
    tx: Transaction, *, worker_id: str, act: Act, source: Source, annotation: Row, value: float, fair: bool
) -> str | None:
    """Say what an act turned out to be worth (0..1). `annotation`: the row it is about. None where a word of a higher rank
    stands already; else the id of the evidence, which replaces the earlier one.

    `fair`: whether this word came because chance chose the act. An act that chance chose stays so whatever is said of it
    later: else those that others disagree about would leave the sample.
    """
    held = tx.one("evidence_current", annotation_id=annotation["id"], act=act, worker_id=worker_id)
    if held is not None and RANK[held["source"]] > RANK[source]:
        if fair:
            tx.run("evidence_make_fair", id=held["id"])
        return None
    found = new_id(tx.now)
    tx.run(
        "evidence_insert", id=found, project_id=annotation["project_id"], worker_id=worker_id, act=act, source=source,
        task_id=annotation["task_id"], annotation_id=annotation["id"], score=value, at=tx.now,
        fair=int(fair or (held is not None and bool(held["fair"]))),
    )  # fmt: skip
    tx.run("evidence_replace", id=found, annotation_id=annotation["id"], act=act, worker_id=worker_id)
    return found


def tally_of(tx: Transaction, project_id: str, worker_id: str, act: Act = "label") -> Tally:
    """What is known of one person in one project. Training is practice and does not count."""
    row = tx.one("evidence_sums", project_id=project_id, worker_id=worker_id, act=act)
    assert row is not None
    return _tally(row)


def tallies_of_project(tx: Transaction, project_id: str) -> dict[tuple[str, str], Tally]:
    """(worker, act) → what is known, of everybody of whom anything is."""
    found = tx.all("evidence_sums_of_project", project_id=project_id)
    if not found:
        return {}
    scores = _scores([(row["n"], row["right_"]) for row in found])
    return {
        (row["worker_id"], row["act"]): Tally(one, Looked(row["looked"], row["looked_right"]))
        for row, one in zip(found, scores, strict=True)
    }


def _tally(row: Row) -> Tally:
    return Tally(score(row["n"], row["right_"]), Looked(row["looked"], row["looked_right"]))


NOTHING_KNOWN = Tally(score(0, 0.0), Looked(0, 0.0))


def take_back(tx: Transaction, evidence_id: str) -> None:
    """This word was withdrawn by whoever said it: it no longer counts, and what it had replaced counts again."""
    if tx.run("evidence_take_back", id=evidence_id):
        tx.run("evidence_restore", id=evidence_id)
