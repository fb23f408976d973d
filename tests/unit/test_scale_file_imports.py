"""Importing files by address: what becomes of one, and how many are fetched at once, of whom."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from media_made import png

from tawsim.core.errors import AddressRefused, EndpointDown, Unavailable
from tawsim.labellers.opener import Answer, Ask, Limits, fetch
from tawsim.loop.scale import file_imports, files
from tawsim.loop.scale.file_imports import FOR_FIRST, LARGE_AT_ONCE, LIMITS, OF_ALL, OF_ONE, SMALL_LIMITS, Imports
from tawsim.loop.scale.world import World
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.workspace import open_workspace


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[list[World]]:
    """Of twelve workspaces of one server."""
    books = accounts.open_accounts(tmp_path)
    places = [open_workspace(tmp_path / f"w{n}.tawsim", create=True, owner="Noor") for n in range(12)]
    for one in places:
        books.write(lambda tx, one=one: scale_keys.ensure_account(tx, one.id))  # type: ignore[misc]
    yield [World(one.db, books, one.id, "live", one.owner_id) for one in places]
    for one in places:
        one.close()
    books.close()


def ask(world: World, url: str, **fields: Any) -> str:
    new = files.read_new("", fields)
    return str(world.db.write(lambda tx: files.await_file(tx, url, new, actor_id=world.actor_id))["id"])


def state(world: World, file_id: str) -> Any:
    with world.db.read() as tx:
        row = tx.one("scale_file_get", id=file_id)
    assert row is not None
    return row


def get(world: World, file_id: str) -> tuple[str, str, bytes]:
    with world.db.read() as tx:
        return files.read_file(tx, world.workspace_id, files.url_of(world.workspace_id, file_id))


def until(imports: Imports, worlds: list[World], done: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        imports.step(worlds)
        time.sleep(0.005)


class Web:
    """Stands for the opener: what it answers one after the other, and what was asked."""

    def __init__(self, *plays: Answer | Exception) -> None:
        self.plays, self.asked = list(plays), list[tuple[Ask, Limits]]()

    def __call__(self, ask: Ask, limits: Limits) -> Answer:
        self.asked.append((ask, limits))
        play = self.plays.pop(0)
        if isinstance(play, Exception):
            raise play
        return play


def found(body: bytes, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "text/html"}, body)


def test_an_imported_file_is_fetched_later(worlds: list[World]) -> None:
    world = worlds[0]
    url = "https://example.com/d/%D8%B5%D9%88%D8%B1%D8%A9.png?x=1"
    file_id = ask(world, url, project_name="p", reference_id="r1")
    told = files.file_json(world.workspace_id, state(world, file_id))
    assert (told["name"], told["reference_id"]) == ("صورة.png", "r1")
    assert "mime_type" not in told
    with pytest.raises(Unavailable):
        get(world, file_id)
    web = Web(found(png()))
    until(Imports(web), worlds, lambda: state(world, file_id)["state"] == "here")
    assert get(world, file_id) == ("صورة.png", "image/png", png())
    assert [one.reach for one, _ in web.asked] == ["public"]


@pytest.mark.parametrize(
    ("plays", "words"),
    [
        ((found(b"gone", 404),), "404"),
        ((found(b""),), "nothing"),
        ((EndpointDown("a took too long."), EndpointDown("a took too long.")), "too long"),
        ((AddressRefused("a is an address of this machine."),), "this machine"),
        ((EndpointDown("more", received=1), EndpointDown("more than is taken", received=1)), "more than is taken"),
    ],
)
def test_a_fetch_that_fails_says_why(worlds: list[World], plays: tuple[Any, ...], words: str) -> None:
    world, web = worlds[0], Web(*plays)
    file_id = ask(world, "https://a.example/b")
    until(Imports(web), worlds, lambda: state(world, file_id)["state"] == "failed")
    assert words in files.file_json(world.workspace_id, state(world, file_id))["error"]
    assert not web.plays
    with pytest.raises(EndpointDown, match=words):
        get(world, file_id)


def test_a_fetch_is_tried_once_more_where_nothing_came_back(worlds: list[World]) -> None:
    file_id = ask(worlds[0], "https://a.example/b")
    web = Web(EndpointDown("a took too long."), found(b"here"))
    until(Imports(web), worlds, lambda: state(worlds[0], file_id)["state"] == "here")
    assert get(worlds[0], file_id)[2] == b"here"


def test_a_private_place_is_opened_where_the_account_allows_it_and_the_operator_permits_it(worlds: list[World]) -> None:
    refused = ask(worlds[0], "http://127.0.0.1:9/x")
    until(Imports(fetch), worlds, lambda: state(worlds[0], refused)["state"] == "failed")
    assert "can allow 127.0.0.1:9" in state(worlds[0], refused)["error"]
    home = worlds[1]
    for permits, reach in [(True, "own"), (False, "public")]:
        world = World(home.db, home.accounts, home.workspace_id, "live", home.actor_id, lambda _, p=permits: p)  # type: ignore[misc]
        home.accounts.write(
            lambda tx, one=home: scale_keys.change_account(tx, one.workspace_id, "live", allow="10.0.0.7:8000")  # type: ignore[misc]
        )
        file_id, web = ask(world, "http://10.0.0.7:8000/x"), Web(found(b"x"))
        until(Imports(web), [world], lambda one=file_id: state(home, one)["state"] == "here")  # type: ignore[misc]
        assert web.asked[0][0].reach == reach


def test_for_a_workspace_that_came_from_elsewhere_nothing_is_opened(worlds: list[World], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    books = accounts.open_accounts(tmp_path / "other")
    moved = replace(worlds[0], accounts=books)
    file_id, web = ask(moved, "https://a.example/b"), Web()
    imports = Imports(web)
    imports.step([moved])
    assert (imports._under_way, state(moved, file_id)["state"]) == ({}, "waiting")
    books.close()


class Crowd:
    """Hosts of which some keep silent until they are let go; counts what is under way at once."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.door = threading.Lock()

    def __call__(self, ask: Ask, limits: Limits) -> Answer:
        host = ask.url.split("/")[2]
        counted = ["all", host, *(["large"] if limits is LIMITS else [])]
        with self.door:
            self.now.update(counted)
            self.most |= self.now
        try:
            if host.startswith("slow"):
                assert self.free.wait(120)
            if host.startswith("large"):
                time.sleep(0.02)
                if limits is SMALL_LIMITS:
                    raise EndpointDown("longer", received=limits.received)
            return found(b"here")
        finally:
            with self.door:
                self.now.subtract(counted)


