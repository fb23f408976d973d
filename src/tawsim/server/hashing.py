"""Work on passwords off the event loop: few at a time, since each takes 64 MiB, and with a short queue before the door."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tawsim.core.errors import TooSoon

T = TypeVar("T")
AT_ONCE = 2
WAITING = 32


class Hashing:
    """Threads of its own, so that a flood of passwords takes no thread from an import or an export."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """`work` in one of AT_ONCE threads. Raises TooSoon where WAITING others wait already."""
        if self._waiting >= WAITING + AT_ONCE:
            raise TooSoon("Many people are signing in just now.", "Try again in a moment.", retry_after_s=5)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
