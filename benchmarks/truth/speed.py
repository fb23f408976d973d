"""How fast truth inference is, beside crowd-kit in the same run and beside what the memory of the machine allows.

    python benchmarks/truth/speed.py [--votes 1e4,1e5,1e6,1e7] [--repeat 3] [--tasks 1e6] [--log FILE.md]

Made-up votes: 10 classes, 5 votes a task by different workers, 500 votes a worker, workers right with p ~ Beta(6, 3). Each
measurement is a process of its own, so that peak memory is told apart; figures are CPU seconds (medians over --repeat), and
wall time where it is said. crowd-kit is measured where it can be imported: install it elsewhere and run this script with
that Python and PYTHONPATH=src (at 10⁷ votes it takes minutes and 4.5 GB: --peer-most 1e7). Prints Markdown; --log also writes it.
"""

import argparse
import datetime
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CLASSES, PER_TASK, PER_WORKER = 10, 5, 500
ITERATIONS = 10
ROOT = Path(__file__).resolve().parents[2]
FIRST = """
import time; start = time.perf_counter()
import numpy as np
from tawsim.truth import DawidSkene
r = np.random.default_rng(0); task = np.repeat(np.arange(2000), 5)
DawidSkene().fit({"task": task, "worker": r.integers(0, 100, 10000), "label": r.integers(0, 10, 10000)})
print(time.perf_counter() - start, time.process_time())
"""


