"""Answers in the store → truth of a project, kept, and brought up to date when answers change. No maths of its own.

A project that is quickly inferred is inferred anew whenever an answer changed. In a larger one only the tasks whose
answers changed are judged again (following.py), by workers as they were last learned; they are learned anew in the
background once enough has changed. What must be exact (an export) asks for it and waits.
"""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tawsim.core.errors import NotFound
from tawsim.core.records import Project, Question
from tawsim.labelling.slots import project_row
from tawsim.loop.following import LEARN_REST_TIMES, Following, ProjectTruth, judge
from tawsim.store import rows
from tawsim.store.database import Database

__all__ = [
    "ProjectTruth", "agreement_json", "follow", "forget_truths", "kept_truth", "learn_by", "project_truth", "truth_soon",
]  # fmt: skip
# Truths that were not asked for lately go when all of them together need more. The newest stays, whatever it needs.
KEPT_BYTES = 1 << 29
# Each needs a few objects besides its columns.
KEPT = 1_000
# A page that only shows agreement may lag behind, so that inference never takes more than a twentieth of the time.
STALE_FACTOR = 20.0
STALE_AT_LEAST_S = 10.0
# Inference that takes less is done anew at each change: exact, and nobody notices.
QUICK_S = 0.25


@dataclass(slots=True)
class _Kept:
    """A truth and how it is kept up: `learned_at` on the monotonic clock is when its workers were last learned."""

    following: Following
    learned_at: float
    learning: bool = False
    door: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class _Rest:
    """No truth is learned in the background before `until` on the monotonic clock."""

    until: float = 0.0


log = logging.getLogger("tawsim.loop")
Key = tuple[Path, str, str]
_lock = threading.Lock()  # of the maps below; nobody learns while holding it
_kept: OrderedDict[Key, _Kept] = OrderedDict()
# Whoever learns a truth holds its door: others who ask for the same one wait, those who ask for another do not.
_doors: dict[Key, threading.Lock] = {}
_soon: dict[Key, threading.Thread] = {}
_rest = _Rest()
Learn = Callable[[Database, Project, Question], Following]
_learners: dict[Path, Learn] = {}


def project_truth(
    db: Database, project_id: str, question: str | None = None, *, may_be_stale: bool = False, exact: bool = False
) -> ProjectTruth:
    """The truth of the project's question (its first, if none is named), from the answers of the current rounds.

    Kept until an answer changes; who asks meanwhile waits for the one inference under way. `may_be_stale` accepts one
    that is a little older while people label; `exact` has all workers learned from the very answers that it rests on,
    and stays as it is while answers go on being followed.
    Raises NotFound for an unknown project or question.
    """
    project, asked = _look_up(db, project_id, question)
    key = (db.path, project_id, asked.name)
    with _lock:
        door = _doors.setdefault(key, threading.Lock())
    with door:
        found = _kept.get(key)
        if found is not None and not _same_questions(found.following.truth.project, project):
            found = None  # even a stale truth would speak of labels that are gone
        if found is None or not _kept_up(found, db, project_id, may_be_stale=may_be_stale, exact=exact):
            found = _learned(db, project, asked)
            _keep(key, found)
        _use(key)
    if exact:
        return _of_this_moment(found, db, project, asked)
    if found.following.wants_learning(time.monotonic() - found.learned_at):
        _learn_in_background(key, db, project, asked)
    return found.following.truth


def _keep(key: Key, found: _Kept) -> None:
    """Keep it, and let go of what nobody asked for lately where all together need too much."""
    with _lock:
        _kept[key] = found
        _kept.move_to_end(key)
        needed = sum(one.following.truth.nbytes for one in _kept.values())
        while len(_kept) > 1 and (needed > KEPT_BYTES or len(_kept) > KEPT):
            _, gone = _kept.popitem(last=False)
            needed -= gone.following.truth.nbytes


def _use(key: Key) -> None:
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)


def _of_this_moment(found: _Kept, db: Database, project: Project, question: Question) -> ProjectTruth:
    """A truth that stays as it is however long somebody reads in it, while answers go on being followed."""
    with found.door:
        if found.following.is_exact:
            return found.following.truth.frozen()
    return judge(db, project, question).truth  # an answer was followed just now: one of our own, which nobody follows


def _same_questions(one: Project, other: Project) -> bool:
    """Whether the questions are the same, which rows ask them, and what counts as the same answer."""
    now, then = one.settings, other.settings
    return one.schema_version == other.schema_version and (now.same, now.asks) == (then.same, then.asks)


def kept_truth(db: Database, project_id: str, question: str | None = None) -> ProjectTruth | None:
    """What `project_truth` would give at once, without waiting for anybody who learns; None where it would have to learn
    for long. One that has fallen behind is learned anew in the background. Raises NotFound."""
    project, asked = _look_up(db, project_id, question)
    key = (db.path, project_id, asked.name)
    found = _kept.get(key)
    if found is None or not _same_questions(found.following.truth.project, project):
        return None
    if found.following.truth.seconds < QUICK_S:
        return project_truth(db, project_id, question)
    behind = False
    if _revision(db, project_id) != found.following.truth.revision:
        with found.door:
            behind = not found.following.catch_up(db)
    age = time.monotonic() - found.learned_at
    if found.following.wants_learning(age) or (behind and age > _stale_after(found)):
        _learn_in_background(key, db, project, asked)
    return found.following.truth


