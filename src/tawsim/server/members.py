"""Who may label in a project: its members, where it is for members only. The rules are in labelling/members.py."""

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter

from tawsim.labelling import members
from tawsim.server.answers import Json
from tawsim.server.permissions import Manager, allow
from tawsim.store.database import Transaction

router = APIRouter(tags=["people"])


@dataclass(frozen=True, slots=True)
class MembersBody:
    """Whom to let label in the project (`member`), or not any more."""

    workers: list[str]
    member: bool


@dataclass(frozen=True)
class ProjectMember:
    """Somebody of the workspace. `may`: whether they may label here, by this list or by their role; `quota`: limits of their
    own."""

    id: str
    name: str
    kind: str
    role: str
    active: bool
    member: bool
    may: bool
    quota: dict[str, Any]


@dataclass(frozen=True)
class ProjectMembersShape:
    """Who may label in a project: everyone, or its members (and those in charge)."""

    access: Literal["everyone", "members"]
    people: list[ProjectMember]


@router.get("/projects/{project_id}/members", **allow("manage", gives=ProjectMembersShape))
async def list_members(project_id: str, caller: Manager) -> Json:
    """Everybody of the workspace, and whether they may label here."""
    with caller.db.read() as tx:
        return Json(members.members_of(tx, project_id))


@router.put("/projects/{project_id}/members", **allow("manage", gives=ProjectMembersShape))
async def set_members(project_id: str, body: MembersBody, caller: Manager) -> Json:
    """Let people label in the project, or not any more: then what they have in hand there is taken back."""

    def work(tx: Transaction) -> dict[str, Any]:
        members.set_members(tx, caller.worker.id, project_id, body.workers, body.member)
        return members.members_of(tx, project_id)

    return Json(await caller.db.write_async(work))
