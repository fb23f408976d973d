"""Tags and spans side by side with crowd-kit: span F1 and calibration on real crowds and on made ones.

    python benchmarks/truth/sequences.py [--data FOLDER] [--seeds 3] [--log FILE.md]

FOLDER (default: the environment's TAWSIM_DATA, else ../shared/data/crowd beside the repository) has one folder a set with
answers.csv[.gz] and truth.csv[.gz], label = BIO tags with blanks; those whose names begin with ner_ are read. crowd-kit has
no model of sequences: it gets one task a token, as its users do, where it can be imported (install it elsewhere and run
this with that Python and PYTHONPATH=src). The made crowds overlook, invent, mislabel and shift spans, and are lured
together by places that hold none; one kind of them nests spans. F1: exact bounds and label. ECE: of the spans answered, in
15 bins. CPU seconds of the fit.
"""

import argparse
import csv
import gzip
import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tawsim.truth.sequences import OverlapTruth, SequenceTruth, Span, SpanTruth, spans_of_tags, tags_of_spans

Row = tuple[str, str, Any]
Gold = dict[str, set[Span]]
Found = dict[str, list[tuple[Span, float]]]
LABELS = ("PER", "LOC", "ORG", "MISC")


# ---- data
def read(folder: Path, name: str) -> list[dict[str, str]]:
    """All rows of a CSV file, plain or gzipped."""
    path = next(folder.glob(name + "*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def real(folder: Path) -> dict[str, tuple[list[Row], Gold]]:
    """The tag sets of a folder: answers, and the true spans of each task."""
    sets = {}
    for path in sorted(folder.glob("ner_*")):
        rows = [(row["task"], row["worker"], row["label"]) for row in read(path, "answers.csv")]
        gold = {row["task"]: set(spans_of_tags(row["label"].split())) for row in read(path, "truth.csv")}
        sets[path.name] = rows, gold
    return sets


def made(seed: int, nested: bool, tasks: int = 100, length: int = 60, workers: int = 15) -> tuple[list[Row], Gold]:
    """A crowd of 5 answers a task, as spans. Errors follow no model's law: lures and hard spans are shared by all."""
    random = np.random.default_rng(seed)
    hit, wild = random.beta(5, 2, workers), random.gamma(1, 0.01, workers)
    rows: list[Row] = []
    gold: Gold = {}
    for t in range(tasks):
        true, lures, easy = world(random, length, nested)
        gold[f"t{t:03}"] = set(true)
        for w in random.choice(workers, 5, replace=False).tolist():
            said: list[Span] = []
            for span, ease in zip(true, easy, strict=True):
                if random.random() < hit[w] ** (2 * (1 - ease)):
                    said.append(drawn(random, span, length))
            said += [drawn(random, lure, length) for lure in lures if random.random() < 0.25]
            spots = np.flatnonzero(random.random(length - 1) < wild[w]).tolist()
            said += [Span(i, i + 1, LABELS[random.integers(4)]) for i in spots]
            rows.append((f"t{t:03}", f"w{w}", said if nested else without_overlap(said)))
    return rows, gold


def world(random: np.random.Generator, length: int, nested: bool) -> tuple[list[Span], list[Span], list[float]]:
    """True spans, places that lure, and how easily each true span is seen."""
    true, lures, at = [], [], 0
    while at < length - 6:
        at += int(random.geometric(0.15))
        size = int(random.integers(1, 5))
        span = Span(at, at + size, LABELS[random.choice(4, p=[0.4, 0.3, 0.2, 0.1])])
        if at + size >= length:
            break
        (lures if random.random() < 0.3 else true).append(span)
        if nested and size > 2 and random.random() < 0.5:
            true.append(Span(at + 1, at + size, LABELS[random.integers(4)]))
        at += size
    return true, lures, random.beta(4, 2, len(true)).tolist()


def drawn(random: np.random.Generator, span: Span, length: int) -> Span:
    """A span as a worker draws it: a bound off by one in ten, another label in fifteen."""
    start, end = span.start, span.end
    if random.random() < 0.1:
        start = max(start + int(random.choice([-1, 1])), 0)
    if random.random() < 0.1:
        end = min(end + int(random.choice([-1, 1])), length)
    label = LABELS[random.integers(4)] if random.random() < 0.07 else span.label
    return Span(start, end, label) if start < end else span


def without_overlap(spans: list[Span]) -> list[Span]:
    """The spans that begin first, of those that overlap."""
    kept: list[Span] = []
    for span in sorted(spans):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def as_tags(rows: list[Row], length: int = 60) -> list[Row]:
    """Answers of spans as tags."""
    return [(t, w, " ".join(tags_of_spans(spans, length))) for t, w, spans in rows]


# ---- methods: answers -> spans with their probability
def ours(make: Callable[[], Any]) -> Callable[[list[Row]], Found]:
    """One of our models."""

    def fit(rows: list[Row]) -> Found:
        model = make().fit(rows)
        return {
            task: [(Span(s["start"], s["end"], s["label"]), s["p"]) for s in spans]
            for task, spans in zip(model.tasks_, model.predict_spans(), strict=True)
        }

    return fit


def by_token(name: str) -> Callable[[list[Row]], Found]:
    """A model of crowd-kit, on tokens as tasks; no probability of a span comes with it."""

    def fit(rows: list[Row]) -> Found:
        import crowdkit.aggregation as peer
        import pandas

        table = [(f"{t}#{i}", w, tag) for t, w, tags in rows for i, tag in enumerate(tags.split())]
        labels = (
            getattr(peer, name)().fit_predict(pandas.DataFrame(table, columns=["task", "worker", "label"])).to_dict()
        )
        length = {t: len(tags.split()) for t, _, tags in rows}
        tags = {t: [labels.get(f"{t}#{i}", "O") for i in range(n)] for t, n in length.items()}
        return {t: [(span, float("nan")) for span in spans_of_tags(row)] for t, row in tags.items()}

    return fit


def score(found: Found, gold: Gold) -> list[float]:
    """Precision, recall, F1, ECE of the spans answered."""
    hits = said = there = 0
    right, chance = [], []
    for task, true in gold.items():
        spans = found.get(task, [])
        hits += sum(span in true for span, _ in spans)
        said, there = said + len(spans), there + len(true)
        right += [span in true for span, _ in spans]
        chance += [p for _, p in spans]
    p, r = np.array(chance), np.array(right, float)
    bins = np.minimum((np.nan_to_num(p) * 15).astype(int), 14)
    ece = sum(abs(r[bins == b].mean() - p[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    return [hits / max(said, 1), hits / max(there, 1), 2 * hits / max(said + there, 1), float(ece)]


def compare(name: str, rows: list[Row], gold: Gold, tagged: bool) -> list[str]:
    """A table row for each method."""
    methods: dict[str, Callable[[list[Row]], Found]] = {}
    if tagged and importlib.util.find_spec("crowdkit"):
        methods |= {f"crowd-kit {one}": by_token(one) for one in ("MajorityVote", "OneCoinDawidSkene", "DawidSkene")}
    if tagged:
        methods["SequenceTruth"] = ours(SequenceTruth)
        methods["SequenceTruth on spans"] = lambda rows: ours(SequenceTruth)(
            [(t, w, list(spans_of_tags(tags.split()))) for t, w, tags in rows]
        )
    methods["OverlapTruth"] = ours(OverlapTruth)
    if not tagged:
        methods["SpanTruth"] = ours(SpanTruth)
    lines = []
    for label, fit in methods.items():
        start = time.process_time()
        numbers = score(fit(rows), gold)
        spent = time.process_time() - start
        cells = " | ".join("–" if np.isnan(number) else f"{number:.3f}" for number in numbers)
        lines.append(f"| {name} | {label} | {cells} | {spent:.1f} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Prints Markdown."""
    default = Path(os.environ.get("TAWSIM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    sets = real(options.data)
    lines = ["| set | method | precision | recall | F1 | ECE | CPU s |", "|---|---|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for name, (rows, gold) in sets.items():
        lines += compare(name, rows, gold, tagged=True)
    for seed in range(options.seeds):
        rows, gold = made(seed, nested=False)
        lines += compare(f"made {seed}", as_tags(rows), gold, tagged=True)
        lines += compare(f"made {seed}, nested", *made(seed, nested=True), tagged=False)
    missing = "" if sets else f"\nNo tag set was found in the folder of crowds ({len(sets)} of 1 or more)."
    if options.log:
        options.log.write_text("# Tags and spans\n\n" + "\n".join(lines) + missing + "\n", encoding="utf-8")
    print(missing)


if __name__ == "__main__":
    main()
