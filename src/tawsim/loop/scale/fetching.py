"""Fetching attachments: whose turn it is, how many at once, and when a host that did not answer is asked again.

A few threads ask, one address at a time. A host that answers quickly has several of them; one that is new, slow or silent has
one or two, and all such hosts together leave some to the others: neither one dead host nor a thousand delay those that answer. A
silent host is asked ever more seldom, so what is wanted of it waits, rather than to err in droves while it restarts. What one
address is and how it is asked for is in attachments.py.
"""

import heapq
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from tawsim.core.errors import TawsimError, Unavailable
from tawsim.labellers.opener import fetch
from tawsim.labellers.webhooks import Open
from tawsim.loop.scale.attachments import FILES, NO_ANSWER, Fetched, Getter, NotHad, Wanted
from tawsim.loop.scale.world import World

log = logging.getLogger("tawsim.scale.attachments")
OF_ALL = 16  # threads
OF_STRANGERS = 10  # of these at most for hosts that did not answer quickly when they were last asked,
OF_KNOWN = 12  # and at most for those that did
OF_QUICK, OF_SLOW, OF_NEW = 4, 2, 1  # of one host
QUICK_S = 5.0
# Fetched bytes that nobody took yet: beyond them nothing more is begun.
MOST_HELD = 256_000_000
PAUSES_S = (1.0, 5.0)  # of an address, after each try that may go better another time
SILENT_S = (0.0, 1.0, 5.0, 15.0, 30.0, 60.0)  # of a host, after so many tries in a row that nobody answered
GIVEN_UP_S = 6 * 3600.0  # of a host that has been silent for so long, nothing more is waited for
UNFETCHED_S = 1.0  # between two looks at an imported file that is still to be fetched
REMEMBERED = 1_000  # hosts of which nothing is wanted now
QUICK, NEW, SILENT = 0, 1, 2  # lines in which hosts wait for their turn


@dataclass(slots=True)
class _Host:
    """What is wanted of a host, and how it answered. `later`: when, a number that keeps their order, what, tries so far."""

    fresh: deque[Wanted] = field(default_factory=deque)
    later: list[tuple[float, int, Wanted, int]] = field(default_factory=list)
    at_work: int = 0
    answered: bool = False
    quick: bool = False
    silent: int = 0
    silent_since: float = 0.0
    not_before: float = 0.0
    wakes_at: float | None = None

    @property
    def line(self) -> int:
        return QUICK if self.quick else SILENT if self.silent else NEW

    @property
    def most(self) -> int:
        return OF_QUICK if self.quick else OF_SLOW if self.answered else OF_NEW

    def due_at(self, now: float) -> float | None:
        """When something of it can be asked for, as far as time decides that; None where nothing is wanted."""
        if not self.fresh and not self.later:
            return None
        return max(self.not_before, now if self.fresh else self.later[0][0])

    def take(self, now: float) -> tuple[Wanted, int]:
        """What is next, and how often it was tried: what was tried before first, so that it comes to an end."""
        if self.later and (self.later[0][0] <= now or not self.fresh):
            _, _, one, tries = heapq.heappop(self.later)
            return one, tries
        return self.fresh.popleft(), 0


