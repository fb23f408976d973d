"""The quality page of a large project that people are labelling: what one new answer costs it, and what the first look does.

    python benchmarks/quality.py [--answers 1000000] [--people 50] [--rounds 30] [--folder FOLDER] [--log FILE.md]

Makes a workspace with so many answers, three to a task, written through the store's own statements without leases' life, over
sixty days, with two columns that part the rows; then times in this one process: the first page (all is read, the truth is
learned), a page after nothing changed, and the page after each of some answers submitted in the ordinary way, each asked for
until it is of that moment. Everything in a temporary folder, which is removed, or in one of yours.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from tawsim.core.clock import SECOND, system_clock
from tawsim.core.ids import new_id, new_ids
from tawsim.core.records import Project
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.labelling.queue import next_leases
from tawsim.labelling.submit import submit
from tawsim.loop.quality import WAIT_S, quality_page
from tawsim.store import rows
from tawsim.store.database import Database
from tawsim.workspaces.workspace import add_worker, list_workers, open_workspace

LABELS = ("news", "sport", "culture", "money", "weather")
EACH = 3
DAYS = 60


def filled(folder: Path, answers: int, people: int) -> tuple[Database, Project, list[str]]:
    """A project with `answers` answers by `people`."""
    random = np.random.default_rng(1)
    place = open_workspace(folder / "big.tawsim", create=True, owner="Noor")
    db, owner = place.db, place.owner_id
    question = {"kind": "choice", "name": "label", "labels": list(LABELS)}
    new = NewProject(
        "big", [question], overlap=EACH + 1, order="fifo", guideline="News is what happened. Sport is a game."
    )
    project = db.write(lambda tx: create_project(tx, owner, "p", new))
    tasks = answers // EACH
    made = ({"text": f"item {i}", "source": f"s{i % 7}", "long": bool(i % 3)} for i in range(tasks))
    add_tasks(db, project, numbered(made), actor_id=owner, source="made", digest="made")
    workers = [db.write(lambda tx, n=f"w{i}": add_worker(tx, owner, n, n)).id for i in range(people)]
    skill, truth = random.beta(8, 2, people), random.integers(0, len(LABELS), tasks + 1)
    with db.read() as tx:
        found = [
            (r["id"], r["seq"])
            for r in tx.all("task_page", project_id=project.id, after=0, visible_seq=1 << 40, n=tasks)
        ]
    begin = system_clock() - DAYS * 86_400 * SECOND
    for first in range(0, tasks, 20_000):
        _fill(db, project.id, found[first : first + 20_000], workers, skill, truth, begin, tasks, random)
    return db, project, workers


def _fill(db, project, part, workers, skill, truth, begin, tasks, random) -> None:  # type: ignore[no-untyped-def]
    ids = iter(new_ids(begin, 2 * EACH * len(part)))
    leases, annotations, versions, counts = [], [], [], []
    for task, seq in part:
        at = begin + int(seq / tasks * DAYS * 86_400 * SECOND)
        for slot, w in enumerate(random.choice(len(workers), EACH, replace=False).tolist(), 1):
            lease, annotation = next(ids), next(ids)
            right = random.random() < skill[w]
            label = LABELS[truth[seq] if right else random.integers(0, len(LABELS))]
            done = at + int(random.gamma(4, 2) * SECOND)
            leases.append((lease, project, task, workers[w], 0, slot, "submitted", at, at + 900 * SECOND, done))
            annotations.append((annotation, project, task, lease, workers[w], done))
            versions.append((annotation, f'{{"label":"{label}"}}', workers[w], done))
        counts.append((EACH, EACH, task))

    def write(tx) -> None:  # type: ignore[no-untyped-def]
        run = tx._connection.executemany
        run("INSERT INTO lease (id, project_id, task_id, worker_id, round, slot, state, granted_at, deadline, ended_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", leases)  # fmt: skip
        run("INSERT INTO annotation (id, project_id, task_id, lease_id, worker_id, round, state, guideline_version, created_at) "
            "VALUES (?, ?, ?, ?, ?, 0, 'accepted', 1, ?)", annotations)  # fmt: skip
        run(
            "INSERT INTO annotation_version (annotation_id, version, answers, by_worker, at) VALUES (?, 1, ?, ?, ?)",
            versions,
        )
        run("UPDATE task SET accepted = ?, load = ?, changed = 1 WHERE id = ?", counts)
        tx._connection.execute(
            "UPDATE project_count SET answers = answers + ?, revision = 1 WHERE project_id = ?",
            (len(annotations), project),
        )

    db.write(write)


def found_there(folder: Path) -> tuple[Database, Project, list[str]] | None:
    """What an earlier run left in the folder."""
    if not (folder / "big.tawsim").exists():
        folder.mkdir(exist_ok=True)
        return None
    db = open_workspace(folder / "big.tawsim").db
    with db.read() as tx:
        project = rows.project(tx.all("project_list")[0])
        return db, project, [one.id for one in list_workers(tx) if one.role == "labeller"]


def measured(db: Database, project: Project, workers: list[str], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds of each look: on the clock, and of the processor in all threads of this process."""
    times: dict[str, list[tuple[float, float]]] = {}

    def timed(name: str, wait_s: float | None) -> None:
        clock, spent = time.perf_counter(), time.process_time()
        quality_page(db, project.id, **({} if wait_s else {"wait_s": None}))
        times.setdefault(name, []).append((time.perf_counter() - clock, time.process_time() - spent))

    timed("the first look: what it is told at once", WAIT_S)
    timed("the first look: until there is a page", None)
    for i in range(rounds):
        worker = workers[i % len(workers)]
        lease = db.write(lambda tx, w=worker: next_leases(tx, project.id, w, 1)).leases[0]
        db.write(lambda tx, w=worker, one=lease: submit(tx, w, one.lease_id, new_id(1), {"label": LABELS[0]}))
        if i % 2:
            timed("after one answer: what a look is told at once", WAIT_S)
            quality_page(db, project.id, wait_s=None)
        else:
            timed("after one answer: until the page holds it", None)
        timed("nothing changed", WAIT_S)
    return times


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--answers", type=int, default=1_000_000)
    options.add_argument("--people", type=int, default=50)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--folder", type=Path, help="where to make it and leave it; made before, it is used again")
    options.add_argument("--log", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = given.folder or Path(folder)
        made = found_there(place) or filled(place, given.answers, given.people)
        times = measured(*made, given.rounds)
        made[0].close()
    lines = [
        f"{given.answers:,} answers, {given.people} people, three answers a task, one process", "",
        "| look | p50 | p95 | processor p50 | p95 |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, found in times.items():
        columns = [sorted(one) for one in zip(*found, strict=True)]
        cells = [
            f"{value:.3f} s"
            for one in columns
            for value in (statistics.median(one), one[max(0, round(0.95 * len(one)) - 1)])
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    print("\n".join(lines))
    if given.log is not None:
        given.log.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
