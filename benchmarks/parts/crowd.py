"""A team at work over HTTP, in an open loop: people come when the clock says so, however slow the server is.

Each arrival has a due time, drawn beforehand (Poisson), and every latency counts from the moment that was due, not from the
moment of sending: while the server stands still, those who came meanwhile wait, and are counted as waiting. Nobody is asked
less because the server is slow (no coordinated omission).
"""

import asyncio
import json
import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from parts.texts import LABELS
from parts.wire import Wire

THINK_S = (4.0, 9.0)
SKIPS, REPEATS = 0.01, 0.02  # of all turns: left undone; sent twice with the same key, as after a lost answer
CONNECTIONS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An answer for which the server said 200. Known by its lease: a task has another name in every lease."""

    lease: str
    worker: str
    key: str
    label: str


@dataclass(slots=True)
class Seen:
    """What the team saw. Latencies in seconds: (due time since the start, latency) by route."""

    took: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, Acknowledged] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)  # how late this process itself woke up: its own share of a latency


class Person:
    """Somebody with a connection of their own, opened anew where it was lost."""

    def __init__(self, port: int, worker: str, token: str) -> None:
        self.port, self.worker, self.token = port, worker, token
        self._wire: Wire | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON; once more on a new connection if the old one was closed: every write of a turn may be repeated."""
        content = b"" if body is None else json.dumps(body).encode()
        for last in (False, True):
            try:
                if self._wire is None:
                    self._wire = await Wire.open(self.port, self.token)
                status, answer = await self._wire.ask(method, path, content)
                return status, json.loads(answer or b"null")
            except OSError:
                self._wire = None
                if last:
                    raise
        raise AssertionError

    def leave(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire.close()


class Crowd:
    """Everybody, their work until a given second, and what they saw of it."""

    def __init__(self, project: str, labellers: list[Person], seen: Seen, *, seed: int = 5) -> None:
        self.project, self.labellers, self.seen = project, labellers, seen
        self.chance = random.Random(seed)
        self.idle: asyncio.Queue[Person] = asyncio.Queue()
        self.began = 0.0
        self._running: set[asyncio.Task[None]] = set()

    async def work(
        self, seconds: float, per_s: float, others: list[tuple[float, Callable[[float], Awaitable[None]]]]
    ) -> None:
        """So many turns (a `next`, and later its submit) a second; `others`: (a second, what is done at a due time)."""
        for start in range(0, len(self.labellers), CONNECTIONS_AT_ONCE):
            some = self.labellers[start : start + CONNECTIONS_AT_ONCE]
            await asyncio.gather(*(person.ask("GET", "/session") for person in some))
        for person in self.labellers:
            self.idle.put_nowait(person)
        self.began = time.perf_counter()
        streams = [(per_s, self._turn), *others]
        await asyncio.gather(*(self._stream(rate, seconds, act) for rate, act in streams))
        while self._running:
            await asyncio.gather(*list(self._running))

    async def _stream(self, per_s: float, seconds: float, act: Callable[[float], Awaitable[None]]) -> None:
        if per_s <= 0:
            return
        due = self.chance.expovariate(per_s)
        while due < seconds:
            await self._until(due)
            self.seen.late.append(self.now() - due)
            task = asyncio.ensure_future(self._guarded(act, due))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            due += self.chance.expovariate(per_s)

    async def _guarded(self, act: Callable[[float], Awaitable[None]], due: float) -> None:
        try:
            await act(due)
        except OSError as error:
            self.seen.errors[f"{act.__name__.strip('_')}: {type(error).__name__}"] += 1

    def now(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.began

    async def _until(self, due: float) -> None:
        if (wait := due - self.now()) > 0:
            await asyncio.sleep(wait)

    async def timed(self, route: str, due: float, person: Person, method: str, path: str, body: Any = None) -> Any:
        """The answer of a request that was due then; None, and counted, if it was refused."""
        status, answer = await person.ask(method, path, body)
        self.seen.took[route].append((due, self.now() - due))
        if status != 200:
            code = answer.get("error", {}).get("code", "") if isinstance(answer, dict) else ""
            self.seen.errors[f"{route} {status} {code}".strip()] += 1
            return None
        return answer

    async def _turn(self, due: float) -> None:
        """Whoever is free asks for a task, reads, and answers."""
        person = await self.idle.get()
        try:
            found = await self.timed("next", due, person, "POST", f"/projects/{self.project}/next", {"count": 1})
            if found is None:
                return
            if not found["leases"]:
                self.seen.errors["none: " + str((found["none"] or {}).get("reason"))] += 1
                return
            leased = found["leases"][0]
            due = max(due + self.chance.uniform(*THINK_S), self.now())
            await self._until(due)
            await self._answer(person, leased, due)
        finally:
            self.idle.put_nowait(person)

    async def _answer(self, person: Person, leased: dict[str, Any], due: float) -> None:
        lease, fate = leased["lease"]["id"], self.chance.random()
        if fate < SKIPS:
            await self.timed("skip", due, person, "POST", f"/leases/{lease}/skip", {"reason": "unclear"})
            return
        key, label = uuid.uuid4().hex, self.chance.choice(LABELS)
        body = {"key": key, "answers": {"label": label}, "spent_ms": 6_000}
        taken = await self.timed("submit", due, person, "POST", f"/leases/{lease}/submit", body)
        if taken is None:
            return
        one = Acknowledged(lease, person.worker, key, label)
        if self.seen.answers.setdefault(taken["annotation"]["id"], one) != one:
            self.seen.errors["two answers of one id"] += 1
        if fate > 1 - REPEATS:
            again = await self.timed("submit again", self.now(), person, "POST", f"/leases/{lease}/submit", body)
            self.seen.counts["sent twice"] += 1
            if again is not None and again["annotation"] != taken["annotation"]:
                self.seen.errors["another result for the same key"] += 1
