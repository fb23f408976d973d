"""Projects: making one and changing its settings. Tasks come in through intake/; work is handed out in queue.py."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tawsim.core.errors import AlreadyExists, BadInput, VersionConflict
from tawsim.core.ids import new_id
from tawsim.core.records import Project, TaskOrder
from tawsim.core.settings import merged, read_settings
from tawsim.core.text import is_name
from tawsim.kinds import question_to_json, read_questions
from tawsim.kinds.content import block_to_json, read_blocks, with_columns
from tawsim.labelling.members import close_to_others
from tawsim.labelling.notices import tell_project
from tawsim.labelling.owners import check_overlap
from tawsim.labelling.slots import end_lease, project_row
from tawsim.store import rows
from tawsim.store.database import Transaction
from tawsim.store.keys import once, record

MAX_GUIDELINE = 200_000
LIMITS: Mapping[str, tuple[int, int]] = {
    "lease_seconds": (5, 7 * 86_400),
    "max_leases": (1, 50),
    "skip_limit": (1, 1_000),
}


@dataclass(frozen=True, slots=True)
class NewProject:
    """What it takes to make a project. Seconds are of server time; `skip_limit` people skipping sets a task aside."""

    name: str
    questions: Sequence[Mapping[str, Any]]
    text_column: str = "text"
    guideline: str = ""
    overlap: int = 1
    order: TaskOrder = "fifo"
    lease_seconds: int = 900
    max_leases: int = 5
    skip_limit: int = 3
    content: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def create_project(tx: Transaction, actor_id: str, key: str, new: NewProject) -> Project:
    """Make a project. Raises BadInput, or AlreadyExists for a taken name."""
    name = check_name(new.name)
    content = read_blocks(new.content)
    questions = with_columns(read_questions(new.questions), content, new.text_column)
    settings = read_settings(new.settings)
    if new.order not in ("fifo", "random"):
        raise BadInput(f"Tasks come in the order fifo or random, not {new.order!r}.")
    for name_ in LIMITS:
        check_limit(name_, getattr(new, name_))

    questions_text = rows.to_json([question_to_json(q) for q in questions])
    blocks_text = rows.to_json([block_to_json(one) for one in content])

    def work() -> dict[str, Any]:
        if tx.one("project_by_name", name=name) is not None:
            raise AlreadyExists(f"There is a project “{name}” already.", "Choose another name.")
        project_id = new_id(tx.now)
        tx.run(
            "project_insert", id=project_id, name=name,
            questions=questions_text, text_column=new.text_column,
            guideline=check_guideline(new.guideline), overlap=check_overlap(new.overlap),
            lease_seconds=new.lease_seconds, max_lease_seconds=max(8 * 3600, new.lease_seconds),
            max_leases=new.max_leases, skip_limit=new.skip_limit, task_order=new.order, created_at=tx.now,
            content=blocks_text, settings=rows.to_json(asdict(settings)),
        )  # fmt: skip
        tx.run("guideline_insert", project_id=project_id, version=1, text=new.guideline, by_worker=actor_id, at=tx.now)
        tx.run(
            "schema_insert", project_id=project_id, version=1, questions=questions_text, content=blocks_text,
            by_worker=actor_id, at=tx.now, renamed="{}",
        )  # fmt: skip
        tx.run("project_count_insert", project_id=project_id)
        record(tx, "project.created", actor_id, project_id=project_id, object_id=project_id)
        return {"id": project_id}

    asked = asdict(new) | {"name": name, "questions": [question_to_json(q) for q in questions]}
    made = once(tx, actor_id, key, ["project", asked], work).result
    return rows.project(project_row(tx, made["id"]))


def update_project(
    tx: Transaction, actor_id: str, project_id: str, seen_version: int, changes: Mapping[str, Any]
) -> Project:
    """Change settings; a new guideline text is a new guideline version. Raises VersionConflict if somebody was first.

    Tasks that exist keep their own overlap here; `loop` carries a change of overlap to them a range at a time.
    """
    row = project_row(tx, project_id)
    known = {"state", "overlap", "guideline", "name", "text_column", "settings", *LIMITS}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise BadInput(f"There is no setting {unknown[0]!r}.", "Settings: " + ", ".join(sorted(known)))
    values = {key: row[key] for key in ("guideline_version", "max_lease_seconds", *known)} | dict(changes)
    if values["state"] not in ("running", "paused", "removed"):
        raise BadInput(f"A project is running, paused or removed, not {values['state']!r}.")
    values["name"] = check_name(values["name"])
    values["guideline"] = check_guideline(values["guideline"])
    check_overlap(values["overlap"])
    for limited in LIMITS:
        check_limit(limited, values[limited])
    if "settings" in changes:
        values["settings"] = rows.to_json(asdict(read_settings(_merged_settings(row["settings"], changes["settings"]))))
    values["max_lease_seconds"] = max(values["max_lease_seconds"], values["lease_seconds"])
    if values["guideline"] != row["guideline"]:
        values["guideline_version"] += 1
    namesake = tx.one("project_by_name", name=values["name"])
    if namesake is not None and namesake["id"] != project_id:
        raise AlreadyExists(f"There is a project “{values['name']}” already.", "Choose another name.")
    if values["state"] == "removed":
        values["name"] = f"{values['name']} (removed, {project_id})"  # so that a new project may have the name
    if tx.run("project_update", id=project_id, seen_version=seen_version, **values) == 0:
        raise VersionConflict(
            "The project's settings were changed meanwhile.", "Load them again.", current_version=row["version"]
        )
    if values["guideline_version"] != row["guideline_version"]:
        tx.run(
            "guideline_insert", project_id=project_id, version=values["guideline_version"], text=values["guideline"],
            by_worker=actor_id, at=tx.now,
        )  # fmt: skip
        tell_project(
            tx, project_id, "guideline.changed", but=actor_id, object_id=project_id, version=values["guideline_version"]
        )
    if values["state"] == "removed":
        for lease in tx.all("lease_live_of_project", project_id=project_id):
            end_lease(tx, lease, "revoked", actor_id=actor_id, reason="the project was removed")
        record(
            tx, "project.removed", actor_id, project_id=project_id, object_id=project_id,
            data=json.dumps({"name": row["name"]}, ensure_ascii=False),
        )  # fmt: skip
        return rows.project(row)
    before, after = (rows.settings(text).access for text in (row["settings"], values["settings"]))
    if after == "members" and before != after:
        close_to_others(tx, actor_id, project_id)
    record(
        tx, "project.changed", actor_id, project_id=project_id, object_id=project_id,
        data=json.dumps({k: v for k, v in changes.items() if k != "guideline"}, ensure_ascii=False),
    )  # fmt: skip
    return rows.project(project_row(tx, project_id))


def _merged_settings(old: str, changes: Any) -> Any:
    """The stored settings with the changed ones; what is no table is left for `read_settings` to refuse."""
    return merged(json.loads(old), changes) if isinstance(changes, Mapping) else changes


def check_name(name: Any) -> str:
    """A name of 1 to 120 printable characters, or BadInput."""
    if not isinstance(name, str) or not name.strip() or len(name) > 120 or not is_name(name):
        raise BadInput("A name has 1 to 120 printable characters.")
    return name.strip()


def check_guideline(text: Any) -> str:
    """A guideline of at most 200,000 characters, or BadInput."""
    if not isinstance(text, str) or len(text) > MAX_GUIDELINE:
        raise BadInput(f"A guideline is a text of at most {MAX_GUIDELINE:,} characters.")
    return text


def check_limit(field: str, value: Any) -> int:
    """A whole number within the field's limits, or BadInput."""
    low, high = LIMITS[field]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(f"{field} is a whole number from {low} to {high}, not {value!r}.")
    return value
