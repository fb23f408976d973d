"""Adaptive stopping replayed on real answers: how many labels the posterior saves, with one threshold fixed beforehand.

    python benchmarks/truth/replay.py [--data FOLDER] [--orders 2] [--model joint] [--thresholds 0.92,0.94] [--log FILE.md]

FOLDER as in accuracy.py. Every task starts with two of its real answers in a random order; the model is fitted on all
bought answers; each task whose most probable label has p below the threshold buys its next answer; and again, until no
task asks or has answers left. Shown: the share of all labels that was bought, and the accuracy less that of the same
model on all answers. The same threshold stands for all sets. Sets with at least 4.3 answers a task, as in the
published replay that this repeats (68 % of the labels at -0.15 points on average, -0.8 at worst, with one threshold
fixed beforehand; 19 sets, of which the standard ones here are a part). Prints Markdown; --log also writes it.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from crowds import OTHERS, STANDARD, crowd, machine, score

from tawsim.truth import Votes
from tawsim.truth.infer import MODELS

HERE = Path(__file__).resolve()
ENOUGH = 4.3
FIRST = 2


def taken(votes: Votes, rows: np.ndarray) -> Votes:
    """Some of the votes; all tasks, workers and labels keep their places."""
    return Votes(votes.task[rows], votes.worker[rows], votes.label[rows], votes.tasks, votes.workers, votes.labels)


def probabilities(model: str, votes: Votes) -> np.ndarray:
    """The model's calibrated probabilities (T, K). Workers without a vote are left out, as a server would not know them."""
    seen, worker = np.unique(votes.worker, return_inverse=True)
    names = tuple(votes.workers[i] for i in seen)
    known = Votes(votes.task, worker.astype(np.int32), votes.label, votes.tasks, names, votes.labels)
    return MODELS[model]().fit(known).predict_proba()


def replay(model: str, votes: Votes, threshold: float, seed: int) -> tuple[np.ndarray, float]:
    """Probabilities at the end, and the share of labels bought."""
    random = np.random.default_rng(seed).random(len(votes))
    order = np.lexsort((random, votes.task))
    per_task = votes.per_task()
    rank = np.empty(len(votes), np.int64)
    rank[order] = np.arange(len(votes)) - np.repeat(np.cumsum(per_task) - per_task, per_task)
    bought = np.minimum(per_task, FIRST)
    while True:
        found = probabilities(model, taken(votes, np.flatnonzero(rank < bought[votes.task])))
        more = (found.max(axis=1) < threshold) & (bought < per_task)
        if not more.any():
            return found, float(bought.sum() / per_task.sum())
        bought = bought + more


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = HERE.parents[3] / "shared" / "data" / "crowd"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TAWSIM_DATA", beside)))
    parser.add_argument("--orders", type=int, default=2)
    parser.add_argument("--model", default="joint", choices=sorted(MODELS))
    parser.add_argument("--thresholds", default="0.92,0.94")
    parser.add_argument("--sets", default="")
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    thresholds = [float(one) for one in options.thresholds.split(",")]
    wanted = options.sets.split(",") if options.sets else [*STANDARD, *OTHERS]
    here = [name for name in wanted if (options.data / name).is_dir()]
    missing = [name for name in wanted if name not in here]
    lines = [f"# Adaptive replay of {options.model}", "", machine() + ".", ""]
    if missing:
        lines += [f"**{len(missing)} sets are missing in the folder:** {', '.join(missing)}.", ""]
    lines += ["| set | answers a task | all answers, % | " + " | ".join(f"p < {one:g}" for one in thresholds) + " |"]
    lines += ["|---|---|---|" + "---|" * len(thresholds)]
    found: dict[str, np.ndarray] = {}
    for name in here:
        votes, gold = crowd(options.data / name)
        depth = float(votes.per_task()[votes.per_task() > 0].mean())
        if depth < ENOUGH:
            continue
        whole = score(probabilities(options.model, votes), gold)[0]
        cells = []
        for threshold in thresholds:
            ends = [replay(options.model, votes, threshold, seed) for seed in range(options.orders)]
            lost = np.mean([100 * (score(end, gold)[0] - whole) for end, _ in ends])
            cells.append((float(np.mean([share for _, share in ends])), float(lost)))
        found[name] = np.array(cells)
        text = " | ".join(f"{100 * share:.0f} % {lost:+.1f}" for share, lost in cells)
        lines.append(f"| {name} | {depth:.1f} | {100 * whole:.1f} | {text} |")
        print(lines[-1], file=sys.stderr, flush=True)
    for title, names in ("standard", STANDARD), ("all", here):
        chosen = np.array([found[name] for name in names if name in found])
        if len(chosen):
            share = np.exp(np.log(chosen[:, :, 0]).mean(axis=0))
            cells = zip(share, chosen[:, :, 1].mean(axis=0), chosen[:, :, 1].min(axis=0), strict=True)
            text = " | ".join(f"{100 * s:.0f} % {mean:+.2f}, worst {low:+.1f}" for s, mean, low in cells)
            lines.append(f"| **{len(chosen)} {title}** (labels: geometric mean) | | | {text} |")
    print("\n".join(lines))
    if options.log:
        options.log.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
