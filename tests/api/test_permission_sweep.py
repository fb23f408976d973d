"""Every route × every role × every kind of credential × own, another person's, another workspace's and absent things.

Generated from the description of the routes, so that a new route is swept as soon as it stands. What is expected comes from
the permission table: exactly 401 without a credential, exactly 403 where role, scope or session are not enough, never either
where they are. Where a path names things, those of others must look like what never was, byte for byte.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tawsim
from tawsim.core.ids import new_id
from tawsim.server.app import create_app, describe
from tawsim.server.permission_table import permission_page
from tawsim.server.permissions import SCOPES
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.roles import ROLES, may
from tawsim.workspaces.workspace import Workspace, add_worker, open_workspace

HOST = "127.0.0.1:7373"
ABSENT = "01970000-0000-7000-8000-000000000000"
QUESTION = {"kind": "choice", "name": "label", "labels": ["a", "b"]}
PEOPLE = ("owner", "manager", "reviewer", "labeller")
# Things that a whole body names; the rest of a body is made from its shape in the description.
FIELDS: dict[str, Any] = {
    "questions": [QUESTION], "answers": {"label": "a"}, "rows": [{"text": "x"}], "seen_version": 1, "overlap": 1,
    "role": "labeller", "password": "a long enough one", "scopes": ["read"], "days": 1, "email": "a@example.org",
    "reason": "why", "key": "k", "text": "x", "count": 1, "right": "a", "new": "y", "query": "",
}  # fmt: skip
# Bodies that a shape does not tell (its fields are free), so that the request reaches what its path names.
BODIES: dict[str, Any] = {
    "PATCH /projects/{project_id}": {"seen_version": 1, "overlap": 1},
    "PATCH /workers/{worker_id}": {"seen_version": 1, "skills": ["x"]},
    "POST /leases/{lease_id}/live": {"question": "label", "messages": [{"role": "user", "content": "x"}], "key": "k"},
}
MORE: dict[str, Any] = {
    "POST /projects/{project_id}/table/actions": {"seqs": [1], "action": "reopen"},
    "POST /projects/{project_id}/table/preview": {"seqs": [1], "action": "reopen"},
}
FILES = {"POST /projects/{project_id}/suggestions/file": b"text,label\nx,a\n"}
# These end the credential that asks: each asks with one of its own.
ENDING = {"DELETE /session", "DELETE /account/sessions"}
# Names in a path that are not ids of things in a workspace: nothing of another's could be named by them.
NO_IDS = {"version", "template_id", "digest", "number", "table", "name"}


@dataclass(frozen=True)
class Route:
    """One operation of the description."""

    method: str
    path: str
    right: str
    by_session: bool
    body: Any
    query: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


@cache
def routes() -> tuple[Route, ...]:
    found, said = [], describe()
    for path, operations in said["paths"].items():
        for method, one in operations.items():
            shape = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            query = {p["name"]: "x.csv" for p in one.get("parameters", ()) if p["in"] == "query" and p.get("required")}
            short = path.removeprefix("/api/v1")
            name = f"{method.upper()} {short}"
            body = BODIES.get(name) or (None if shape is None else example(shape, said) | MORE.get(name, {}))
            by_session = bool(one.get("x-session-only"))
            found.append(Route(method.upper(), short, one["x-permission"], by_session, body, query))
    return tuple(found)


def example(shape: Any, said: Any, name: str = "") -> Any:
    """The least that fits a shape, with words for the fields that have a form of their own."""
    if name in FIELDS:
        return FIELDS[name]
    if "$ref" in shape:
        shape = said["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    if "enum" in shape or "const" in shape:
        return shape.get("const", shape.get("enum", [None])[0])
    for some in ("anyOf", "oneOf"):
        if some in shape:
            return example(shape[some][0], said, name)
    if shape.get("type") == "object":
        fields = shape.get("properties", {})
        return {one: example(fields[one], said, one) for one in shape.get("required", ())}
    return {"array": [], "integer": 1, "number": 1, "boolean": True, "string": "x"}.get(shape.get("type"))


@dataclass
class Place:
    """A workspace with a person of every role, and one of every thing that a path can name."""

    workspace: Workspace
    workers: dict[str, str] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)


@dataclass
class Swept:
    """Two workspaces on one server."""

    state: ServerState
    client: TestClient
    here: Place
    there: Place

    def session(self, worker: str, place: Place | None = None) -> dict[str, str]:
        identity = Identity((place or self.here).workspace.id, worker)
        secret = self.state.accounts.write(lambda tx: accounts.begin_session(tx, identity, "link"))
        return {"authorization": f"Bearer {secret}"}

    def credential(self, worker: str, kind: str) -> dict[str, str]:
        """None, a session, or a token with that one scope."""
        if kind in ("none", "session"):
            return self.session(worker) if kind == "session" else {}
        identity = Identity(self.here.workspace.id, worker)
        secret = self.state.accounts.write(lambda tx: accounts.issue(tx, "token", identity, scopes=[kind]))
        return {"authorization": f"Bearer {secret}"}

    def ask(self, route: Route, ids: dict[str, str], who: dict[str, str], body: Any = None) -> Any:
        path = re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "1" if found[1] in NO_IDS else ABSENT), route.path)
        sent: dict[str, Any] = (
            {"content": FILES[route.name]} if body is None and route.name in FILES else {"json": body}
        )
        answer = self.client.request(route.method, "/api/v1" + path, headers=who, params=route.query, **sent)
        self.client.cookies.clear()
        return answer


def furnish(swept: Swept, place: Place) -> None:
    """A person of every role, a project and its tasks, a lease, an answer, a session, a token, and what `_more` makes."""
    workspace = place.workspace
    place.workers["owner"] = workspace.owner_id
    for role in PEOPLE[1:]:
        made = workspace.db.write(lambda tx, role=role: add_worker(tx, workspace.owner_id, role, role, role=role))
        place.workers[role] = made.id
    other = workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, "other", "somebody else"))
    owner, person = swept.session(workspace.owner_id, place), swept.session(other.id, place)

    def post(path: str, body: Any, who: dict[str, str] = owner) -> Any:
        answer = swept.client.post("/api/v1" + path, json=body, headers=who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    project = post("/projects", {"key": "p", "name": "p", "questions": [QUESTION], "overlap": 2})["project"]["id"]
    post(f"/projects/{project}/tasks", {"key": "t", "rows": [{"text": f"row {n}"} for n in range(4)]})
    first = post(f"/projects/{project}/next", {"count": 1}, person)["leases"][0]
    answered = post(f"/leases/{first['lease']['id']}/submit", {"key": "a", "answers": {"label": "a"}}, person)
    second = post(f"/projects/{project}/next", {"count": 1}, person)["leases"][0]
    token = post("/account/tokens", {"name": "t", "scopes": ["read"], "days": 1}, person)["token"]["id"]
    session = swept.client.get("/api/v1/account", headers=person).json()["session"]
    place.things = {
        "project_id": project, "task_id": first["task"]["id"], "lease_id": second["lease"]["id"],
        "annotation_id": answered["annotation"]["id"], "worker_id": other.id, "token_id": token, "session_id": session,
        **_of_a_second_look(post, project, person), **_of_the_late(post, place, project, person),
        **_of_those_in_charge(post, place, project), **_written(swept, place, project, other.id),
    }  # fmt: skip


def _of_a_second_look(post: Any, project: str, person: dict[str, str]) -> dict[str, str]:
    """A review of that person's answer, and their dispute of it."""
    lease = post(f"/projects/{project}/next", {"count": 2}, person)["leases"][-1]["lease"]["id"]
    annotation = post(f"/leases/{lease}/submit", {"key": "b", "answers": {"label": "b"}}, person)["annotation"]["id"]
    said = {"key": "r", "seen_version": 1, "verdict": "reject", "words": "no"}
    review = post(f"/annotations/{annotation}/reviews", said)["review"]["id"]
    dispute = post(f"/reviews/{review}/dispute", {"key": "d", "words": "yes"}, person)["dispute"]["id"]
    return {"review_id": review, "dispute_id": dispute}


