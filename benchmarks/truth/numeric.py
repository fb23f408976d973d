"""Numbers, ordered labels and agreement: error, calibration, coverage and speed, on real crowds and on made ones.

    python benchmarks/truth/numeric.py [--data FOLDER] [--seeds 10] [--speed 1000000] [--log FILE.md]

FOLDER (default: the environment's TAWSIM_DATA, else ../shared/data/crowd beside the repository) has one folder a set with
answers.csv[.gz] and truth.csv[.gz]; sets that are missing are counted and named. crowd-kit (ordered labels only: it has
nothing for numbers) and the package krippendorff are measured in the same run where they can be imported; install them
elsewhere and run this script with that Python and PYTHONPATH=src. Prints Markdown; --log also writes it.

Scores. Numbers: mean absolute error, root mean square error, Pearson's r with the gold, share of gold inside the 95 %
interval (of the truth itself on made worlds). Ordered labels: accuracy with ties split, ECE in 15 bins, Brier summed
over levels, mean absolute error of the mean level. Seconds are CPU time of the fit, votes already encoded.
"""

import argparse
import csv
import gzip
import importlib.util
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tawsim.truth import DawidSkene, Majority, Votes
from tawsim.truth.agreement import METRICS, agreement_of, krippendorff_alpha
from tawsim.truth.numeric import MODELS
from tawsim.truth.ordinal import Ordinal

NUMERIC = ("n_emotion", "wordsim")
ORDERED = ("web", "s_adult")
PEERS = {
    "crowd-kit MV": "MajorityVote",
    "crowd-kit Wawa": "Wawa",
    "crowd-kit ZBS": "ZeroBasedSkill",
    "crowd-kit DS": "DawidSkene",
}
# Made worlds: spread of biases, of scales, range of noise, share of spammers, share of slips, tasks, workers, answers.
WORLDS: dict[str, dict[str, Any]] = {
    "workers alike": {"bias": 0, "scale": 0, "noise": (5, 5)},
    "bias and scale": {},
    "care differs": {"noise": (1, 20)},
    "a third answer anything": {"noise": (2, 10), "spam": 0.33},
    "3 % slips": {"slips": 0.03},
    "10 % slips, care differs": {"slips": 0.1, "noise": (1, 20)},
    "3 answers a task": {"each": 3},
    "30 tasks": {"tasks": 30, "workers": 10, "noise": (2, 20)},
    "300 workers, 3 answers each": {"workers": 300, "each": 3, "noise": (2, 20)},
}


