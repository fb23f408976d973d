"""Scores from pairwise answers side by side: rank correlation with gold, speed on made crowds, coverage of intervals.

    python benchmarks/truth/ranking.py [--data FOLDER] [--sizes 1e4,1e5,1e6] [--peers-up-to 2e4] [--log FILE.md]

FOLDER (default: the environment's TAWSIM_DATA, else ../shared/data/crowd beside the repository) has the folders pairs_*
with answers.csv.gz (task, worker, label, left, right) and items.csv (item, score); missing ones are counted and named.
crowd-kit's BradleyTerry and NoisyBradleyTerry are measured in the same run where they can be imported (install crowd-kit
elsewhere and run this script with that Python and PYTHONPATH=src). The peers see every row; ours keeps the last of a
worker's equal questions, and is shown on every row as well. Prints Markdown; --log also writes it.
"""

import argparse
import csv
import gzip
import importlib.util
import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tawsim.truth.ranking import BradleyTerry, Comparisons, PlackettLuce

SETS = ["pairs_olympic", "pairs_bike", "pairs_cheat", "pairs_night"]
PEERS = ["crowd-kit BT", "crowd-kit NoisyBT"]
REAL = ["set", "answers", "win rate", *PEERS, "ours, plain", "ours, workers", "**ours (auto)**", "chosen (evidence)"]
REAL += ["auto on every row", "CPU", "transitive triads"]
SPEED = ["answers", "items", "workers", *PEERS, "ours: reading", "ours: fit (auto)", "95 % intervals cover"]
HERE = Path(__file__).resolve()
Row = list[str]


def read(folder: Path) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Answers by column, and the gold score of each item."""
    with gzip.open(folder / "answers.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / "items.csv").open(encoding="utf-8") as file:
        gold = {row["item"]: float(row["score"]) for row in csv.DictReader(file)}
    return {name: [row[name] for row in rows] for name in ("task", "worker", "left", "right", "label")}, gold


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, the mean one for equals."""
    place = np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(float)
    _, same = np.unique(values, return_inverse=True)
    return (np.bincount(same, place) / np.bincount(same))[same]


def spearman(score: dict[Any, float], gold: dict[Any, float]) -> float:
    """Rank correlation over the items of the gold; items without a score count as the worst."""
    worst = min(score.values())
    found = np.array([score.get(item, worst) for item in gold])
    return float(np.corrcoef(ranks(found), ranks(np.array(list(gold.values()))))[0, 1])


