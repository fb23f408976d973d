"""Truth models side by side: accuracy and calibration on real crowds, speed and memory on made ones.

    python benchmarks/truth_models.py [--data FOLDER] [--votes 1e4,1e5,1e6] [--log FILE.md]

FOLDER (default: the environment's TAWSIM_DATA, else ../shared/data/crowd beside the repository) has one folder a set with
answers.csv[.gz] (task, worker, label) and truth.csv[.gz] (task, label); sets that are missing are counted and named.
crowd-kit is measured in the same run where it can be imported (it needs pandas and scikit-learn; install it elsewhere
and run this script with that Python and PYTHONPATH=src). Every measurement is a forked child of its own, so that peak
memory is told apart. Prints Markdown; --log also writes it.

Scores: acc = accuracy on the gold tasks, ties split; ECE in 15 bins; Brier summed over classes. The last of a worker's
answers to one task counts. Per iteration: CPU time of (11 EM steps - 1) / 10.
"""

import argparse
import csv
import datetime
import gzip
import importlib.util
import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tawsim.truth import DawidSkene, Majority, Votes, infer

STANDARD = [
    "weather_cf",
    "weather_amt",
    "sentiment_polarity",
    "sentiment_polarity_amt",
    "zencrowd_in",
    "zencrowd_us",
    "d_product",
    "s_adult",
    "bluebird",
    "dog",
    "rte",
    "web",
    "labelme",
]
OTHERS = [
    "arabic_sarcasm",
    "medrel_cause",
    "medrel_treat",
    "wisdom_art",
    "wisdom_states",
    "quiz_chinese",
    "quiz_english",
    "quiz_itmanage",
    "llm_faireval",
    "llmbar_natural",
]
Scores = tuple[float, float, float]


