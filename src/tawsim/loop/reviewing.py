"""Truth → what is reviewed: the answers that the truth doubts most come into the queue, those it is sure of can be accepted
at once. Arrays are read outside of the transaction that writes; every write looks again at what it touches.
"""

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, Conflict, NotFound
from tawsim.core.ids import new_id
from tawsim.core.records import Project
from tawsim.kinds import Choice
from tawsim.kinds.same import distance_as_compared
from tawsim.labelling import review_queue, reviews
from tawsim.labelling.evidence import score
from tawsim.labelling.schemas import Carrier, carrier_of
from tawsim.labelling.slots import project_row
from tawsim.loop.inferring import ProjectTruth, project_truth
from tawsim.store import rows
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

# Who asks for the next answer does not wait longer for the queue to be filled; the next call goes on.
FILL_S = 0.5
RISK_AGAIN_S = 5.0
MOST_RISKY = 20_000
BULK_PIECE = 500
CHECKED = 5_000
DRAWS = 4_000
UNKNOWN = 0.5
MOST_READ = 100_000
LOWEST_THRESHOLD = 0.5

_risks: dict[tuple[Path, str], tuple[int, float]] = {}
_lock = threading.Lock()


def fill(db: Database, project_id: str) -> None:
    """Bring the queue up to date with the answers, for half a second at most: after a setting that takes a million answers
    in, the queue grows from call to call. Cheap where nothing changed. Raises NotFound."""
    until = time.monotonic() + FILL_S
    while time.monotonic() < until:
        with db.read() as tx:
            if not review_queue.wants_look(tx, project_id):
                break
        if not db.write(lambda tx: review_queue.look_through(tx, project_id)):
            break
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        needed = _risky_wanted(tx, project)
    if needed > 0 and _is_time(db, project_id):
        found = _riskiest(db, project, needed)
        for start in range(0, len(found), BULK_PIECE):
            piece = found[start : start + BULK_PIECE]
            db.write(partial(review_queue.add_risky, project_id=project_id, found=piece))


def fill_all(db: Database) -> None:
    """Fill the queues of all running projects that review anything, so that what waits is counted before a reviewer asks."""
    with db.read() as tx:
        projects = [rows.project(row) for row in tx.all("project_list")]
    for project in projects:
        if project.state == "running" and project.settings.review.choose != "none":
            fill(db, project.id)


def _risky_wanted(tx: Transaction, project: Project) -> int:
    """How many answers more are to be reviewed for their risk: the share of all there are, less those chosen already."""
    review = project.settings.review
    count = tx.one("project_count_get", project_id=project.id)
    if review.choose != "risk" or count is None:
        return 0
    chosen = [tx.one("review_item_count_why", project_id=project.id, why=why) for why in ("risk", "random")]
    return int(review.share * count["answers"]) - sum(int(one["n"]) for one in chosen if one is not None)


def _is_time(db: Database, project_id: str) -> bool:
    """Not again for the same answers, nor all the time while people label."""
    with db.read() as tx:
        row = tx.one("truth_revision", project_id=project_id)
    revision, now = int(row["revision"]) if row is not None else 0, time.monotonic()
    with _lock:
        before = _risks.get((db.path, project_id))
        if before is not None and (before[0] == revision or now - before[1] < RISK_AGAIN_S):
            return False
        _risks[db.path, project_id] = revision, now
    return True


def _riskiest(db: Database, project: Project, n: int) -> list[tuple[str, float]]:
    """The `n` answers not chosen yet that are most probably wrong, with that probability. Tasks are walked from the one with
    the worst answer down, until none further down can have a worse one than those found."""
    truths = {question.name: project_truth(db, project.id, question.name) for question in project.questions}
    seqs, weight = _worst_of_tasks(list(truths.values()))
    order = np.argsort(-weight, kind="stable")[:MOST_RISKY]
    found: list[tuple[str, float]] = []
    with db.read() as tx:
        carrier = carrier_of(tx, project)
        for place in order.tolist():
            if len(found) >= n and sorted(risk for _, risk in found)[-n] >= weight[place]:
                break
            seq = int(seqs[place])
            task = tx.one("review_task_id", project_id=project.id, seq=seq)
            answers = tx.all("review_answers_of_task", task_id=task["id"]) if task is not None else []
            free = [one for one in answers if one["item_state"] in (None, "dropped")]
            right = p_right(truths, carrier, free)
            found += [
                (one["id"], 1.0 - float(p)) for one, p in zip(free, np.nan_to_num(right, nan=UNKNOWN), strict=True)
            ]
    found.sort(key=lambda one: (-one[1], one[0]))
    return found[:n]


