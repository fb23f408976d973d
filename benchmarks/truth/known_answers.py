"""What known answers do to the truth of kinds other than single labels: error on the work with and without them, on made worlds.

    python benchmarks/truth/known_answers.py [--seeds 10] [--tasks 200] [--log FILE.md]

Twelve people answer tasks of work, each task by a few of them, and all of the gold tasks, whose answers are known. The truth
is inferred as a project infers it (loop/structured.py, truth/choice/sets.py): without gold, and with 15 and 40 tasks of it.
Only the work is judged. Prints Markdown; --log also writes it. Nothing is set for a world.
"""

import argparse
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tawsim.kinds import read_questions
from tawsim.loop.structured import Taught, infer_structured
from tawsim.truth.choice.sets import infer_sets

PEOPLE = 12
GOLD = (0, 15, 40)
LABELS = tuple("abcdef")
NAMES = ("w", "x", "y", "z")
# How good each of the twelve is, from 0 (answers anything) to 1; below 0: turned round, or far off to one side.
WORLDS: dict[str, list[float]] = {
    "all careful": [0.9] * 12,
    "care differs": [0.95] * 4 + [0.7] * 4 + [0.4] * 4,
    "half answer anything": [0.9] * 6 + [0.0] * 6,
    "a third are turned round": [0.85] * 8 + [-0.8] * 4,
}
Rows = list[tuple[int, str, dict[str, Any]]]
Random = np.random.Generator


# ---- kinds: a truth, what somebody says of it, the question, the error of what was inferred ------------------------------
def _some_set(random: Random) -> list[str]:
    return [label for label in LABELS if random.random() < 0.3]


def _say_set(random: Random, true: list[str], care: float) -> list[str]:
    right = 0.5 + care * 0.45
    return [label for label in LABELS if (label in true) == (random.random() < right)]


def _say_number(random: Random, true: float, care: float) -> float:
    if care < 0:
        return round(true + 20 + random.normal(0, 5), 1)
    return round(float(random.uniform(0, 100)) if care == 0 else true + random.normal(0, 3 + 20 * (1 - care)), 1)


def _say_best(random: Random, true: str, care: float) -> str:
    other = "right" if true == "left" else "left"
    return true if random.random() < 0.5 + care * 0.48 else other


def _some_order(random: Random) -> list[list[str]]:
    return [[NAMES[i]] for i in random.permutation(len(NAMES))]


def _say_order(random: Random, true: list[list[str]], care: float) -> list[list[str]]:
    place = {group[0]: i * (1 if care >= 0 else -1) for i, group in enumerate(true)}
    noise = 0.3 + 4 * (1 - abs(care)) ** 2
    return [[name] for name in sorted(place, key=lambda name: place[name] + random.normal(0, noise))]


def _pairs_wrong(true: list[list[str]], said: list[list[str]]) -> float:
    places = [{name: i for i, group in enumerate(order) for name in group} for order in (true, said)]
    pairs = list(combinations(NAMES, 2))
    return sum((places[0][x] < places[0][y]) != (places[1][x] < places[1][y]) for x, y in pairs) / len(pairs)


def _columns(n: int) -> list[dict[str, str]]:
    return [{"name": name, "column": name} for name in NAMES[:n]]


KINDS: dict[str, tuple[dict[str, Any], Callable[[Random], Any], Callable[..., Any], Callable[[Any, Any], float], str]] = {
    "several labels": (
        {"kind": "choices", "name": "q", "labels": list(LABELS)}, _some_set, _say_set,
        lambda true, said: len(set(true) ^ set(said or ())) / len(LABELS), "labels wrong, %",
    ),
    "number": (
        {"kind": "number", "name": "q"}, lambda random: round(float(random.uniform(0, 100)), 1), _say_number,
        lambda true, said: abs(true - said), "mean absolute error",
    ),
    "better of two": (
        {"kind": "pairwise", "name": "q", "candidates": ["left", "right"]}, lambda random: str(random.choice(["left", "right"])),
        lambda random, true, care: {"best": _say_best(random, true["best"], care)},
        lambda true, said: float(true["best"] != (said or {}).get("best")), "tasks wrong, %",
    ),
    "ranking of four": (
        {"kind": "ranking", "name": "q", "candidates": list(NAMES)}, _some_order, _say_order, _pairs_wrong, "pairs wrong, %",
    ),
}  # fmt: skip


