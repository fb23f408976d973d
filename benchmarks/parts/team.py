"""The team of a load: people with roles, a project with its settings, and what those do who do not label.

What this server does not offer is left out, and `facts` says so: routes are looked up in its own description of itself.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError

from parts.crowd import Crowd, Person
from parts.wire import Wire
from parts.world import Server

MANAGERS, REVIEWERS = 0.01, 0.05  # of all people
LOOKS_PER_S, OWN_PER_S, REVIEWS_PER_S = 0.5, 2.0, 2.0
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

    def others(self, crowd: Crowd, port: int) -> list[tuple[float, Callable[[float], Awaitable[None]]]]:
        """What goes on beside labelling: (a second, what is done at a due time)."""
        chance = random.Random(11)
        managers = [Person(port, *one) for one in self.managers]
        project = f"/projects/{self.project}"
        looks = [
            path
            for path in (project, project + "/progress")
            if path.replace(self.project, "{project_id}") in self.routes
        ]

        async def look(due: float) -> None:
            path = chance.choice(looks)
            who = Person(port, *chance.choice(self.managers))
            await crowd.timed(
                "look " + path.rsplit("/", 1)[-1].replace(self.project, "overview"), due, who, "GET", path
            )
            who.leave()

        async def own(due: float) -> None:
            worker, token = chance.choice(self.labellers)
            who = Person(port, worker, token)
            await crowd.timed("mine", due, who, "GET", project + "/annotations/mine")
            who.leave()

        found: list[tuple[float, Callable[[float], Awaitable[None]]]] = [(OWN_PER_S, own)]
        if managers and looks:
            found.append((LOOKS_PER_S, look))
        return found


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
    return team


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