def _of_the_late(post: Any, place: Place, project: str, person: dict[str, str]) -> dict[str, str]:
    """An answer that came after its task was taken back, kept as a draft."""
    late = post(f"/projects/{project}/next", {"count": 2}, person)["leases"][-1]
    post(f"/tasks/{late['task']['id']}/reopen", {"key": "again"})
    with pytest.raises(AssertionError, match="TW-LEASE"):
        post(f"/leases/{late['lease']['id']}/submit", {"key": "c", "answers": {"label": "a"}}, person)
    with place.workspace.db.read() as tx:
        row = tx._connection.execute("SELECT id FROM draft").fetchone()
    return {"draft_id": row[0]}


def _of_those_in_charge(post: Any, place: Place, project: str) -> dict[str, str]:
    """A view, a webhook, an action on many tasks."""
    view = post(f"/projects/{project}/table/views", {"key": "v", "name": "mine", "query": ""})["views"][0]["id"]
    hook = post("/webhooks", {"url": "https://example.org/in", "kinds": ["review."]})["webhook"]["id"]
    job = post(f"/projects/{project}/table/actions", {"key": "j", "action": "tag", "value": "t", "seqs": [1]})["job"][
        "id"
    ]
    return {"view_id": view, "webhook_id": hook, "job_id": job}


