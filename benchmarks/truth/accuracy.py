"""Truth of single-choice votes side by side: accuracy, calibration error and Brier score of every model and of crowd-kit.

    python benchmarks/truth/accuracy.py [--data FOLDER] [--draws 5] [--only joint,wawa] [--log FILE.md]

FOLDER (default: the environment's TAWSIM_DATA, else ../shared/data/crowd beside the repository) has one folder a set with
answers.csv[.gz] (task, worker, label) and truth.csv[.gz] (task, label); sets that are missing are counted and named.
crowd-kit is measured in the same run where it can be imported (install it elsewhere and run this script with that Python
and PYTHONPATH=src). Three tables: the real sets without gold; sets with at least 150 gold tasks, with 0, 10 and 50 of
them given at random and scored on the rest (mean of several draws); made crowds (made_crowds.py). Prints Markdown.

Scores: accuracy on the gold tasks, ties split; ECE in 15 bins; Brier summed over labels. The last of a worker's answers
to one task counts. Nothing is set per data set.
"""

import argparse
import importlib.util
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from crowds import OTHERS, STANDARD, cell, crowd, machine, score
from made_crowds import MADE

from tawsim.truth import Votes
from tawsim.truth.choice.joint import Joint
from tawsim.truth.infer import MODELS

HERE = Path(__file__).resolve()
JUDGES = ("llm", "judges")
MIN_GOLD = 150
Method = Callable[[Votes], np.ndarray]


def ours(name: str) -> Method:
    """A model of tawsim by its name."""
    return lambda votes: MODELS[name]().fit(votes).predict_proba()


def peer(name: str) -> Method:
    """A model of crowd-kit by its class, as its own documentation runs it."""

    def run(votes: Votes) -> np.ndarray:
        import pandas
        from crowdkit import aggregation

        table = pandas.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
        model = getattr(aggregation, name)()
        model.fit(table)
        found = model.predict_proba(table) if name == "Wawa" else model.probas_
        shape = range(len(votes.tasks)), range(len(votes.labels))
        known = found.reindex(index=shape[0], columns=shape[1]).fillna(0.0).to_numpy()
        return np.where(known.sum(axis=1, keepdims=True) > 0, known, 1 / len(votes.labels))

    return run


def methods(only: list[str]) -> dict[str, Method]:
    """What is compared."""
    order = ["majority", "wawa", "one_coin", "dawid_skene", "bwa", "difficulty", "correlated", "joint"]
    found = {name: ours(name) for name in order if name in MODELS}
    if importlib.util.find_spec("crowdkit") is not None:
        names = ("MajorityVote", "Wawa", "DawidSkene", "OneCoinDawidSkene")
        found |= {f"crowd-kit {name}": peer(name) for name in names}
    return {name: run for name, run in found.items() if not only or name in only}


def measured(run: Method, votes: Votes, gold: np.ndarray) -> tuple[float, float, float, float]:
    """Accuracy, ECE, Brier, and CPU seconds."""
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own
        probability = run(votes)
    return (*score(probability, gold), time.process_time() - start)


def table(sets: dict[str, Any], compared: dict[str, Method], groups: dict[str, list[str]]) -> list[str]:
    """A row a set and a row a mean; the best accuracy of the row in bold. Then how far each falls below the majority."""
    rows = ["| set | " + " | ".join(compared) + " |", "|---|" + "---|" * len(compared)]
    found: dict[str, list[Any]] = {}
    for name, (votes, gold) in sets.items():
        found[name] = [measured(run, votes, gold) for run in compared.values()]
        rows.append(row(name, [one[:3] for one in found[name]]))
    for title, names in groups.items():
        chosen = np.array([found[name] for name in names if name in found])
        if len(chosen):
            rows.append(row(f"**mean of {len(chosen)} {title}**", chosen.mean(axis=0)[:, :3]))
    everything = np.array(list(found.values()))
    if "majority" in compared:
        below = 100 * (everything[:, :, 0] - everything[:, [list(compared).index("majority")], 0])
        rows.append("| **worst against majority** | " + worst(below, list(found)) + " |")
    behind = 100 * (everything[:, :, 0] - everything[:, :, 0].max(axis=1, keepdims=True))
    rows.append("| **worst against the best** | " + worst(behind, list(found)) + " |")
    rows.append("| **CPU, s** | " + " | ".join(f"{one:.1f}" for one in everything[:, :, 3].sum(axis=0)) + " |")
    return rows


def worst(difference: np.ndarray, names: list[str]) -> str:
    """Cells with the lowest difference of each method, and where."""
    return " | ".join(f"{one.min():+.1f} {names[int(one.argmin())]}" for one in difference.T)


def row(name: str, scores: Any) -> str:
    """Cells acc / ECE / Brier, the best accuracy in bold."""
    best = max(round(100 * one[0], 1) for one in scores)
    cells = [f"**{cell(one)}**" if round(100 * one[0], 1) == best else cell(one) for one in scores]
    return f"| {name} | " + " | ".join(cells) + " |"


def with_gold(sets: dict[str, Any], draws: int) -> list[str]:
    """Joint with 0, 10 and 50 gold tasks of sets that have enough, scored on the others."""
    rows = ["| set | 0 gold | 10 gold | 50 gold |", "|---|---|---|---|"]
    found = []
    for name, (votes, gold) in sets.items():
        usable = gold[:, gold[1] >= 0]
        if gold.shape[1] < MIN_GOLD:
            continue
        scores: dict[int, list[Any]] = {0: [], 10: [], 50: []}
        without = Joint().fit(votes).predict_proba()
        for draw in range(draws):
            order = np.random.default_rng(draw).permutation(usable.shape[1])
            for many in scores:
                chosen = usable[:, order[:many]]
                given = {votes.tasks[t]: votes.labels[k] for t, k in chosen.T}
                probability = Joint().fit(votes, gold=given).predict_proba() if many else without
                rest = gold[:, ~np.isin(gold[0], usable[0, order[:50]])]
                scores[many].append(score(probability, rest))
        found.append([np.mean(scores[many], axis=0) for many in scores])
        rows.append(row(name, found[-1]))
    if found:
        rows.append(row(f"**mean of {len(found)}**", np.mean(found, axis=0)))
    return rows


def read_sets(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The sets that are there, and the names of those that are not."""
    names = [*STANDARD, *OTHERS]
    here = {name: crowd(folder / name) for name in names if (folder / name).is_dir()}
    return here, [name for name in names if name not in here]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = HERE.parents[3] / "shared" / "data" / "crowd"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TAWSIM_DATA", beside)))
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    compared = methods([name for name in options.only.split(",") if name])
    sets, missing = read_sets(options.data)
    lines = ["# Single choice: accuracy (%) / ECE / Brier", "", machine() + ".", ""]
    if missing:
        lines += [f"**{len(missing)} sets are missing in the folder:** {', '.join(missing)}.", ""]
    groups = {"standard": STANDARD, "of people": [n for n in sets if not n.startswith(JUDGES)], "all": list(sets)}
    lines += ["## Real crowds, no gold", "", *table(sets, compared, groups), ""] if sets else []
    lines += [f"## Joint with gold ({options.draws} draws; scored on the rest)", "", *with_gold(sets, options.draws)]
    made = {name: make() for name, make in MADE.items()}
    groups = {"judges": [n for n in made if n.startswith(JUDGES)], "all": list(made)}
    lines += ["", "## Made crowds, no gold", "", *table(made, compared, groups)]
    if not any(name.startswith("crowd-kit") for name in compared):
        lines += ["", "crowd-kit was not there to be compared."]
    print("\n".join(lines))
    if options.log:
        options.log.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
