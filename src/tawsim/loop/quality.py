"""The quality page: what is kept of each project, when it is made anew, and the page as JSON. The wiring; no maths.

What was read of a project stays, and follows its answers; a page is made from it in the background, and whoever asks waits a
moment at most: then they get the last page that there is, with when it was true, or word that the first is being made.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tawsim.core.clock import system_clock
from tawsim.core.errors import NotFound
from tawsim.core.orthography import names_of
from tawsim.core.records import Project, Question
from tawsim.labelling.evidence import tallies_of_project
from tawsim.labelling.slots import project_row
from tawsim.loop import quality_figures as figures
from tawsim.loop import quality_people as persons
from tawsim.loop.following import ProjectTruth
from tawsim.loop.inferring import project_truth
from tawsim.loop.quality_behind import places_behind, tasks_behind
from tawsim.loop.quality_columns import Held, catch_up, read_columns
from tawsim.loop.quality_helps import helps
from tawsim.loop.quality_look import Look, look_at
from tawsim.loop.quality_slices import Slice, Slices, read_groups, read_rows, slices_of
from tawsim.loop.quality_words import Comment, comments_on, sentences_on
from tawsim.store import rows
from tawsim.store.database import Database
from tawsim.workspaces.workspace import list_workers

log = logging.getLogger("tawsim.loop")
KEPT = 4
MOST_MADE = 3
# How long somebody who asks waits for a page that is being made.
WAIT_S = 0.6
# Lanes, tags and comments are read again after so long, and the truth may be so old where it is not quickly learned.
GROUPS_EVERY_S = 30.0
QUICK_S = 0.25
MOST_COMMENTS = 2_000
# Kinds whose answers hold texts that spelling matters to.
WRITTEN = frozenset({"text", "segments", "spans", "chat", "rubric"})


@dataclass(slots=True, eq=False)
class _Made:
    """A page, what it was made from, and of which revision."""

    page: dict[str, Any]
    look: Look
    slices: list[Slice]
    stamp: tuple[Any, ...]


@dataclass(slots=True, eq=False)
class _Kept:
    """Of one project: what was read, the pages made, and one door for whoever makes the next."""

    held: Held | None = None
    slices: Slices = field(default_factory=Slices)
    comments: list[Comment] = field(default_factory=list)
    groups_at: float = float("-inf")
    made: dict[str, _Made] = field(default_factory=dict)
    remembered: dict[str, dict[Any, Any]] = field(default_factory=dict)
    making: dict[str, threading.Thread] = field(default_factory=dict)
    error: Exception | None = None
    door: threading.Lock = field(default_factory=threading.Lock)


_lock = threading.Lock()
_kept: OrderedDict[tuple[Path, str], _Kept] = OrderedDict()


def quality_page(
    db: Database, project_id: str, question: str | None = None, *, wait_s: float | None = WAIT_S
) -> dict[str, Any]:
    """The page of one question (the first, if none is named). `wait_s`: None waits until it is of this moment.

    `state` is ready, or computing where there is none yet; `computing` says that a newer one is being made, `as_of` (µs) when
    this one was true. Raises NotFound for an unknown project or question.
    """
    project, asked = _look_up(db, project_id, question)
    kept = _kept_of(db, project_id)
    current = _is_current(db, kept, project, asked)
    if not current:
        _make(db, kept, project, asked, wait_s)
        if wait_s is None and not _is_current(db, kept, project, asked):  # it was begun before this one was asked for
            _make(db, kept, project, asked, None)
    elif time.monotonic() - kept.groups_at >= GROUPS_EVERY_S:  # lanes, tags and comments: nobody waits for them
        _make(db, kept, project, asked, None if wait_s is None else 0)
    made = kept.made.get(asked.name)
    if made is None or made.page["schema_version"] != project.schema_version:
        if kept.error is not None:
            raise kept.error
        return _nothing_yet(project, asked)
    return made.page | {"computing": not (current or _is_current(db, kept, project, asked))}


def nothing_yet(db: Database, project_id: str, question: str | None = None) -> dict[str, Any]:
    """The page while the first is being made. Raises NotFound."""
    return _nothing_yet(*_look_up(db, project_id, question))


def quality_tasks(
    db: Database, project_id: str, question: str | None, asked: Mapping[str, str], *, wait_s: float | None = 30.0
) -> dict[str, Any]:
    """The tasks behind a figure of the page as it was last shown; the page is made first where there is none."""
    project, wanted = _look_up(db, project_id, question)
    kept = _kept_of(db, project_id)
    made = kept.made.get(wanted.name)
    if made is None or made.page["schema_version"] != project.schema_version:
        _make(db, kept, project, wanted, wait_s)
        made = kept.made.get(wanted.name)
    if made is None:
        return {"total": 0, "tasks": [], "computing": True}
    with db.read() as tx:
        known = {worker.id: worker for worker in list_workers(tx)}
    found = places_behind(made.look, made.slices, asked)
    return tasks_behind(db, made.look, found, known) | {"computing": False}


def forget_quality(db: Database) -> None:
    """Let go of what is kept for this file, when it is closed."""
    with _lock:
        for key in [key for key in _kept if key[0] == db.path]:
            del _kept[key]


def _kept_of(db: Database, project_id: str) -> _Kept:
    with _lock:
        found = _kept.setdefault((db.path, project_id), _Kept())
        _kept.move_to_end((db.path, project_id))
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _look_up(db: Database, project_id: str, question: str | None) -> tuple[Project, Question]:
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
    for one in project.questions:
        if question in (None, "", one.name):
            return project, one
    raise NotFound(
        f"“{project.name}” has no question {str(question)[:60]!r}.",
        "Its questions: " + ", ".join(q.name for q in project.questions),
    )


def _stamp(db: Database, project: Project) -> tuple[Any, ...]:
    """What a page rests on: the same stamp, the same page."""
    with db.read() as tx:
        row = tx.one("truth_revision", project_id=project.id)
    return (row["revision"] if row is not None else 0, project.version, project.schema_version)


def _is_current(db: Database, kept: _Kept, project: Project, question: Question) -> bool:
    made = kept.made.get(question.name)
    return made is not None and made.stamp == _stamp(db, project)


def _make(db: Database, kept: _Kept, project: Project, question: Question, wait_s: float | None) -> None:
    """Make the page in a thread of its own, one of a question at a time, and wait for it for a while."""
    with _lock:
        running = kept.making.get(question.name)
        if running is None or not running.is_alive():
            running = threading.Thread(
                target=_work, args=(db, kept, project.id, question.name), name=f"quality of {project.name}", daemon=True
            )
            kept.making[question.name] = running
            running.start()
    running.join(wait_s)


def _work(db: Database, kept: _Kept, project_id: str, question: str) -> None:
    try:
        with kept.door:
            _refresh(db, kept, *_look_up(db, project_id, question))
        kept.error = None
    except (
        Exception
    ) as error:  # the file was closed, or memory ran out: the last page stays, and who asks again tries again
        log.warning("the quality of a project could not be looked at", exc_info=True)
        kept.error = error


def _refresh(db: Database, kept: _Kept, project: Project, question: Question) -> None:
    """Read what changed, and make the page of one question from it."""
    started, now = time.monotonic(), system_clock()
    held = kept.held
    if held is None or held.project.schema_version != project.schema_version or not catch_up(db, held):
        held = kept.held = read_columns(db, project)
        kept.remembered.clear()
    truth = project_truth(db, project.id, question.name)
    read_rows(db, project, kept.slices, held.visible_seq)
    if time.monotonic() - kept.groups_at >= GROUPS_EVERY_S:
        read_groups(db, project, kept.slices)
        kept.comments = _comments(db, project)
        kept.groups_at = time.monotonic()
    look = look_at(held, question, truth, kept.remembered.setdefault(question.name, {}))
    slices = slices_of(kept.slices, held.columns, look.size)
    page = _built(db, look, truth, slices, kept.comments)
    page |= {"as_of": now, "seconds": round(time.monotonic() - started, 3)}
    stamp = (held.revision, held.project.version, held.project.schema_version)
    made = {name: one for name, one in kept.made.items() if name != question.name}
    made[question.name] = _Made(page, look, slices, stamp)
    while len(made) > MOST_MADE:
        del made[next(iter(made))]
    kept.made = made  # at once: others look at it meanwhile, and are to find the last page or the new one


def _comments(db: Database, project: Project) -> list[Comment]:
    with db.read() as tx:
        return [Comment(*row) for row in tx.all("quality_comments", project_id=project.id, n=MOST_COMMENTS)]


def _head(project: Project, question: Question) -> dict[str, Any]:
    """What a page says of itself before there is any figure."""
    kind: str = question.kind  # type: ignore[attr-defined]
    return {
        "project": project.id, "question": question.name, "title": question.title or question.name, "kind": kind,
        "questions": [{"name": one.name, "title": one.title or one.name} for one in project.questions],
        "schema_version": project.schema_version, "guideline_version": project.guideline_version,
        "has_guideline": bool(project.guideline.strip()),
        "same": list(names_of(project.settings.same)) if kind in WRITTEN else [],
    }  # fmt: skip


NO_FIGURES: Mapping[str, Any] = {
    "counts": {"answers": 0, "tasks": 0, "compared": 0, "people": 0, "sampled": None}, "agreement": [], "labels": [],
    "confusion": None, "mixed": [], "people": [], "pairs": [], "against_truth": [], "slices": [],
    "time": {"unit": "day", "points": []}, "change": {"tested": 0, "people": 0, "alarm": 0.05, "everybody": None},
    "helps": [], "measure": "alpha", "metric": "",
}  # fmt: skip


def _nothing_yet(project: Project, question: Question) -> dict[str, Any]:
    head = _head(project, question)
    return {**head, **NO_FIGURES, "state": "computing", "computing": True, "as_of": None, "seconds": 0.0}


def _built(
    db: Database, look: Look, truth: ProjectTruth, slices: list[Slice], comments: list[Comment]
) -> dict[str, Any]:
    """All figures of one question."""
    project = look.held.project
    with db.read() as tx:
        known = {worker.id: worker for worker in list_workers(tx)}
        tallies = tallies_of_project(tx, project.id)
    grouping = figures.Grouping(look)
    agreement = figures.overall(look, grouping)
    confusion, mixed = figures.mixed(look)
    for one in mixed:
        one["sentences"] = sentences_on(project.guideline, one["a"], one["b"])
        if comments:
            behind = look.seqs[places_behind(look, slices, one["behind"])]
            one["comments"] = comments_on(comments, set(behind.tolist()))
        else:
            one["comments"] = []
    people, change = persons.people(look, known, tallies)
    several = int(np.count_nonzero(look.per_task() > 1))
    compared = int(np.count_nonzero(np.bincount(look.task[look.first]))) if look.coding == "other" else several
    page: dict[str, Any] = {
        **_head(project, look.question),
        "state": "ready" if len(look.task) else "empty",
        "counts": {
            "answers": len(look.task), "tasks": len(look.seqs), "compared": several, "people": len(people),
            "sampled": compared if look.coding == "other" and compared < several else None,
        },
        "measure": grouping.measure, "metric": grouping.metric, "agreement": agreement, "labels": figures.by_label(look),
        "confusion": confusion, "mixed": mixed, "people": people, "pairs": persons.pairs_of_people(look, known),
        "against_truth": persons.against_truth(look, known),
        "slices": figures.by_slice(look, grouping, slices, agreement),
        "time": figures.over_time(look, grouping), "change": change,
    }  # fmt: skip
    for part in (part for one in page["slices"] if one["kind"] == "lane" for part in one["parts"]):
        part["says"] = " ".join(
            known[word.strip(",")].name if word.strip(",") in known else word for word in part["value"].split()
        )
    page["helps"] = helps(page)
    return page