def _worst_of_tasks(truths: Sequence[ProjectTruth]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All answered tasks, and for each the greatest probability that one of its answers is wrong. Where answers are no
    labels, that the inferred one is: how far each is from it is looked at later."""
    size = max((len(truth.row_of) for truth in truths), default=0)
    worst = np.full(size, -1.0)
    for truth in truths:
        if truth.labels and truth.chosen is None:
            mine = np.where(truth.votes > 0, 1.0 - truth.probabilities, 0.0).max(axis=1, initial=0.0)
        else:
            mine = np.where(np.isnan(truth.p), UNKNOWN, 1.0 - truth.p)
        worst[truth.seqs] = np.maximum(worst[truth.seqs], mine)
    seqs = np.flatnonzero(worst >= 0)
    return seqs, worst[seqs]


def p_right(truths: dict[str, ProjectTruth], carrier: Carrier, rows: Sequence[Row]) -> NDArray[np.float64]:
    """The probability that each of N stored answers (rows with seq, answers and schema_version) is right in all its questions,
    (N,), as the truth has it: of a label its own; of other answers p of the inferred one times how alike the two are. NaN
    where the truth knows nothing of the task."""
    seqs = np.array([row["seq"] for row in rows], np.int64)
    right, known = np.ones(len(rows)), np.zeros(len(rows), bool)
    # Answers are few different texts: each is read once.
    read: dict[tuple[int, str], Mapping[str, Any]] = {}
    given = []
    for row in rows:
        key = (row["schema_version"], row["answers"])
        if key not in read:
            if len(read) >= MOST_READ:
                read.clear()
            read[key] = carrier.carry(key[0], json.loads(key[1])).answers
        given.append(read[key].get)
    for name, truth in truths.items():
        places = truth.places(seqs.tolist())
        mine = _p_of(truth, places, [get(name) for get in given])
        known |= places >= 0
        right = np.fmin(right, mine)
    return np.where(known, right, np.nan)


def _p_of(truth: ProjectTruth, places: NDArray[np.int32], given: Sequence[Any]) -> NDArray[np.float64]:
    """Of one question; NaN where it was not answered or the truth has nothing of the task."""
    found = np.full(len(given), np.nan)
    if isinstance(truth.question, Choice) and truth.chosen is None:
        place_of = {label: k for k, label in enumerate(truth.labels)}
        codes = np.array([-2 if one is None else place_of.get(one, -1) for one in given], np.int64)
        there = (places >= 0) & (codes >= 0)
        found[there] = truth.probabilities[places[there], codes[there]]
        found[(places >= 0) & (codes == -1)] = 0.0
        return found
    same = truth.project.settings.same
    for i, (place, one) in enumerate(zip(places.tolist(), given, strict=True)):
        if place < 0 or one is None:
            continue
        label = truth.label(place)
        p = UNKNOWN if np.isnan(truth.p[place]) else float(truth.p[place])
        found[i] = UNKNOWN if label is None else p * (1.0 - distance_as_compared(truth.question, one, label, same))
    return found


# ---- accepting many at once ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sure:
    """A waiting answer that the truth is sure of."""

    annotation_id: str
    seq: int
    version: int
    p: float


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What accepting at once would do. `expected` wrong ones among `answers`, of `tasks`, `low` to `high` in 95 % of cases if
    the truth's probabilities are right; `checked`: of answers like these that people looked at, how many were wrong, with the
    95 % interval of that share, and of those chosen for a reason the bare counts. `until`: the last answer that it speaks of."""

    threshold: float
    answers: int
    tasks: int
    waiting: int
    expected: float
    low: int
    high: int
    checked: dict[str, Any]
    until: str


def preview_bulk(db: Database, actor_id: str, project_id: str, threshold: float) -> BulkPreview:
    """Count what `accept_bulk` would accept, and how many wrong ones to expect. Changes nothing. Raises BadInput, NotFound."""
    found, waiting, until = _sure(db, actor_id, project_id, threshold, LAST)
    expected, low, high = wrong_among(found)
    return BulkPreview(
        threshold, len(found), len({one.seq for one in found}), waiting, expected, low, high,
        _checked(db, project_id, threshold), until,
    )  # fmt: skip


LAST = "~"


def _sure(db: Database, actor_id: str, project_id: str, threshold: float, until: str) -> tuple[list[Sure], int, str]:
    """The waiting answers up to `until` that agree with a truth of at least `threshold`, how many were looked at, and the
    last of those."""
    if not isinstance(threshold, int | float) or not LOWEST_THRESHOLD <= threshold <= 1.0:
        raise BadInput(f"threshold is a number from {LOWEST_THRESHOLD} to 1.", field="threshold")
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        waiting = tx.all("review_bulk_waiting", project_id=project_id, actor_id=actor_id, until=until)
        carrier = carrier_of(tx, project)
    truths = {question.name: project_truth(db, project_id, question.name) for question in project.questions}
    right = p_right(truths, carrier, waiting)
    found = [
        Sure(row["annotation_id"], row["seq"], row["version"], float(p))
        for row, p in zip(waiting, right, strict=True)
        if p >= threshold  # NaN is not
    ]
    return found, len(waiting), max((row["annotation_id"] for row in waiting), default="")


def wrong_among(found: Sequence[Sure]) -> tuple[float, int, int]:
    """How many of these answers are wrong: the mean and a 95 % interval. Answers to one task that agree with its truth are
    wrong together, so whole tasks are drawn."""
    if not found:
        return 0.0, 0, 0
    answers: Counter[int] = Counter(one.seq for one in found)
    p: dict[int, float] = defaultdict(lambda: 1.0)
    for one in found:
        p[one.seq] = min(p[one.seq], one.p)
    groups: Counter[tuple[int, float]] = Counter((answers[seq], round(1.0 - p[seq], 5)) for seq in answers)
    rng = np.random.default_rng(0)
    total = np.zeros(DRAWS)
    mean = 0.0
    for (size, q), tasks in sorted(groups.items()):
        mean += size * q * tasks
        total += size * rng.binomial(tasks, q, DRAWS)
    low, high = np.quantile(total, [0.025, 0.975], method="inverted_cdf")
    return round(mean, 3), int(low), int(high)


def _checked(db: Database, project_id: str, threshold: float) -> dict[str, Any]:
    """What people found of answers that agree with a truth as sure as this: `n` looked at because chance chose them, `wrong`
    fixed or rejected; `looked`: those that somebody chose for a reason, of which no share of all follows."""
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        seen = tx.all("review_bulk_checked", project_id=project_id, n=CHECKED)
        carrier = carrier_of(tx, project)
    truths = {question.name: project_truth(db, project_id, question.name) for question in project.questions}
    right = p_right(truths, carrier, seen)
    alike = [
        (row["verdict"] != "accept", bool(row["drawn"])) for row, p in zip(seen, right, strict=True) if p >= threshold
    ]
    fair, beside = ([wrong for wrong, drawn in alike if drawn is which] for which in (True, False))
    known = score(len(fair), sum(fair))
    return {
        "n": len(fair), "wrong": sum(fair), "low": round(known.low, 6), "high": round(known.high, 6),
        "looked": {"n": len(beside), "wrong": sum(beside)},
    }  # fmt: skip


def accept_bulk(db: Database, actor_id: str, project_id: str, key: str, threshold: float, until: str) -> dict[str, Any]:
    """Accept what was previewed (`until` as the preview gave it), a piece a transaction. What changed meanwhile is left out.
    The same key goes on where it stopped, and then gives the same result. No evidence comes of it: nobody looked."""
    bulk_id = db.write(lambda tx: _begin_bulk(tx, actor_id, project_id, key, threshold, until))
    with db.read() as tx:
        bulk = tx.one("review_bulk_get", id=bulk_id)
    assert bulk is not None
    if bulk["state"] == "running":
        found, _, _ = _sure(db, actor_id, project_id, threshold, until)
        for start in range(0, len(found), BULK_PIECE):
            piece = found[start : start + BULK_PIECE]
            db.write(partial(_accept_piece, actor_id=actor_id, bulk_id=bulk_id, piece=piece))
        db.write(lambda tx: _end_bulk(tx, actor_id, project_id, bulk_id, "done"))
    return bulk_json(db, bulk_id)


def _begin_bulk(tx: Transaction, actor_id: str, project_id: str, key: str, threshold: float, until: str) -> str:
    project_row(tx, project_id)
    if not key or len(key) > 200:
        raise BadInput("A write needs a key of 1 to 200 characters.", field="key")
    held = tx.one("review_bulk_by_key", actor_id=actor_id, key=key)
    if held is not None:
        if (held["project_id"], held["threshold"], held["until"]) != (project_id, threshold, until):
            raise Conflict("This key was used before with other content.", "Make a new key.")
        return str(held["id"])
    bulk_id = new_id(tx.now)
    tx.run(
        "review_bulk_insert", id=bulk_id, project_id=project_id, actor_id=actor_id, key=key, threshold=threshold,
        until=until, at=tx.now,
    )  # fmt: skip
    return bulk_id


def _accept_piece(tx: Transaction, actor_id: str, bulk_id: str, piece: Sequence[Sure]) -> None:
    accepted = 0
    for one in piece:
        answer = tx.one("annotation_get", id=one.annotation_id)
        item = tx.one("review_item_get", annotation_id=one.annotation_id)
        if answer is None or item is None or item["state"] != "waiting" or answer["version"] != one.version:
            continue
        if not review_queue.is_reviewable(tx, answer):
            continue
        project = rows.project(project_row(tx, answer["project_id"]))
        said = reviews.Said(one.version, "accept")
        reviews.insert_review(tx, actor_id, project, answer, new_id(tx.now), said, bulk_id=bulk_id)
        accepted += 1
    tx.run("review_bulk_add", id=bulk_id, n=accepted)


def _end_bulk(tx: Transaction, actor_id: str, project_id: str, bulk_id: str, state: str) -> None:
    tx.run("review_bulk_state", id=bulk_id, state=state)
    bulk = tx.one("review_bulk_get", id=bulk_id)
    assert bulk is not None
    record(
        tx, f"review.bulk_{state}", actor_id, project_id=project_id, object_id=bulk_id,
        data=to_json({"threshold": bulk["threshold"], "accepted": bulk["accepted"]}),
    )  # fmt: skip


def undo_bulk(db: Database, actor_id: str, project_id: str, bulk_id: str) -> dict[str, Any]:
    """Take back all of it, a piece a transaction: the answers wait for review again. Idempotent. Raises NotFound."""
    with db.read() as tx:
        project_row(tx, project_id)
        bulk = tx.one("review_bulk_get", id=bulk_id)
    if bulk is None or bulk["project_id"] != project_id:
        raise NotFound("There is no such acceptance.")
    if bulk["state"] != "undone":
        while db.write(lambda tx: _undo_piece(tx, bulk_id)) == BULK_PIECE:
            pass
        db.write(lambda tx: _end_bulk(tx, actor_id, project_id, bulk_id, "undone"))
    return bulk_json(db, bulk_id)


def _undo_piece(tx: Transaction, bulk_id: str) -> int:
    found = tx.all("review_of_bulk", bulk_id=bulk_id, n=BULK_PIECE)
    for row in found:
        tx.run("review_undo", id=row["id"], now=tx.now)
        item = tx.one("review_item_get", annotation_id=row["annotation_id"])
        if item is not None and item["state"] == "done" and item["version"] == row["seen_version"]:
            tx.run("review_item_end", annotation_id=row["annotation_id"], state="waiting", version=0)
    tx.run("review_bulk_add", id=bulk_id, n=-len(found))
    return len(found)


def bulk_json(db: Database, bulk_id: str) -> dict[str, Any]:
    """One acceptance of many."""
    with db.read() as tx:
        bulk = tx.one("review_bulk_get", id=bulk_id)
    assert bulk is not None
    return {name: bulk[name] for name in ("id", "threshold", "accepted", "state", "at")}


def bulk_list(db: Database, project_id: str, n: int = 20) -> list[dict[str, Any]]:
    """The last acceptances of many, the newest first, with who did it."""
    with db.read() as tx:
        project_row(tx, project_id)
        found = tx.all("review_bulk_list", project_id=project_id, n=n)
    return [{name: row[name] for name in ("id", "threshold", "accepted", "state", "at", "actor_name")} for row in found]
