"""Which tasks of the Scale-compatible API are done: follows the log of events, and says what became of the tasks that they name.

A task is complete when it has as many accepted answers as it wants, none of them waits for a review that the project's
settings ask for, or somebody decided it. Its response rests on its answers, fixes and decision alone: it follows them, and not
what is learned of people later. Taken back or reopened, the task is recalled. The place in the log moves in the transaction
that writes what was found, so that after a crash the same events are looked at again and nothing is done twice.

| the project's reviews | what a complete task needs besides its answers |
|---|---|
| none | nothing |
| all | a verdict on each answer as it is now |
| random | one on each answer that was drawn, or flagged |
| risk | one on each answer that waits in the queue, or was flagged |
| any | nothing more, once somebody decided the task |
"""

import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.errors import NotFound, TawsimError
from tawsim.core.records import Project
from tawsim.labelling.review_queue import chance
from tawsim.labelling.schemas import Carrier, carrier_of
from tawsim.labelling.slots import project_row
from tawsim.loop.scale import outcomes
from tawsim.loop.scale.concluding import Work, conclude, read_work
from tawsim.loop.scale.tasks import effective, task_row
from tawsim.loop.scale.world import World
from tawsim.scale.responding import response_of
from tawsim.store import rows
from tawsim.store.database import Row, Transaction