def crowd(votes: int, per_task: int = PER_TASK) -> tuple[dict[str, Any], Any]:
    """Columns task, worker, label, and the truth."""
    random = np.random.default_rng(0)
    tasks, workers = votes // per_task, max(votes // PER_WORKER, 4 * per_task)
    task = np.repeat(np.arange(tasks), per_task)
    first = random.integers(0, workers, tasks)[:, None]
    worker = ((first + np.arange(per_task) * (workers // per_task)) % workers).reshape(-1)
    truth = random.integers(0, CLASSES, tasks)
    right = random.random(len(task)) < random.beta(6, 3, workers)[worker]
    label = np.where(right, truth[task], (truth[task] + random.integers(1, CLASSES, len(task))) % CLASSES)
    return {"task": task, "worker": worker, "label": label}, truth


def peak() -> float:
    """Most memory this process ever held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """CPU seconds, wall seconds, result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def child_fit(votes: int, repeat: int) -> dict[str, Any]:
    """Reading, one iteration, and a whole fit with calibration."""
    from tawsim.truth import DawidSkene, Votes
    from tawsim.truth.kernel import name

    table, truth = crowd(votes)
    read, _, held = timed(lambda: Votes.from_table(table))
    table.clear()

    def steps(many: int) -> float:
        model = DawidSkene(max_iterations=many, tolerance=0.0, calibrate=False)
        return timed(lambda: model.fit(held))[0]

    each = [(steps(ITERATIONS + 1) - steps(1)) / ITERATIONS for _ in range(repeat)]
    cpu, wall, model = timed(lambda: DawidSkene().fit(held))
    accuracy = float((model.posterior_.argmax(axis=1) == truth).mean())
    found = {"kernel": name(), "read": read, "iteration": statistics.median(each), "best": min(each)}
    return {**found, "fit": cpu, "wall": wall, "steps": model.n_iter_, "peak": peak(), "accuracy": accuracy}


def child_peer(votes: int, repeat: int) -> dict[str, Any]:
    """crowd-kit's DawidSkene on the same votes."""
    import pandas
    from crowdkit.aggregation import DawidSkene

    table, truth = crowd(votes)
    frame = pandas.DataFrame(table)
    del table
    few = ITERATIONS if votes <= 1_000_000 else 1

    def steps(many: int) -> float:
        return timed(lambda: DawidSkene(n_iter=many, tol=-1.0).fit(frame))[0]

    each = [(steps(few + 1) - steps(1)) / few for _ in range(1 if votes > 100_000 else repeat)]
    found = {"iteration": statistics.median(each), "best": min(each)}
    if votes > 1_000_000:
        return {
            **found,
            "fit": float("nan"),
            "wall": float("nan"),
            "steps": 0,
            "peak": peak(),
            "accuracy": float("nan"),
        }
    model = DawidSkene(n_iter=100)
    cpu, wall, said = timed(lambda: model.fit_predict(frame))
    right = float((said.reindex(np.arange(len(truth))).to_numpy() == truth).mean())
    return {**found, "fit": cpu, "wall": wall, "steps": len(model.loss_history_), "peak": peak(), "accuracy": right}


def child_incremental(tasks: int, repeat: int) -> dict[str, Any]:
    """One vote at a time: update, and the probability asked for after it."""
    from tawsim.truth.choice.incremental import Incremental

    table, _ = crowd(3 * tasks, per_task=3)
    made, _, model = timed(lambda: Incremental.from_votes(table))
    random = np.random.default_rng(1)
    workers = int(table["worker"].max()) + 1
    table.clear()
    cpus, walls = [], []
    for _ in range(400 * repeat):
        row = (int(random.integers(tasks + 50)), int(random.integers(workers)), int(random.integers(CLASSES)))
        cpu, wall, _ = timed(lambda row=row: (model.update([row]), model.p(row[0])))
        cpus.append(cpu * 1e3)
        walls.append(wall * 1e3)
    refit = timed(model.refit)[0]
    quantiles = {"median": 0.5, "p99": 0.99, "max": 1.0}
    found = {name: float(np.quantile(cpus, at)) for name, at in quantiles.items()}
    return {"made": made, **found, "wall_p99": float(np.quantile(walls, 0.99)), "refit": refit, "peak": peak()}


def child_shards(votes: int, repeat: int) -> dict[str, Any]:
    """Votes of `votes` in shards of 10⁶ that are made anew whenever they are read: memory, and an iteration."""
    from tawsim.truth import DawidSkene
    from tawsim.truth.choice.shards import fit_shards

    table, _ = crowd(min(votes, 1_000_000))
    many = max(votes // 1_000_000, 1)

    def shards() -> Any:
        for i in range(many):
            yield {**table, "task": table["task"] + i * 1_000_000}

    def steps(iterations: int) -> float:
        model = DawidSkene(max_iterations=iterations, tolerance=0.0, calibrate=False)
        return timed(lambda: fit_shards(shards, model=model))[0]

    before = peak()
    one = steps(1)
    return {"shards": many, "iteration": (steps(4) - one) / 3, "before": before, "peak": peak()}


def child_read(votes: int, repeat: int) -> dict[str, Any]:
    """Reading text columns: CPU seconds by library."""
    from tawsim.truth import Votes

    numbers, _ = crowd(votes)
    lists = {name: [f"{name} {i}" for i in column.tolist()] for name, column in numbers.items()}
    tables: dict[str, Any] = {"NumPy, whole numbers": numbers, "lists of text": lists}
    for library, make in (("pyarrow", "table"), ("pandas", "DataFrame"), ("polars", "DataFrame")):
        if importlib.util.find_spec(library):
            tables[f"{library}, text"] = getattr(importlib.import_module(library), make)(lists)
    return {
        name: statistics.median(timed(lambda table=table: Votes.from_table(table))[0] for _ in range(repeat))
        for name, table in tables.items()
    }


def child_memory(votes: int, repeat: int) -> dict[str, Any]:
    """What copying costs here and now: GB/s, read and written bytes together."""
    here = np.ones(25_000_000)
    there = np.empty_like(here)
    np.copyto(there, here)
    return {"copy": 2 * here.nbytes / min(timed(lambda: np.copyto(there, here))[0] for _ in range(9)) / 1e9}


CHILDREN = {
    "fit": child_fit,
    "peer": child_peer,
    "incremental": child_incremental,
    "shards": child_shards,
    "read": child_read,
    "memory": child_memory,
}


def measure(what: str, votes: int, repeat: int, kernel: str = "") -> dict[str, Any]:
    """Runs one child process; its last line of output is JSON."""
    env = {**os.environ, "TAWSIM_KERNEL": kernel, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--child", what, "--votes", str(votes), "--repeat", str(repeat)]
    print(f"… {what} {votes:,} {kernel}", file=sys.stderr, flush=True)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr[-2000:], file=sys.stderr)
        return {}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def bound(votes: int, copy: float) -> float:
    """Seconds an iteration could not be faster than at this rate of copying: 192 bytes of table rows a vote, the
    posterior read and written."""
    return (192 * votes + 16 * CLASSES * votes / PER_TASK) / copy / 1e9


def iterations(sizes: list[int], repeat: int, peer_most: int, copy: float) -> list[str]:
    """The table of fits."""
    lines = [
        "| votes | engine | an iteration, ms | best, ms | of the bound "
        "| whole fit, CPU s | wall s | iterations | peak MB | accuracy |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    with_peer = importlib.util.find_spec("crowdkit") is not None
    for votes in sizes:
        few = repeat if votes <= 1_000_000 else 1
        rows = [("C", measure("fit", votes, few)), ("NumPy", measure("fit", votes, few, "numpy"))]
        if with_peer and votes <= peer_most:
            rows.append(("crowd-kit", measure("peer", votes, few)))
        for engine, told in rows:
            if told.get("kernel") == "numpy" and engine == "C":
                engine = "NumPy (C is not built)"
            if not told:
                lines.append(f"| {votes:,} | {engine} | failed | | | | | | | |")
                continue
            times = f"{told['iteration'] / bound(votes, copy):.1f} ×"
            lines.append(
                f"| {votes:,} | {engine} | {told['iteration'] * 1e3:.2f} | {told['best'] * 1e3:.2f} | {times} "
                f"| {told['fit']:.2f} | {told['wall']:.2f} | {told['steps']} | {told['peak']:.0f} | {told['accuracy']:.4f} |"
            )
    if not with_peer:
        lines.append("\ncrowd-kit cannot be imported here: not measured.")
    return lines


def first_answer(repeat: int) -> list[str]:
    """A fresh process: import, and a fit of 10,000 votes."""
    lines = ["| engine | wall s | CPU s |", "|---|---|---|"]
    for engine, kernel in (("C", ""), ("NumPy", "numpy")):
        told = []
        for _ in range(max(repeat, 5)):
            env = {**os.environ, "TAWSIM_KERNEL": kernel, "OMP_NUM_THREADS": "1"}
            done = subprocess.run([sys.executable, "-c", FIRST], env=env, capture_output=True, text=True, check=True)
            told.append([float(number) for number in done.stdout.split()])
        wall, cpu = (statistics.median(column) for column in zip(*told, strict=True))
        lines.append(f"| {engine} | {wall:.2f} | {cpu:.2f} |")
    return lines


def others(sizes: list[int], tasks: int, repeat: int) -> list[str]:
    """Incremental updates, shards, reading."""
    lines = ["", "## One vote at a time (3 votes a task)", ""]
    lines.append(
        "| tasks | update + p, CPU ms median | p99 | max | wall p99 | first fit, CPU s | refit, CPU s | peak MB |"
    )
    lines.append("|---|---|---|---|---|---|---|---|")
    for many in sorted({10_000, tasks}):
        told = measure("incremental", many, repeat)
        if told:
            lines.append(
                f"| {many:,} | {told['median']:.2f} | {told['p99']:.2f} | {told['max']:.2f} | {told['wall_p99']:.2f} "
                f"| {told['made']:.1f} | {told['refit']:.1f} | {told['peak']:.0f} |"
            )
    lines += ["", "## Shards of 10⁶ votes, made anew at each reading", ""]
    lines += ["| votes | shards | an iteration, CPU s | peak MB before | peak MB |", "|---|---|---|---|---|"]
    for votes in [size for size in sizes if size >= 1_000_000]:
        told = measure("shards", votes, repeat)
        if told:
            lines.append(
                f"| {votes:,} | {told['shards']} | {told['iteration']:.2f} | {told['before']:.0f} | {told['peak']:.0f} |"
            )
    lines += ["", "## Reading 10⁶ votes", "", "| table | CPU s |", "|---|---|"]
    lines += [f"| {name} | {cpu:.2f} |" for name, cpu in measure("read", 1_000_000, repeat).items()]
    return lines


def main() -> None:
    """The command line."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--votes", default="1e4,1e5,1e6,1e7")
    ask.add_argument("--tasks", default="1e6", help="tasks of the incremental model")
    ask.add_argument("--repeat", type=int, default=3)
    ask.add_argument("--peer-most", default="1e6", help="most votes that crowd-kit is given")
    ask.add_argument("--log", type=Path, help="write the Markdown here too")
    ask.add_argument("--child", choices=CHILDREN, help=argparse.SUPPRESS)
    told = ask.parse_args()
    if told.child:
        print(json.dumps(CHILDREN[told.child](int(float(told.votes)), told.repeat)))
        return
    sizes = [int(float(size)) for size in told.votes.split(",")]
    copy, load = measure("memory", 0, 1).get("copy", 10.0), os.getloadavg()[0]
    lines = [
        f"# Speed of truth inference, {datetime.date.today()}",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}; load at "
        f"the start {load:.1f}. {CLASSES} classes, {PER_TASK} votes a task, {PER_WORKER} votes a worker, random assignment. CPU "
        f"time, medians of {told.repeat}. Copying memory: {copy:.1f} GB/s at the start, so the bound of an "
        f"iteration at 10⁶ votes is {bound(1_000_000, copy) * 1e3:.1f} ms. An iteration is an M and an E step; "
        "a whole fit of ours calibrates too.",
        "",
        "## Dawid–Skene",
        "",
        *iterations(sizes, told.repeat, int(float(told.peer_most)), copy),
        "",
        "## Import and a fit of 10,000 votes, fresh process",
        "",
        *first_answer(told.repeat),
        *others(sizes, int(float(told.tasks)), told.repeat),
        "",
        f"Load at the end {os.getloadavg()[0]:.1f}.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if told.log:
        told.log.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
