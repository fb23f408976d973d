"""The queue against its model with lanes, priorities and a quota: who may have a task changes while people work."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from queue_driver import InProcess, outcome
from queue_model import OK
from test_queue_machine import QueueMachine, pick, run

from tawsim.labelling import lanes, quotas
from tawsim.labelling.lanes import Requirement


class WithLanes(InProcess):
    """The calls of a lead, too."""

    def assign(self, task: str, who: frozenset[str] | None) -> tuple[str, Any]:
        needs = Requirement(workers=tuple(sorted(who or ())))
        return outcome(lambda: self.db.write(lambda tx: lanes.assign(tx, self.owner, [task], needs)))

    def set_priority(self, task: str, n: int) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: lanes.set_priority(tx, self.owner, [task], n)))

    def set_quota(self, worker: str, n: int) -> tuple[str, Any]:
        limits = {"per_worker": n}
        return outcome(
            lambda: self.db.write(lambda tx: quotas.set_quota(tx, self.owner, self.project_id, worker, limits))
        )


def driver(template: Path) -> WithLanes:
    return WithLanes(template)


class LaneMachine(QueueMachine):
    """The same calls in any order, and a lead who says who may have what, and how much."""

    driver_class: ClassVar[Any] = staticmethod(driver)

    def _present(self, n: int) -> Any:
        return self._one({t.id: t for t in self.model.tasks.values() if t.state != "removed"}, n)

    def _any_present(self) -> bool:
        return any(t.state != "removed" for t in self.model.tasks.values())

    @precondition(lambda self: self._any_present())
    @rule(n=pick, many=st.integers(1, 4), some=st.sampled_from([(), (), (0,), (0, 1)]), then=st.integers(0, 3))
    def assign(self, n: int, many: int, some: tuple[int, ...], then: int) -> None:
        """Few lanes, and one of those whom it concerns asks at once: what can go wrong is that a task is walked past."""
        who = frozenset(self.driver.workers[i] for i in some) or None
        for task in [self._present(n + i) for i in range(many)]:
            code, _ = self.driver.assign(task.id, who)
            if not self._failed(code):
                assert code == OK
                self.model.assign(task.id, who)
        self.next(then % 2, 1 + then // 2)

    @precondition(lambda self: self._any_present())
    @rule(n=pick, priority=st.sampled_from([0, 0, 5]))
    def set_priority(self, n: int, priority: int) -> None:
        task = self._present(n)
        code, _ = self.driver.set_priority(task.id, priority)
        if not self._failed(code):
            assert code == OK
            self.model.set_priority(task.id, priority)

    @rule(quota=st.sampled_from([0, 1, 3, 6]))
    def set_quota(self, quota: int) -> None:
        if self.failing:
            return
        for worker in self.driver.workers:
            assert self.driver.set_quota(worker, quota)[0] == OK
            self.model.events["member.quota"] += 1
        self.model.quota = quota

    def _drain(self) -> None:
        """Every open task ends at exactly k where everybody may have it and nobody is stopped by a quota (Q4)."""
        self.failing = False
        self.driver.mend_disk()
        self.set_quota(0)
        for task in self.model.tasks.values():
            if task.state != "removed":
                assert self.driver.assign(task.id, None)[0] == OK
                self.model.assign(task.id, None)
        super()._drain()


def test_the_queue_with_lanes_and_quotas_does_what_the_model_does() -> None:
    run(LaneMachine, 30, 40)


@pytest.mark.slow
@pytest.mark.timeout(1_200)  # two minutes on a quiet machine
def test_the_queue_with_lanes_and_quotas_does_what_the_model_does_for_longer() -> None:
    run(LaneMachine, 300, 60)
