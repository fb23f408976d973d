"""The task table of a large project: every name that filters or sorts, alone and combined, and words rare and frequent.

    python benchmarks/table.py [--tasks 1000000] [--answers 1.2] [--keep FOLDER] [--log FILE.json]

Makes a workspace (with --keep: once, and uses it again), reads the columns and the truth (told apart as cold), builds the
index of words, then times each query `--repeat` times without remembered answers: what a request costs before the rows
are read, and with the hundred rows that a page shows. Loopback, HTTP and JSON are not in it.
"""

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path
from random import Random

import numpy as np

from tawsim.core.ids import new_ids
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.loop import table, table_search
from tawsim.loop.table_grammar import parse
from tawsim.loop.table_names import NAMES
from tawsim.loop.table_rows import page_json
from tawsim.store.database import Database
from tawsim.workspaces.workspace import add_worker, open_workspace

LABELS = ("سلبي", "إيجابي", "محايد", "news", "sport", "money", "travel", "food")
LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"


def words(random: np.random.Generator, n: int = 20_000) -> list[str]:
    """Made words of 2 to 8 letters, the frequent ones first."""
    sizes = random.integers(2, 9, n)
    return ["".join(LETTERS[i] for i in random.integers(0, len(LETTERS), size)) for size in sizes]


def fill(path: Path, tasks: int) -> None:
    """A project of so many tasks, sixty people and twenty tags."""
    random = np.random.default_rng(5)
    place = open_workspace(path, create=True, owner="Noor")
    db, owner = place.db, place.owner_id
    new = NewProject("big", [{"kind": "choice", "name": "label", "labels": list(LABELS)}], overlap=3, order="fifo")
    project = db.write(lambda tx: create_project(tx, owner, "p", new))
    known = words(random)
    share = 1.0 / np.arange(1, len(known) + 1)
    share /= share.sum()

    def rows():
        for _ in range(0, tasks, 10_000):
            for row in random.choice(len(known), size=(10_000, 12), p=share).tolist():
                yield {"text": " ".join(known[i] for i in row), "source": "made"}

    add_tasks(db, project, numbered(row for row, _ in zip(rows(), range(tasks), strict=False)), actor_id=owner,
              source="made", digest="made")  # fmt: skip
    for i in range(60):
        db.write(lambda tx, n=f"w{i}": add_worker(tx, owner, n, n))
    db.write(lambda tx: [tx._connection.execute(  # bulk, past the life of leases: only figures are wanted here
        "INSERT INTO tag (id, project_id, number, name, created_at) VALUES (?, ?, ?, ?, 0)", (f"t{i}", project.id, i, f"tag{i}"))
        for i in range(20)])  # fmt: skip
    place.close()


def answer(path: Path, answers: float) -> None:
    """The answers, from where an earlier run left off."""
    random, luck = np.random.default_rng(6), Random(7)
    place = open_workspace(path)
    db = place.db
    with db.read() as tx:
        project_id, done = tx._connection.execute("SELECT project_id, revision FROM project_count").fetchone()
        ids = [row["id"] for row in tx._connection.execute("SELECT id FROM task ORDER BY seq")]
        people = [row["id"] for row in tx._connection.execute("SELECT id FROM worker WHERE role = 'labeller'")]
    skill, truth = random.beta(6, 2, len(people)).tolist(), random.integers(0, len(LABELS), len(ids)).tolist()
    each = np.minimum(random.poisson(answers, len(ids)), 3).tolist()
    for first in range(done, len(ids), 5_000):
        chunk = range(first, min(first + 5_000, len(ids)))
        db.write(lambda tx, chunk=chunk: _answers(tx, project_id, ids, chunk, each, people, skill, truth, luck))
    place.close()


def _answers(tx, project_id, ids, chunk, each, people, skill, truth, luck) -> None:
    run = tx._connection.executemany
    leases, annotations, versions, tasks, tags = [], [], [], [], []
    now = 1_790_000_000_000_000
    for i in chunk:
        n = each[i]
        drawn = new_ids(now, 2 * n)
        for k, who in enumerate(luck.sample(range(len(people)), n)):
            right = luck.random() < skill[who]
            label = LABELS[truth[i] if right else luck.randrange(len(LABELS))]
            at = now + luck.randrange(10**13)
            leases.append((drawn[k], project_id, ids[i], people[who], 0, k + 1, "submitted", at, at))
            annotations.append((drawn[n + k], project_id, ids[i], drawn[k], people[who], 0, "accepted", 1, at))
            versions.append((drawn[n + k], 1, json.dumps({"label": label}, ensure_ascii=False), people[who], at,
                             "see above" if luck.random() < 0.03 else "", int(luck.random() < 0.02)))  # fmt: skip
        due = now + luck.randrange(10**13) if luck.random() < 0.3 else None
        tasks.append((n, n, int(n < 3), luck.randrange(-3, 4), due, int(luck.random() < 0.05), i + 1, ids[i]))
        if luck.random() < 0.3:
            tags.append((ids[i], f"t{luck.randrange(20)}"))
    run("INSERT INTO lease (id, project_id, task_id, worker_id, round, slot, state, granted_at, deadline) "
        "VALUES (?,?,?,?,?,?,?,?,?)", leases)  # fmt: skip
    run("INSERT INTO annotation (id, project_id, task_id, lease_id, worker_id, round, state, guideline_version, created_at) "
        "VALUES (?,?,?,?,?,?,?,?,?)", annotations)  # fmt: skip
    run("INSERT INTO annotation_version (annotation_id, version, answers, by_worker, at, comment, flag) "
        "VALUES (?,?,?,?,?,?,?)", versions)  # fmt: skip
    run("UPDATE task SET load=?, accepted=?, is_open=?, priority=?, due_at=?, skips=?, changed=? WHERE id=?", tasks)
    run("INSERT INTO task_tag (task_id, tag_id) VALUES (?,?)", tags)
    tx._connection.execute(
        "UPDATE project_count SET answers = answers + ?, revision = ? WHERE project_id = ?",
        (len(annotations), chunk[-1] + 1, project_id),
    )