def test_what_is_slow_holds_up_neither_others_nor_another_host(
    worlds: list[World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_imports, "READ", 3)
    web = Crowd()
    imports = Imports(web)
    slow = [ask(worlds[0], f"https://slow.example/{n}") for n in range(8)]
    own = [ask(worlds[0], f"https://quick.example/{n}") for n in range(3)]
    other = ask(worlds[1], "https://quick.example/x")
    until(
        imports,
        worlds,
        lambda: all(state(worlds[0], one)["state"] == "here" for one in own) and state(worlds[1], other)["size"] > 0,
    )
    assert all(state(worlds[0], one)["state"] == "waiting" for one in slow)
    assert web.most["slow.example"] == 1
    web.free.set()
    until(imports, worlds, lambda: all(state(worlds[0], one)["state"] == "here" for one in slow))


def test_only_so_many_are_fetched_at_once_of_all_and_of_one(worlds: list[World]) -> None:
    web = Crowd()
    imports = Imports(web)
    asked = [(one, ask(one, f"https://slow{n}.example/a")) for one in worlds for n in range(4)]
    until(imports, worlds, lambda: web.now["all"] >= OF_ALL)
    imports.step(worlds)
    time.sleep(0.05)
    assert web.most["all"] == OF_ALL
    of_each = Counter(one.world.workspace_id for one in imports._under_way.values())
    assert sorted(of_each.values()) == [1] * FOR_FIRST + [OF_ONE] * 5  # whoever comes late has a turn too
    web.free.set()
    until(imports, worlds, lambda: all(state(world, one)["state"] == "here" for world, one in asked))


def test_large_ones_are_in_memory_few_at_a_time(worlds: list[World]) -> None:
    web = Crowd()
    asked = [(one, ask(one, f"https://large{n}.example/a")) for one in worlds for n in range(2)]
    imports = Imports(web)
    until(imports, worlds, lambda: all(state(world, one)["state"] == "here" for world, one in asked))
    assert 1 <= web.most["large"] <= LARGE_AT_ONCE
    until(imports, worlds, lambda: not imports._large)  # let go of after the last word that one is here
