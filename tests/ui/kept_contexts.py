"""Browser contexts that go from one test to the next, washed between them; and the ports that their servers come back to.

A fresh context fetches, compiles and lays out everything anew: half of what a test of a page costs. A kept one remembers the
files of the pages, which carry their digest in their names, and nothing else. What a test can leave behind and is washed off:
pages with all that hangs on them, cookies, storage of every origin, routes, permissions, being offline. What cannot be taken
back (a clock, a script for every page, a function that pages see) shows in the names that a fresh page has; such a context is
thrown away. No test of its own, no words about pages: only what every test of a page stands on.
"""

import os
import random
import socket
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page

NAMES = "Object.getOwnPropertyNames(globalThis).sort().join()"
# Below those that the system gives to connections by itself, so that none of a browser's takes one before its server does.
FIRST_PORT, LAST_PORT, WORKERS = 12_000, 32_000, 16
_ports: list[int] = []
_origins: set[str] = set()


def take_port() -> int:
    """A free port of this machine; where it can be, one that an earlier server had: what a browser keeps, it keeps by port."""
    _ports.sort(reverse=True)
    while True:
        wanted = _ports.pop() if _ports else _another()
        with socket.socket() as free:
            # As the server will: connections of the one before may still be fading away.
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                free.bind(("127.0.0.1", wanted))
            except OSError:
                continue
        _origins.add(f"http://127.0.0.1:{wanted}")
        return wanted


def _another() -> int:
    """One that no other process of this run takes: what was found free is free until the server has it."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    return random.SystemRandom().randrange(FIRST_PORT + worker, LAST_PORT, WORKERS)


def give_port(port: int) -> None:
    """Its server has ended: the next may have it."""
    _ports.append(port)


class Contexts:
    """The contexts of one browser, by what they were made with. A lent one is closed as any other, and comes back by that."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: dict[str, list[Callable[[], BrowserContext]]] = {}

    def lend(self, **made_with: Any) -> BrowserContext:
        """A context without a trace of an earlier test."""
        idle = self._idle.setdefault(repr(sorted(made_with.items())), [])
        return idle.pop()() if idle else self._new(idle, made_with)

    def _new(self, idle: list[Callable[[], BrowserContext]], made_with: dict[str, Any]) -> BrowserContext:
        context = self._browser.new_context(**made_with)
        first, really_close, really_open = context.new_page(), context.close, context.new_page
        names = first.evaluate(NAMES)
        fresh = [first]

        def new_page() -> Page:
            return fresh.pop() if fresh else really_open()

        def close() -> None:
            clean = wash(context, really_open, names)
            if clean is None:
                really_close()
                return
            fresh[:] = [clean]
            idle.append(lambda: context)

        context.new_page, context.close = new_page, close  # type: ignore[method-assign, assignment]
        return context


def wash(context: BrowserContext, new_page: Callable[[], Page], names: str) -> Page | None:
    """Take away what a test left. Gives the only page that is left, an empty one; or None if something cannot be taken away."""
    try:
        clean = new_page()
        for page in context.pages:
            if page is not clean:
                page.close()
        context.set_offline(False)
        context.unroute_all()
        context.clear_cookies()
        context.clear_permissions()
        tools = context.new_cdp_session(clean)
        for origin in _origins:
            tools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        tools.detach()
        return clean if clean.evaluate(NAMES) == names else None
    except Error:  # closed, or broken by what was tried on it
        return None