def queries(known: list[str]) -> list[str]:
    """Every name that filters and every sort, both ways; combined; words."""
    one = {
        "seq": "seq:400000..600000", "state": "state:open", "accepted": "accepted<2", "overlap": "overlap>=3",
        "missing": "missing>0", "leases": "leases:0", "skips": "skips>0", "round": "round:0", "priority": "priority>0",
        "due": "due<2026-11-01", "late": "late:yes", "changed": "changed>=2026-10-01", "label": "label:سلبي",
        "p": "p<0.8", "answer": "answer:news|sport", "distinct": "distinct>1", "disagree": "disagree:yes",
        "flagged": "flagged:yes", "comment": "comment:yes", "reviewed": "reviewed:none", "tag": "tag:tag3|tag4",
        "worker": "worker:w3", "purpose": "purpose:work", "lane": "lane:none", "text": f"text:{known[60]}",
    }  # fmt: skip
    assert set(one) == set(NAMES)
    sorts = [f"sort:{sign}{name}" for name, held in NAMES.items() if held.sorts for sign in ("", "-")]
    mixed = [
        "state:open accepted<2 p<0.8 sort:p", "label:سلبي -tag:tag1 disagree:yes sort:-changed",
        "worker:w1|w2 flagged:yes sort:-p", "due<2026-12-01 -state:done sort:due", "priority>0 missing>0 sort:-priority",
        f"text:{known[60]} state:open sort:p", "-label:none p:0.5..0.9 comment:yes sort:distinct",
    ]  # fmt: skip
    longer = [word for word in known if len(word) >= 3]
    search = [f"text:{longer[i]}" for i in (0, 1, 3, 10, 40, 200, 1_000, 5_000, 12_000)]
    search += [f'text:"{longer[0]} {longer[1]}"', "text:neverthere"]
    return ["", *one.values(), *sorts, *mixed, *search]


def main() -> None:
    """Make, read, ask, tell."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--tasks", type=int, default=1_000_000)
    ask.add_argument("--answers", type=float, default=1.2, help="a task, on average (Poisson, at most 3)")
    ask.add_argument("--repeat", type=int, default=5)
    ask.add_argument("--keep", type=Path)
    ask.add_argument("--log", type=Path)
    options = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="tawsim-table-") as folder:
        path = (options.keep or Path(folder)) / "big.tawsim"
        if not path.exists():
            began = time.monotonic()
            fill(path, options.tasks)
            print(f"made in {time.monotonic() - began:.0f} s", flush=True)
        answer(path, options.answers)
        place = open_workspace(path)
        report = measure(place.db, options.repeat)
        place.close()
    text = json.dumps(report, ensure_ascii=False, indent=1)
    if options.log:
        options.log.write_text(text + "\n", encoding="utf-8")
    print(text)


def measure(db: Database, repeat: int) -> dict:
    """Cold times, then every query."""
    with db.read() as tx:
        project_id = tx.all("project_list")[0]["id"]
    cold = {}
    table_search.SHARE = 1.0  # nobody labels meanwhile
    for name, query in (("columns", "accepted:0"), ("truth", "p<1"), ("words", "text:abcdef")):
        began = time.monotonic()
        if name == "columns":
            table.figures_of(db, project_id, np.array([1]))
        else:
            table.find_page(db, project_id, parse(query), wait=True)
        cold[name] = round(time.monotonic() - began, 2)
        print("cold", name, cold[name], flush=True)
    known = words(np.random.default_rng(5))
    times: dict[str, list[float]] = {}
    totals: dict[str, int] = {}
    rows: list[float] = []
    for query in queries(known):
        for _ in range(repeat):
            table_search.search_of(db, project_id)._answers.clear()
            began = time.monotonic()
            found = table.find_page(db, project_id, parse(query))
            between = time.monotonic()
            page_json(db, project_id, found)
            times.setdefault(query, []).append(between - began)
            rows.append(time.monotonic() - between)
            totals[query] = found.total or 0
    state = table.table_state(db, project_id)
    flat = np.array([one for of in times.values() for one in of]) * 1e3
    worst = sorted(times, key=lambda one: -float(np.percentile(times[one], 95)))
    return {
        "machine": platform.platform(), "tasks": state["tasks"], "bytes_a_task": round(state["bytes"] / state["tasks"], 1),
        "cold_s": cold, "queries": len(times), "asked": len(flat), "p50_ms": _ms(flat, 50), "p95_ms": _ms(flat, 95),
        "max_ms": round(float(flat.max()), 1), "rows_of_a_page_p95_ms": _ms(np.array(rows) * 1e3, 95),
        "each": {one: {"found": totals[one], "p50_ms": _ms(np.array(times[one]) * 1e3, 50),
                       "p95_ms": _ms(np.array(times[one]) * 1e3, 95)} for one in worst},
    }  # fmt: skip


def _ms(values: np.ndarray, at: float) -> float:
    return round(float(np.percentile(values, at)), 1)


if __name__ == "__main__":
    main()
