"""Work of sign-in that anybody may ask for, off the event loop: few at a time (a password takes 64 MiB, an issuer its time), and
with a short queue before the door. What is done is not known here."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tawsim.core.errors import TooSoon

T = TypeVar("T")
WAITING = 32


class FewAtOnce:
    """Threads of its own, so that a flood of sign-ins takes no thread from an import or an export."""

    def __init__(self, name: str, at_once: int) -> None:
        self._name, self._at_once = name, at_once
        self._threads: ThreadPoolExecutor | None = None
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """`work` in one of its threads. Raises TooSoon where WAITING others wait already."""
        if self._waiting >= WAITING + self._at_once:
            raise TooSoon("Many people are signing in just now.", "Try again in a moment.", retry_after_s=5)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._at_once, thread_name_prefix=self._name)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
