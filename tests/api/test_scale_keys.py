"""Keys of the Scale-compatible API: made on the pages and at the terminal, of two worlds, and ended. Workspaces of test keys."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from scaleapi import ScaleClient
from scaleapi.api_client.v2.exceptions import NotFoundException
from scaleapi.exceptions import ScaleResourceNotFound, ScaleUnauthorized
from tests.api.conftest import World
from tests.api.scale_served import Served, served

from tawsim.cli import main as entry
from tawsim.core.clock import to_iso
from tawsim.core.errors import BadInput, Conflict, NotFound
from tawsim.sdk.scale import scale_client
from tawsim.server.run import _of_people
from tawsim.server.watching import Watching
from tawsim.store import serving
from tawsim.store.database import TRUSTED_S
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.accounts import Identity, open_accounts
from tawsim.workspaces.workspace import add_worker, get_worker, open_workspace


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def session(world: World) -> Iterator[dict[str, str]]:
    """The owner in person."""
    identity = Identity(world.workspace.id, world.workspace.owner_id)
    secret = world.state.accounts.write(lambda tx: accounts.begin_session(tx, identity, "link"))
    yield {"authorization": f"Bearer {secret}"}
    world.state.close_twins()


def at_terminal(capsys: Any, *arguments: object) -> Any:
    capsys.readouterr()
    code = entry.run([str(one) for one in arguments])
    wrote = capsys.readouterr()
    assert code == 0, wrote
    return json.loads(wrote.out)


# ---- on the pages -------------------------------------------------------------------------------------------------


def test_an_owner_makes_keys_of_both_kinds_and_ends_them(world: World, session: dict[str, str]) -> None:
    first = world.get("/scale", session).json()
    assert [one["mode"] for one in first["accounts"]] == ["live"]
    assert first["keys"] == []
    made = {
        mode: world.post("/scale/keys", {"mode": mode, "name": f"of {mode}"}, session).json()
        for mode in ("live", "test")
    }
    found = world.get("/scale", session).json()
    assert {one["mode"]: one["name"] for one in found["keys"]} == {"live": "of live", "test": "of test"}
    assert all(one["by"] for one in found["keys"])
    assert [one["mode"] for one in found["accounts"]] == ["live", "test"]
    keys = {one["callback_key"] for one in found["accounts"]}
    assert len(keys) == 2
    assert (world.workspace.path.parent / found["accounts"][1]["file"]).exists()
    for mode, one in made.items():
        assert one["secret"].startswith(mode + "_")
        assert one["secret"] not in json.dumps(found)
        head = {"authorization": f"Bearer {one['secret']}"}
        assert world.client.get("/v1/tasks", headers=head).status_code == 200
        path = f"/api/v1/scale/keys/{one['key']['id']}"
        assert world.client.delete(path, headers=session).status_code == 204
        assert world.client.get("/v1/tasks", headers=head).status_code == 401
        assert world.client.delete(path, headers=session).status_code == 404
    assert world.get("/scale", session).json()["keys"] == []


def test_keys_are_the_owners_in_person(world: World, session: dict[str, str]) -> None:
    for who in (world.owner, world.layla):
        assert world.get("/scale", who).status_code == 403
        assert world.post("/scale/keys", {"mode": "live", "name": "n"}, who).status_code == 403


def test_no_key_signs_in_at_the_native_api(world: World, session: dict[str, str]) -> None:
    for mode in ("live", "test"):
        secret = world.post("/scale/keys", {"mode": mode, "name": "n"}, session).json()["secret"]
        head = {"authorization": f"Bearer {secret}"}
        assert world.client.get("/v1/tasks", headers=head).status_code == 200
        refused = world.get("/projects", head)
        assert (refused.status_code, "Scale-compatible" in refused.text) == (401, True)
        world.client.cookies.clear()
        assert world.get("/projects", {"cookie": f"{world.state.cookie}={secret}"}).status_code == 401


def test_where_callbacks_go_and_what_they_carry_is_changed_apart(world: World, session: dict[str, str]) -> None:
    def change(**body: Any) -> Any:
        return world.client.patch("/api/v1/scale/account", json=body, headers=session)

    assert change(mode="test", callback_url="").status_code == 404
    world.post("/scale/keys", {"mode": "test", "name": "n"}, session)
    before = {one["mode"]: one for one in world.get("/scale", session).json()["accounts"]}
    changed = change(mode="test", callback_url="https://example.com/t", allow="10.0.0.7:8080, [::1]:80").json()[
        "account"
    ]
    assert (changed["callback_url"], changed["allow"]) == ("https://example.com/t", "10.0.0.7:8080 [::1]:80")
    assert changed["callback_key"] == before["test"]["callback_key"]
    anew = change(mode="live", new_callback_key=True).json()["account"]
    assert anew["callback_key"] != before["live"]["callback_key"]
    assert anew["callback_key"].startswith("live_")
    assert {one["mode"]: one for one in world.get("/scale", session).json()["accounts"]} == {
        "live": anew,
        "test": changed,
    }
    for bad in (
        {"callback_url": "ftp://x"},
        {"allow": "no port"},
        {"allow": "a:1 " * 51},
        {"mode": "other"},
        {"allow": "http://a:1"},
    ):
        assert change(**({"mode": "live"} | bad)).status_code == 400, bad
    for private, allow in (("http://10.0.0.7/x", ""), ("http://localhost:81/x", "localhost:80"), ("http://[::1]/", "")):
        refused = change(mode="live", callback_url=private, allow=allow)
        assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "callback_url")
        place = refused.json()["error"]["hint"].split()[1]
        assert change(mode="live", callback_url=private, allow=place).status_code == 200, place
    assert change(mode="live", callback_url="", allow="").status_code == 200
    # It is no key of the API.
    assert world.client.get("/v1/tasks", headers={"authorization": f"Bearer {anew['callback_key']}"}).status_code == 401


def test_an_owner_may_name_private_places_only_while_the_server_is_theirs_alone(world: World) -> None:
    state = world.state
    assert state.permits("10.0.0.7:80")
    watching = Watching(state)
    try:
        opens = watching._of("live", world.workspace).sender.world.permits
        assert opens("10.0.0.7:80")
        state.workspaces["another"] = world.workspace
        state.outgoing = frozenset({"10.0.0.8:80"})
        assert not opens("10.0.0.7:80")
        assert opens("10.0.0.8:80")
        assert not watching._deliverers[world.workspace.id].permits("10.0.0.7:80")
    finally:
        del state.workspaces["another"]
        watching.stop()


@pytest.mark.parametrize(
    "bad", [{"name": ""}, {"name": "x" * 61}, {"name": "a\nb"}, {"days": 0}, {"days": 3651}, {"mode": "both"}]
)
def test_a_key_that_cannot_be_is_400(world: World, session: dict[str, str], bad: dict[str, Any]) -> None:
    assert world.post("/scale/keys", {"mode": "live", "name": "n"} | bad, session).status_code == 400
    assert world.get("/scale", session).json()["keys"] == []


# ---- at the terminal ----------------------------------------------------------------------------------------------


def test_a_key_made_at_the_terminal_works_at_once_in_a_running_server(site: Served, capsys: Any) -> None:
    for mode in ("live", "test"):
        found = at_terminal(capsys, "scale", "key", "new", mode, "--name", "cli", "-w", site.workspace.path, "--json")
        client = scale_client(site.url, found["secret"])
        assert client.tasks().total == 0
        listed = at_terminal(capsys, "scale", "key", "list", "-w", site.workspace.path, "--json")["keys"]
        assert listed[0]["id"] == found["key"]["id"]
        assert found["secret"] not in json.dumps(listed)
        at_terminal(capsys, "scale", "key", "end", found["key"]["id"], "-w", site.workspace.path, "--json")
        with site.workspace.db.read() as tx:
            events = tx.all("event_chain", after=0, n=1000)
        assert [(one["kind"], one["actor_id"]) for one in events if one["object_id"] == found["key"]["id"]] == [
            ("account.token_made", site.workspace.owner_id), ("account.token_ended", site.workspace.owner_id),
        ]  # fmt: skip
        threading.Event().wait(TRUSTED_S)
        with pytest.raises(ScaleUnauthorized):
            client.tasks()


def test_the_list_says_when_keys_end_and_when_they_were_used(site: Served, capsys: Any) -> None:
    client = scale_client(site.url, site.key("test"))
    unused = at_terminal(capsys, "scale", "key", "new", "live", "-w", site.workspace.path, "--days", "3", "--json")
    client.tasks()
    site.state.accounts.write(lambda tx: None)  # behind the note of its use
    assert entry.run(["scale", "key", "list", "-w", str(site.workspace.path)]) == 0
    said = capsys.readouterr().out
    assert "ends" in said
    assert "last used" in said
    assert unused["key"]["expires_at"][:10] in said
    assert "never" in said
    assert to_iso(site.workspace.db.clock())[:10] in said


def test_a_key_that_ended_elsewhere_is_refused_within_a_second(site: Served) -> None:
    key = site.key("live")
    client = scale_client(site.url, key)
    client.tasks()
    books = open_accounts(site.workspace.path.parent)
    with books.read() as tx:
        [one] = scale_keys.keys(tx, site.workspace.id)
    books.write(lambda tx: scale_keys.end_key(tx, site.workspace.id, one.id))
    books.close()
    threading.Event().wait(TRUSTED_S)
    with pytest.raises(ScaleUnauthorized):
        client.tasks()


def test_a_folder_of_workspaces_is_not_made_longer_by_test_keys(
    site: Served, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    folder = site.workspace.path.parent
    site.key("test")
    files = sorted(folder.glob("*.tawsim"))
    assert [one.name for one in files] == ["work-test.tawsim", "work.tawsim"]
    assert [one.name for one in _of_people(files)] == ["work.tawsim"]
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)
    assert at_terminal(capsys, "scale", "key", "list", "--json")["workspace"] == str(site.workspace.path)


# ---- workspaces of test keys --------------------------------------------------------------------------------------


def test_it_is_opened_at_the_next_start_too(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        key = first.key("test")
    with served(tmp_path, create=False) as second:
        assert second.state.twins == {}
        second.state.open_twins()
        assert len(second.state.twins) == 1
        assert len(second.state.all_workspaces) == 2
        assert scale_client(second.url, key).tasks().total == 0
        [twin] = second.state.twins.values()
        assert serving.server_of(twin.path) == second.url  # nobody else serves it meanwhile


def test_a_file_of_its_name_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    other = open_workspace(tmp_path / "work-test.tawsim", create=True, owner="Sami")
    other_id = other.id
    other.close()
    with served(tmp_path) as site:
        site.key("test")
        with site.state.accounts.read() as tx:
            path = scale_keys.twin_path(tx, site.workspace)
        assert path is not None
        assert path.name == "work-test-2.tawsim"
    again = open_workspace(tmp_path / "work-test.tawsim")
    assert again.id == other_id
    again.close()


def test_first_test_keys_made_at_once_share_one_workspace(site: Served) -> None:
    with site.workspace.db.read() as tx:
        owner = get_worker(tx, site.workspace.owner_id)
    begin = threading.Barrier(6)

    def make(n: int) -> str:
        begin.wait()
        return scale_keys.new_key(site.state.accounts, site.workspace, owner, "test", f"k{n}")[0]

    with ThreadPoolExecutor(6) as pool:
        keys = list(pool.map(make, range(6)))
    scale_client(site.url, keys[0]).create_project("seen by all", _categorization())
    assert all(scale_client(site.url, key).get_project("seen by all").name for key in keys)
    assert len(list(site.workspace.path.parent.glob("*.tawsim"))) == 2


def test_files_of_test_keys_made_at_once_never_take_one_name(site: Served) -> None:
    with site.workspace.db.read() as tx:
        owner = get_worker(tx, site.workspace.owner_id)
    begin = threading.Barrier(12)

    def make(_: int) -> tuple[str, str]:
        begin.wait()
        twin = scale_keys._make_twin(site.workspace, owner)
        twin.close()
        return twin.path.name, twin.id

    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(make, range(12)))
    assert len({name for name, _ in made}) == len({id for _, id in made}) == 12


def _categorization() -> Any:
    from scaleapi.tasks import TaskType

    return TaskType.Categorization


def test_where_its_file_is_gone_its_keys_are_void_and_a_new_one_begins_anew(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        old = first.key("test")
    (tmp_path / "work-test.tawsim").unlink()
    with served(tmp_path, create=False) as second:
        assert requests.get(second.url + "/v1/tasks", auth=(old, ""), timeout=10).status_code == 401
        with second.workspace.db.read() as tx:
            owner = get_worker(tx, second.workspace.owner_id)
        new = scale_keys.new_key(second.state.accounts, second.workspace, owner, "test", "new")[0]
        assert scale_client(second.url, new).tasks().total == 0
        assert requests.get(second.url + "/v1/tasks", auth=(old, ""), timeout=10).status_code == 401


def test_two_who_find_its_file_gone_at_once_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file has the name of the one that is gone: it is told from it by its id."""
    with served(tmp_path) as first:
        first.key("test")
    (tmp_path / "work-test.tawsim").unlink()
    with served(tmp_path, create=False) as site:
        with site.workspace.db.read() as tx:
            owner = get_worker(tx, site.workspace.owner_id)
        made, make = list[str](), scale_keys._make_twin

        def key(name: str) -> str:
            return scale_keys.new_key(site.state.accounts, site.workspace, owner, "test", name)[0]

        def while_another_is_quicker(*given: Any) -> Any:
            monkeypatch.setattr(scale_keys, "_make_twin", make)
            made.append(key("quicker"))
            return make(*given)

        monkeypatch.setattr(scale_keys, "_make_twin", while_another_is_quicker)
        made.append(key("slower"))
        assert [scale_client(site.url, one).tasks().total for one in made] == [0, 0]
    assert sorted(one.name for one in tmp_path.glob("*.tawsim")) == ["work-test.tawsim", "work.tawsim"]


