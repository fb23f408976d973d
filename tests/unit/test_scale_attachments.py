"""Fetching attachments: how much of them is in memory at once, and that what two threads touch is touched behind the door."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from media_made import png
from scale_world import Live, live_world

from tawsim.core.errors import EndpointDown
from tawsim.labellers.opener import Answer, Ask, Limits
from tawsim.loop.scale.attachments import LARGE_AT_ONCE, LIMITS, SMALL_BYTES, Fetched, Fetcher, Wanted

N = 12


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    found = live_world(tmp_path)
    yield found
    found.workspace.close()
    found.world.accounts.close()


class Hosts:
    """In the place of the network: each address has so many bytes, of which no more are given than the limits say."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[int] = []
        self.large = self.most = 0
        self.door = threading.Lock()

    def __call__(self, _ask: Ask, limits: Limits) -> Answer:
        with self.door:
            self.asked.append(limits.received)
            self.large += limits.received > SMALL_BYTES
            self.most = max(self.most, self.large)
        time.sleep(0.02)
        with self.door:
            self.large -= limits.received > SMALL_BYTES
        if self.size > limits.received:
            raise EndpointDown("longer", received=limits.received)
        return Answer(200, {}, png())


def fetched(fetcher: Fetcher) -> list[Fetched]:
    """All of some attachments, each of a host of its own."""
    for i in range(N):
        fetcher.want(Wanted("p", f"https://host{i}.example.com/a.png", "image"))
    found: list[Fetched] = []
    until = time.monotonic() + 20
    while len(found) < N and time.monotonic() < until:
        fetcher.step()
        found += fetcher.take()
        time.sleep(0.005)
    return found


def test_small_ones_are_asked_for_once_and_large_ones_few_at_a_time(live: Live) -> None:
    small, large = Hosts(1_000), Hosts(SMALL_BYTES + 1)
    assert all(one.medium is not None for one in fetched(Fetcher(live.world, small)))
    assert small.asked == [SMALL_BYTES] * N
    assert all(one.medium is not None for one in fetched(Fetcher(live.world, large)))
    assert sorted(large.asked) == [SMALL_BYTES] * N + [LIMITS.received] * N
    assert 1 <= large.most <= LARGE_AT_ONCE


def test_what_is_too_large_is_not_fetched_three_times(live: Live) -> None:
    hosts = Hosts(LIMITS.received + 1)
    assert all("longer" in one.error for one in fetched(Fetcher(live.world, hosts)))
    assert len(hosts.asked) == 2 * N


def test_queues_are_looked_at_behind_the_door_alone(live: Live) -> None:
    """The last thread of a host takes its queue away: whoever looked at it outside of the door found none."""
    fetcher = Fetcher(live.world, Hosts(10))
    outside: list[str] = []

    class Watched(dict[str, deque[Wanted]]):
        def __getitem__(self, lane: str) -> deque[Wanted]:
            if not fetcher._door.locked():
                outside.append(lane)
            return super().__getitem__(lane)

    watched: Any = Watched()
    fetcher._queues = watched
    assert len(fetched(fetcher)) == N
    assert outside == []