def made(random: Random, kind: str, world: str, tasks: int, each: int, gold: int) -> tuple[Rows, Rows, list[Any]]:
    """Answers to the work (tasks 1 …) and to the gold (tasks behind it), and the truth of all."""
    _, some, say, _, _ = KINDS[kind]
    truth = [some(random) for _ in range(tasks + gold)]
    if kind == "better of two":
        truth = [{"best": one} for one in truth]
    work, school = [], []
    for t, true in enumerate(truth):
        who = range(PEOPLE) if t >= tasks else random.choice(PEOPLE, each, replace=False).tolist()
        for w in who:
            row = (t + 1, f"p{w:02}", {"q": say(random, true, WORLDS[world][w])})
            (school if t >= tasks else work).append(row)
    return work, school, truth


def error(kind: str, work: Rows, school: Rows, truth: list[Any], tasks: int, gold: int) -> tuple[float, float]:
    """The mean error on the work, taught by the first `gold` of the known answers; and the Brier score of the probability
    that a task's whole answer is right (NaN where the kind has none)."""
    data, _, _, wrong, _ = KINDS[kind]
    known = {tasks + i + 1: truth[tasks + i] for i in range(gold)}
    rows = [row for row in school if row[0] in known]
    (question,) = read_questions([data])
    if kind == "several labels":
        all_rows = work + rows
        columns = [row[0] for row in all_rows], [row[1] for row in all_rows], [row[2]["q"] for row in all_rows]
        found = infer_sets(*columns, LABELS, known=known)
        said = dict(zip(found.tasks, zip(found.chosen, found.p.tolist(), strict=True), strict=True))
    else:
        inferred = infer_structured(iter(work), question, taught=Taught(known, iter(rows)))
        assert inferred is not None
        said = dict(zip(inferred.seqs.tolist(), zip(inferred.chosen, inferred.p.tolist(), strict=True), strict=True))
    off = np.array([wrong(truth[t], said[t + 1][0]) for t in range(tasks)])
    p = np.array([said[t + 1][1] for t in range(tasks)])
    return float(off.mean()), float(np.mean((p - (off == 0)) ** 2))


def figures(found: np.ndarray, by: int) -> str:
    """Cells of one row, of errors and Brier scores (seeds, gold, 2)."""
    errors, scores = found[:, :, 0], found.mean(axis=0)[:, 1]
    worse = f"{int((errors[:, -1] > errors[:, 0] + 1e-9).sum())} of {len(errors)}"
    brier = ["–" if np.isnan(one) else f"{one:.3f}" for one in (scores[0], scores[-1])]
    return " | ".join([*(f"{one * by:.2f}" for one in errors.mean(axis=0)), worse, *brier])


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--seeds", type=int, default=10)
    told.add_argument("--tasks", type=int, default=200)
    told.add_argument("--log", type=Path)
    asked = told.parse_args()
    lines = [
        "| kind, error | people | answers a task | "
        + " | ".join(f"gold {n}" for n in GOLD)
        + f" | worse with {GOLD[-1]} in | Brier, gold 0 | gold {GOLD[-1]} |"
    ]
    lines.append("|---|---|---|" + "---|" * (len(GOLD) + 3))
    for kind in KINDS:
        by = 100 if kind != "number" else 1
        for world in WORLDS:
            for each in (1, 3):
                found = np.zeros((asked.seeds, len(GOLD), 2))
                for seed in range(asked.seeds):
                    random = np.random.default_rng([seed, each, len(world)])
                    work, school, truth = made(random, kind, world, asked.tasks, each, max(GOLD))
                    found[seed] = [error(kind, work, school, truth, asked.tasks, gold) for gold in GOLD]
                lines.append(f"| {kind}, {KINDS[kind][4]} | {world} | {each} | {figures(found, by)} |")
                print(lines[-1], flush=True)
    text = "\n".join(lines)
    if asked.log:
        asked.log.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
