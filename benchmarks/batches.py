"""What batches cost a grant: batches that are over, that wait, and that are in progress; and adding tasks one by one.

    python benchmarks/batches.py [--ended 5000] [--paused 1000] [--open 100] [--repeat 300]

Every batch is made, filled, worked on and ended through the calls that a server makes. Timed is the grant alone, inside the
writer's transaction and as time of the processor: HTTP and the fsync are not in it, nor what else the machine does.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tawsim.core.ids import new_id
from tawsim.core.records import Project
from tawsim.labelling import batches, groups, queue, submit
from tawsim.labelling.batches import NewBatch
from tawsim.labelling.projects import NewProject, create_project
from tawsim.loop.adding_now import NewTask, add_now
from tawsim.store.database import Database, Transaction
from tawsim.workspaces.workspace import Workspace, add_worker, open_workspace

LABELS = ("yes", "no")
TOGETHER = 50  # batches made in one transaction
SPENT = ("completed", "cancelled")


@dataclass
class Site:
    """A project in which one worker takes tasks."""

    workspace: Workspace
    project: Project
    worker: str
    number: Iterator[int] = field(default_factory=itertools.count)

    @property
    def db(self) -> Database:
        return self.workspace.db

    @property
    def owner(self) -> str:
        return self.workspace.owner_id


def site(path: Path) -> Site:
    """A fresh one, with a thousand tasks of no batch."""
    workspace = open_workspace(path, create=True, owner="Noor")
    new = NewProject("P", [{"kind": "choice", "name": "label", "labels": list(LABELS)}])
    project = workspace.db.write(lambda tx: create_project(tx, workspace.owner_id, "p", new))
    worker = workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, "w", "Layla")).id
    made = Site(workspace, project, worker)
    made.db.write(lambda tx: add_now(tx, project, [task(made, None) for _ in range(1_000)]))
    return made


def task(of: Site, batch: str | None) -> NewTask:
    return NewTask(new_id(of.db.clock()), {"text": f"text {next(of.number)}"}, batch_id=batch)


def take(tx: Transaction, of: Site) -> str:
    """A grant; the id of the lease."""
    return queue.next_leases(tx, of.project.id, of.worker, 1).leases[0].lease_id


def make(of: Site, state: str, n: int, people: Sequence[str] = ()) -> None:
    """n batches of one task that end up in this state; given to a group of `people`, if there are any."""

    def some(tx: Transaction, count: int) -> None:
        for _ in range(count):
            row = batches.create(tx, of.owner, of.project.id, NewBatch(f"batch {next(of.number)}", state="in_progress"))
            add_now(tx, of.project, [task(of, row["id"])])
            if people:
                made = groups.create_group(tx, of.owner, of.project.id, row["name"], people)
                batches.set_groups(tx, of.owner, row["id"], [made["id"]])
            if state == "completed":
                batches.set_ranks(tx, of.owner, [row["id"]])
                submit.submit(tx, of.worker, take(tx, of), new_id(tx.now), {"label": "yes"})
                assert batches.complete_if_done(tx, row["id"])
            elif state == "cancelled":
                batches.cancel(tx, of.owner, row["id"])
            elif state == "paused":
                batches.pause(tx, of.owner, row["id"])

    for first in range(0, n, TOGETHER):
        count = min(TOGETHER, n - first)
        of.db.write(lambda tx, count=count: some(tx, count))


def grants(of: Site, repeat: int) -> list[float]:
    """Milliseconds of each grant; each is answered, so that no task gathers a history."""
    spent: list[float] = []

    def work(tx: Transaction) -> None:
        start = time.thread_time()
        lease = take(tx, of)
        spent.append((time.thread_time() - start) * 1_000)
        submit.submit(tx, of.worker, lease, new_id(tx.now), {"label": "yes"})

    for _ in range(repeat):
        of.db.write(work)
    return spent


def line(what: str, spent: list[float]) -> None:
    low, high = statistics.median(spent), sorted(spent)[int(len(spent) * 0.99)]
    print(f"{what:<58} {low:8.3f} ms  p99 {high:8.3f} ms")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("ended", 5_000), ("paused", 1_000), ("open", 100), ("repeat", 300)):
        ask.add_argument(f"--{name}", type=int, default=default)
    given = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        of = site(Path(folder) / "x.tawsim")
        start = time.perf_counter()
        for _ in range(200):
            of.db.write(lambda tx: add_now(tx, of.project, [task(of, None)]))
        print(f"one task added, with its fsync: {(time.perf_counter() - start) * 5:.2f} ms")
        start = time.perf_counter()
        of.db.write(lambda tx: add_now(tx, of.project, [task(of, None) for _ in range(1_000)]))
        print(f"a thousand tasks added at once: {(time.perf_counter() - start) * 1_000:.0f} ms")
        line("no batch", grants(of, given.repeat))
        for state in SPENT:
            make(of, state, given.ended)
            line(f"and {given.ended:,} {state} batches", grants(of, given.repeat))
        make(of, "paused", given.paused)
        line(f"and {given.paused:,} paused batches with open tasks", grants(of, given.repeat))
        make(of, "in_progress", given.open)
        line(f"and {given.open:,} batches in progress", grants(of, given.repeat))
        people = of.db.write(lambda tx: [add_worker(tx, of.owner, f"p{i}", f"person {i}").id for i in range(1_000)])
        make(of, "in_progress", given.open, people)
        line(f"and {given.open:,} given to groups of {len(people):,} others", grants(of, given.repeat))
        of.workspace.close()


if __name__ == "__main__":
    main()
