"""People who label over HTTP: each on a connection of their own asks for the next task and sends an answer, in a loop.

Closed loop: a slower server is asked less. With a think time they read between the two, as people do. They go home when
nothing is left, so that a small project measures labelling and not waiting.
"""

import asyncio
import json
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from parts import processes
from parts.figures import milliseconds
from parts.texts import LABELS
from parts.wire import Wire
from parts.world import Server

WAIT_WHEN_NONE_S = 0.2
UNIFORM = (0.5, 1.5)  # a think time varies by this much around its mean


@dataclass(slots=True)
class Tally:
    """What the annotators saw. Times in seconds; `both` is a next with the submit that followed it."""

    nexts: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    both: list[float] = field(default_factory=list)
    acknowledged: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    none: int = 0
    last: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """How they work: how many, for how long, how many tasks ahead, how long they read (mean seconds).

    `first` is the number of the first of them, so that a run can choose people with a history, or without.
    """

    people: int
    seconds: float
    ahead: int = 1
    think: float = 0.0
    first: int = 0


def label(server: Server, project: str, profile: Profile) -> tuple[dict[str, Any], Counter[str]]:
    """Let them work; what it came to, and how many answers on each lease were acknowledged."""
    tokens = server.people(profile.first + profile.people)[profile.first :]
    cpu, own = processes.cpu_seconds(server.pid), time.process_time()
    tally, seconds = asyncio.run(_all(server.port, project, tokens, profile))
    cpu, own = processes.cpu_seconds(server.pid) - cpu, time.process_time() - own
    answers = tally.acknowledged.total()
    each = 1000 / max(1, answers)
    return {
        "people": profile.people,
        "ahead": profile.ahead,
        "think_s": profile.think,
        "seconds": round(seconds, 2),
        "annotations": answers,
        "per_s": round(answers / seconds, 1),
        "next_ms": milliseconds(tally.nexts),
        "submit_ms": milliseconds(tally.submits),
        "both_ms": milliseconds(tally.both),
        "server_cpu_ms": round(cpu * each, 3),
        "client_cpu_ms": round(own * each, 3),
        "said_none": tally.none,
        "errors": dict(tally.errors),
    }, tally.acknowledged


async def _all(port: int, project: str, tokens: list[str], profile: Profile) -> tuple[Tally, float]:
    wires = [await Wire.open(port, token) for token in tokens]
    tally = Tally()
    began = time.perf_counter()
    people = (_Person(wire, project, profile, tally, began + profile.seconds) for wire in wires)
    await asyncio.gather(*(person.work() for person in people))
    seconds = max(tally.last - began, 0.001)
    for wire in wires:
        wire.close()
    return tally, seconds


class _Person:
    """One annotator."""

    def __init__(self, wire: Wire, project: str, profile: Profile, tally: Tally, until: float) -> None:
        self.wire, self.profile, self.tally, self.until = wire, profile, tally, until
        self.next_path = f"/projects/{project}/next"
        self.next_body = json.dumps({"count": profile.ahead}).encode()
        self.chance = random.Random()

    async def work(self) -> None:
        if self.profile.think:  # they do not all begin in the same second
            await asyncio.sleep(self.chance.uniform(0, self.profile.think))
        while time.perf_counter() < self.until:
            began = time.perf_counter()
            status, body = await self.wire.ask("POST", self.next_path, self.next_body)
            waited = time.perf_counter() - began
            if status != 200:
                self.tally.errors[f"next {status}"] += 1
                await asyncio.sleep(WAIT_WHEN_NONE_S)
                continue
            grant = json.loads(body)
            leases = grant["leases"]
            if not leases:
                self.tally.none += 1
                if grant["none"] is not None and grant["none"]["reason"] == "done":
                    return
                await asyncio.sleep(WAIT_WHEN_NONE_S)
                continue
            self.tally.nexts.append(waited)
            for leased in leases:
                await self._answer(leased, waited)
                waited = 0.0  # the others of this batch were there already

    async def _answer(self, leased: dict[str, Any], waited: float) -> None:
        if self.profile.think:
            await asyncio.sleep(self.chance.uniform(*UNIFORM) * self.profile.think)
        body = json.dumps({"key": uuid.uuid4().hex, "answers": {"label": self.chance.choice(LABELS)}}).encode()
        began = time.perf_counter()
        status, _ = await self.wire.ask("POST", f"/leases/{leased['lease']['id']}/submit", body)
        self.tally.last = time.perf_counter()
        took = self.tally.last - began
        if status != 200:
            self.tally.errors[f"submit {status}"] += 1
            return
        self.tally.submits.append(took)
        self.tally.both.append(waited + took)
        self.tally.acknowledged[leased["lease"]["id"]] += 1  # the task's id, as this person sees it, is not the store's
