"""Records → the JSON that HTTP sends and Python users hold, field for field. No reading, no deciding."""

from dataclasses import asdict
from typing import Any

from tawsim.core.records import ImportReport, Progress, Project, Worker, WorkerProgress
from tawsim.kinds import question_to_json


def project_json(project: Project) -> dict[str, Any]:
    """A project, each question with its kind."""
    return {**asdict(project), "questions": [question_to_json(q) for q in project.questions]}


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
