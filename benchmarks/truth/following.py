"""The truth of a large project that people are labelling: what one submit costs it, and how far it drifts.

    python benchmarks/truth/following.py [--tasks 1000000] [--answers 3] [--log FILE.md]

Makes a workspace with so many tasks and answers (written through the store's own statements, without leases' life), infers
all of it once, then submits answers through the real submit and times: judging one changed task, a hundred, and the share
of labels and the mean distance of probabilities that differ from a full inference after 1 % and 2 % more answers.
Everything in a temporary folder, which is removed.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from tawsim.core.ids import new_id, new_ids
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.labelling.queue import next_leases
from tawsim.labelling.submit import submit
from tawsim.loop import following
from tawsim.store.database import Database
from tawsim.workspaces.workspace import Workspace, add_worker, open_workspace

LABELS = ("news", "sport", "culture", "money", "weather", "people", "travel", "food")
OVERLAP_LEFT = 2  # answers a task may still get when the timing starts


class World:
    """A project of `tasks` tasks with `answers` answers each by workers of differing skill."""

    def __init__(self, folder: Path, tasks: int, answers: int) -> None:
        self.random = np.random.default_rng(1)
        self.place: Workspace = open_workspace(folder / "big.tawsim", create=True, owner="Noor")
        self.db: Database = self.place.db
        question = {"kind": "choice", "name": "label", "labels": list(LABELS)}
        new = NewProject("big", [question], overlap=answers + OVERLAP_LEFT, order="fifo")
        owner = self.place.owner_id
        self.project = self.db.write(lambda tx: create_project(tx, owner, "p", new))
        rows = numbered({"text": f"item {i}"} for i in range(tasks))
        add_tasks(self.db, self.project, rows, actor_id=owner, source="made", digest="made")
        people = max(40, tasks // 2000)
        self.people = [self.db.write(lambda tx, n=f"w{i}": add_worker(tx, owner, n, n)).id for i in range(people)]
        self.skill = self.random.beta(6, 2, people)
        self.truth = self.random.integers(0, len(LABELS), tasks + 1)
        self._fill(tasks, answers)

    def label(self, seq: int, worker: int) -> str:
        """What this worker says of this task."""
        right = self.random.random() < self.skill[worker]
        return LABELS[self.truth[seq] if right else self.random.integers(0, len(LABELS))]

    def _fill(self, tasks: int, answers: int) -> None:
        """Answers in bulk: a lease, an annotation and its version each, and the counts that belong to them."""
        with self.db.read() as tx:
            found = [
                (row["seq"], row["id"])
                for row in tx.stream("task_page", project_id=self.project.id, after=0, visible_seq=tasks, n=tasks)
            ]
        for start in range(0, len(found), 20_000):
            self.db.write(lambda tx, some=found[start : start + 20_000]: self._write(tx, some, answers))
        self.db._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _write(self, tx, some, answers: int) -> None:
        leases, annotations, versions = [], [], []
        ids = iter(new_ids(tx.now, 2 * len(some) * answers))
        for seq, task in some:
            for slot, w in enumerate(self.random.choice(len(self.people), answers, replace=False).tolist(), 1):
                lease, annotation, who = next(ids), next(ids), self.people[w]
                base = {"project_id": self.project.id, "task_id": task, "worker_id": who, "round": 0}
                leases.append({"id": lease, "slot": slot, "granted_at": tx.now, "deadline": tx.now, **base})
                annotations.append(
                    {
                        "id": annotation,
                        "lease_id": lease,
                        "late": 0,
                        "guideline_version": 1,
                        "created_at": tx.now,
                        **base,
                    }
                )
                text = json.dumps({"label": self.label(seq, w)}, ensure_ascii=False)
                versions.append(
                    {"annotation_id": annotation, "version": 1, "answers": text, "by_worker": who, "at": tx.now}
                )
        tx.many("lease_insert", leases)
        tx.many("annotation_insert", annotations)
        tx.many("annotation_version_insert", versions)
        low, high = some[0][0], some[-1][0]
        for sql in (
            "UPDATE lease SET state = 'submitted' WHERE state = 'live'",
            f"UPDATE task SET load = {answers}, accepted = {answers} WHERE seq BETWEEN {low} AND {high}",
            f"UPDATE project_count SET answers = answers + {len(leases)}, revision = revision + 1",
        ):
            tx._connection.execute(sql)

    def submits(self, many: int) -> None:
        """Real submits by the next person each, in groups of one transaction a hundred."""
        for start in range(0, many, 100):
            some = min(100, many - start)
            self.db.write(lambda tx, some=some: [self._submit(tx) for _ in range(some)])

    def _submit(self, tx) -> None:
        worker = int(self.random.integers(0, len(self.people)))
        leases = next_leases(tx, self.project.id, self.people[worker], 1).leases
        if leases:
            key = new_id(tx.now)
            answer = {"label": self.label(leases[0].seq, worker)}
            submit(tx, self.people[worker], leases[0].lease_id, key, answer).or_raise()


def timed(times: int, work, before) -> tuple[float, float]:
    """Median and highest milliseconds of `work` after `before`."""
    took = []
    for _ in range(times):
        before()
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took), max(took)


def drift(world: World, one: following.Following) -> str:
    """How the followed truth differs from a full inference of the same answers, as a row of the table."""
    one.catch_up(world.db)
    full = following.judge(world.db, world.project, world.project.questions[0]).truth
    rows = one.truth.places(full.seqs.tolist())
    other = one.truth.best[rows] != full.best
    apart = np.abs(one.truth.probabilities[rows] - full.probabilities).sum(axis=1) / 2
    return f"{100 * other.mean():.3f} % | {apart.mean():.5f} | {np.quantile(apart, 0.999):.4f} | {full.seconds:.1f} s"


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--answers", type=int, default=3)
    parser.add_argument("--log", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tawsim-bench-") as name:
        began = time.perf_counter()
        world = World(Path(name), told.tasks, told.answers)
        made = time.perf_counter() - began
        one = following.judge(world.db, world.project, world.project.questions[0])
        lines = [
            f"# Following the truth of {told.tasks:,} tasks with {told.answers} answers each",
            "",
            f"{len(LABELS)} labels, {len(world.people)} people; made in {made:.0f} s; inferred whole by "
            f"{one.truth.model} in {one.truth.seconds:.1f} s.",
            "",
            "| submits since | judged again in, median (highest) ms |",
            "|---|---|",
        ]
        for many, times in (1, 200), (100, 20):
            middle, highest = timed(times, lambda: one.catch_up(world.db), lambda n=many: world.submits(n))
            lines.append(f"| {many} | {middle:.2f} ({highest:.2f}) |")
        lines += [
            "",
            "| more answers since all was learned | other label | mean distance of p | 99.9 % below | full inference |",
            "|---|---|---|---|---|",
        ]
        one = following.judge(world.db, world.project, world.project.questions[0])
        for share in 1, 2:
            world.submits(told.tasks * told.answers // 100)
            lines.append(f"| {share} % | {drift(world, one)} |")
        world.place.close()
    print("\n".join(lines))
    if told.log:
        told.log.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
