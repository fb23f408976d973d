"""The queue against its model with batches: held, let go, given to groups, ranked, cancelled and completed while people work."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from queue_driver import outcome
from queue_model import OK, MBatch, MTask
from test_queue_machine import pick, run
from test_team_queue_machine import LaneMachine, WithLanes

from tawsim.core.ids import new_id
from tawsim.labelling import batches, groups
from tawsim.labelling.batches import NewBatch
from tawsim.loop.adding_now import NewTask, add_now
from tawsim.workspaces.audit import verify

PENDING = ("staging", "in_progress", "paused")


class WithBatches(WithLanes):
    """The calls of whoever delivers work in batches, too."""

    def make_batch(self, name: str, state: Any) -> tuple[str, Any]:
        new = NewBatch(name, state=state)
        return outcome(lambda: self.db.write(lambda tx: batches.create(tx, self.owner, self.project_id, new))["id"])

    def add_now(self, texts: list[str], batch: str | None) -> tuple[str, Any]:
        tasks = [NewTask(new_id(1), {"text": text}, batch_id=batch) for text in texts]
        project = self.project()

        def call() -> list[str]:
            self.db.write(lambda tx: add_now(tx, project, tasks))
            return [task.id for task in tasks]

        return outcome(call)

    def batch(self, did: str, batch: str) -> tuple[str, Any]:
        act = getattr(batches, did)
        return outcome(lambda: self.db.write(lambda tx: act(tx, self.owner, batch)))

    def complete_if_done(self, batch: str) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: batches.complete_if_done(tx, batch)))

    def give_to(self, batch: str, name: str, who: frozenset[str] | None) -> tuple[str, Any]:
        def call(tx: Any) -> None:
            made = []
            if who is not None:
                made.append(groups.create_group(tx, self.owner, self.project_id, name, sorted(who))["id"])
            batches.set_groups(tx, self.owner, batch, made)

        return outcome(lambda: self.db.write(call))

    def set_ranks(self, order: list[str]) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: batches.set_ranks(tx, self.owner, order)))


def driver(template: Path) -> WithBatches:
    return WithBatches(template)


class BatchMachine(LaneMachine):
    """The same calls in any order, and batches."""

    driver_class: ClassVar[Any] = staticmethod(driver)

    def _batch(self, n: int) -> Any:
        return self._one(self.model.batches, n)

    def _put(self, n: int, batch: MBatch | None) -> None:
        key = next(self.keys)
        code, found = self.driver.add_now([f"text {key} {i}" for i in range(n)], None if batch is None else batch.id)
        if self._failed(code):
            return
        if batch is not None and batch.state in ("completed", "cancelled"):
            assert code == "TW-CONFLICT"
            return
        assert code == OK
        for task_id in found:
            self.model.tasks[task_id] = MTask(task_id, self.model.k, batch=batch)
        self.model.events["tasks.added"] += 1

    @initialize(
        k=st.integers(1, 4), states=st.lists(st.sampled_from(["staging", "in_progress"]), min_size=1, max_size=2)
    )
    def start(self, k: int, states: list[str]) -> None:
        super().start(k)
        for state in states:
            self._make(state, 2)

    def _make(self, state: str, n: int) -> None:
        code, found = self.driver.make_batch(next(self.keys), state)
        if self._failed(code):
            return
        assert code == OK
        self.model.batches[found] = MBatch(found, state)
        self.model.events["batch.created"] += 1
        if n:
            self._put(n, self.model.batches[found])
        self._rank([one.id for one in self.model.batches.values() if one.state in PENDING][::-1])

    def _rank(self, order: list[str]) -> None:
        """Batches with a rank come before all else: without one they would hardly be reached while there are other tasks."""
        code, _ = self.driver.set_ranks(order)
        if not self._failed(code):
            assert code == OK
            self.model.set_ranks(order)

    @precondition(lambda self: len(self.model.batches) < 4)
    @rule(state=st.sampled_from(["staging", "in_progress"]), n=st.integers(0, 3), who=pick)
    def make_batch(self, state: str, n: int, who: int) -> None:
        self._make(state, n)
        self.next(who, 2)

    @rule(n=st.integers(1, 3), which=pick, loose=st.sampled_from([False, False, True]), who=pick)
    def put(self, n: int, which: int, loose: bool, who: int) -> None:
        if len(self.model.tasks) < 25:
            self._put(n, None if loose or not self.model.batches else self._batch(which))
            self.next(who, 2)

    @precondition(lambda self: self.model.batches)
    @rule(which=pick, did=st.sampled_from(["finalize", "pause", "pause", "resume", "resume", "cancel"]), who=pick)
    def change_batch(self, which: int, did: str, who: int) -> None:
        """Somebody asks right after: what can go wrong is that a task of it is given, or walked past, meanwhile."""
        batch = self._batch(which)
        code, _ = self.driver.batch(did, batch.id)
        if not self._failed(code):
            assert code == self.model.set_batch_state(batch.id, did)
        self.next(who, 2)

    @precondition(lambda self: self.model.batches)
    @rule(which=pick)
    def complete(self, which: int) -> None:
        batch = self._batch(which)
        code, found = self.driver.complete_if_done(batch.id)
        if not self._failed(code):
            assert (code, found) == (OK, self.model.complete_if_done(batch.id))

    @precondition(lambda self: self.model.batches)
    @rule(which=pick, some=st.sampled_from([None, None, (), (0,), (0, 1)]), who=st.integers(0, 2))
    def give_to(self, which: int, some: tuple[int, ...] | None, who: int) -> None:
        batch = self._batch(which)
        people = None if some is None else frozenset(self.driver.workers[i] for i in some)
        code, _ = self.driver.give_to(batch.id, next(self.keys), people)
        if not self._failed(code):
            assert code == OK
            self._given(batch, people)
        self.next(who, 1)

    def _given(self, batch: MBatch, people: frozenset[str] | None) -> None:
        batch.who = people
        self.model.events["project.group_created"] += people is not None
        self.model.events["project.group_changed"] += bool(people)
        self.model.events["batch.groups"] += 1

    @rule(turn=pick, n=st.integers(0, 4))
    def set_ranks(self, turn: int, n: int) -> None:
        order = [one.id for one in self.model.batches.values() if one.state in PENDING]
        self._rank((order[turn % len(order) :] + order[: turn % len(order)])[:n] if order else [])

    def _drain(self) -> None:
        """Every open task ends at exactly k where its batch goes on (Q4); of a cancelled batch none is given ever again."""
        self.failing = False
        self.driver.mend_disk()
        for batch in self.model.batches.values():
            did = {"staging": "finalize", "paused": "resume"}.get(batch.state)
            if did is not None:
                assert self.driver.batch(did, batch.id)[0] == self.model.set_batch_state(batch.id, did) == OK
            assert self.driver.give_to(batch.id, "", None)[0] == OK
            self._given(batch, None)
        for task in self.model.tasks.values():
            if task.batch is not None and task.batch.state == "cancelled" and task.state != "removed":
                # Answers that were rejected or taken back since, or a round begun anew: it stays as it is.
                assert self.driver.remove(task.id)[0] == self.model.remove(task.id) == OK
        super()._drain()

    def _check_whole(self) -> None:
        super()._check_whole()
        assert verify(self.driver.db).faults == []


def test_the_queue_with_batches_does_what_the_model_does() -> None:
    run(BatchMachine, 30, 40)


@pytest.mark.slow
@pytest.mark.timeout(1_200)  # two minutes on a quiet machine
def test_the_queue_with_batches_does_what_the_model_does_for_longer() -> None:
    run(BatchMachine, 300, 60)
