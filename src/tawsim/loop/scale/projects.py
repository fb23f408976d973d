"""Projects of the Scale-compatible API: each is a project of Tawsim, with the parameters that its tasks are filled from.

Its questions come with its tasks: until the first one is placed it asks a placeholder, which `questions_now` leaves out. Its
instruction is its guideline. The API calls it by the name that was sent, whatever its owner calls it on the pages.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tawsim.core.clock import to_iso_ms
from tawsim.core.errors import AlreadyExists, BadInput, NotFound
from tawsim.core.ids import new_id
from tawsim.core.records import Project, Question
from tawsim.kinds import question_to_json, read_questions
from tawsim.labelling.projects import MAX_GUIDELINE, NewProject, create_project, update_project
from tawsim.labelling.slots import project_row
from tawsim.loop.scale.world import World
from tawsim.scale.form import cleaned
from tawsim.scale.plain import check_plain
from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json

Json = dict[str, Any]
MAX_NAME = 1_000
MAX_PARAMS = 1_000_000  # characters of all versions as JSON
MAX_VERSIONS = 10_000
SMALL = 16_000  # characters of all versions
OWN_NAME = 100  # of the 120 that a project's own name may have
ASKS = "asks"  # the column that narrows what a task is asked
CONSENSUS = 3  # answers a task where a consensus project says no number
MOST_ANSWERS = 50
TEMPLATED = ("textcollection", "chat")
PIPELINES = ("standard_task", "consensus_task")
ATTEMPTS = ("consensus_attempts", "num_attempts", "attempts", "num_responses")
PLACEHOLDER: Json = {
    "kind": "text", "name": "answer", "title": "Questions come with the first task · تأتي الأسئلة مع أوّل مهمّة", "required": False,
}  # fmt: skip
_OWN = frozenset({"version", "created_at"})


@dataclass(frozen=True, slots=True)
class NewScaleProject:
    """What it takes to make one. `facts`: what is kept and told, and changes nothing here."""

    name: str
    type: str
    params: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    pipeline: str = PIPELINES[0]
    attempts: int | None = None


def create(tx: Transaction, world: World, new: NewScaleProject) -> Row:
    """Make a project. Raises BadInput, AlreadyExists for a taken name."""
    standing = tx.one("scale_project_named", name=_checked_name(new.name))
    if standing is not None and standing["state"] != "removed":
        raise AlreadyExists(f"There is a project “{new.name[:200]}” already.", "Choose another name.")
    if standing is not None:
        name = f"{new.name} (removed, {standing['project_id']})"
        tx.run("scale_project_rename", project_id=standing["project_id"], name=name)
    if new.pipeline not in PIPELINES:
        raise BadInput(f"`pipeline` is one of {', '.join(PIPELINES)}, not {new.pipeline[:40]!r}.", field="pipeline")
    overlap = 1 if new.pipeline == PIPELINES[0] else (CONSENSUS if new.attempts is None else new.attempts)
    if isinstance(overlap, bool) or not isinstance(overlap, int) or not 1 <= overlap <= MOST_ANSWERS:
        raise BadInput(f"`attempts` is a whole number from 1 to {MOST_ANSWERS}.", field="attempts")
    versions = [_version(new.params, 0, tx.now)]
    own_name = cleaned(new.name)[:OWN_NAME].strip() or "Scale"
    return _insert(tx, world, new, own_name, versions, overlap=overlap, named=True)


def project_of_type(tx: Transaction, world: World, type_: str) -> Row:
    """The project of tasks of this type that name none, made with the first of them."""
    found = tx.one("scale_project_unnamed", type=type_)
    if found is not None:
        return found
    new = NewScaleProject(f"Scale · {type_}", type_)
    return _insert(tx, world, new, new.name, [_version({}, 0, tx.now)], overlap=1, named=False)


def _insert(
    tx: Transaction, world: World, new: NewScaleProject, own_name: str, versions: Sequence[Json], *,
    overlap: int, named: bool,
) -> Row:  # fmt: skip
    made = create_project(
        tx, world.actor_id, new_id(tx.now),
        NewProject(
            _free_name(tx, own_name), (PLACEHOLDER,), guideline=_guideline(versions[-1]), overlap=overlap,
            settings={"asks": ASKS},
        ),
    )  # fmt: skip
    tx.run(
        "scale_project_insert", project_id=made.id, name=new.name, type=new.type, named=int(named),
        params=to_json(versions), facts=to_json(dict(new.facts)), now=tx.now,
    )  # fmt: skip
    return project_by_id(tx, made.id)


def _free_name(tx: Transaction, name: str) -> str:
    """The name, or with the next number where a project of people's own has it."""
    number = 2
    found = name
    while tx.one("project_by_name", name=found) is not None:
        found, number = f"{name} ({number})", number + 1
    return found