def _written(swept: Swept, place: Place, project: str, person: str) -> dict[str, str]:
    """What would take a mail server, a full disk or a browser to come about: rows as those would have left them."""
    owner, ids = (
        place.workspace.owner_id,
        {name: new_id(1) for name in ("bulk_id", "alert_id", "passkey_id", "delivery_id")},
    )

    def work(tx: Any) -> None:
        tx.run(
            "review_bulk_insert", id=ids["bulk_id"], project_id=project, actor_id=owner, key="k", threshold=0.9, until="",
            at=tx.now,
        )  # fmt: skip
        tx.run(
            "alert_insert", id=ids["alert_id"], project_id=project, kind="budget", object_id="", data="{}", since=tx.now
        )
        tx._connection.execute(
            "INSERT INTO delivery (id, lane, position, kind, url, body, created_at, next_at) SELECT ?, id, 1, 'review.fix',"
            " url, '{}', 1, 1 FROM webhook",
            (ids["delivery_id"],),
        )

    place.workspace.db.write(work)
    swept.state.accounts.write(
        lambda tx: tx.run(
            "passkey_insert",
            id=ids["passkey_id"],
            workspace_id=place.workspace.id,
            worker_id=person,
            data="{}",
            counter=0,
            name="key",
            now=tx.now,
        )
    )
    return ids


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    folder = tmp_path_factory.mktemp("sweep")
    here = open_workspace(folder / "here.tawsim", create=True, owner="Noor")
    there = open_workspace(folder / "there.tawsim", create=True, owner="Huda")
    books = accounts.open_accounts(folder)
    state = ServerState(
        {one.id: one for one in (here, there)}, books, cookie="tawsim_7373", allowed_hosts=frozenset({HOST}),
        base_url=f"http://{HOST}",
    )  # fmt: skip
    with TestClient(create_app(state), base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
        made = Swept(state, client, Place(here), Place(there))
        furnish(made, made.here)
        furnish(made, made.there)
        yield made
    for one in (here, there, books):
        one.close()


def expected(route: Route, role: str, credential: str) -> int | None:
    """401 or 403 as the table has it; None where the route must let the caller in."""
    if route.right == "anyone":
        return None
    if credential == "none":
        return 401
    if not may(role, route.right):  # type: ignore[arg-type]
        return 403
    if credential == "session":
        return None
    if route.by_session:
        return 403
    if route.method == "GET":
        good = route.right == "signed_in" or credential in ("read", SCOPES[route.right])  # type: ignore[index]
    else:
        good = credential == SCOPES[route.right]  # type: ignore[index]
    return None if good else 403


@pytest.mark.parametrize("role", PEOPLE)
def test_every_route_lets_in_whom_the_table_names_and_nobody_else(swept: Swept, role: str) -> None:
    """With things that never were and empty bodies: who may call is decided before anything is looked at."""
    worker = swept.here.workers[role]
    kinds = ("none", "session", *accounts.SCOPES)
    held = {kind: swept.credential(worker, kind) for kind in kinds}
    wrong = []
    for route in sorted(routes(), key=lambda one: one.name in ENDING):  # those last: they end the held session too
        for kind in kinds:
            who = swept.credential(worker, kind) if route.name in ENDING else held[kind]
            status = swept.ask(route, {}, who, {}).status_code
            want = expected(route, role, kind)
            let_in = status < 500 and status != 403 and (status != 401 or route.right == "anyone")
            if not (let_in if want is None else status == want):
                wrong.append((route.name, kind, status, want))
    assert not wrong, "\n".join(str(one) for one in wrong)
    assert len(routes()) > 80


def test_what_is_anothers_looks_like_what_never_was(swept: Swept) -> None:
    """Each role that a route lets in, with whole bodies: 404 for an absent id, the same bytes for another workspace's."""
    wrong, checked = [], 0
    for route in routes():
        named = [name for name in route.names if name not in NO_IDS]
        if not named or route.right == "anyone":
            continue
        for role in ROLES[route.right]:  # type: ignore[index]
            who = swept.session(swept.here.workers[role])
            absent = swept.ask(route, {}, who, route.body)
            other = swept.ask(route, swept.there.things, who, route.body)
            checked += 1
            if absent.status_code != 404:
                wrong.append((route.name, role, absent.status_code, absent.text[:160]))
            elif (other.status_code, other.content) != (404, absent.content):
                wrong.append((route.name, role, other.status_code, other.text[:160]))
    assert not wrong, "\n".join(str(one) for one in wrong)
    assert checked > 60


def test_what_is_another_persons_looks_like_what_never_was(swept: Swept) -> None:
    """Leases, answers, reviews, sessions, tokens and passkeys of somebody else in the same workspace, for every role."""
    theirs = {"lease_id", "session_id", "token_id", "annotation_id", "review_id", "passkey_id"}
    wrong, checked = [], 0
    for route in routes():
        own = route.right == "signed_in" and theirs & set(route.names)
        if not own:
            continue
        for role in PEOPLE:
            who = swept.session(swept.here.workers[role])
            absent, other = (swept.ask(route, ids, who, route.body) for ids in ({}, swept.here.things))
            checked += 1
            if (absent.status_code, other.status_code, other.content) != (404, 404, absent.content):
                wrong.append((route.name, role, absent.status_code, other.status_code, other.text[:160]))
    assert not wrong, "\n".join(str(one) for one in wrong)
    assert checked >= 32


def test_a_thing_of_ones_own_place_under_anothers_is_absent_too(swept: Swept) -> None:
    """Two ids in one path: the own project with another workspace's thing in it, and the other way round."""
    wrong = []
    owner = swept.session(swept.here.workers["owner"])
    for route in routes():
        named = [name for name in route.names if name not in NO_IDS and name in swept.here.things]
        if len(named) < 2 or not may("owner", route.right):  # type: ignore[arg-type]
            continue
        for at in named:
            mixed = swept.here.things | {at: swept.there.things[at]}
            absent = swept.ask(route, swept.here.things | {at: ABSENT}, owner, route.body)
            other = swept.ask(route, mixed, owner, route.body)
            if (other.status_code, other.content) != (absent.status_code, absent.content) or absent.status_code < 400:
                wrong.append((route.name, at, absent.status_code, other.status_code))
    assert not wrong, "\n".join(str(one) for one in wrong)


def test_a_labeller_is_told_nothing_of_the_others(swept: Swept) -> None:
    """No answer to a labeller's GET names somebody else of the workspace, or holds the id of one."""
    who = swept.session(swept.here.workers["labeller"])
    others = [swept.here.workers[role] for role in PEOPLE[:3]] + [swept.here.things["worker_id"], "somebody else"]
    told = []
    for route in routes():
        if route.method == "GET" and route.right == "signed_in":
            answer = swept.ask(route, swept.here.things, who)
            told += [(route.name, one) for one in others if one in answer.text]
    assert told == []


def test_nothing_of_the_sweep_was_refused_by_breaking(swept: Swept) -> None:
    """The other workspace was not touched by any of it: its answers, people and events stand as they were furnished."""
    with closing(sqlite3.connect(swept.there.workspace.path)) as raw:
        actors = {row[0] for row in raw.execute("SELECT DISTINCT actor_id FROM event")}
    assert not actors & set(swept.here.workers.values())


def test_the_page_of_permissions_is_the_table() -> None:
    page = Path(tawsim.__file__).parent.parent.parent / "docs/reference/permissions.md"
    assert page.read_text(encoding="utf-8") == permission_page(describe()), (
        "the routes have changed: run `make openapi`"
    )


# Things that take a Scale key or a model's endpoint to make; the tests of those routes ask for others' themselves.
MADE_ELSEWHERE = {"callback_id", "file_id", "key_id", "thing"}


def test_every_thing_that_a_path_names_is_known_to_the_sweep(swept: Swept) -> None:
    """So that no route is tried with absent ids alone: a new name in a path needs its thing in `furnish`."""
    names = {name for route in routes() for name in route.names} - NO_IDS - MADE_ELSEWHERE
    assert names <= set(swept.here.things), json.dumps(sorted(names - set(swept.here.things)))
    assert swept.here.things.keys() == swept.there.things.keys()
    assert not set(swept.here.things.values()) & set(swept.there.things.values())
