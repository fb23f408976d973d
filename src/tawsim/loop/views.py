"""Records → the JSON that HTTP sends and Python users hold, field for field, and what is measured of people in words. No
reading, no deciding."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from tawsim.core.records import ImportReport, Progress, Project, Worker, WorkerProgress
from tawsim.kinds import question_to_json


def project_json(project: Project) -> dict[str, Any]:
    """A project, each question with its kind."""
    found = {**asdict(project), "questions": [question_to_json(q) for q in project.questions]}
    del found["renamed"]  # of the rows alone: what goes out of them has the present names
    return found


def worker_json(worker: Worker) -> dict[str, Any]:
    """A worker."""
    return asdict(worker)


def progress_json(progress: Progress) -> dict[str, Any]:
    """Where a project stands."""
    return asdict(progress)


def worker_progress_json(one: WorkerProgress) -> dict[str, Any]:
    """One worker's part."""
    return asdict(one)


def report_json(report: ImportReport) -> dict[str, Any]:
    """What an import did."""
    return {**asdict(report), "duplicates": [asdict(one) for one in report.duplicates]}


# What is measured of workers, and of their agreement: its name, and whether it is a share that reads as per cent.
MEASURES = {
    "accuracy": ("accuracy", True), "sharpness": ("sharpness", False), "spread": ("spread of errors", False),
    "weight": ("weight", False), "reliability": ("reliability", False), "hit_rate": ("share found", True),
    "word_error": ("wrong words", True), "f1": ("F1 of spans", True),
}  # fmt: skip
AGREEMENT = {
    "alpha": ("Krippendorff's α", False), "gamma": ("γ of spans", False), "overlap": ("mean overlap", True),
    "word_error": ("words that differ", True),
}  # fmt: skip
# Less is better.
ERRORS = frozenset({"spread", "word_error"})


def measured(value: float | None, low: float | None, high: float | None, *, share: bool) -> tuple[str, str]:
    """A value and its 95 % interval as text; a dash for what is not known."""
    if value is None:
        return "–", "–"
    one = f"{value * 100:.1f} %" if share else f"{value:.3g}"
    if low is None or high is None:
        return one, "–"
    return one, f"{low * 100:.0f}–{high * 100:.0f} %" if share else f"{low:.3g} to {high:.3g}"


def best_first(workers: Iterable[Mapping[str, Any]], measure: str) -> list[Mapping[str, Any]]:
    """Workers by their measure, the best first; those of whom nothing is known last."""
    sign = 1 if measure in ERRORS else -1
    return sorted(workers, key=lambda one: (one["accuracy"] is None, sign * (one["accuracy"] or 0.0)))