# ---- data
def read(folder: Path, name: str) -> list[dict[str, str]]:
    """All rows of a CSV file, plain or gzipped."""
    path = next(folder.glob(name + "*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def crowd(folder: Path) -> tuple[Votes, np.ndarray]:
    """Votes, and the gold as (task, label) positions; -1 for a label that nobody gave."""
    votes = Votes.from_table(read(folder, "answers.csv"))
    tasks = {task: i for i, task in enumerate(votes.tasks)}
    labels = {label: k for k, label in enumerate(votes.labels)}
    gold = [
        (tasks[row["task"]], labels.get(row["label"], -1)) for row in read(folder, "truth.csv") if row["task"] in tasks
    ]
    return votes, np.array(gold).T


def made(votes: int, labels: int = 10, overlap: int = 5) -> Votes:
    """Tasks with `overlap` votes each, 500 votes a worker, workers right with probability Beta(6, 3)."""
    random = np.random.default_rng(0)
    tasks, workers = votes // overlap, max(overlap, votes // 500)
    truth, right = random.integers(0, labels, tasks), random.beta(6, 3, workers)
    task = np.repeat(np.arange(tasks), overlap)
    worker = random.integers(0, workers, votes)
    wrong = (truth[task] + random.integers(1, labels, votes)) % labels
    return Votes.from_columns(task, worker, np.where(random.random(votes) < right[worker], truth[task], wrong))


# ---- scores
def score(probability: np.ndarray, gold: np.ndarray) -> Scores:
    """Accuracy with ties split, ECE, Brier."""
    p, truth = probability[gold[0]], gold[1]
    known, here = truth >= 0, np.arange(len(truth))
    top = p >= p.max(axis=1, keepdims=True) - 1e-9
    accuracy = np.where(known, top[here, truth] / top.sum(axis=1), 0).mean()
    sure, right = p.max(axis=1), p.argmax(axis=1) == truth
    bins = np.minimum((sure * 15).astype(int), 14)
    ece = sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    hot = np.zeros_like(p)
    hot[here[known], truth[known]] = 1
    return float(accuracy), float(ece), float(((p - hot) ** 2).sum(axis=1).mean())


# ---- methods: votes -> probabilities
def peer(votes: Votes, iterations: int = 100, tolerance: float = 1e-5) -> tuple[np.ndarray, int]:
    """crowd-kit's Dawid-Skene, its defaults."""
    import pandas
    from crowdkit.aggregation import DawidSkene as Peer

    table = pandas.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
    model = Peer(n_iter=iterations, tol=tolerance).fit(table)
    found = model.probas_.reindex(index=range(len(votes.tasks)), columns=range(len(votes.labels))).fillna(0.0)
    return found.to_numpy(), len(model.loss_history_)


def methods(with_peer: bool) -> dict[str, Callable[[Votes], np.ndarray]]:
    """What is compared on the real crowds."""
    found: dict[str, Callable[[Votes], np.ndarray]] = {
        "majority": lambda votes: Majority().fit(votes).predict_proba(),
        "dawid_skene": lambda votes: DawidSkene().fit(votes).predict_proba(),
        "… uncalibrated": lambda votes: DawidSkene(calibrate=False).fit(votes).predict_proba(),
    }
    if with_peer:
        found["crowd-kit DS"] = lambda votes: peer(votes)[0]
    return found


# ---- speed
class Cost(NamedTuple):
    """What a piece of work returned, its seconds by the clock and of CPU, and how many MB the process grew."""

    result: Any
    wall: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} / {self.cpu:.2f}"


def alone(times: int, work: Callable[[], Any]) -> Cost:
    """`work` in a child of its own; the cheapest of several, as other people's work on the machine is not ours."""
    ours, theirs = multiprocessing.Pipe(duplex=False)

    def child() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, cpu = time.perf_counter(), time.process_time()
        result = work()
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        theirs.send(Cost(result, wall, cpu, grown / 1024))

    found: list[Cost] = []
    for _ in range(times):
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        found.append(ours.recv())
        process.join()
    return min(found, key=lambda cost: cost.cpu)


def speed(many: int, with_peer: bool) -> list[str]:
    """Rows of the table of speed for so many votes."""
    votes = made(many)

    def steps(iterations: int) -> Callable[[], Any]:
        return lambda: DawidSkene(max_iterations=iterations, tolerance=0.0, calibrate=False).fit(votes).n_iter_

    def peer_steps(iterations: int) -> Callable[[], Any]:
        return lambda: peer(votes, iterations, -1e9)[1]

    each = (alone(3, steps(11)).cpu - alone(3, steps(1)).cpu) / 10
    fit = alone(3, lambda: DawidSkene().fit(votes).n_iter_)
    whole = alone(3, lambda: infer(votes).model)
    memory = f"{fit.megabytes:.0f} / {whole.megabytes:.0f}"
    rows = [f"| {many:.0e} | dawid_skene | {1000 * each:.1f} | {fit} ({fit.result}) | {whole} | {memory} |"]
    if with_peer:
        each = (alone(2, peer_steps(4)).cpu - alone(2, peer_steps(1)).cpu) / 3
        fit = alone(2, lambda: peer(votes)[1])
        rows.append(
            f"| {many:.0e} | crowd-kit DS | {1000 * each:.1f} | {fit} ({fit.result}) | – | {fit.megabytes:.0f} |"
        )
    return rows


# ---- report
def machine() -> str:
    """Where and when these figures were taken."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    day = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    where = f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})"
    return f"{day}; {where}, Python {platform.python_version()}, NumPy {np.__version__}"


def accuracy_table(folder: Path, with_peer: bool) -> list[str]:
    """The table of accuracy, ECE and Brier per set, with means."""
    here = [name for name in (*STANDARD, *OTHERS) if (folder / name).is_dir()]
    missing = [name for name in (*STANDARD, *OTHERS) if name not in here]
    compared = methods(with_peer)
    rows = ["| set | " + " | ".join(f"{name}" for name in compared) + " |", "|---|" + "---|" * len(compared)]
    found: dict[str, list[Scores]] = {}
    for name in here:
        votes, gold = crowd(folder / name)
        found[name] = [score(method(votes), gold) for method in compared.values()]
        rows.append(f"| {name} | " + " | ".join(cell(one) for one in found[name]) + " |")
    for title, names in ("standard", STANDARD), ("all", [*STANDARD, *OTHERS]):
        chosen = np.array([found[name] for name in names if name in found])
        if len(chosen):
            rows.append(
                f"| **mean of {len(chosen)} {title}** | " + " | ".join(cell(one) for one in chosen.mean(axis=0)) + " |"
            )
    if missing:
        rows.append(f"\n**{len(missing)} sets are missing in the folder:** {', '.join(missing)}")
    return rows


def cell(one: Any) -> str:
    """acc / ECE / Brier of one set."""
    return f"{100 * one[0]:.1f} / {one[1]:.3f} / {one[2]:.3f}"


def main() -> None:
    """Measure and print."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "crowd"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TAWSIM_DATA", beside)))
    parser.add_argument("--votes", default="1e4,1e5,1e6")
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    with_peer = importlib.util.find_spec("crowdkit") is not None
    if with_peer:  # imported before the children fork, so that none of them is charged for it
        import crowdkit.aggregation  # noqa: F401
    lines = ["# Truth models: figures", "", machine() + ".", "", "## Accuracy (%), ECE, Brier", ""]
    lines += accuracy_table(options.data, with_peer)
    lines += ["", "## Speed: 10 labels, 5 votes a task, 500 votes a worker", ""]
    lines += [
        "| votes | model | CPU ms per EM iteration | whole fit, s by the clock / CPU (iterations) "
        "| infer(), s by the clock / CPU | MB more: fit / infer |",
        "|---|---|---|---|---|---|",
    ]
    for many in options.votes.split(","):
        lines += speed(int(float(many)), with_peer)
    if not with_peer:
        lines += ["", "crowd-kit was not there to be compared."]
    print("\n".join(lines))
    if options.log:
        options.log.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
