"""What the queue must do, as plain Python: the model that the state machine holds the real store to. No SQL, no clock.

The sentences it follows are Q1–Q21 of docs/reference/queue.md. Every method is one call that a worker or an owner makes;
it returns the outcome that the real call must have and changes the model accordingly.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

SECOND = 1_000_000
UNDO_ON_TOP = 10

Outcome = tuple[str, Any]
OK = "ok"
ABSENT = "TW-NOT-FOUND"
LOST = "TW-LEASE-LOST"
REUSED = "TW-KEY-REUSED"
CONFLICT = "TW-CONFLICT"
VERSION = "TW-VERSION"


@dataclass
class MBatch:
    """`who`: the people of the groups that it was given to; None: everybody."""

    id: str
    state: str
    who: frozenset[str] | None = None
    rank: int | None = None

    @property
    def waits(self) -> bool:
        return self.state in ("staging", "paused")


@dataclass
class MTask:
    id: str
    k: int
    round: int = 0
    state: str = "open"
    skips: int = 0
    who: frozenset[str] | None = None
    priority: int = 0
    batch: MBatch | None = None

    def open_to(self, worker: str) -> bool:
        return self.fits(worker) and (self.batch is None or self.batch.state in ("in_progress", "completed"))

    def fits(self, worker: str) -> bool:
        given = self.batch is None or self.batch.who is None or worker in self.batch.who
        return given and (self.who is None or worker in self.who)

    def order(self) -> tuple[float | str, ...]:
        """Lanes are tried in the order of this."""
        rank = math.inf if self.batch is None or self.batch.rank is None else self.batch.rank
        wide = self.who is None and (self.batch is None or self.batch.who is None)
        return -self.priority, rank, wide, "" if self.batch is None else self.batch.id


@dataclass
class MLease:
    id: str
    task: str
    worker: str
    round: int
    granted: int
    deadline: int
    state: str = "live"
    late: bool = False


@dataclass
class MAnswer:
    id: str
    lease: str
    task: str
    worker: str
    round: int
    late: bool
    versions: list[dict[str, Any]]
    state: str = "accepted"


@dataclass
class MDraft:
    id: str
    lease: str
    content: dict[str, Any]
    adopted: str | None = None


@dataclass
class Model:
    """The whole state. `now` is moved by the machine and by nothing else."""

    now: int
    k: int = 1
    lease_seconds: int = 60
    max_lease_seconds: int = 8 * 3600
    max_leases: int = 2
    skip_limit: int = 2
    running: bool = True
    quota: int = 0
    tasks: dict[str, MTask] = field(default_factory=dict)
    batches: dict[str, MBatch] = field(default_factory=dict)
    leases: dict[str, MLease] = field(default_factory=dict)
    answers: dict[str, MAnswer] = field(default_factory=dict)
    drafts: dict[str, MDraft] = field(default_factory=dict)
    workers: dict[str, bool] = field(default_factory=dict)
    skipped_by: Counter[str] = field(default_factory=Counter)
    keys: dict[tuple[str, str], tuple[Any, Any]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)

    # ---- looking -----------------------------------------------------------------------------------------------
    def live(self, *, task: str | None = None, worker: str | None = None) -> list[MLease]:
        return [
            one
            for one in self.leases.values()
            if one.state == "live" and task in (None, one.task) and worker in (None, one.worker)
        ]

    def accepted(self, task: MTask) -> int:
        return sum(
            1 for a in self.answers.values() if a.task == task.id and a.round == task.round and a.state == "accepted"
        )

    def load(self, task: MTask) -> int:
        return len(self.live(task=task.id)) + self.accepted(task)

    def done(self, task: MTask) -> bool:
        return task.state == "open" and self.accepted(task) >= task.k

    def had(self, worker: str, task: MTask) -> bool:
        """Whether the worker has this task, skipped it, or gave an answer to it that was not taken back, this round."""
        for one in self.leases.values():
            if (one.worker, one.task, one.round) != (worker, task.id, task.round):
                continue
            if one.state in ("live", "skipped"):
                return True
            if any(a.lease == one.id and a.state != "withdrawn" for a in self.answers.values()):
                return True
        return False

    def eligible(self, worker: str) -> set[str]:
        return {
            t.id
            for t in self.tasks.values()
            if t.state == "open" and t.open_to(worker) and self.load(t) < t.k and not self.had(worker, t)
        }

    def room(self, worker: str) -> int:
        """What the quota leaves: a person's answers, of all rounds, and what they hold."""
        had = sum(a.worker == worker and a.state == "accepted" for a in self.answers.values())
        return max(0, self.quota - had - len(self.live(worker=worker))) if self.quota else 1 << 40

    def overdue(self) -> list[MLease]:
        return [one for one in self.live() if one.deadline <= self.now]

    def why_none(self, worker: str) -> str:
        for lease in self.live():
            task = self.tasks[lease.task]
            theirs = task.state == "open" and task.open_to(worker) and not self.had(worker, task)
            if lease.worker != worker and theirs:
                return "leased"
        waiting = (t for t in self.tasks.values() if t.batch is not None and t.batch.waits and t.state == "open")
        return "paused" if any(t.fits(worker) and self.load(t) < t.k for t in waiting) else "done"

    # ---- time --------------------------------------------------------------------------------------------------
    def expire(self, leases: list[MLease]) -> None:
        for lease in leases:
            lease.state = "expired"
            self.events["lease.expired"] += 1

    def sweep(self) -> None:
        self.expire(self.overdue())

    # ---- workers -----------------------------------------------------------------------------------------------
    def next(self, worker: str, count: int, got: list[dict[str, Any]], reason: str | None) -> None:
        """Check what was granted, task by task, then take it over: which of the eligible tasks is the queue's choice."""
        if not self.workers[worker]:
            assert (got, reason) == ([], "deactivated")
            return
        self.expire([one for one in self.overdue() if one.worker == worker])
        held = self.live(worker=worker)
        if not self.running:
            assert reason == "paused"
            assert {one["id"] for one in got} <= {one.id for one in held}
            assert len(got) == min(count, len(held))
            return
        want = min(count, self.max_leases)
        old = [one for one in got if one["id"] in self.leases]
        new = [one for one in got if one["id"] not in self.leases]
        assert all(self.leases[one["id"]].state == "live" and self.leases[one["id"]].worker == worker for one in old)
        assert len(old) == min(count, len(held)), "a reload gives the leases that are held already (Q9)"
        need = max(0, want - len(held))
        cut = self.room(worker) < need
        need = min(need, self.room(worker))
        eligible = self.eligible(worker)
        if need > len(eligible):  # the grant itself ends overdue leases when it needs their slots (Q6)
            before = eligible
            self.sweep()
            eligible = self.eligible(worker)
            assert before <= eligible
            assert before <= {one["task_id"] for one in new}
        assert len(new) == min(need, len(eligible)), f"granted {len(new)} of {need} wanted, {len(eligible)} were open"
        left = eligible - {one["task_id"] for one in new}
        for one in new:
            assert one["task_id"] in eligible, "an open task that this worker has not had (rule 2)"
            task = self.tasks[one["task_id"]]
            assert all(task.order() <= self.tasks[other].order() for other in left), "higher lanes first (Q17)"
            assert one["round"] == task.round
            assert one["deadline"] == self.now + self.lease_seconds * SECOND
            self.leases[one["id"]] = MLease(one["id"], task.id, worker, task.round, self.now, one["deadline"])
            self.events["lease.granted"] += 1
            assert self.load(task) <= task.k
        assert len({one["task_id"] for one in got}) == len(got)
        short = "quota" if cut and len(new) == need else self.why_none(worker)
        assert reason == (None if len(got) >= want else short)

    def once(self, worker: str, key: str, content: Any) -> Outcome | None:
        known = self.keys.get((worker, key))
        if known is None:
            return None
        return (OK, known[1]) if known[0] == content else (REUSED, None)

    def expect_submit(self, worker: str, lease_id: str, key: str, content: dict[str, Any]) -> Outcome:
        """The expected (code, what) without changing anything: `what` is accepted, late, draft, lost or a stored result."""
        lease = self.leases.get(lease_id)
        if lease is None or lease.worker != worker:
            return ABSENT, None
        known = self.once(worker, key, ("submit", lease_id, content))
        if known is not None:
            return known
        if lease.state == "live":
            return OK, "accepted"
        if lease.state == "expired":
            return (OK, "late") if self._slot_for_late(lease) else (LOST, "draft")
        return LOST, "draft" if lease.state == "revoked" else "nothing"

    def _slot_for_late(self, lease: MLease) -> bool:
        task = self.tasks[lease.task]
        if lease.late or task.state == "removed" or task.round != lease.round or not self.running:
            return False
        if not self.workers[lease.worker]:
            return False
        if self.live(task=task.id, worker=lease.worker):
            return True
        if self.room(lease.worker) < 1:
            return False
        return task.state == "open" and self.load(task) < task.k and not self.had(lease.worker, task)

    def submitted(self, lease_id: str, key: str, content: dict[str, Any], what: str, found: str | None) -> None:
        """Take over a submit that was carried out. `found` is the id of the annotation or draft."""
        lease = self.leases[lease_id]
        if what == "accepted":
            lease.state = "submitted"
            self.events["lease.submitted"] += 1
        if what == "late":
            for again in self.live(task=lease.task, worker=lease.worker):
                again.state = "released"
                self.events["lease.released"] += 1
            lease.late = True
        if what in ("accepted", "late"):
            assert found is not None
            assert found not in self.answers
            self.answers[found] = MAnswer(
                found, lease_id, lease.task, lease.worker, lease.round, what == "late", [content]
            )
            self.events["annotation.accepted"] += 1
        if what == "draft":
            assert found is not None
            self.drafts[found] = MDraft(found, lease_id, content)
            self.events["draft.kept"] += 1
        self.keys[(lease.worker, key)] = (("submit", lease_id, content), (what, found))

    def skip(self, worker: str, lease_id: str) -> str:
        lease = self.leases.get(lease_id)
        if lease is None or lease.worker != worker:
            return ABSENT
        if lease.state not in ("live", "skipped"):
            return LOST
        if lease.state == "live":
            lease.state = "skipped"
            self.events["lease.skipped"] += 1
            self.skipped_by[worker] += 1
            task = self.tasks[lease.task]
            if task.state == "open":
                task.skips += 1
                if task.skips >= self.skip_limit:
                    task.state = "skipped_out"
                    self.events["task.skipped_out"] += 1
        return OK

    def release(self, worker: str, lease_id: str) -> str:
        lease = self.leases.get(lease_id)
        if lease is None or lease.worker != worker:
            return ABSENT
        if lease.state not in ("live", "released"):
            return LOST
        if lease.state == "live":
            lease.state = "released"
            self.events["lease.released"] += 1
        return OK

    def heartbeat(self, worker: str, lease_id: str) -> Outcome:
        lease = self.leases.get(lease_id)
        if lease is None or lease.worker != worker:
            return ABSENT, None
        if lease.state != "live":
            return LOST, None
        longest = lease.granted + self.max_lease_seconds * SECOND
        lease.deadline = max(lease.deadline, min(self.now + self.lease_seconds * SECOND, longest))
        return OK, lease.deadline

    def expect_undo(self, worker: str, annotation_id: str, key: str) -> Outcome:
        answer = self.answers.get(annotation_id)
        if answer is None or answer.worker != worker:
            return ABSENT, None
        known = self.once(worker, key, ("undo", annotation_id))
        if known is not None:
            return known
        task = self.tasks[answer.task]
        if answer.state != "accepted" or task.state == "removed" or task.round != answer.round:
            return CONFLICT, None
        if not self.running or not self.workers[worker]:
            return CONFLICT, None
        if len(self.live(worker=worker)) >= self.max_leases + UNDO_ON_TOP:
            return CONFLICT, None
        return OK, None

    def undone(self, annotation_id: str, key: str, lease_id: str, deadline: int) -> None:
        answer = self.answers[annotation_id]
        answer.state = "withdrawn"
        self.leases[lease_id] = MLease(lease_id, answer.task, answer.worker, answer.round, self.now, deadline)
        self.keys[(answer.worker, key)] = (("undo", annotation_id), lease_id)
        self.events["annotation.withdrawn"] += 1
        self.events["lease.granted"] += 1

    def edit(self, worker: str, annotation_id: str, key: str, seen: int, content: dict[str, Any]) -> Outcome:
        answer = self.answers.get(annotation_id)
        if answer is None or answer.worker != worker:
            return ABSENT, None
        known = self.once(worker, key, ("edit", annotation_id, seen, content))
        if known is not None:
            return known
        if seen != len(answer.versions) or answer.state != "accepted":
            return VERSION, len(answer.versions)
        answer.versions.append(content)
        self.events["annotation.edited"] += 1
        self.keys[(worker, key)] = (("edit", annotation_id, seen, content), len(answer.versions))
        return OK, len(answer.versions)

    # ---- owners ------------------------------------------------------------------------------------------------
    def assign(self, task_id: str, who: frozenset[str] | None) -> None:
        task = self.tasks[task_id]
        self.events["task.assigned"] += task.who != who
        task.who = who

    def set_priority(self, task_id: str, priority: int) -> None:
        task = self.tasks[task_id]
        self.events["task.priority"] += task.priority != priority
        task.priority = priority

    def reject(self, annotation_id: str, seen: int) -> str:
        answer = self.answers[annotation_id]
        if seen != len(answer.versions) or answer.state != "accepted":
            return VERSION
        answer.state = "rejected"
        self.events["annotation.rejected"] += 1
        return OK

    def reopen(self, task_id: str) -> str:
        task = self.tasks[task_id]
        if task.state == "removed":
            return ABSENT
        self._revoke(self.live(task=task_id))
        task.round, task.state, task.skips = task.round + 1, "open", 0
        self.events["task.reopened"] += 1
        return OK

    def _revoke(self, leases: list[MLease]) -> None:
        for lease in leases:
            lease.state = "revoked"
            self.events["lease.revoked"] += 1

    def set_k(self, task_id: str, k: int) -> str:
        task = self.tasks[task_id]
        if task.state == "removed":
            return ABSENT
        task.k = k
        self.events["task.overlap"] += 1
        return OK

    def change_project(self, *, k: int | None = None, running: bool | None = None) -> None:
        if k is not None:
            self.k = k
            for task in self.tasks.values():
                if task.state != "removed":
                    task.k = k
        if running is not None:
            self.running = running
        self.events["project.changed"] += 1

    def remove(self, task_id: str) -> str:
        task = self.tasks[task_id]
        if task.state == "removed":
            return ABSENT
        self._revoke(self.live(task=task_id))
        task.state = "removed"
        self.events["task.removed"] += 1
        return OK

    def set_active(self, worker: str, active: bool) -> None:
        self.workers[worker] = active
        if not active:
            self._revoke(self.live(worker=worker))
        self.events["worker.activated" if active else "worker.deactivated"] += 1

    def set_batch_state(self, batch_id: str, did: str) -> str:
        start, state = {
            "finalize": (("staging",), "in_progress"), "pause": (("in_progress",), "paused"),
            "resume": (("paused",), "in_progress"), "cancel": (("staging", "in_progress", "paused"), "cancelled"),
        }[did]  # fmt: skip
        batch = self.batches[batch_id]
        if batch.state not in start:
            return CONFLICT
        batch.state = state
        said = {"finalize": "finalized", "pause": "paused", "resume": "resumed", "cancel": "cancelled"}[did]
        self.events[f"batch.{said}"] += 1
        if did == "cancel":
            self._close(batch)
        return OK

    def _close(self, batch: MBatch) -> None:
        tasks = [t for t in self.tasks.values() if t.batch is batch and t.state != "removed"]
        for task in tasks:
            self._revoke(self.live(task=task.id))
        for task in tasks:
            if self.accepted(task) == 0:
                self.remove(task.id)
            elif task.state == "open" and self.accepted(task) < task.k:
                self.set_k(task.id, self.accepted(task))

    def complete_if_done(self, batch_id: str) -> bool:
        batch = self.batches[batch_id]
        tasks = [t for t in self.tasks.values() if t.batch is batch]
        if batch.state not in ("in_progress", "paused") or any(t.state == "open" and not self.done(t) for t in tasks):
            return False
        batch.state = "completed"
        self.events["batch.completed"] += 1
        return True

    def set_ranks(self, batch_ids: list[str]) -> None:
        for batch in self.batches.values():
            rank = batch_ids.index(batch.id) + 1 if batch.id in batch_ids else None
            if batch.state in ("staging", "in_progress", "paused") and batch.rank != rank:
                batch.rank = rank
                self.events["batch.rank"] += 1

    def expect_adopt(self, draft_id: str) -> Outcome:
        draft = self.drafts[draft_id]
        if draft.adopted:
            return OK, draft.adopted
        lease = self.leases[draft.lease]
        task = self.tasks[lease.task]
        if task.state == "removed":
            return ABSENT, None
        taken = any(a.lease == lease.id for a in self.answers.values())
        if taken or task.round != lease.round or self.had(lease.worker, task):
            return CONFLICT, None
        if task.state != "open" or self.load(task) >= task.k:
            return CONFLICT, None
        return OK, None

    def adopted(self, draft_id: str, annotation_id: str) -> None:
        draft = self.drafts[draft_id]
        lease = self.leases[draft.lease]
        lease.late = True
        draft.adopted = annotation_id
        self.answers[annotation_id] = MAnswer(
            annotation_id, lease.id, lease.task, lease.worker, lease.round, True, [draft.content]
        )
        self.events["draft.adopted"] += 1

    # ---- what public reads must show ---------------------------------------------------------------------------
    def progress(self) -> dict[str, int]:
        shown = [t for t in self.tasks.values() if t.state != "removed"]
        return {
            "tasks": len(shown),
            "done": sum(self.done(t) for t in shown),
            "skipped_out": sum(t.state == "skipped_out" for t in shown),
            "answers": sum(self.accepted(t) for t in shown),
            "answers_wanted": sum(t.k for t in shown),
            "leases": len(self.live()),
        }

    def worker_counts(self) -> dict[str, tuple[int, int, int]]:
        """answers, skips and live leases of each worker who has any. Answers of every round that were not taken away."""
        counts = {}
        for worker in self.workers:
            answers = sum(a.worker == worker and a.state == "accepted" for a in self.answers.values())
            counts[worker] = (answers, self.skipped_by[worker], len(self.live(worker=worker)))
        return {worker: found for worker, found in counts.items() if any(found)}
