"""Live models for a chat question, and the list of endpoints. The rules are in loop/live.py; no model is named to a labeller."""

from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request

from tawsim.labellers.endpoints import list_endpoints
from tawsim.loop.live import Desk, read_asked
from tawsim.server.answers import Json
from tawsim.server.permissions import MB, Manager, SignedIn, allow

router = APIRouter(tags=["work"])


@dataclass(frozen=True, slots=True)
class LiveBody:
    """A turn: the conversation so far, {role, content} each, the worker's own message last; a key of the client's."""

    key: str
    question: str
    messages: list[dict[str, Any]]


@dataclass(frozen=True)
class LiveTurnShape:
    """What live models said, in the order to show, without their names; and the number of the turn, from 1."""

    candidates: list[str]
    turn: int


@dataclass(frozen=True)
class EndpointFacts:
    """An endpoint by its name and models. Where it is and which key it takes, no page is told."""

    name: str
    models: list[str]


@dataclass(frozen=True)
class EndpointsShape:
    """The endpoints of the workspace."""

    endpoints: list[EndpointFacts]


@router.post("/leases/{lease_id}/live", **allow("signed_in", gives=LiveTurnShape, max_body=2 * MB))
async def ask(lease_id: str, body: LiveBody, caller: SignedIn, request: Request) -> Json:
    """Ask the question's live models for candidates. The same key gives the same ones; 502 if no model answered."""
    desk: Desk = request.app.state.desk
    asked = read_asked(body.question, body.messages, body.key)
    return Json(asdict(await desk.ask(caller.workspace, caller.worker, lease_id, asked)))


@router.get("/endpoints", **allow("manage", gives=EndpointsShape))
async def endpoints(caller: Manager) -> Json:
    """The endpoints that a chat question may name."""
    with caller.db.read() as tx:
        found = list_endpoints(tx)
    return Json({"endpoints": [{"name": one.name, "models": list(one.models)} for one in found]})
