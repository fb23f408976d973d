"""Fetching attachments: how much of them is in memory at once, and that what two threads touch is touched behind the door."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from media_made import png
from scale_world import Live, live_world

from tawsim.core.errors import EndpointDown
from tawsim.labellers.opener import Answer, Ask, Limits
from tawsim.loop.scale import fetching
from tawsim.loop.scale.attachments import LARGE_AT_ONCE, LIMITS, SMALL_BYTES, Fetched, Getter, Wanted
from tawsim.loop.scale.fetching import Fetcher
from tawsim.workspaces import scale_keys

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
        fetcher.want(Wanted("p", f"https://host{i}.example.com/a.png", "image"), f"host{i}")
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


def test_hosts_are_looked_at_behind_the_door_alone(live: Live) -> None:
    """Threads take from them: whoever looked at them outside of the door found what another one took."""
    fetcher = Fetcher(live.world, Hosts(10))
    outside: list[str] = []

    class Watched(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            if not fetcher._door.locked():
                outside.append(name)
            return super().__getitem__(name)

    watched: Any = Watched()
    fetcher._hosts = watched
    assert len(fetched(fetcher)) == N
    assert outside == []


def test_a_private_host_is_opened_only_while_the_operator_permits_it(live: Live) -> None:
    """An owner allowed it while the workspace had the server to itself."""
    live.world.accounts.write(
        lambda tx: scale_keys.change_account(tx, live.world.workspace_id, "live", allow="10.0.0.7:8000")
    )
    asked: list[str] = []

    def web(ask: Ask, _limits: Limits) -> Answer:
        asked.append(ask.reach)
        return Answer(200, {}, png())

    for permits in (True, False):
        world = replace(live.world, permits=lambda _place, found=permits: found)  # type: ignore[misc]
        Getter(world, web).get(Wanted("p", "http://10.0.0.7:8000/a.png", "image"))
    assert asked == ["own", "public"]


class Mixed:
    """In the place of the network: hosts that begin with “dead” keep silent until they are `awake`, the others answer."""

    def __init__(self) -> None:
        self.awake = threading.Event()
        self.silent_s = 0.3
        self.asked: list[tuple[float, str]] = []  # when, what
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.door = threading.Lock()

    def __call__(self, ask: Ask, _limits: Limits) -> Answer:
        host = ask.url.split("/")[2]
        with self.door:
            self.asked.append((time.monotonic(), ask.url))
            self.at_once[host] += 1
            self.most[host] = max(self.most[host], self.at_once[host])
        try:
            if host.startswith("dead") and not self.awake.wait(self.silent_s):
                raise EndpointDown("It took too long.")
            return Answer(200, {}, png())
        finally:
            with self.door:
                self.at_once[host] -= 1


def until(fetcher: Fetcher, done: Callable[[list[Fetched]], bool], seconds: float = 60.0) -> list[Fetched]:
    found: list[Fetched] = []
    end = time.monotonic() + seconds
    while not done(found):
        assert time.monotonic() < end, [(one.wanted.url, one.error) for one in found]
        fetcher.step()
        found += fetcher.take()
        time.sleep(0.005)
    return found


def want(fetcher: Fetcher, host: str, n: int) -> None:
    for i in range(n):
        fetcher.want(Wanted("p", f"https://{host}/{i}.png", "image"), host)


def test_a_hundred_dead_hosts_leave_their_turn_to_one_that_answers(live: Live) -> None:
    web = Mixed()
    web.silent_s = 120.0
    fetcher = Fetcher(live.world, web)
    want(fetcher, "good", 2)
    until(fetcher, lambda found: len(found) == 2)
    for i in range(100):
        want(fetcher, f"dead{i}", 5)
    fetcher.step()
    want(fetcher, "good", 50)
    found = until(fetcher, lambda found: len(found) == 50)  # none of the dead ones has said anything yet
    assert all(one.medium is not None for one in found)
    assert 0 < sum(web.at_once.values()) <= fetching.OF_STRANGERS
    fetcher.close()
    web.awake.set()


def test_a_host_that_keeps_silent_is_asked_by_one_and_ever_more_seldom(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SILENT_S", (0.0, 0.2, 0.4, 0.8))
    monkeypatch.setattr(fetching, "PAUSES_S", (0.0, 0.0))
    web = Mixed()
    web.silent_s = 0.01
    fetcher = Fetcher(live.world, web)
    want(fetcher, "dead", 20)
    found = until(fetcher, lambda found: len(found) >= 1)
    assert "too long" in found[0].error
    times, urls = zip(*web.asked, strict=True)
    assert set(urls[:3]) == {found[0].wanted.url}  # three tries of the first, and none of another meanwhile
    assert times[2] - times[1] >= 0.2
    assert all(at - times[2] >= 0.4 for at in times[3:4])  # where this thread waited so long for its turn
    assert web.most["dead"] == 1
    web.awake.set()
    late = until(fetcher, lambda found: len(found) == 19)
    assert all(one.medium is not None for one in late)


def test_of_a_host_that_is_silent_for_hours_nothing_more_is_waited_for(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "GIVEN_UP_S", 0.0)
    web = Mixed()
    web.silent_s = 0.01
    fetcher = Fetcher(live.world, web)
    want(fetcher, "dead", 20)
    found = until(fetcher, lambda found: len(found) == 20)
    assert {one.status for one in found} == {504}
    assert len(web.asked) <= 3
