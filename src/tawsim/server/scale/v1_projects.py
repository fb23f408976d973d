"""Projects by the first version of the Scale-compatible API. What a project is, is in loop/scale/projects.py."""

from typing import Any

from tawsim.core.errors import BadInput
from tawsim.kinds.answers import brief
from tawsim.loop.scale import projects
from tawsim.loop.scale.projects import ATTEMPTS, PIPELINES, NewScaleProject
from tawsim.scale.plain import as_flag, as_object, as_text, check_plain, refuse
from tawsim.scale.types import TYPES
from tawsim.server.scale.queries import flag_of
from tawsim.server.scale.routes import MB, Call, route
from tawsim.store.database import Row, Transaction


def _body(call: Call) -> dict[str, Any]:
    if call.body is None:
        return {}
    if not isinstance(call.body, dict):
        raise BadInput(f"Send an object, not {brief(call.body)}.")
    check_plain(list(call.body), "body")
    for name, value in call.body.items():
        check_plain(value, name[:60])
    return call.body


def _new(body: dict[str, Any]) -> NewScaleProject:
    """What was sent, null being the same as nothing."""
    type_ = as_text(body.get("type"), "type", 100)
    if not type_:
        refuse("type", "is required.", "Types: " + ", ".join(TYPES))
    if type_ not in TYPES:
        refuse("type", f"is no type of task: {type_[:60]!r}.", "Types: " + ", ".join(TYPES))
    facts: dict[str, Any] = {
        name: as_flag(body[name], name) for name in ("rapid", "studio") if body.get(name) is not None
    }
    if body.get("datasetId") is not None:
        facts["datasetId"] = as_text(body["datasetId"], "datasetId", 1_000)
    pipeline = as_text(body.get("pipeline"), "pipeline", 100) or PIPELINES[0]
    if body.get("pipeline") is not None:
        facts["pipeline"] = pipeline
    attempts = next((body[name] for name in ATTEMPTS if body.get(name) is not None), None)
    return NewScaleProject(body.get("name"), type_, as_object(body.get("params"), "params"), facts, pipeline, attempts)  # type: ignore[arg-type]


@route("POST", "/v1/projects", right="manage", max_body=4 * MB, conflicts=True)
async def create(call: Call) -> Any:
    """A new project."""
    new = _new(_body(call))
    return await call.world.db.write_async(lambda tx: projects.project_json(projects.create(tx, call.world, new)))


@route("GET", "/v1/projects", right="manage")
def get_list(call: Call) -> Any:
    """All projects; with `archived`, those that are."""
    archived = flag_of(call.query, "archived")
    with call.world.db.read() as tx:
        return [projects.project_json(row) for row in projects.project_list(tx, archived=archived)]


@route("GET", "/v1/projects/{}", right="manage")
async def get(call: Call) -> Any:
    """One project."""
    with call.world.db.read() as tx:
        return projects.project_json(projects.project_by_name(tx, call.path[0]))


@route("POST", "/v1/projects/{}/setParams", right="manage", max_body=4 * MB)
async def set_params(call: Call) -> Any:
    """Other parameters: a new version; with `patch`, over those of the last one."""
    params = dict(_body(call))
    patch = as_flag(params.pop("patch", None), "patch")

    def work(tx: Transaction) -> Row:
        return projects.set_params(tx, call.world, call.path[0], params, patch=patch)

    return projects.project_json(await call.world.db.write_async(work))


@route("GET", "/v1/projects/{}/taskTemplates", right="manage")
async def get_template(call: Call) -> Any:
    """What the tasks of a project of texts or chats are filled from."""
    with call.world.db.read() as tx:
        return projects.template_json(projects.project_by_name(tx, call.path[0]))