def test_whoever_makes_a_test_key_is_known_there_by_the_same_id(site: Served) -> None:
    db = site.workspace.db
    other = db.write(lambda tx: add_worker(tx, site.workspace.owner_id, "k", "Sami", role="manager"))
    site.key("test")
    key = scale_keys.new_key(site.state.accounts, site.workspace, other, "test", "his")[0]
    assert scale_client(site.url, key).tasks().total == 0
    [twin] = site.state.twins.values()
    with twin.db.read() as tx:
        assert get_worker(tx, other.id).name == "Sami"
    db.write(lambda tx: tx.run("worker_set_active", id=other.id, active=0))
    with pytest.raises(ScaleUnauthorized):
        scale_client(site.url, key).tasks()


def test_there_is_an_end_to_keys(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_keys, "MAX_KEYS", 2)
    with site.workspace.db.read() as tx:
        owner = get_worker(tx, site.workspace.owner_id)
    for mode in ("live", "test"):
        scale_keys.new_key(site.state.accounts, site.workspace, owner, mode, "k")  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        scale_keys.new_key(site.state.accounts, site.workspace, owner, "live", "k")
    with pytest.raises(BadInput):
        scale_keys.new_key(site.state.accounts, site.workspace, owner, "live", "k", days=True)
    with pytest.raises(NotFound):
        site.state.accounts.write(lambda tx: scale_keys.end_key(tx, "other", "none"))


