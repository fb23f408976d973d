"""Two figures of the truth models on real crowds, as SVG: accuracy by set, and what p is worth.

    python benchmarks/truth/plots.py --out FOLDER [--data FOLDER]

Writes truth-accuracy.svg (one row a set: majority, Dawid–Skene without calibration, Joint) and truth-reliability.svg (all
sets together, each counting the same: the share that is right among labels of about the same p). Data as in accuracy.py.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from crowds import OTHERS, STANDARD, crowd, score

from tawsim.truth import DawidSkene, Joint, Majority

MODELS = {
    "majority": (lambda votes: Majority().fit(votes).predict_proba(), "#8a8a8a"),
    "Dawid–Skene, uncalibrated": (lambda votes: DawidSkene(calibrate=False).fit(votes).predict_proba(), "#c26a1b"),
    "Joint": (lambda votes: Joint().fit(votes).predict_proba(), "#0b7a75"),
}
STYLE = 'font-family="system-ui, sans-serif" font-size="12"'
BINS = np.linspace(0.3, 1, 15)


def text(x: float, y: float, what: str, more: str = "") -> str:
    """One line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#333" {STYLE} {more}>{what}</text>'


def key(x: float, y: float) -> list[str]:
    """The names of the models with their colours."""
    marks = []
    for i, (name, (_, colour)) in enumerate(MODELS.items()):
        marks.append(f'<circle cx="{x}" cy="{y + 18 * i - 4}" r="5" fill="{colour}"/>')
        marks.append(text(x + 10, y + 18 * i, name))
    return marks


def page(width: int, height: int, marks: list[str]) -> str:
    """An SVG file on white, so that it can be read on a dark page as well."""
    body = "\n".join(marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def accuracy(found: dict[str, dict[str, float]]) -> str:
    """A dot a model on the row of each set, sorted by what Joint gains on the majority."""
    order = sorted(found, key=lambda name: found[name]["majority"] - found[name]["Joint"])
    left, wide, row = 190, 480, 22
    marks = [text(left, 20, "Accuracy, %, ties split", 'font-weight="600"'), *key(left + wide + 30, 60)]
    at = lambda share: left + wide * (share - 0.4) / 0.6  # noqa: E731
    bottom = 40 + row * len(order)
    for share in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        marks.append(f'<line x1="{at(share)}" x2="{at(share)}" y1="36" y2="{bottom}" stroke="#ddd"/>')
        marks.append(text(at(share), bottom + 16, f"{100 * share:.0f}", 'text-anchor="middle"'))
    for i, name in enumerate(order):
        y = 50 + row * i
        values = found[name]
        marks.append(text(left - 10, y + 4, name, 'text-anchor="end"'))
        first, last = at(min(values.values())), at(max(values.values()))
        marks.append(f'<line x1="{first:.1f}" x2="{last:.1f}" y1="{y}" y2="{y}" stroke="#bbb"/>')
        for model, (_, colour) in MODELS.items():
            marks.append(f'<circle cx="{at(values[model]):.1f}" cy="{y}" r="5" fill="{colour}"/>')
    return page(left + wide + 240, bottom + 30, marks)


def reliability(points: dict[str, list[tuple[float, float, float]]]) -> str:
    """Share right against p; on the diagonal p means what it says. The area of a dot is how many labels have that p."""
    left, top, side = 60, 40, 420
    at = lambda p: (p - BINS[0]) / (1 - BINS[0]) * side  # noqa: E731
    marks = [text(left, 22, "What p is worth: share of labels that are right", 'font-weight="600"')]
    marks.append(
        f'<line x1="{left}" y1="{top + side}" x2="{left + side}" y2="{top}" stroke="#999" stroke-dasharray="4 4"/>'
    )
    for p in (0.4, 0.6, 0.8, 1.0):
        marks.append(text(left + at(p), top + side + 18, f"{p:.1f}", 'text-anchor="middle"'))
        marks.append(text(left - 8, top + side - at(p) + 4, f"{p:.1f}", 'text-anchor="end"'))
        marks.append(
            f'<line x1="{left}" x2="{left + side}" y1="{top + side - at(p):.1f}" y2="{top + side - at(p):.1f}" stroke="#eee"/>'
        )
    marks.append(text(left + side / 2, top + side + 36, "p of the label", 'text-anchor="middle"'))
    for model, (_, colour) in MODELS.items():
        for p, right, mass in points[model]:
            if right >= BINS[0]:
                marks.append(
                    f'<circle cx="{left + at(p):.1f}" cy="{top + side - at(right):.1f}" r="{2 + 14 * mass**0.5:.1f}" '
                    f'fill="{colour}" fill-opacity=".75"/>'
                )
    return page(left + side + 240, top + side + 50, [*marks, *key(left + side + 30, 60)])


def main() -> None:
    """Fit, draw, write."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TAWSIM_DATA", beside)))
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    sums = {model: np.zeros((len(BINS) - 1, 3)) for model in MODELS}
    for name in (*STANDARD, *OTHERS):
        if not (told.data / name).is_dir():
            print(f"{name} is missing")
            continue
        votes, gold = crowd(told.data / name)
        found[name] = {}
        for model, (fit, _) in MODELS.items():
            p = fit(votes)
            found[name][model] = score(p, gold)[0]
            sure, right = p[gold[0]].max(axis=1), p[gold[0]].argmax(axis=1) == gold[1]
            place = np.clip(np.digitize(sure, BINS) - 1, 0, len(BINS) - 2)
            for column, value in enumerate((sure, right, np.ones(len(sure)))):
                sums[model][:, column] += np.bincount(place, value, len(BINS) - 1) / len(sure)
    points = {
        model: [(p / n, right / n, n / len(found)) for p, right, n in table if n > 0.02]
        for model, table in sums.items()
    }
    (told.out / "truth-accuracy.svg").write_text(accuracy(found), encoding="utf-8")
    (told.out / "truth-reliability.svg").write_text(reliability(points), encoding="utf-8")


if __name__ == "__main__":
    main()
