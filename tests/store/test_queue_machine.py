"""The queue against its model: every call that exists, in any order, with crashes, full disks and clocks that jump.

Rules and invariants are those of docs/reference/queue.md. The same machine drives the functions in this process and the
HTTP API (test_queue_machine_http.py). What it once found stands as an example of its own in tests/unit/test_labelling_*.py.
"""

import atexit
import itertools
import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from queue_driver import LABELS, SECOND, WORKERS, InProcess, make_template
from queue_model import ABSENT, CONFLICT, LOST, OK, REUSED, VERSION, MAnswer, MLease, Model, MTask

pick = st.integers(0, 1000)
labels = st.integers(0, len(LABELS) - 1)
UNAVAILABLE = "TW-UNAVAILABLE"


@cache
def template() -> Path:
    folder = tempfile.mkdtemp(prefix="tawsim-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_template(Path(folder))


class QueueMachine(RuleBasedStateMachine):
    """One project, four workers, an owner."""

    driver_class: ClassVar[Callable[[Path], Any]] = InProcess

    @initialize(k=st.integers(1, 4))
    def start(self, k: int) -> None:
        self.driver = self.driver_class(template())
        self.model = Model(now=self.driver.clock.now, workers=dict.fromkeys(self.driver.workers, True))
        self.model.events = self.driver.events()
        self.failing = False
        self.seen: dict[str, str] = {}
        self.keys = (f"key {i}" for i in itertools.count())
        self.version = 1
        if k != 1:
            self._change(overlap=k)
        self._add(2)

    # ---- what rules share --------------------------------------------------------------------------------------
    def _worker(self, n: int) -> str:
        return self.driver.workers[n % len(self.driver.workers)]

    def _one(self, things: dict[str, Any], n: int) -> Any:
        """Recent ones more often than old ones: most of what can go wrong is between neighbours."""
        found = list(things.values())
        return found[-1 - n % len(found)]

    def _content(self, label: int) -> dict[str, Any]:
        return {"label": LABELS[label]}

    def _failed(self, code: str, worker: str | None = None) -> bool:
        """While the disk fails a write may be refused, and the API lets no deactivated person in; then nothing has
        changed. The invariants see to that."""
        if not self._let_in(worker):
            assert code == "TW-SIGN-IN"
            return True
        if self.failing and code == UNAVAILABLE:
            return True
        assert code != UNAVAILABLE
        return False

    def _let_in(self, worker: str | None) -> bool:
        return worker is None or self.model.workers[worker] or not self.driver.over_http

    def _change(self, **changes: Any) -> None:
        code, found = self.driver.change_project(self.version, changes)
        if self._failed(code):
            return
        assert code == OK
        self.version += 1
        assert found == self.version
        self.model.change_project(
            k=changes.get("overlap"), running=changes["state"] == "running" if "state" in changes else None
        )

    def _add(self, n: int) -> None:
        key = next(self.keys)
        texts = [f"text {key} {i}" for i in range(n)]
        code, added = self.driver.add_tasks(texts, key)
        if self._failed(code):
            return
        assert (code, added) == (OK, n)
        assert self.driver.add_tasks(texts, key) == (OK, n), "the same import again adds nothing"
        for task_id in self.driver.tasks():
            if task_id not in self.model.tasks:
                self.model.tasks[task_id] = MTask(task_id, self.model.k)
        self.model.events["tasks.imported"] += 1

    # ---- workers -----------------------------------------------------------------------------------------------
    @rule(n=st.integers(1, 5))
    def add_tasks(self, n: int) -> None:
        if len(self.model.tasks) < 25 and not self.failing:
            self._add(n)

    @rule(who=pick, count=st.integers(1, 3))
    def next(self, who: int, count: int) -> None:
        code, found = self.driver.next(self._worker(who), count)
        if not self._failed(code):
            assert code == OK
            self.model.next(self._worker(who), count, *found)

    def _submit(self, lease: MLease, key: str, content: dict[str, Any]) -> None:
        expected = self.model.expect_submit(lease.worker, lease.id, key, content)
        code, found = self.driver.submit(lease.worker, lease.id, key, content)
        if not self._failed(code, lease.worker):
            self._settle(lease, key, content, expected, code, found)

    def _settle(self, lease: MLease, key: str, content: dict[str, Any], expected: Any, code: str, found: Any) -> None:
        code_expected, what = expected
        repeated = isinstance(what, tuple)
        if repeated:  # a result that was stored with the key
            what, earlier = what
            code_expected = OK if what in ("accepted", "late") else LOST
        assert code == code_expected, (code, found, expected)
        if code == OK:
            assert found["repeated"] == repeated
            done = found["annotation"]
            assert (done["task_id"], done["version"], done["state"]) == (lease.task, 1, "accepted")
            assert done["late"] == (what == "late")
            found_id = done["id"]
        elif code == LOST:
            found_id = found["draft"]
            assert (found_id is not None) == (what == "draft")
        else:
            return
        if repeated:
            assert found_id == earlier
        else:
            self.model.submitted(lease.id, key, content, what, found_id)

    @precondition(lambda self: self.model.leases)
    @rule(n=pick, label=labels)
    def submit(self, n: int, label: int) -> None:
        self._submit(self._one(self.model.leases, n), next(self.keys), self._content(label))

    @precondition(lambda self: self.model.live())
    @rule(n=pick, label=labels)
    def submit_live(self, n: int, label: int) -> None:
        live = self.model.live()
        self._submit(live[n % len(live)], next(self.keys), self._content(label))

    @rule(who=pick, label=labels, n=st.integers(1, 3))
    def work(self, who: int, label: int, n: int) -> None:
        """The usual course of things: ask and answer, a few times."""
        for _ in range(n):
            worker = self._worker(who)
            self.next(who, 1)
            for lease in self.model.live(worker=worker):
                self._submit(lease, next(self.keys), self._content(label))

    @precondition(lambda self: not self.failing)
    @rule(who=pick, other=pick, label=labels, taken=st.booleans())
    def come_late(self, who: int, other: int, label: int, taken: bool) -> None:
        """Walk away until the lease has ended, and answer after all, when somebody else may have done the task (Q7)."""
        self.next(who, 2)
        live = self.model.live(worker=self._worker(who))
        self._move(61, sweep=True)
        if taken:
            self.work(other, label, 3)
        for lease in live:
            self._submit(lease, next(self.keys), self._content(label))

    @precondition(lambda self: self.model.answers)
    @rule(n=pick, then=st.sampled_from(["release", "expire", "skip", "answer"]), label=labels)
    def take_back(self, n: int, then: str, label: int) -> None:
        """Undo, then let the task go in one way or another, and ask for work again (Q4)."""
        answer = self._one(self.model.answers, n)
        known = set(self.model.leases)
        self._undo(answer.worker, answer.id, next(self.keys))
        for lease_id in set(self.model.leases) - known:
            lease = self.model.leases[lease_id]
            if then == "expire":
                self._move(61, sweep=True)
            elif then == "answer":
                self._submit(lease, next(self.keys), self._content(label))
            else:
                code, _ = getattr(self.driver, then)(lease.worker, lease_id)
                if not self._failed(code, lease.worker):
                    assert code == getattr(self.model, then)(lease.worker, lease_id)
        self.next(self.driver.workers.index(answer.worker), 3)

    @precondition(lambda self: self.model.keys)
    @rule(n=pick)
    def retry(self, n: int) -> None:
        """The same key and content, at any later time: the first result."""
        (worker, key), (content, _) = list(self.model.keys.items())[-1 - n % len(self.model.keys)]
        if content[0] == "submit":
            self._submit(self.model.leases[content[1]], key, content[2])
        elif content[0] == "undo":
            self._undo(worker, content[1], key)
        else:
            self._edit(worker, content[1], key, content[2], content[3])

    @precondition(lambda self: self.model.keys)
    @rule(n=pick)
    def retry_changed(self, n: int) -> None:
        """The same key with other content: refused, and nothing changes."""
        (worker, key), (content, _) = list(self.model.keys.items())[-1 - n % len(self.model.keys)]
        if content[0] == "submit":
            other = self._content((LABELS.index(content[2]["label"]) + 1) % len(LABELS))
            code, _ = self.driver.submit(worker, content[1], key, other)
        elif self.model.leases:
            lease = next((one for one in self.model.leases.values() if one.worker == worker), None)
            if lease is None:
                return
            code, _ = self.driver.submit(worker, lease.id, key, self._content(0))
        if not self._failed(code, worker):
            assert code == REUSED

    @precondition(lambda self: self.model.leases and not self.failing)
    @rule(n=pick, who=pick, label=labels)
    def submit_foreign_and_absent(self, n: int, who: int, label: int) -> None:
        lease = self._one(self.model.leases, n)
        others = [w for w in self.driver.workers if w != lease.worker]
        other, key = others[who % len(others)], next(self.keys)
        if not self._let_in(other):
            return
        absent = "0" * 8 + lease.id[8:]
        for call in (
            lambda one: self.driver.submit(other, one, key, self._content(label)),
            lambda one: self.driver.skip(other, one),
            lambda one: self.driver.release(other, one),
            lambda one: self.driver.heartbeat(other, one),
        ):
            assert call(lease.id) == call(absent) == (ABSENT, {})

    @precondition(lambda self: self.model.leases and not self.failing)
    @rule(n=pick)
    def bad_answer(self, n: int) -> None:
        lease = self._one(self.model.leases, n)
        if not self._let_in(lease.worker):
            return
        for answers in ({"label": "no such label"}, {"label": None}, {}, {"label": LABELS[0], "other": 1}):
            assert self.driver.submit(lease.worker, lease.id, next(self.keys), answers)[0] == "TW-ANSWER"

    @precondition(lambda self: self.model.leases)
    @rule(n=pick)
    def skip(self, n: int) -> None:
        lease = self._one(self.model.leases, n)
        code, _ = self.driver.skip(lease.worker, lease.id)
        if not self._failed(code, lease.worker):
            assert code == self.model.skip(lease.worker, lease.id)

    @precondition(lambda self: self.model.leases)
    @rule(n=pick)
    def release(self, n: int) -> None:
        lease = self._one(self.model.leases, n)
        code, _ = self.driver.release(lease.worker, lease.id)
        if not self._failed(code, lease.worker):
            assert code == self.model.release(lease.worker, lease.id)

    @precondition(lambda self: self.model.leases)
    @rule(n=pick)
    def heartbeat(self, n: int) -> None:
        lease = self._one(self.model.leases, n)
        code, found = self.driver.heartbeat(lease.worker, lease.id)
        if not self._failed(code, lease.worker):
            expected, deadline = self.model.heartbeat(lease.worker, lease.id)
            assert code == expected
            assert code != OK or found == deadline

    def _undo(self, worker: str, annotation: str, key: str) -> None:
        expected, lease = self.model.expect_undo(worker, annotation, key)
        code, found = self.driver.undo(worker, annotation, key)
        if self._failed(code, worker):
            return
        assert code == expected
        if code != OK:
            return
        assert found["task_id"] == self.model.answers[annotation].task
        if lease is not None:
            assert found["id"] == lease
            return
        assert found["deadline"] == self.model.now + self.model.lease_seconds * SECOND
        self.model.undone(annotation, key, found["id"], found["deadline"])

    @precondition(lambda self: self.model.answers)
    @rule(n=pick)
    def undo(self, n: int) -> None:
        answer = self._one(self.model.answers, n)
        self._undo(answer.worker, answer.id, next(self.keys))

    @precondition(lambda self: self.model.answers and not self.failing)
    @rule(n=pick, who=pick)
    def touch_foreign_answer(self, n: int, who: int) -> None:
        answer = self._one(self.model.answers, n)
        others = [w for w in self.driver.workers if w != answer.worker]
        other = others[who % len(others)]
        if not self._let_in(other):
            return
        absent = "0" * 8 + answer.id[8:]
        for one in (answer.id, absent):
            assert self.driver.undo(other, one, next(self.keys)) == (ABSENT, {})
            assert self.driver.edit(other, one, next(self.keys), 1, self._content(0)) == (ABSENT, {})

    def _edit(self, worker: str, annotation: str, key: str, seen: int, content: dict[str, Any]) -> None:
        code, found = self.driver.edit(worker, annotation, key, seen, content)
        if self._failed(code, worker):
            return
        expected, what = self.model.edit(worker, annotation, key, seen, content)
        assert code == expected
        if code == OK:
            assert found["version"] == what
        elif code == VERSION:
            assert found["current_version"] == what

    @precondition(lambda self: self.model.answers)
    @rule(n=pick, label=labels, stale=st.booleans())
    def edit(self, n: int, label: int, stale: bool) -> None:
        answer: MAnswer = self._one(self.model.answers, n)
        seen = len(answer.versions) - int(stale)
        self._edit(answer.worker, answer.id, next(self.keys), seen, self._content(label))

    # ---- owners ------------------------------------------------------------------------------------------------
    @precondition(lambda self: self.model.answers)
    @rule(n=pick, stale=st.integers(0, 3))
    def reject(self, n: int, stale: int) -> None:
        answer = self._one(self.model.answers, n)
        seen, key = len(answer.versions) + int(stale == 3), next(self.keys)
        code, found = self.driver.reject(answer.id, key, seen)
        if self._failed(code):
            return
        assert code == self.model.reject(answer.id, seen)
        if code == OK and not self.failing:
            assert self.driver.reject(answer.id, key, seen) == (code, found), "the same key: the same result"

    @rule(n=pick)
    def reopen(self, n: int) -> None:
        task = self._one(self.model.tasks, n)
        code, found = self.driver.reopen(task.id)
        if not self._failed(code):
            assert code == self.model.reopen(task.id)
            assert code != OK or found == task.round

    @rule(n=pick, k=st.integers(1, 4))
    def set_k(self, n: int, k: int) -> None:
        task = self._one(self.model.tasks, n)
        code, _ = self.driver.set_k(task.id, k)
        if not self._failed(code):
            assert code == self.model.set_k(task.id, k)

    @precondition(lambda self: not self.failing)  # it is several transactions: a failing disk may leave it half carried
    @rule(k=st.integers(1, 4))
    def set_k_of_project(self, k: int) -> None:
        self._change(overlap=k)

    @rule()
    def pause_or_resume(self) -> None:
        self._change(state="paused" if self.model.running else "running")

    @rule()
    def change_stale(self) -> None:
        code, found = self.driver.change_project(self.version - 1, {"guideline": "late"})
        if not self._failed(code):
            assert code == VERSION
            assert found["current_version"] == self.version

    @rule(n=pick)
    def deactivate_or_activate(self, n: int) -> None:
        worker = self._worker(n)
        code, _ = self.driver.set_active(worker, not self.model.workers[worker])
        if not self._failed(code):
            assert code == OK
            self.model.set_active(worker, not self.model.workers[worker])

    @precondition(lambda self: len(self.model.tasks) > 2)
    @rule(n=pick)
    def remove(self, n: int) -> None:
        task = self._one(self.model.tasks, n)
        code, _ = self.driver.remove(task.id)
        if not self._failed(code):
            assert code == self.model.remove(task.id)

    @precondition(lambda self: self.model.drafts)
    @rule(n=pick)
    def adopt(self, n: int) -> None:
        draft = self._one(self.model.drafts, n)
        expected, known = self.model.expect_adopt(draft.id)
        code, found = self.driver.adopt(draft.id)
        if self._failed(code):
            return
        assert code == expected, (code, expected)
        if code == OK and known is None:
            self.model.adopted(draft.id, found)
        assert code != OK or known in (None, found)

    # ---- time --------------------------------------------------------------------------------------------------
    def _move(self, seconds: int, sweep: bool) -> None:
        self.driver.clock.now += seconds * SECOND
        self.model.now += seconds * SECOND
        if sweep and not self.failing:
            self.driver.sweep()
            self.model.sweep()

    @rule(seconds=st.one_of(st.integers(0, 180), st.integers(-4000, -1), st.just(86_400)), sweep=st.booleans())
    def move_clock(self, seconds: int, sweep: bool) -> None:
        """On by up to three times a lease's length, back by an hour, or on by a day; expiry must not wait for the sweeper."""
        self._move(seconds, sweep)

    # ---- faults ------------------------------------------------------------------------------------------------
    @precondition(lambda self: not self.failing)
    @rule()
    def crash(self) -> None:
        self.driver.crash()

    @precondition(lambda self: not self.failing and self.model.leases)
    @rule(n=pick, label=labels, after=st.booleans())
    def crash_in_submit(self, n: int, label: int, after: bool) -> None:
        """The answer was lost on the way, whatever became of the write. The client sends it again with the same key."""
        lease, key, content = self._one(self.model.leases, n), next(self.keys), self._content(label)
        if not self._let_in(lease.worker):
            return
        expected = self.model.expect_submit(lease.worker, lease.id, key, content)
        self.driver.crash_in(lambda: self.driver.submit(lease.worker, lease.id, key, content), after_commit=after)
        code, found = self.driver.submit(lease.worker, lease.id, key, content)
        if code == OK:
            assert found["repeated"] == after
            found["repeated"] = False
        self._settle(lease, key, content, expected, code, found)

    @precondition(lambda self: not self.failing)
    @rule(who=pick, after=st.booleans())
    def crash_in_next(self, who: int, after: bool) -> None:
        """Asking again gives what was granted before, or what would have been (Q9)."""
        worker = self._worker(who)
        if not self._let_in(worker):
            return
        self.driver.crash_in(lambda: self.driver.next(worker, 2), after_commit=after)
        code, found = self.driver.next(worker, 2)
        assert code == OK
        self.model.next(worker, 2, *found)

    @precondition(lambda self: not self.failing and self.model.live())
    @rule(n=pick, after=st.booleans(), release=st.booleans())
    def crash_in_skip_or_release(self, n: int, after: bool, release: bool) -> None:
        live = self.model.live()
        lease = live[n % len(live)]
        call = self.driver.release if release else self.driver.skip
        self.driver.crash_in(lambda: call(lease.worker, lease.id), after_commit=after)
        assert call(lease.worker, lease.id)[0] == OK
        (self.model.release if release else self.model.skip)(lease.worker, lease.id)

    @precondition(lambda self: not self.failing)
    @rule(full=st.booleans())
    def disk_fails(self, full: bool) -> None:
        self.failing = True
        if full:
            self.driver.fill_disk()
        else:
            self.driver.fail_disk()

    @precondition(lambda self: self.failing)
    @rule()
    def disk_mended(self) -> None:
        self.failing = False
        self.driver.mend_disk()

    @precondition(lambda self: not self.failing)
    @rule()
    def backup_restore(self) -> None:
        self.driver.backup_restore()

    # ---- what must hold after every step ---------------------------------------------------------------------------
    @invariant()
    def holds(self) -> None:
        if hasattr(self, "driver"):
            self.reads_show_the_model()
            self.nothing_acknowledged_is_lost()
            self.leases_move_along_allowed_arrows()
            self.every_step_left_its_events()

    def reads_show_the_model(self) -> None:
        model = self.model
        tasks = self.driver.tasks()
        assert set(tasks) == {t.id for t in model.tasks.values() if t.state != "removed"}
        for task_id, real in tasks.items():
            task = model.tasks[task_id]
            shown = (real["overlap"], real["round"], real["load"], real["accepted"], real["state"], real["skips"])
            assert shown == (
                task.k, task.round, model.load(task), model.accepted(task), task.state, task.skips
            )  # fmt: skip
        progress = self.driver.progress()
        assert {name: progress[name] for name in model.progress()} == model.progress()
        assert progress["open"] == progress["tasks"] - progress["done"] - progress["skipped_out"]

    def nothing_acknowledged_is_lost(self) -> None:
        real = self.driver.answers()
        assert set(real) == set(self.model.answers)
        once: set[tuple[str, str, int]] = set()
        for answer in self.model.answers.values():
            found = real[answer.id]
            assert found["answers"] == answer.versions[-1]
            assert (found["state"], found["version"]) == (answer.state, len(answer.versions))
            assert (found["lease_id"], found["task_id"], found["worker_id"], found["round"], found["late"]) == (
                answer.lease, answer.task, answer.worker, answer.round, answer.late
            )  # fmt: skip
            if answer.state == "accepted":
                place = (answer.task, answer.worker, answer.round)
                assert place not in once, "two accepted answers of one worker to one task (Q2)"
                once.add(place)
        drafts = self.driver.drafts()
        assert {one: (d["lease_id"], d["answers"], d["adopted_as"]) for one, d in drafts.items()} == {
            d.id: (d.lease, d.content, d.adopted) for d in self.model.drafts.values()
        }

    def leases_move_along_allowed_arrows(self) -> None:
        if self.driver.over_http:  # no route shows the lease of another
            return
        states = self.driver.lease_states(list(self.model.leases))
        assert states == {one.id: (one.state, one.deadline) for one in self.model.leases.values()}
        for lease_id, (state, _) in states.items():
            assert self.seen.get(lease_id, "live") in ("live", state), "only live has exits"
            self.seen[lease_id] = state

    def every_step_left_its_events(self) -> None:
        assert +self.driver.events() == +self.model.events

    def teardown(self) -> None:
        if not hasattr(self, "driver"):
            return
        try:
            self._drain()
            self._check_whole()
        finally:
            self.driver.end()

    def _drain(self) -> None:
        """Enough honest workers and a clock that stands still: every open task ends at exactly k (Q4)."""
        model = self.model
        self.failing = False
        self.driver.mend_disk()
        if not model.running:
            self._change(state="running")
        for worker, active in model.workers.items():
            if not active:
                assert self.driver.set_active(worker, True)[0] == OK
                model.set_active(worker, True)
        self._move(9 * 3600, sweep=False)  # whoever walked away has no claim any more
        before = {t.id: model.accepted(t) for t in model.tasks.values()}
        fresh = self.driver.add_workers(max((t.k for t in model.tasks.values()), default=1))
        model.workers.update(dict.fromkeys(fresh, True))
        model.events["worker.created"] += len(fresh)
        wanted = sum(max(0, t.k - before[t.id]) for t in model.tasks.values() if t.state == "open")
        calls = 0
        everybody = list(model.workers)  # the old ones first: whatever they may still have they must be given
        for worker in everybody:
            while True:
                calls += 1
                assert calls <= wanted + len(everybody) + 5, "Q4: within k x tasks + skips + 5 calls"
                code, found = self.driver.next(worker, 1)
                assert code == OK
                model.next(worker, 1, *found)
                if not found[0]:
                    break
                self._submit(model.leases[found[0][0]["id"]], next(self.keys), self._content(0))
        for task in model.tasks.values():
            if task.state == "open":
                assert model.accepted(task) == max(task.k, before[task.id]), "exactly k in the end (Q4, Q15)"
        self.holds()

    def _check_whole(self) -> None:
        """Counts that are kept along the way equal those made anew from the facts; the file is sound; history is whole."""
        driver, model = self.driver, self.model
        with driver.db.read() as tx:
            recount = driver.recount(tx)
        assert recount == model.progress()
        assert driver.worker_counts() == model.worker_counts() | {
            worker: (0, 0, 0) for worker in driver.worker_counts() if worker not in model.worker_counts()
        }
        for answer in model.answers.values():
            assert [json.loads(one) for one in driver.versions(answer.id)] == answer.versions
        assert driver.db.check() == []


def run(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


def test_the_queue_does_what_the_model_does() -> None:
    assert WORKERS == 4
    assert CONFLICT
    run(QueueMachine, 60, 40)


@pytest.mark.slow
@pytest.mark.timeout(1_200)  # two minutes on a quiet machine
def test_the_queue_does_what_the_model_does_for_longer() -> None:
    run(QueueMachine, 300, 60)