def truth_soon(db: Database, project_id: str, question: str | None = None, *, until: float) -> ProjectTruth | None:
    """`kept_truth`; where there is none it is learned in the background, and waited for until `until` (on the monotonic
    clock). None where that takes longer. Raises NotFound."""
    truth = kept_truth(db, project_id, question)
    if truth is not None:
        return truth
    asked = _look_up(db, project_id, question)[1].name
    key = (db.path, project_id, asked)

    def learn() -> None:
        try:
            project_truth(db, project_id, asked)
        except Exception:  # the file was closed meanwhile, or memory ran out: whoever asks next tries again
            log.warning("the truth of %s could not be learned", project_id, exc_info=True)
        finally:
            with _lock:
                _soon.pop(key, None)

    with _lock:
        thread = _soon.get(key)
        if thread is None:
            thread = threading.Thread(target=learn, name="first look at a truth", daemon=True)
            thread.start()
            _soon[key] = thread
    thread.join(max(until - time.monotonic(), 0))
    return kept_truth(db, project_id, question)


def _stale_after(found: _Kept) -> float:
    """Seconds after which one that may be stale is too stale."""
    return max(STALE_AT_LEAST_S, STALE_FACTOR * found.following.truth.seconds)


def _kept_up(found: _Kept, db: Database, project_id: str, *, may_be_stale: bool, exact: bool) -> bool:
    """Bring what is kept up to date if that can be done at less than the price of learning it; else False."""
    truth = found.following.truth
    age = time.monotonic() - found.learned_at
    if may_be_stale and age < _stale_after(found):
        return True
    if _revision(db, project_id) == truth.revision:
        return not exact or found.following.is_exact
    if exact or truth.seconds < QUICK_S:
        return False
    with found.door:
        if found.following.catch_up(db):
            return True
    # What cannot be followed is learned anew, but not at every look at it.
    return found.following.is_unfollowed and age < _stale_after(found)


def follow(db: Database) -> None:
    """Bring the kept truths of a file up to date, in time proportional to what changed. A server calls it all the time.

    What nobody asked for is not kept, and what is quickly inferred is inferred when somebody asks.
    """
    with _lock:
        mine = [one for key, one in _kept.items() if key[0] == db.path]
    for one in mine:
        if one.following.truth.seconds >= QUICK_S:
            with one.door:
                one.following.catch_up(db)


def forget_truths(db: Database) -> None:
    """Let go of what is kept for this file, when it is closed."""
    with _lock:
        _learners.pop(db.path, None)
        for key in [key for key in _kept if key[0] == db.path]:
            del _kept[key]
        for key in [key for key in _doors if key[0] == db.path]:
            del _doors[key]


def agreement_json(truth: ProjectTruth) -> dict[str, Any] | None:
    """alpha (or the `measure` that stands in its place where answers are no labels), low, high, and how many tasks they
    rest on."""
    found = truth.agreement
    if found is None:
        return None
    return {
        "alpha": round(found.alpha, 6), "low": round(found.low, 6), "high": round(found.high, 6), "tasks": found.tasks,
        "measure": truth.agreement_measure,
    }  # fmt: skip


def _look_up(db: Database, project_id: str, question: str | None) -> tuple[Project, Question]:
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
    for one in project.questions:
        if question is None or one.name == question:
            return project, one
    raise NotFound(
        f"“{project.name}” has no question {str(question)[:60]!r}.",
        "Its questions: " + ", ".join(q.name for q in project.questions),
    )


def _revision(db: Database, project_id: str) -> int:
    with db.read() as tx:
        row = tx.one("truth_revision", project_id=project_id)
    return row["revision"] if row is not None else 0


def learn_by(db: Database, learn: Learn) -> None:
    """Have the truths of this file learned by `learn` instead of `judge`, until they are forgotten: a server's, which has what
    takes long computed beside it."""
    with _lock:
        _learners[db.path] = learn


def _learned(db: Database, project: Project, question: Question) -> _Kept:
    learn = _learners.get(db.path, judge)
    return _Kept(learn(db, project, question), time.monotonic())


def _learn_in_background(key: Key, db: Database, project: Project, question: Question) -> None:
    """Learn the workers anew while pages go on showing what is kept: one truth at a time, and then a rest, however many
    projects there are. Who asks too early asks again."""
    began = time.monotonic()
    with _lock:
        found = _kept.get(key)
        if found is None or found.learning or began < _rest.until:
            return
        found.learning, _rest.until = True, math.inf

    def learn() -> None:
        fresh = None
        try:
            fresh = _learned(db, project, question)
        except Exception:  # the file was closed meanwhile, or memory ran out: what is kept stays, and is tried again
            log.warning("the truth of %s could not be learned anew", project.name, exc_info=True)
        now = time.monotonic()
        with _lock:
            # What it cost is known of what was learned: beside a server it may have waited long for the processor.
            _rest.until = now + LEARN_REST_TIMES * (now - began if fresh is None else fresh.following.truth.seconds)
            if fresh is None:
                found.learning, found.learned_at = False, now
            elif _kept.get(key) is found:
                _kept[key] = fresh

    try:
        threading.Thread(target=learn, name=f"truth of {project.name}", daemon=True).start()
    except RuntimeError:  # no more threads: the next who asks tries again
        with _lock:
            found.learning, _rest.until = False, began
