"""Rows → records, by column name, in one place. No statements and no rules here."""

import json
import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tawsim.core.records import (
    Annotation,
    Block,
    Draft,
    Duplicate,
    ImportReport,
    Lease,
    Progress,
    Project,
    Question,
    Task,
    Worker,
)
from tawsim.core.settings import Settings, read_settings
from tawsim.kinds import read_questions
from tawsim.kinds.content import read_blocks

Row = sqlite3.Row
# Made once: `json.dumps` with options makes a new encoder at every call.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def to_json(value: Any) -> str:
    """Compact JSON with every script written as itself, keys in their given order."""
    return _ENCODE(value)


@lru_cache(maxsize=256)
def questions(text: str) -> tuple[Question, ...]:
    """The questions stored as `text`. Remembered by the text itself, so nothing stale can come; records cannot change."""
    return read_questions(json.loads(text))


@lru_cache(maxsize=256)
def blocks(text: str) -> tuple[Block, ...]:
    """The content blocks stored as `text`."""
    return read_blocks(json.loads(text))


@lru_cache(maxsize=256)
def renames(text: str) -> Mapping[str, Mapping[str, str]]:
    """The renames stored as `text`. One object for one text: nobody changes it."""
    found: Mapping[str, Mapping[str, str]] = json.loads(text)
    return found


@lru_cache(maxsize=256)
def settings(text: str) -> Settings:
    """The settings stored as `text`."""
    found: Settings = read_settings(json.loads(text))
    return found


def project(row: Row) -> Project:
    """A row of `project`."""
    return Project(
        id=row["id"],
        name=row["name"],
        questions=questions(row["questions"]),
        text_column=row["text_column"],
        guideline=row["guideline"],
        guideline_version=row["guideline_version"],
        overlap=row["overlap"],
        lease_seconds=row["lease_seconds"],
        max_lease_seconds=row["max_lease_seconds"],
        max_leases=row["max_leases"],
        skip_limit=row["skip_limit"],
        order=row["task_order"],
        state=row["state"],
        version=row["version"],
        created_at=row["created_at"],
        content=blocks(row["content"]),
        settings=settings(row["settings"]),
        schema_version=row["schema_version"],
        renamed=renames(row["renamed"]),
    )


def task(row: Row, content: str | None = None) -> Task:
    """A row of `task`, with the text of its content where it was read too."""
    return Task(
        id=row["id"],
        project_id=row["project_id"],
        seq=row["seq"],
        overlap=row["overlap"],
        round=row["round"],
        load=row["load"],
        accepted=row["accepted"],
        skips=row["skips"],
        state=row["state"],
        purpose=row["purpose"],
        priority=row["priority"],
        due_at=row["due_at"],
        content=json.loads(content) if content is not None else {},
    )


def worker(row: Row) -> Worker:
    """A row of `worker`."""
    return Worker(row["id"], row["name"], row["kind"], row["role"], bool(row["active"]), row["created_at"])


def lease(row: Row) -> Lease:
    """A row of `lease`."""
    return Lease(
        id=row["id"],
        project_id=row["project_id"],
        task_id=row["task_id"],
        worker_id=row["worker_id"],
        round=row["round"],
        state=row["state"],
        granted_at=row["granted_at"],
        deadline=row["deadline"],
        ended_at=row["ended_at"],
        reason=row["reason"],
    )


def annotation(row: Row) -> Annotation:
    """A row of `annotation` joined with its current version."""
    return Annotation(
        id=row["id"],
        project_id=row["project_id"],
        task_id=row["task_id"],
        lease_id=row["lease_id"],
        worker_id=row["worker_id"],
        round=row["round"],
        state=row["state"],
        version=row["version"],
        answers=json.loads(row["answers"]),
        created_at=row["created_at"],
        late=bool(row["late"]),
        guideline_version=row["guideline_version"],
        schema_version=row["schema_version"],
        comment=row["comment"],
        flag=bool(row["flag"]),
    )


def draft(row: Row) -> Draft:
    """A row of `draft`."""
    return Draft(
        row["id"], row["task_id"], row["lease_id"], row["worker_id"], json.loads(row["answers"]), row["created_at"],
        row["adopted_as"],
    )  # fmt: skip


def progress(row: Row) -> Progress:
    """A row of `project_count`."""
    return Progress(
        tasks=row["tasks"],
        done=row["done"],
        open=row["tasks"] - row["done"] - row["skipped_out"],
        skipped_out=row["skipped_out"],
        answers=row["answers"],
        answers_wanted=row["answers_wanted"],
        leases=row["leases"],
        duplicates=row["duplicates"],
    )


def import_report(row: Row, *, repeated: bool = False) -> ImportReport:
    """A row of `import`."""
    return ImportReport(
        id=row["id"],
        source=row["source"],
        rows=row["rows_read"],
        added=row["added"],
        first_seq=row["first_seq"],
        duplicate_count=row["duplicate_count"],
        duplicates=tuple(Duplicate(*pair) for pair in json.loads(row["duplicates"])),
        repeated=repeated,
    )