log = logging.getLogger("tawsim.scale.completing")
LOOK = 5_000  # events in one step
GROUP = 200  # tasks in one transaction
KINDS = ("annotation.", "draft.adopted", "review.", "decision.", "dispute.", "task.", "gold.")
# A changed setting reaches a project's tasks a range at a time, after its event: they are looked at more than once.
AGAIN_AFTER_S = (0.0, 2.0, 15.0, 120.0)
# Inference takes no more than a part of the time, however fast answers come.
REST = 2.0
GIVE_UP = ("batch.cancelled", "project.removed")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a task is found to be: complete where it has a `response`."""

    work: Work
    response: dict[str, Any] | None = None


@dataclass(slots=True)
class Completer:
    """Of one world of live keys. `step` goes on from its place, a piece of the log at a time."""

    world: World
    _seen: int = -1
    _looks: list[tuple[float, str]] = field(default_factory=list)  # when, project
    _rest_until: float = 0.0

    def step(self) -> bool:
        """Go on. Whether there is more to look at."""
        now = time.monotonic()
        if now < self._rest_until:
            return False
        with self.world.db.read() as tx:
            if tx.one("scale_any_task") is None:
                return False
            place = tx.one("scale_place_get")
            assert place is not None
            if self._seen < 0:  # what was missed while nobody followed
                self._looks = [(now, row["project_id"]) for row in tx.all("scale_projects_with_tasks")]
            self._seen = max(self._seen, int(place["number"]))
            events = tx.all("scale_events", after=self._seen, n=LOOK)
        seen = int(events[-1]["number"]) if events else self._seen
        # Before the place moves on, so that a crash forgets none of them.
        for one in events:
            if one["kind"] in GIVE_UP:
                self._give_up(one["kind"], one["object_id"])
        task_ids = list(dict.fromkeys(one["task_id"] for one in events if _touches(one)))
        self._look_at(task_ids, seen, far=seen - int(place["number"]) >= LOOK)
        self._seen = seen
        changed = {one["project_id"] for one in events if one["kind"] == "project.changed"}
        self._looks += [(now + pause, project_id) for project_id in changed for pause in AGAIN_AFTER_S]
        self._look_through(now)
        return len(events) == LOOK

    def _give_up(self, kind: str, object_id: str) -> None:
        """What of a cancelled batch was never placed (what was, is removed or ended there), and all of a removed project."""

        def look(tx: Transaction) -> list[Row]:
            if kind == "batch.cancelled":
                return tx.all("scale_pending_of_batch", batch_id=object_id, n=GROUP)
            of = {"project_id": object_id, "n": GROUP}
            return tx.all("scale_pending_of_removed", **of) or tx.all("scale_known_of_removed", **of)

        def write(tx: Transaction, found: Sequence[Row]) -> None:
            for row in found:  # of those that are over by now, nothing becomes
                outcomes.cancel(tx, self.world, row["task_id"])

        while True:
            with self.world.db.read() as tx:  # looked for beside the writer, which is everybody's
                found = look(tx)
            if not found:
                return
            self.world.db.write(lambda tx, found=found: write(tx, found))  # type: ignore[misc]

    def _look_at(self, task_ids: Sequence[str], seen: int, *, far: bool) -> None:
        """Say what became of these tasks. The place is written down where that is worth a write."""
        found = self._findings(task_ids)
        groups = [found[first : first + GROUP] for first in range(0, len(found), GROUP)]
        for group in groups[:-1]:
            self.world.db.write(lambda tx, group=group: _apply(tx, self.world, group))  # type: ignore[misc]
        if groups or far:
            last = groups[-1] if groups else []

            def write(tx: Transaction) -> None:
                _apply(tx, self.world, last)
                tx.run("scale_place_set", number=seen)

            self.world.db.write(write)

    def _look_through(self, now: float) -> None:
        """Tasks that are pending and answered, of projects whose settings changed."""
        due = {project_id for at, project_id in self._looks if at <= now}
        self._looks = [one for one in self._looks if one[0] > now]
        for project_id in due:
            place: tuple[int, str] = (-1, "")
            while True:
                with self.world.db.read() as tx:
                    page = tx.all(
                        "scale_pending_of_project",
                        project_id=project_id,
                        created_at=place[0],
                        task_id=place[1],
                        n=GROUP,
                    )
                if not page:
                    break
                found = self._findings([row["task_id"] for row in page])
                if found:
                    self.world.db.write(lambda tx, found=found: _apply(tx, self.world, found))  # type: ignore[misc]
                place = (page[-1]["created_at"], page[-1]["task_id"])

    def _findings(self, task_ids: Sequence[str]) -> list[Finding]:
        """What is new of these tasks; those of which nothing is are left out."""
        works: dict[str, list[Work]] = defaultdict(list)
        projects: dict[str, Project] = {}
        found: list[Finding] = []
        for first in range(0, len(task_ids), GROUP):
            with self.world.db.read() as tx:
                given = [tx.one("scale_work", task_id=task_id) for task_id in task_ids[first : first + GROUP]]
            looked = [row for row in given if row is not None and row["status"] != "canceled"]
            for project_id in {row["project_id"] for row in looked} - projects.keys():
                with suppress(NotFound):  # it was removed
                    projects[project_id] = self._project(project_id)
            with self.world.db.read() as tx:
                carriers: dict[str, Carrier] = {}
                for row in looked:
                    project = projects.get(row["project_id"])
                    if project is None:
                        continue
                    if project.id not in carriers:
                        carriers[project.id] = carrier_of(tx, project)
                    work = read_work(tx, project, row, carriers[project.id])
                    if not _may_conclude(tx, project, work):
                        if _is_news(work):
                            found.append(Finding(work))
                    elif work.basis != row["basis"]:
                        works[project.id].append(work)
        for project_id, of_project in works.items():
            found += self._concluded(projects[project_id], of_project)
        return found

    def _project(self, project_id: str) -> Project:
        """The project; what its reviews are drawn from is written down first, so that nothing passes undrawn."""
        with self.world.db.read() as tx:
            project = rows.project(project_row(tx, project_id))
            drawn = tx.one("review_place_get", project_id=project_id) is not None
        if project.settings.review.choose == "random" and not drawn:
            salt = secrets.token_hex(16)
            self.world.db.write(lambda tx: tx.run("review_place_insert", project_id=project_id, salt=salt))
        return project

    def _concluded(self, project: Project, works: Sequence[Work]) -> Iterator[Finding]:
        started = time.monotonic()
        answers = self._answers(project, works)
        if any(not one.is_single for one in works):
            self._rest_until = time.monotonic() + REST * (time.monotonic() - started)
        for one in works:
            task_id = one.row["task_id"]
            if task_id not in answers:
                continue
            try:
                with self.world.db.read() as tx:
                    params, _ = effective(tx, task_row(tx, task_id))
                yield Finding(one, response_of(one.row["type"], params, answers[task_id], task_id=task_id))
            except Exception:  # one task that cannot be told must not hold up all others
                log.exception("the response of task %s could not be made", task_id)

    def _answers(self, project: Project, works: Sequence[Work]) -> dict[str, dict[str, Any]]:
        """Task → its answers. Where some cannot be inferred together, each is by itself, so that only that one waits."""
        try:
            return conclude(self.world.db, project, works)
        except TawsimError:
            raise
        except Exception:
            if len(works) == 1:
                log.exception("what task %s ends with could not be inferred", works[0].row["task_id"])
                return {}
        return {task_id: answers for one in works for task_id, answers in self._answers(project, [one]).items()}


def _touches(event: Row) -> bool:
    return event["task_id"] is not None and event["kind"].startswith(KINDS)


def _may_conclude(tx: Transaction, project: Project, work: Work) -> bool:
    """Whether there is a response to be made of what stands."""
    row = work.row
    if row["state"] == "removed" or work.cannot is not None:
        return False
    if work.decided is not None:
        return True
    done = row["state"] == "open" and row["accepted"] >= row["overlap"]
    # One whose overlap was raised since is not recalled for it, and follows the answers that come.
    stands = row["status"] == "completed" and not _is_taken_back(work)
    return (done or stands) and work.rests_on > 0 and _is_reviewed(tx, project, row["task_id"])


def _is_news(work: Work) -> bool:
    """Whether anything becomes of a task that has no response to be made: most of them just wait for more answers."""
    return work.row["status"] != "pending" or work.row["state"] == "removed" or work.cannot is not None


def _is_taken_back(work: Work) -> bool:
    """Whether something that the response rests on stands no more."""
    if not work.row["basis"]:
        return False
    round_, n, _ = work.row["basis"].split("/")
    return int(round_) != work.row["round"] or work.rests_on < int(n)


def _is_reviewed(tx: Transaction, project: Project, task_id: str) -> bool:
    """Whether no answer waits for a review that the settings ask for (the table above)."""
    review = project.settings.review
    if review.choose == "none":
        return True
    answers = tx.all("review_answers_of_task", task_id=task_id)
    salt = ""
    if review.choose == "random":
        place = tx.one("review_place_get", project_id=project.id)
        salt = "" if place is None else str(place["salt"])
    for one in answers:
        wanted = (
            review.choose == "all"
            or bool(one["flag"])
            or one["item_state"] in ("waiting", "held")
            or (review.choose == "random" and chance(salt, one["id"]) < review.share)
        )
        if wanted and tx.one("review_standing", annotation_id=one["id"], seen_version=one["version"]) is None:
            return False
    return True


def _apply(tx: Transaction, world: World, found: Sequence[Finding]) -> None:
    """Write what was found, of tasks that are still as they were looked at: of others a later event tells."""
    for one in found:
        row, now = one.work.row, tx.one("scale_work", task_id=one.work.row["task_id"])
        if now is None or any(now[name] != row[name] for name in ("status", "state", "round", "accepted", "changed")):
            continue
        task_id, status = row["task_id"], row["status"]
        if one.response is not None:
            outcomes.complete(tx, world, task_id, one.response, basis=one.work.basis)
        elif row["state"] == "removed":
            outcomes.cancel(tx, world, task_id)
        elif one.work.cannot is not None:
            if status != "error":
                outcomes.fail(tx, world, task_id, f"Nobody can tell: {one.work.cannot}", placed=True)
        elif status == "error" or (status == "completed" and _is_taken_back(one.work)):
            outcomes.recall(tx, world, task_id)