# ---- data
def read(folder: Path, name: str) -> list[dict[str, str]]:
    """All rows of a CSV file, plain or gzipped."""
    path = next(folder.glob(name + "*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def made(
    seed: int,
    *,
    tasks: int = 300,
    workers: int = 20,
    each: int = 8,
    bias: float = 3.0,
    scale: float = 0.2,
    noise: tuple[float, float] = (1, 2),
    spam: float = 0.0,
    slips: float = 0.0,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A table of answers and the truth, about 50 ± 10; noise is even in logarithms."""
    random = np.random.default_rng(seed)
    truth = random.normal(50, 10, tasks)
    a, b = random.normal(0, bias, workers), random.normal(1, scale, workers)
    a, b = a - a.mean(), b + 1 - b.mean()
    sd = np.exp(random.uniform(*np.log(noise), workers))
    task = np.repeat(np.arange(tasks), each)
    worker = np.concatenate([random.permutation(workers)[:each] for _ in range(tasks)])
    value = 50 + a[worker] + b[worker] * (truth[task] - 50) + sd[worker] * random.normal(size=len(task))
    value = np.where(worker < spam * workers, random.uniform(20, 80, len(task)), value)
    value = np.where(random.random(len(task)) < slips, random.uniform(-1000, 1000, len(task)), value)
    return {"task": task, "worker": worker, "label": value}, truth


# ---- numbers
def numbers(folder: Path) -> list[str]:
    """The table of the real sets."""
    rows = ["| set | model | MAE | RMSE | r | gold in the 95 % interval | s |", "|---|---|---|---|---|---|---|"]
    for name in NUMERIC:
        if not (folder / name).is_dir():
            continue
        table = read(folder / name, "answers.csv")
        gold = {row["task"]: float(row["label"]) for row in read(folder / name, "truth.csv")}
        for title, make in MODELS.items():
            start = time.process_time()
            model = make().fit(table)
            seconds = time.process_time() - start
            judged = [i for i, task in enumerate(model.tasks_) if task in gold]
            truth = np.array([gold[model.tasks_[i]] for i in judged])
            found, (low, high) = model.estimate_[judged], (end[judged] for end in model.interval())
            away = found - truth
            # Gold on another scale than the answers leaves only the correlation.
            same = abs(found.std() / truth.std() - 1) < 0.5
            held = f"{100 * np.mean((low <= truth) & (truth <= high)):.0f} %" if same else "–"
            errors = f"{np.abs(away).mean():.2f} | {np.sqrt((away**2).mean()):.2f}" if same else "– | –"
            r = np.corrcoef(found, truth)[0, 1]
            rows.append(f"| {name} | {title} | {errors} | {r:.4f} | {held} | {seconds:.2f} |")
    return [*rows, *missing(folder, NUMERIC)]


def worlds(seeds: int) -> list[str]:
    """The table of the made worlds: root mean square error and coverage."""
    rows = ["| world | " + " | ".join(MODELS) + " |", "|---|" + "---|" * len(MODELS)]
    for title, options in WORLDS.items():
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in MODELS}
        for seed in range(seeds):
            table, truth = made(seed, **options)
            for name, make in MODELS.items():
                model = make().fit(table)
                low, high = model.interval()
                error = float(np.sqrt(np.mean((model.estimate_ - truth) ** 2)))
                found[name].append((error, float(np.mean((low <= truth) & (truth <= high)))))
        means = [np.mean(one, axis=0) for one in found.values()]
        rows.append(f"| {title} | " + " | ".join(f"{error:.2f} ({100 * held:.0f} %)" for error, held in means) + " |")
    return rows


# ---- ordered labels
def peer(kind: str) -> Callable[[Votes], np.ndarray]:
    """A model of crowd-kit, its defaults, as votes → probabilities."""

    def fit(votes: Votes) -> np.ndarray:
        import crowdkit.aggregation
        import pandas

        table = pandas.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
        model = getattr(crowdkit.aggregation, kind)().fit(table)
        found = model.probas_.reindex(index=range(len(votes.tasks)), columns=range(len(votes.labels)))
        return found.fillna(0.0).to_numpy()

    return fit


def ordered(folder: Path) -> list[str]:
    """The table of ordered sets."""
    compared: dict[str, Callable[[Votes], np.ndarray]] = {
        "majority": lambda votes: Majority().fit(votes).predict_proba(),
        "dawid_skene": lambda votes: DawidSkene().fit(votes).predict_proba(),
        "**ordinal**": lambda votes: Ordinal().fit(votes).predict_proba(),
    }
    if importlib.util.find_spec("crowdkit"):
        import crowdkit.aggregation  # noqa: F401 - so that nobody is charged for the import

        compared |= {title: peer(kind) for title, kind in PEERS.items()}
    rows = ["| set | model | accuracy | ECE | Brier | mean level off by | s |", "|---|---|---|---|---|---|---|"]
    for name in ORDERED:
        if not (folder / name).is_dir():
            continue
        votes = Votes.from_table(read(folder / name, "answers.csv"))
        place = {task: i for i, task in enumerate(votes.tasks)}
        gold = [(place[row["task"]], votes.labels.index(row["label"])) for row in read(folder / name, "truth.csv")
                if row["task"] in place]  # fmt: skip
        for title, fit in compared.items():
            start = time.process_time()
            try:
                p = fit(votes)
            except Exception as error:  # a peer that cannot run is part of the figures
                rows.append(f"| {name} | {title} | {type(error).__name__} | | | | |")
                continue
            seconds = time.process_time() - start
            rows.append(f"| {name} | {title} | {score(p, np.array(gold).T)} | {seconds:.2f} |")
    return [*rows, *missing(folder, ORDERED)]


def score(probability: np.ndarray, gold: np.ndarray) -> str:
    """Accuracy with ties split, ECE, Brier, and how far the mean level is off."""
    p, truth = probability[gold[0]], gold[1]
    top = p >= p.max(axis=1, keepdims=True) - 1e-9
    accuracy = (top[np.arange(len(p)), truth] / top.sum(axis=1)).mean()
    sure, right = p.max(axis=1), p.argmax(axis=1) == truth
    bins = np.minimum((sure * 15).astype(int), 14)
    ece = sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    brier = ((p - np.eye(p.shape[1])[truth]) ** 2).sum(axis=1).mean()
    off = np.abs(p @ np.arange(p.shape[1]) - truth).mean()
    return f"{100 * accuracy:.1f} | {ece:.3f} | {brier:.3f} | {off:.3f}"


# ---- speed
def speed(many: int) -> list[str]:
    """Seconds of CPU for `many` answers: five a unit, five values; and numbers of as many values as answers."""
    random = np.random.default_rng(0)
    units = many // 5
    truth = random.integers(0, 5, units)
    said = np.where(random.random((units, 5)) < 0.6, truth[:, None], random.integers(0, 5, (units, 5)))
    task, worker = np.repeat(np.arange(units), 5), random.integers(0, max(5, many // 500), units * 5)
    votes = Votes.from_columns(task, np.tile(np.arange(5), units), said.ravel())
    counts = votes.counts()
    rows = ["| what | s |", "|---|---|"]
    for metric in METRICS:
        rows.append(f"| alpha, {metric}, with interval | {timed(lambda m=metric: agreement_of(votes, metric=m)):.3f} |")
    if importlib.util.find_spec("krippendorff"):
        import krippendorff

        domain = list(range(1, 6))
        for metric in METRICS:
            seconds = timed(
                lambda m=metric: krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=m)
            )
            ours = timed(lambda m=metric: krippendorff_alpha(counts, metric=m))
            rows.append(f"| krippendorff from counts, {metric}, no interval (ours: {ours:.3f}) | {seconds:.3f} |")
    numbers_table = {"task": task, "worker": worker, "label": truth[task] + random.normal(size=len(task))}
    for title, make in MODELS.items():
        rows.append(f"| {title}, reading included | {timed(lambda m=make: m().fit(numbers_table)):.2f} |")
    spread = Votes.from_columns(task, worker, said.ravel())
    rows.append(f"| ordinal, 5 levels | {timed(lambda: Ordinal().fit(spread)):.2f} |")
    return rows


def timed(work: Callable[[], Any]) -> float:
    """CPU seconds of `work`."""
    start = time.process_time()
    work()
    return time.process_time() - start


# ---- report
def missing(folder: Path, names: tuple[str, ...]) -> list[str]:
    """A line that counts and names the sets that are not there."""
    absent = [name for name in names if not (folder / name).is_dir()]
    return [f"\n**{len(absent)} sets are missing in the folder:** {', '.join(absent)}"] if absent else []


def main() -> None:
    """Measure and print."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TAWSIM_DATA", beside)))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--speed", type=int, default=1_000_000)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    where = f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f}), Python {platform.python_version()}"
    lines = ["# Numbers, ordered labels, agreement: figures", "", f"{where}, NumPy {np.__version__}.", ""]
    lines += ["## Numbers: real crowds", "", *numbers(options.data), ""]
    lines += [
        f"## Numbers: made worlds, {options.seeds} each",
        "",
        "Root mean square error (coverage of the 95 % interval).",
        "",
    ]
    lines += [*worlds(options.seeds), "", "## Ordered labels", "", *ordered(options.data), ""]
    lines += [f"## Speed, {options.speed} answers, CPU s", "", *speed(options.speed)]
    absent = [name for name in ("crowdkit", "krippendorff") if not importlib.util.find_spec(name)]
    if absent:
        lines += ["", "Not there to be compared: " + ", ".join(absent) + "."]
    print("\n".join(lines))
    if options.log:
        options.log.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