def timed(run: Any) -> tuple[Any, float, float]:
    """What `run()` gives, wall seconds and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def ours(table: dict[str, Any], **options: Any) -> dict[Any, float]:
    model = BradleyTerry(**options).fit(table)
    return dict(zip(model.items_, model.scores_.tolist(), strict=True))


def peer(name: str, table: dict[str, Any]) -> dict[Any, float]:
    import pandas as pd
    from crowdkit.aggregation import BradleyTerry as Peer
    from crowdkit.aggregation import NoisyBradleyTerry

    frame = pd.DataFrame({column: table[column] for column in ("worker", "left", "right", "label")})
    kind = Peer if name == "BradleyTerry" else NoisyBradleyTerry
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(n_iter=100).fit_predict(frame).to_dict()


def win_rate(table: dict[str, Any]) -> dict[Any, float]:
    items, place = np.unique(np.array([*table["left"], *table["right"]]), return_inverse=True)
    won = np.array([*table["label"], *table["label"]]) == items[place]
    return dict(zip(items.tolist(), (np.bincount(place, won) / np.bincount(place)).tolist(), strict=True))


def real(folder: Path, peers: bool) -> list[Row]:
    rows = []
    for name in SETS:
        if not (folder / name).is_dir():
            continue
        table, gold = read(folder / name)
        every = {column: values for column, values in table.items() if column != "task"}
        cells = [f"{spearman(win_rate(table), gold):.4f}", *["–"] * 2]
        for place, kind in enumerate(["BradleyTerry", "NoisyBradleyTerry"] if peers else [], 1):
            score, _, cpu = timed(lambda kind=kind, table=table: peer(kind, table))
            cells[place] = f"{spearman(score, gold):.4f} ({cpu:.1f} s)"
        model, _, cpu = timed(lambda table=table: BradleyTerry().fit(table))
        score = dict(zip(model.items_, model.scores_.tolist(), strict=True))
        evidence = model.evidence
        gain = f"{1e4 * (evidence.reliable - evidence.plain):+.1f} ± {1e4 * evidence.error:.1f}"
        plain, forced = (spearman(ours(table, reliability=flag), gold) for flag in (False, True))
        chosen = "workers" if model.used_reliability_ else "plain"
        cells += [f"{plain:.4f}", f"{forced:.4f}", f"**{spearman(score, gold):.4f}**", f"{chosen} ({gain})"]
        cells += [f"{spearman(ours(every), gold):.4f}", f"{cpu:.1f} s", f"{model.consistency.transitive:.3f}"]
        rows.append([name, f"{len(table['label']):,}", *cells])
    return rows


def made(answers: int, items: int, workers: int, seed: int = 0) -> tuple[np.ndarray, dict[str, Any]]:
    """True scores and a made crowd: scales N(1, ½²), a lean of 0.1 to the left."""
    random = np.random.default_rng(seed)
    score, scale = random.normal(size=items), random.normal(1, 0.5, workers)
    left = random.integers(0, items, answers)
    right = (left + random.integers(1, items, answers)) % items
    worker = random.integers(0, workers, answers)
    x = scale[worker] * (score[left] - score[right]) + 0.1
    label = np.where(random.random(answers) < 1 / (1 + np.exp(-x)), left, right)
    return score, {"worker": worker, "left": left, "right": right, "label": label}


def speed(sizes: list[int], peers_up_to: int, peers: bool) -> list[Row]:
    rows = []
    for size in sizes:
        truth, table = made(size, 1000 if size >= 10**5 else 200, max(20, size // 500))
        asked, read_wall, _ = timed(lambda table=table: Comparisons.from_table(table))
        model, wall, cpu = timed(lambda asked=asked: BradleyTerry().fit(asked))
        found = dict(zip(model.items_, model.scores_.tolist(), strict=True))
        gold = dict(enumerate(truth.tolist()))
        low, high = model.interval()
        there = truth[list(model.items_)] - truth[list(model.items_)].mean()
        cover = float(np.mean((low < there) & (there < high)))
        cells = ["–", "–"]
        for place, kind in enumerate(["BradleyTerry", "NoisyBradleyTerry"] if peers else []):
            if size <= peers_up_to or kind == "BradleyTerry":
                score, _, seconds = timed(lambda kind=kind, table=table: peer(kind, table))
                cells[place] = f"{seconds:.1f} s ({spearman(score, gold):.3f})"
        cells += [f"{read_wall:.1f} s", f"{cpu:.1f} s, {wall:.1f} s wall ({spearman(found, gold):.3f})", f"{cover:.3f}"]
        rows.append([f"{size:,}", f"{len(model.items_):,}", f"{len(model.workers_):,}", *cells])
    return rows


def rankings(count: int = 20_000) -> Row:
    """Top 3 of 6 shown, 200 items, 100 workers."""
    random = np.random.default_rng(0)
    truth, scale = random.normal(size=200), random.normal(1, 0.5, 100)
    rows = []
    for _ in range(count):
        worker, shown = int(random.integers(100)), random.choice(200, 6, replace=False)
        order = shown[np.argsort(-(scale[worker] * truth[shown] + random.gumbel(size=6)))].tolist()
        rows.append({"worker": worker, "label": order[:3], "shown": shown.tolist()})
    model, _, cpu = timed(lambda: PlackettLuce().fit(rows))
    low, high = model.interval()
    there = truth - truth.mean()
    found = dict(zip(model.items_, model.scores_.tolist(), strict=True))
    cover = np.mean((low < there) & (there < high))
    return [f"{count:,}", f"{cpu:.1f} s", f"{spearman(found, dict(enumerate(truth.tolist()))):.3f}", f"{cover:.3f}"]


def table_of(head: Row, rows: list[Row]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("TAWSIM_DATA", HERE.parents[3] / "shared" / "data" / "crowd")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--sizes", default="1e4,1e5,1e6")
    parser.add_argument(
        "--peers-up-to", type=float, default=2e4, help="answers beyond which NoisyBradleyTerry is left out"
    )
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    peers = importlib.util.find_spec("crowdkit") is not None
    missing = [name for name in SETS if not (options.data / name).is_dir()]
    sizes = [int(float(size)) for size in options.sizes.split(",")]
    text = [
        "## Pairwise answers: Spearman correlation with the gold of the items",
        f"{len(missing)} of {len(SETS)} sets missing{': ' + ', '.join(missing) if missing else ''}. CPU seconds. Evidence: "
        "gain by reliability in 10⁻⁴ nats an answer of left-out workers ± its standard error.",
        table_of(REAL, real(options.data, peers)),
        "## Speed on made crowds: CPU seconds (Spearman with the true scores)",
        table_of(SPEED, speed(sizes, int(options.peers_up_to), peers)),
        "## Plackett–Luce on made rankings: top 3 of 6 shown, 200 items, 100 workers",
        table_of(["rankings", "CPU, reading and fit", "Spearman", "95 % intervals cover"], [rankings()]),
    ]
    page = "\n\n".join(text) + "\n"
    print(page)
    if options.log:
        options.log.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
