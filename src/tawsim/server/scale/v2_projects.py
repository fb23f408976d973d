"""Projects and response schemas by the second version of the Scale-compatible API."""

from typing import Any

from tawsim.core.errors import NotFound
from tawsim.loop.scale import v2_finding
from tawsim.loop.scale.v2_schemas import schema_text
from tawsim.server.scale.routes import Call, route
from tawsim.server.scale.v2_objects import project_json
from tawsim.server.scale.v2_reading import Asked


@route("GET", "/v2/projects", right="manage")
def projects(call: Call) -> Any:
    """All projects with a name, the newest first; not in pages."""
    span = Asked(call.query).span("created")
    with call.world.db.read() as tx:
        found = tx.all("scale_v2_projects", created_after=span.low, created_before=span.high)
    return {"projects": [project_json(row) for row in found]}


@route("GET", "/v2/project", right="manage")
def project(call: Call) -> Any:
    """One project."""
    with call.world.db.read() as tx:
        return project_json(v2_finding.project(tx, Asked(call.query).named("project")))


@route("GET", "/v2/schema", right="manage")
def schema(call: Call) -> Any:
    """The JSON schema that delivered responses follow."""
    schema_id = Asked(call.query).needed("schema_id")
    text = schema_text(schema_id)
    if text is None:
        raise NotFound("There is no such schema.")
    return {"schema": {"id": schema_id, "json": text}}