class Fetcher:
    """Fetches what it is told to want; `take` gives what has come."""

    def __init__(self, world: World, opened: Open = fetch) -> None:
        self._getter = Getter(world, opened)
        self._hosts: dict[str, _Host] = {}
        self._lines: tuple[dict[str, None], ...] = ({}, {}, {})  # names of hosts whose turn can come, in its order
        self._waking: list[tuple[float, str]] = []
        self._at_work = [0, 0]  # threads: of quick hosts, of all others
        self._wanted: set[Wanted] = set()
        self._came: deque[Fetched] = deque()
        self._held = 0
        self._number = 0
        self._door = threading.Lock()
        self._over = threading.Event()

    def want(self, one: Wanted, host: str) -> None:
        """Fetch it from this host, unless it is under way."""
        with self._door:
            if one in self._wanted:
                return
            self._wanted.add(one)
            self._hosts.setdefault(host, _Host()).fresh.append(one)
            self._line_up(host)

    def answers(self, host: str) -> bool:
        """Whether this host answered quickly when it was last asked."""
        with self._door:
            known = self._hosts.get(host)
            return host == FILES or (known is not None and known.quick)

    def step(self) -> None:
        """Begin as many as may run. The rest waits for its host's turn."""
        self._forget_some()
        while (job := self._next()) is not None:
            threading.Thread(target=self._work, args=job, name=f"attachments {job[0]}", daemon=True).start()

    def take(self) -> list[Fetched]:
        """What has come since the last time."""
        with self._door:
            found = list(self._came)
            self._came.clear()
            self._held = 0
            self._wanted.difference_update(one.wanted for one in found)
        return found

    def close(self) -> None:
        """Begin nothing more."""
        self._over.set()

    # ---- turns, all of it behind the door ------------------------------------------------------------------------------
    def _next(self) -> tuple[str, bool, Wanted, int] | None:
        """The host whose turn it is, whether it counts as a quick one, what to ask it for, and how often that was tried."""
        with self._door:
            now = time.monotonic()
            while self._waking and self._waking[0][0] <= now:
                self._wake(*heapq.heappop(self._waking))
            if self._over.is_set() or self._held >= MOST_HELD or sum(self._at_work) >= OF_ALL:
                return None
            for number, line in enumerate(self._lines):
                quick = number == QUICK
                if line and self._at_work[not quick] < (OF_KNOWN if quick else OF_STRANGERS):
                    name = next(iter(line))
                    del line[name]
                    host = self._hosts[name]
                    one, tries = host.take(now)
                    host.at_work += 1
                    self._at_work[not quick] += 1
                    self._line_up(name)
                    return name, quick, one, tries
            return None

    def _wake(self, at: float, name: str) -> None:
        host = self._hosts.get(name)
        if host is not None and host.wakes_at == at:
            host.wakes_at = None
            self._line_up(name)

    def _line_up(self, name: str) -> None:
        """At the end of its line, if it can be asked for something; else when it can, if time decides that."""
        host = self._hosts.get(name)
        if host is None or host.at_work >= host.most:  # looked at again when one of its threads ends
            return
        now = time.monotonic()
        due = host.due_at(now)
        if due is None:
            return
        if due <= now:
            self._lines[host.line].setdefault(name)
        elif host.wakes_at is None or due < host.wakes_at:
            host.wakes_at = due
            heapq.heappush(self._waking, (due, name))

    def _forget_some(self) -> None:
        """The oldest hosts of which nothing is wanted, where there are very many."""
        with self._door:
            if len(self._hosts) <= 2 * REMEMBERED:
                return
            idle = [name for name, one in self._hosts.items() if not (one.fresh or one.later or one.at_work)]
            for name in idle[:-REMEMBERED]:
                del self._hosts[name]

    # ---- asking --------------------------------------------------------------------------------------------------------
    def _work(self, name: str, quick: bool, one: Wanted, tries: int) -> None:
        job: tuple[str, bool, Wanted, int] | None = name, quick, one, tries
        while job is not None:
            name, quick, one, tries = job
            began = time.monotonic()
            found: Fetched | NotHad | None = None
            try:
                found = self._one(one)
            finally:
                with self._door:
                    self._at_work[not quick] -= 1
                    self._note(name, one, tries, found, began)
            job = self._next()

    def _one(self, one: Wanted) -> Fetched | NotHad | None:
        """What came of it, or why not; None for a file that is still to be fetched itself."""
        try:
            return self._getter.get(one)
        except NotHad as error:
            return error
        except Unavailable:
            return None
        except TawsimError as error:
            return NotHad(error.message, NO_ANSWER)
        except Exception:
            log.exception("an attachment could not be read")
            return NotHad("It could not be read.", 500)

    def _note(self, name: str, one: Wanted, tries: int, found: Fetched | NotHad | None, began: float) -> None:
        """What became of a try: it has come, or is tried again, or is given up."""
        host, now = self._hosts[name], time.monotonic()
        host.at_work -= 1
        if found is None:
            self._again(host, one, tries, now + UNFETCHED_S)
        elif isinstance(found, Fetched):
            self._put(found)
        elif found.passing and tries < len(PAUSES_S):
            self._again(host, one, tries + 1, now + PAUSES_S[tries])
        else:
            self._put(Fetched(one, error=str(found), status=found.status))
        if isinstance(found, NotHad) and found.silent:
            self._silent(host, began, now)
        elif found is not None:
            host.answered, host.silent, host.not_before = True, 0, 0.0
            host.quick = now - began <= QUICK_S
        for line in self._lines:  # its line may be another one now, or its turn later
            line.pop(name, None)
        self._line_up(name)

    def _silent(self, host: _Host, began: float, now: float) -> None:
        if not host.silent:
            host.silent_since = began
        host.silent += 1
        host.quick = host.answered = False
        host.not_before = now + SILENT_S[min(host.silent, len(SILENT_S)) - 1]
        if now - host.silent_since >= GIVEN_UP_S:
            for one in [*host.fresh, *(later[2] for later in host.later)]:
                self._put(Fetched(one, error="Its host has not answered for hours.", status=NO_ANSWER))
            host.fresh.clear()
            host.later.clear()

    def _again(self, host: _Host, one: Wanted, tries: int, due: float) -> None:
        self._number += 1
        heapq.heappush(host.later, (due, self._number, one, tries))

    def _put(self, found: Fetched) -> None:
        self._came.append(found)
        self._held += found.size
