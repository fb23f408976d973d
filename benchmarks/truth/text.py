"""Free text side by side with crowd-kit: word error rate on real crowds.

    python benchmarks/truth/text.py [--data FOLDER] [--limit 240] [--sets crowdwsa_t1,…] [--log FILE.md]

FOLDER (default: the environment's TAWSIM_DATA, else ../shared/data/crowd beside the repository) has one folder a set with
answers.csv[.gz] and truth.csv[.gz], label = text; sets whose names begin with crowdspeech or crowdwsa are read. crowd-kit's
ROVER and its RASA and HRRASA (with hashed character trigrams for sentence vectors) run where it can be imported, on texts
without case and punctuation (it compares letter by letter), each method in a child of its own with `--limit` seconds.

WER: mean over gold tasks of word edit distance / words of the truth, both without case and punctuation. “best answer
(oracle)” knows the truth. r: correlation of `expected_error_` with the WER of the tasks. CPU seconds of the fit.
"""

import argparse
import csv
import gzip
import importlib.util
import multiprocessing
import os
import re
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tawsim.truth.text import BestText, Rover, TextTruth
from tawsim.truth.text.distance import distances

Row = tuple[str, str, str]
# Text of each task, and the expected error where the method gives one.
Answered = tuple[dict[str, str], dict[str, float]]


# ---- data and scores
def read(folder: Path, name: str) -> list[dict[str, str]]:
    """All rows of a CSV file, plain or gzipped."""
    path = next(folder.glob(name + "*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def plain(text: str) -> str:
    """Without case and punctuation."""
    return re.sub(r"[^\w' ]+", " ", text.lower()).strip()


def rates(pairs: list[tuple[str, str]]) -> np.ndarray:
    """Word error rate of each (truth, text)."""
    number: dict[str, int] = {}
    texts = [[number.setdefault(word, len(number)) for word in plain(text).split()] for pair in pairs for text in pair]
    first = np.arange(0, len(texts), 2)
    words = np.array([len(text) for text in texts[::2]])
    apart = distances(texts, first, first + 1)
    return np.where(words > 0, apart / np.maximum(words, 1), apart > 0)


# ---- methods
def ours(make: Callable[[], TextTruth]) -> Callable[[list[Row]], Answered]:
    """One of our models."""

    def fit(rows: list[Row]) -> Answered:
        model = make().fit(rows)
        texts = dict(zip(model.tasks_, model.predict(), strict=True))
        return texts, dict(zip(model.tasks_, model.expected_error_.tolist(), strict=True))

    return fit


def trigrams(text: str, size: int = 256) -> np.ndarray:
    """Hashed character trigrams, for want of a sentence encoder."""
    vector = np.zeros(size)
    text = f"  {text}  "
    for i in range(len(text) - 2):
        code = zlib.crc32(text[i : i + 3].encode())
        vector[code % size] += 1 if code & 0x10000 else -1
    length = np.linalg.norm(vector)
    return vector / length if length else vector


def peer(name: str) -> Callable[[list[Row]], Answered]:
    """A method of crowd-kit."""

    def fit(rows: list[Row]) -> Answered:
        import crowdkit.aggregation as kit
        import pandas

        table = pandas.DataFrame([(t, w, plain(x)) for t, w, x in rows if plain(x)], columns=["task", "worker", "text"])
        if name == "ROVER":
            return kit.ROVER(str.split, " ".join).fit_predict(table).to_dict(), {}
        return getattr(kit, name)(encoder=trigrams).fit_predict(table, None).to_dict(), {}

    return fit


def oracle(truth: dict[str, str]) -> Callable[[list[Row]], Answered]:
    """The answer nearest to the truth."""

    def fit(rows: list[Row]) -> Answered:
        said: dict[str, list[str]] = defaultdict(list)
        for task, _, text in rows:
            if task in truth and plain(text):
                said[task].append(text)
        wrong = iter(rates([(truth[task], text) for task, texts in said.items() for text in texts]).tolist())
        return {task: min((next(wrong), text) for text in texts)[1] for task, texts in said.items()}, {}

    return fit


def alone(fit: Callable[[list[Row]], Answered], rows: list[Row], limit: float) -> tuple[Answered | str, float]:
    """`fit(rows)` in a child of its own, and its CPU seconds; a word instead where it fails or takes too long."""
    near, far = multiprocessing.Pipe(duplex=False)

    def work() -> None:
        start = time.process_time()
        try:
            far.send((fit(rows), time.process_time() - start))
        except Exception as error:  # of a peer
            far.send((type(error).__name__, time.process_time() - start))

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    if not near.poll(limit):
        child.kill()
        child.join()
        return f"over {limit:.0f} s", limit
    result = near.recv()
    child.join()
    return result


def compare(name: str, folder: Path, limit: float) -> list[str]:
    """A table row for each method."""
    rows = [(row["task"], row["worker"], row["label"]) for row in read(folder, "answers.csv")]
    truth = {row["task"]: row["label"] for row in read(folder, "truth.csv")}
    methods: dict[str, Callable[[list[Row]], Answered]] = {"best answer (oracle)": oracle(truth)}
    if importlib.util.find_spec("crowdkit"):
        methods |= {f"crowd-kit {one}": peer(one) for one in ("ROVER", "TextRASA", "TextHRRASA")}
    methods |= {"Rover": ours(Rover), "BestText": ours(BestText), "TextTruth": ours(TextTruth)}
    lines = []
    for label, fit in methods.items():
        found, spent = alone(fit, rows, limit)
        if isinstance(found, str):
            lines.append(f"| {name} | {label} | {found} | | | |")
        else:
            texts, error = found
            # The peer drops tasks whose every answer is empty, so they count for nobody.
            filled = {task for task, _, text in rows if plain(text)}
            tasks = [task for task in truth if task in texts and task in filled]
            wrong = rates([(truth[task], texts[task]) for task in tasks])
            r = np.corrcoef([error[task] for task in tasks], np.minimum(wrong, 1))[0, 1] if error else None
            cells = f"{wrong.mean():.4f} | {(wrong == 0).mean():.3f} | {'' if r is None else f'{r:.2f}'} | {spent:.1f}"
            lines.append(f"| {name} | {label} | {cells} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Prints Markdown."""
    default = Path(os.environ.get("TAWSIM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--limit", type=float, default=240)
    parser.add_argument("--sets", default="")
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    found = sorted(path for kind in ("crowdspeech*", "crowdwsa*") for path in options.data.glob(kind))
    chosen = [path for path in found if not options.sets or path.name in options.sets.split(",")]
    lines = ["| set | method | WER | exact | r | CPU s |", "|---|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for path in chosen:
        lines += compare(path.name, path, options.limit)
    if not chosen:
        lines.append("\nNo text set was found in the folder of crowds.")
        print(lines[-1])
    if options.log:
        options.log.write_text("# Free text\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
