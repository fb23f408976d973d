"""The team of a load: people with roles, a project with its settings, and what those do who do not label.

What this server does not offer is left out, and `facts` says so: routes are looked up in its own description of itself.
"""

import asyncio
import csv
import random
import shutil
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from parts.crowd import Crowd, Person
from parts.files import upload
from parts.texts import LABELS, rows
from parts.wire import Wire
from parts.world import Server, sign_in

MANAGERS, REVIEWERS = 0.01, 0.05  # of all people
LOOKS_PER_S, OWN_PER_S, REVIEWS_PER_S = 0.5, 2.0, 3.0
REVIEWS = "/projects/{project_id}/reviews/next"
LOOKS = ("/projects/{project_id}", "/projects/{project_id}/progress", "/projects/{project_id}/stages")
READS_S, REJECTED = (3.0, 6.0), 0.1
KNOWN = 300  # tasks of known answer
Stream = tuple[float, Callable[[float], Awaitable[None]]]
SETTINGS = {
    "gold": {"on": True},
    "review": {"choose": "random", "share": 0.1},
    "quota": {"per_day": 5_000},
}


@dataclass(slots=True)
class Team:
    """Everybody: (worker's id, token) by role."""

    project: str
    labellers: list[tuple[str, str]]
    reviewers: list[tuple[str, str]]
    managers: list[tuple[str, str]]
    routes: frozenset[str]
    facts: dict[str, Any] = field(default_factory=dict)

    def others(self, crowd: Crowd, port: int) -> list[Stream]:
        """What goes on beside labelling: (a second, what is done at a due time)."""
        beside = _Beside(self, crowd, port)
        found: list[Stream] = [(OWN_PER_S, beside.own), (LOOKS_PER_S, beside.look)]
        if REVIEWS in self.routes and self.facts["settings"] != "none":
            found.append((REVIEWS_PER_S, beside.review))
        return found


class _Beside:
    """Those who look and those who review. A reviewer does one thing at a time."""

    def __init__(self, team: Team, crowd: Crowd, port: int) -> None:
        self.team, self.crowd, self.port = team, crowd, port
        self.chance = random.Random(11)
        self.project = f"/projects/{team.project}"
        self.reviewers: asyncio.Queue[Person] = asyncio.Queue()
        for one in team.reviewers:
            self.reviewers.put_nowait(Person(port, *one))
        self.looks = [path for path in LOOKS if path in team.routes]

    async def look(self, due: float) -> None:
        """Somebody who manages opens a page."""
        path = self.chance.choice(self.looks)
        who = Person(self.port, *self.chance.choice(self.team.managers))
        await self.crowd.timed("look " + path, due, who, "GET", path.replace("{project_id}", self.team.project))
        who.leave()

    async def own(self, due: float) -> None:
        """Somebody who labels looks at what they did."""
        who = Person(self.port, *self.chance.choice(self.team.labellers))
        await self.crowd.timed("mine", due, who, "GET", self.project + "/annotations/mine")
        who.leave()

    async def review(self, due: float) -> None:
        """A reviewer is given an answer, reads, and says what it is worth: mostly accepted, one in ten rejected."""
        person = await self.reviewers.get()
        try:
            found = await self.crowd.timed("review next", due, person, "POST", self.project + "/reviews/next")
            if found is None or found["item"] is None:
                self.crowd.seen.counts["nothing to review"] += 1
                return
            await asyncio.sleep(self.chance.uniform(*READS_S))
            answer = found["item"]["answer"]
            bad = self.chance.random() < REJECTED
            body = {
                "key": uuid.uuid4().hex,
                "seen_version": answer["version"],
                "verdict": "reject" if bad else "accept",
            }
            body |= {"words": "no"} if bad else {}
            due = self.crowd.now()
            await self.crowd.timed("review", due, person, "POST", f"/annotations/{answer['id']}/reviews", body)
        finally:
            self.reviewers.put_nowait(person)


def gather_team(server: Server, people: int, *, bare: bool) -> Team:
    """Invites everybody, gives roles and settings where the server knows them."""
    document = server.call("GET", "/openapi.json")
    routes = frozenset(path.removeprefix("/api/v1") for path in document["paths"])
    project = server.project()
    tokens = server.people(people)
    workers = asyncio.run(_who(server.port, tokens))
    pairs = list(zip(workers, tokens, strict=True))
    managers = max(1, round(people * MANAGERS))
    reviewers = max(1, round(people * REVIEWERS))
    team = Team(
        project, pairs[managers + reviewers :], pairs[managers : managers + reviewers], pairs[:managers], routes
    )
    team.facts = {"people": people, "routes": len(routes), "settings": "none" if bare else _settle(server, project)}
    if "/workers/{worker_id}/role" in routes:
        team.managers = _raise(server, team.managers, "manager")
        team.reviewers = _raise(server, team.reviewers, "reviewer")
        team.facts |= {"managers": len(team.managers), "reviewers": len(team.reviewers)}
    else:
        team.managers = [("", server.token)]
    if not bare and "/tasks/{task_id}/known" in routes:
        team.facts["known"] = _known(server, project)
    return team


def _raise(server: Server, people: list[tuple[str, str]], role: str) -> list[tuple[str, str]]:
    """Gives them another role, which ends their sessions: they come in again by the link that it gives."""
    found = []
    for worker, token in people:
        link = server.call("PUT", f"/workers/{worker}/role", {"role": role})["link"]
        found.append((worker, sign_in(link) if link else token))
    return found


def _known(server: Server, project: str) -> int:
    """Rows with their answer, mixed in unseen."""
    path = Path(tempfile.mkdtemp(prefix="tawsim-known-")) / "known.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("text", "ref", "lang", "known"))
        writer.writeheader()
        writer.writerows(row | {"known": LABELS[n % len(LABELS)]} for n, row in enumerate(rows(KNOWN, seed=99)))
    try:
        return upload(server, project, path, more="&gold=known&again=true")[1]
    finally:
        shutil.rmtree(path.parent)


async def _who(port: int, tokens: list[str]) -> list[str]:
    found = []
    for token in tokens:
        wire = await Wire.open(port, token)
        found.append((await wire.json("GET", "/session"))["worker"]["id"])
        wire.close()
    return found


def _settle(server: Server, project: str) -> Any:
    """Switches on what this server knows; the names of what it refused."""
    said: dict[str, str] = {}
    for name, value in SETTINGS.items():
        seen = server.call("GET", f"/projects/{project}")["project"]["version"]
        try:
            server.call("PATCH", f"/projects/{project}", {"seen_version": seen, "settings": {name: value}})
            said[name] = "on"
        except HTTPError as error:
            said[name] = f"refused: {error.code}"
    return said