def test_an_end_of_one_workspace_reaches_no_key_of_another(site: Served, tmp_path: Path) -> None:
    other = open_workspace(tmp_path / "other.tawsim", create=True, owner="Sami")
    with other.db.read() as tx:
        owner = get_worker(tx, other.owner_id)
    made = scale_keys.new_key(site.state.accounts, other, owner, "test", "theirs")[1]
    with pytest.raises(NotFound):
        site.state.accounts.write(lambda tx: scale_keys.end_key(tx, site.workspace.id, made.id))
    with site.state.accounts.read() as tx:
        assert scale_keys.keys(tx, site.workspace.id) == []
        assert [one.id for one in scale_keys.keys(tx, other.id)] == [made.id]
    other.close()


def test_where_callbacks_go_is_in_the_log_and_no_secret_of_it(world: World, session: dict[str, str]) -> None:
    bodies: list[dict[str, Any]] = [
        {"mode": "live", "callback_url": "https://example.com:8443/back?key=hidden"},
        {"mode": "live", "callback_url": "", "allow": "10.0.0.7:8080"},
        {"mode": "live", "new_callback_key": True},
        {"mode": "live"},
    ]
    told = [world.client.patch("/api/v1/scale/account", json=body, headers=session).json() for body in bodies]
    with sqlite3.connect(world.workspace.path) as raw:
        found = [
            json.loads(row[0]) for row in raw.execute("SELECT data FROM event WHERE kind = 'scale.account' ORDER BY id")
        ]
        dump = "\n".join(raw.iterdump())
    assert found == [
        {"mode": "live", "to": "https://example.com:8443"},
        {"mode": "live", "to": "", "allow": "10.0.0.7:8080"},
        {"mode": "live", "new_callback_key": True},
    ]
    assert "hidden" not in dump
    assert all(one["account"]["callback_key"] not in dump for one in told)


# ---- addresses that lack something --------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["tasks", "batches", "get_projects", "get_task"])
def test_a_client_whose_address_lacks_v1_reads_so(site: Served, call: str) -> None:
    client = ScaleClient(site.key("test"), api_instance_url=site.url)
    with pytest.raises(ScaleResourceNotFound, match="lacks /v1"):
        list(getattr(client, call)(*(["x"] if call == "get_task" else [])) or [])


def test_a_client_whose_address_holds_the_version_twice_reads_so(site: Served) -> None:
    client = scale_client(site.url, site.key("test"))
    client.v2.api_client.configuration.host = site.url + "/v2"
    with pytest.raises(NotFoundException, match="stands twice"):
        client.v2.get_projects()


def test_browsers_are_not_taken_for_such_clients(site: Served) -> None:
    for headers in ({}, {"authorization": "Bearer tw_something"}):
        assert "lacks /v1" not in requests.get(site.url + "/projects", headers=headers, timeout=10).text
