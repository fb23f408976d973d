"""The guide to the truth tells what the commands print: its example, its tables and its sentence about experts."""

import csv
import gzip
from pathlib import Path

import pytest

import tawsim
from tawsim.truth import Inference, infer

GUIDES = Path(tawsim.__file__).parent.parent.parent / "docs" / "guides"


@pytest.fixture(scope="module")
def gold() -> dict[str, str]:
    with (GUIDES / "data" / "rte_gold.csv").open(encoding="utf-8") as file:
        return {row["task"]: row["label"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with gzip.open(GUIDES / "data" / "rte_votes.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def truth(rows: list[dict[str, str]]) -> Inference:
    return infer(rows)


@pytest.mark.parametrize("page", ["truth.md", "truth.ar.md"])
def test_the_figures_of_the_guide(page: str, truth: Inference, gold: dict[str, str]) -> None:
    text = (GUIDES / page).read_text(encoding="utf-8")
    at = truth.tasks.index("t306")
    assert (truth.label[at], gold["t306"], truth.votes[at].tolist()) == ("no", "no", [3, 7])
    assert f"t306,no,{truth.p[at]:.6f},10," in text
    assert f"{truth.why.facts['effective_votes_a_task']:.1f}" in text
    assert f"{(truth.p >= 0.95).sum()}" in text
    right = [label == gold[task] for task, label in zip(truth.tasks, truth.label, strict=True)]
    assert f"{100 * sum(right) / len(right):.1f}" in text
    for low, high in ((0.0, 0.8), (0.8, 0.95), (0.95, 0.99), (0.99, 1.01)):
        here = [ok for ok, p in zip(right, truth.p, strict=True) if low <= p < high]
        row = next(line for line in text.splitlines() if line.startswith("|") and f"| {len(here)} |" in line)
        assert f"{100 * sum(here) / len(here):.1f}" in row
    verdicts = {one.worker: one.verdict for one in truth.workers}
    assert [verdicts[name] for name in ("w5", "w7", "w8", "w9", "w15")] == ["careless"] * 5
    assert [verdicts[name] for name in ("w1", "w3")] == ["trusted"] * 2


def test_the_table_of_the_ten(rows: list[dict[str, str]], gold: dict[str, str]) -> None:
    text = (GUIDES / "truth.md").read_text(encoding="utf-8")
    asked = [row for row in rows if row["task"] == "t306"]
    assert len(asked) == 10
    for row in asked:
        mine = [one for one in rows if one["worker"] == row["worker"]]
        right = sum(one["label"] == gold[one["task"]] for one in mine) / len(mine)
        wrongly = [one["label"] == "yes" for one in mine if gold[one["task"]] == "no"]
        line = next(line for line in text.splitlines() if line.startswith(f"| {row['worker']} | {row['label']} |"))
        assert f"| {100 * right:.0f} % |" in line
        assert f"| {100 * sum(wrongly) / len(wrongly):.0f} %" in line
        assert line.endswith(f"| {len(mine)} |")
