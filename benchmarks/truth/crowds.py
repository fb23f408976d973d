"""The real crowds that the benchmarks of this folder share: reading, scoring, and a line on the machine. Measures nothing.

A folder a set, with answers.csv[.gz] (task, worker, label) and truth.csv[.gz] (task, label). Scores: accuracy on the gold
tasks, ties split; ECE in 15 bins; Brier summed over labels. The last of a worker's answers to one task counts.
"""

import csv
import datetime
import gzip
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from tawsim.truth import Votes

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


def machine() -> str:
    """Where and when these figures were taken."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    day = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    where = f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})"
    return f"{day}; {where}, Python {platform.python_version()}, NumPy {np.__version__}"


def cell(one: Any) -> str:
    """acc / ECE / Brier of one set."""
    return f"{100 * one[0]:.1f} / {one[1]:.3f} / {one[2]:.3f}"