def set_params(tx: Transaction, world: World, name: str, params: Mapping[str, Any], *, patch: bool) -> Row:
    """A new version of a project's parameters: `patch` lays them over the last ones, else nothing of those stays. Tasks that
    exist keep the version that they were made with."""
    row = project_by_name(tx, name)
    versions = [dict(one) for one in _versions(row["params"])]
    if len(versions) >= MAX_VERSIONS:
        raise BadInput(f"A project has at most {MAX_VERSIONS:,} versions of its parameters.")
    before = params_of(row) if patch else {}
    versions.append(_version({**before, **params}, len(versions), tx.now))
    text = to_json(versions)
    if len(text) > MAX_PARAMS:
        raise BadInput(f"All versions of a project's parameters have at most {MAX_PARAMS:,} characters together.")
    tx.run("scale_project_set_params", project_id=row["project_id"], params=text)
    own = project_row(tx, row["project_id"])
    guideline = _guideline(versions[-1])
    if own["guideline"] != guideline and own["state"] != "removed":
        update_project(tx, world.actor_id, row["project_id"], own["version"], {"guideline": guideline})
    return project_by_id(tx, row["project_id"])


def project_by_name(tx: Transaction, name: str) -> Row:
    """The project that the API calls by this name. Raises NotFound."""
    row = tx.one("scale_project_named", name=name)
    if row is None or row["state"] == "removed":
        raise NotFound(f"There is no project “{name[:200]}”.")
    return row


def project_by_id(tx: Transaction, project_id: str) -> Row:
    """The project, removed ones too: their tasks are still told of. Raises NotFound."""
    row = tx.one("scale_project_get", project_id=project_id)
    if row is None:
        raise NotFound("There is no such project.")
    return row


def project_list(tx: Transaction, *, archived: bool = False) -> list[Row]:
    """Projects in the order they were made: those in use, or those archived or removed."""
    return tx.all("scale_project_list", archived=int(archived))


def project_json(row: Row) -> Json:
    """A project as the first version tells it."""
    return {
        **json.loads(row["facts"]), "id": row["project_id"], "name": row["name"], "type": row["type"],
        "created_at": to_iso_ms(row["created_at"]), "param_history": list(_versions(row["params"])),
        "archived": row["archived_at"] is not None or row["state"] == "removed",
    }  # fmt: skip


def template_json(row: Row) -> Json:
    """The last parameters of a project as the template of its tasks. Raises BadInput for types that have none."""
    if row["type"] not in TEMPLATED:
        raise BadInput(f"Projects of type {row['type']} have no template; those of {', '.join(TEMPLATED)} do.")
    versions = _versions(row["params"])
    return {
        "id": row["project_id"], "version": version_of(row), "created_at": to_iso_ms(row["created_at"]),
        "updated_at": versions[-1]["created_at"], "template_variables": params_of(row),
    }  # fmt: skip


def params_of(row: Row, version: int | None = None) -> Json:
    """The parameters of a project in this version, or in the last one."""
    versions = _versions(row["params"])
    found = versions[-1 if version is None else min(version, len(versions) - 1)]
    return {name: value for name, value in found.items() if name not in _OWN}


def version_of(row: Row) -> int:
    """The number of the last version."""
    return len(_versions(row["params"])) - 1


def questions_now(project: Project) -> tuple[Question, ...]:
    """What the project asks; nothing while it has the placeholder alone."""
    found = tuple(question_to_json(one) for one in project.questions)
    placeholder = tuple(question_to_json(one) for one in read_questions((PLACEHOLDER,)))
    same = [_bare(one) for one in found] == [_bare(one) for one in placeholder]
    return () if same else project.questions


def _bare(question: Mapping[str, Any]) -> Json:
    """A question without what a project adds to it: the column that it is about."""
    return {name: value for name, value in question.items() if name != "on"}


def _versions(text: str) -> tuple[Json, ...]:
    """What is written of all versions. Large ones are remembered a few at a time: a thousand would fill the memory."""
    return _versions_small(text) if len(text) <= SMALL else _versions_large(text)


@lru_cache(maxsize=512)
def _versions_small(text: str) -> tuple[Json, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=8)
def _versions_large(text: str) -> tuple[Json, ...]:
    return tuple(json.loads(text))


def _version(params: Mapping[str, Any], number: int, now: int) -> Json:
    kept = {name: value for name, value in params.items() if value is not None and name not in _OWN}
    check_plain(kept)
    found = {**kept, "version": number, "created_at": to_iso_ms(now)}
    if len(to_json(found)) > MAX_PARAMS:
        raise BadInput(f"`params` has at most {MAX_PARAMS:,} characters.", field="params")
    return found


def _guideline(params: Mapping[str, Any]) -> str:
    found = params.get("instruction", "")
    if not isinstance(found, str) or len(found) > MAX_GUIDELINE:
        raise BadInput(f"`instruction` is a text of at most {MAX_GUIDELINE:,} characters.", field="instruction")
    return found


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise BadInput(f"`name` is required: a text of 1 to {MAX_NAME:,} characters.", field="name")
    check_plain(name, "name")
    return name
