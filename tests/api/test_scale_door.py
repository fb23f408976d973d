"""The door to the Scale-compatible API: keys, worlds, errors, paths. What its routes do is tested beside this."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.conftest import HOST, World

from tawsim.core.errors import BadInput, Conflict
from tawsim.server.guard import SECURITY_HEADERS
from tawsim.server.scale.app import ScaleDoor
from tawsim.server.scale.forms import FormReader
from tawsim.server.scale.routes import Call, Reply, Route, Table
from tawsim.server.scale.wire import read_time, time_text
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.workspace import get_worker

DAY = 86_400


def basic(key: str, password: str = "") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:{password}".encode()).decode()}


def key_of(world: World, mode: Any, days: int = 365) -> str:
    with world.workspace.db.read() as tx:
        owner = get_worker(tx, world.workspace.owner_id)
    return scale_keys.new_key(world.state.accounts, world.workspace, owner, mode, "main", days)[0]


@dataclass
class Door:
    """A door with routes of this test alone."""

    client: TestClient
    world: World
    live: str
    test: str

    def call(self, method: str, path: str, **more: Any) -> Any:
        return self.client.request(method, path, headers=basic(self.live), **more)


@pytest.fixture
def door(world: World) -> Iterator[Door]:
    table = Table()

    def stated(method: Any, path: str, act: Any, **more: Any) -> None:
        values = {"right": "manage", "body": "json", "max_body": 1000, "conflicts": False} | more
        table.add(Route(method, tuple(path.strip("/").split("/")), act=act, **values))

    async def told(call: Call) -> Any:
        return {"path": call.path, "body": call.body, "query": call.query, "mode": call.world.mode,
                "workspace": call.world.workspace_id}  # fmt: skip

    def word(call: Call) -> Any:
        return {"word": call.path}

    def conflict(call: Call) -> Any:
        raise Conflict("Taken.", unique_id="u")

    def broken(call: Call) -> Any:
        raise ZeroDivisionError

    def files(call: Call) -> Any:
        assert call.form is not None
        return {"fields": call.form.fields,
                "files": {name: [one.filename, one.mime, one.size, one.file.read().decode("latin-1")]
                          for name, one in call.form.files.items()}}  # fmt: skip

    stated("GET", "/v1/batches/{}", told)
    stated("POST", "/v1/batches/{}", told)
    stated("GET", "/v1/batches/{}/status", word)
    stated("POST", "/v1/studio/set", word)
    stated("PUT", "/v1/studio/{}", told)
    stated("POST", "/v1/clash", conflict)
    stated("POST", "/v1/clash/allowed", conflict, conflicts=True)
    stated("GET", "/v1/broken", broken)
    stated("POST", "/v1/files", files, body="multipart", max_body=200_000)
    stated("GET", "/v1/plain", lambda call: Reply(201, b"OK", (("content-type", "text/plain"),)))
    stated("GET", "/v1/owners", told, right="owner")

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"inside"})

    client = TestClient(ScaleDoor(inside, world.state, table), base_url=f"http://{HOST}")
    yield Door(client, world, key_of(world, "live"), key_of(world, "test"))
    world.state.close_twins()


def test_a_key_signs_in_as_basic_and_as_bearer_and_tells_its_world(door: Door) -> None:
    for key, mode in ((door.live, "live"), (door.test, "test")):
        assert key.startswith(mode + "_")
        for headers in (basic(key), {"authorization": f"Bearer {key}"}, {"authorization": f"bEARER  {key}"}):
            found = door.client.get("/v1/batches/a", headers=headers)
            assert found.status_code == 200, found.text
            assert found.json()["mode"] == mode
    own = door.client.get("/v1/batches/a", headers=basic(door.live)).json()["workspace"]
    other = door.client.get("/v1/batches/a", headers=basic(door.test)).json()["workspace"]
    assert own == door.world.workspace.id != other


def test_nothing_but_a_key_signs_in(door: Door) -> None:
    token = door.world.owner["authorization"].removeprefix("Bearer ")
    identity = accounts.Identity(door.world.workspace.id, door.world.workspace.owner_id)
    session = door.world.state.accounts.write(lambda tx: accounts.begin_session(tx, identity, "link"))
    refused: list[dict[str, str]] = [
        {}, basic(token), {"authorization": f"Bearer {token}"}, {"cookie": f"tawsim_7373={session}"},
        {"cookie": f"tawsim_7373={door.live}"}, {"authorization": f"Bearer {session}"}, basic(door.live, "password"),
        basic(door.live + "x"), basic("live_"), basic("live_" + "a" * 43), {"authorization": "Basic !!!"},
        {"authorization": "Basic /w=="}, {"authorization": "Bearer"}, {"authorization": f"Digest {door.live}"},
        basic("test_" + door.live.removeprefix("live_")),
    ]  # fmt: skip
    for headers in refused:
        found = door.client.get("/v1/batches/a", headers=headers)
        assert found.status_code == 401, headers
        assert found.json()["status_code"] == 401
        assert isinstance(found.json()["error"], str)


def test_whoever_is_refused_reads_of_keys_and_not_of_links(door: Door) -> None:
    for key in ("live_" + "a" * 43, "the key of another account"):
        said = door.client.get("/v1/batches/a", headers=basic(key)).json()["error"]
        assert "key" in said
        assert "tawsim scale key new" in said


def test_a_key_that_ended_or_expired_signs_nobody_in(door: Door) -> None:
    with door.world.state.accounts.read() as tx:
        known = scale_keys.keys(tx, door.world.workspace.id)
    assert [one.mode for one in known] == ["test", "live"]
    for key, held in ((door.test, known[0]), (door.live, known[1])):
        assert door.client.get("/v1/batches/a", headers=basic(key)).status_code == 200
        door.world.state.accounts.write(
            lambda tx, held=held: scale_keys.end_key(tx, door.world.workspace.id, held.id)  # type: ignore[misc]
        )
        assert door.client.get("/v1/batches/a", headers=basic(key)).status_code == 401
    brief = key_of(door.world, "live", days=1)
    assert door.client.get("/v1/batches/a", headers=basic(brief)).status_code == 200
    door.world.state.clock.advance(DAY)  # type: ignore[attr-defined]
    assert door.client.get("/v1/batches/a", headers=basic(brief)).status_code == 401


def test_whoever_was_let_out_or_demoted_has_no_key_in_either_world(door: Door) -> None:
    home = door.world.workspace.db
    home.write(lambda tx: tx.run("worker_set_role", id=door.world.workspace.owner_id, role="labeller"))
    for key in (door.live, door.test):
        found = door.client.get("/v1/batches/a", headers=basic(key))
        assert (found.status_code, found.json()["status_code"]) == (403, 403)
    home.write(lambda tx: tx.run("worker_set_role", id=door.world.workspace.owner_id, role="manager"))
    assert door.client.get("/v1/batches/a", headers=basic(door.test)).status_code == 200
    assert door.client.get("/v1/owners", headers=basic(door.test)).status_code == 403


def test_whoever_comes_back_comes_without_the_keys_they_had(door: Door) -> None:
    from tawsim.workspaces import accounts
    from tawsim.workspaces.accounts import Identity

    world = door.world
    identity = Identity(world.workspace.id, world.workspace.owner_id)
    assert [door.client.get("/v1/owners", headers=basic(key)).status_code for key in (door.live, door.test)] == [
        200
    ] * 2
    world.state.accounts.write(lambda tx: accounts.revoke_worker(tx, identity))
    assert [door.client.get("/v1/owners", headers=basic(key)).status_code for key in (door.live, door.test)] == [
        401
    ] * 2


def test_names_are_whole_segments_of_the_raw_path(door: Door) -> None:
    names = ["x/status", "task b", "نتائج ٢", "status", "a?b#c", "100%", "é", "+", "x" * 500, "🙂"]
    from urllib.parse import quote

    for name in names:
        found = door.call("GET", f"/v1/batches/{quote(name, safe='')}")
        assert found.json()["path"] == [name], name
    assert door.call("GET", "/v1/batches/x/status").json() == {"word": ["x"]}
    assert door.call("GET", "/v1//batches//x").json()["path"] == ["x"]
    assert door.call("GET", "/v1/batches/%ff").status_code == 400


def test_a_word_comes_before_a_name_where_its_method_fits(door: Door) -> None:
    assert door.call("POST", "/v1/studio/set").json() == {"word": []}
    assert door.call("PUT", "/v1/studio/set").json()["path"] == ["set"]


def test_unknown_paths_and_methods_are_answered_in_the_one_form(door: Door) -> None:
    for path in ("/v1/nothing", "/v2/nothing", "/v1", "/v1/nucleus/dataset"):
        found = door.call("GET", path)
        assert (found.status_code, found.json()["status_code"]) == (404, 404), path
    found = door.call("DELETE", "/v1/batches/a")
    assert (found.status_code, found.headers["allow"]) == (405, "GET, POST")
    assert door.client.get("/v3/x").text == "inside"
    assert door.client.get("/v1x/batches").text == "inside"


def test_bodies_are_json_or_400(door: Door) -> None:
    def send(content: bytes) -> Any:
        return door.call("POST", "/v1/batches/a", content=content)

    assert send(b"").json()["body"] is None
    assert send(b"  ").json()["body"] is None
    assert send(b"[]").json()["body"] == []
    assert send('{"a": "نص"}'.encode()).json()["body"] == {"a": "نص"}
    bad = (b"{", b"\xff", b"NaN", b"[1e999]", b"[" * 900, b'{"a": Infinity}', b"9" * 990 + b"x", b"{'a': 1}")
    for content in bad:
        found = send(content)
        assert (found.status_code, found.json()["status_code"]) == (400, 400), content[:20]
    assert send(b'"\\ud800"').status_code == 400


def test_a_body_over_the_limit_is_cut_off_as_it_arrives(door: Door) -> None:
    assert door.call("POST", "/v1/batches/a", content=b" " * 1000).status_code == 200
    assert door.call("POST", "/v1/batches/a", content=b" " * 1001).status_code == 400

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 400

    assert door.call("POST", "/v1/batches/a", content=endless()).status_code == 400


def test_409_is_answered_only_by_routes_that_say_so(door: Door) -> None:
    assert door.call("POST", "/v1/clash").status_code == 400
    found = door.call("POST", "/v1/clash/allowed")
    assert (found.status_code, found.json()["unique_id"]) == (409, "u")


def test_an_unforeseen_error_says_nothing_of_the_inside(door: Door) -> None:
    found = door.call("GET", "/v1/broken")
    assert (found.status_code, found.json()["status_code"]) == (500, 500)
    assert "Zero" not in found.text


def test_other_answers_go_out_as_they_are(door: Door) -> None:
    found = door.call("GET", "/v1/plain")
    assert (found.status_code, found.text, found.headers["content-type"]) == (201, "OK", "text/plain")


def test_a_form_is_taken_apart_however_it_is_cut(door: Door) -> None:
    content = bytes(range(256)) * 300 + b"\r\n--"
    sent = door.call(
        "POST",
        "/v1/files",
        data={"project_name": "نص", "empty": ""},
        files={"file": ("صورة.png", content, "image/png")},
    )
    assert sent.json()["fields"] == {"project_name": ["نص"], "empty": [""]}
    assert sent.json()["files"]["file"] == ["صورة.png", "image/png", len(content), content.decode("latin-1")]
    body = (
        b'preamble\r\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n--B\r\n'
        b'content-disposition: form-data; name="f"; filename="x"\r\nContent-Type: text/plain\r\n\r\n'
        b"\r\n-\r\n--\r\nB\r\n--B--\r\nafter"
    )
    for size in range(1, 40):
        reader = FormReader("multipart/form-data; boundary=B")
        for first in range(0, len(body), size):
            reader.feed(body[first : first + size])
        form = reader.done()
        assert (form.fields, form.files["f"].file.read()) == ({"a": [""]}, b"\r\n-\r\n--\r\nB"), size
        reader.close()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"), ("multipart/form-data", b""), ("multipart/form-data; boundary=B", b""),
        ("multipart/form-data; boundary=B", b"--B\r\n\r\nx\r\n--B--"), ("multipart/form-data; boundary=B", b"--B\r\nx"),
        ("multipart/form-data; boundary=B", b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--B--'),
        ("multipart/form-data; boundary=B", b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--B?'),
        ("multipart/form-data; boundary=" + "B" * 71, b""),
    ],
)  # fmt: skip
def test_a_broken_form_is_bad_input(kind: str, body: bytes) -> None:
    def read() -> None:
        reader = FormReader(kind)
        reader.feed(body)
        reader.done()

    with pytest.raises(BadInput):
        read()


def test_times_are_read_in_every_form_that_clients_send() -> None:
    at = 1_735_783_445_000_006
    same = (
        "2025-01-02T02:04:05.000006Z", "2025-01-02 02:04:05.000006", "2025-01-02T02:04:05.000006+0000",
        "2025-01-02T03:04:05.000006+01:00", "2025-01-01T21:04:05.000006-05", "2025-01-02T02:04:05.0000069Z",
    )  # fmt: skip
    assert [read_time(one) for one in same] == [at] * len(same)
    assert read_time("2025-01-02") == read_time("2025-01-02T00:00") == at - 7_445_000_006
    assert time_text(at) == "2025-01-02T02:04:05.000Z"
    assert time_text(at + 999_999) == "2025-01-02T02:04:06.000Z"
    for bad in ("", "x", "2025", "2025-13-01", "2025-01-32", "٢٠٢٥-٠١-٠٢", "2025-01-02T25:00", "99999-01-01",
                "2025-01-02T00:00+99:99", "1735783445", "2025-01-02T00:00:00.Z"):  # fmt: skip
        with pytest.raises(BadInput):
            read_time(bad)


def test_a_route_without_a_stated_right_does_not_start() -> None:
    table = Table()
    for right in ("", "anyone", None):
        with pytest.raises(RuntimeError, match="who may call"):
            table.add(Route("GET", ("v1", "x"), right, print, "json", 1, False))  # type: ignore[arg-type]
    table.add(Route("GET", ("v1", "x"), "manage", print, "json", 1, False))
    with pytest.raises(RuntimeError, match="twice"):
        table.add(Route("GET", ("v1", "x"), "manage", print, "json", 1, False))


def test_the_guard_stands_before_it(world: World) -> None:
    found = world.client.get("/v1/nothing-here", headers=basic(key_of(world, "live")))
    assert found.status_code == 404
    for name, value in SECURITY_HEADERS:
        assert found.headers[name.decode()] == value.decode()
    refused = world.client.get("/v1/nothing-here", headers=basic("live_x") | {"host": "elsewhere.example"})
    assert (refused.status_code, refused.json()["status_code"]) == (403, 403)
    assert (
        world.client.get("/api/v1/projects", headers={"authorization": f"Bearer {key_of(world, 'test')}"}).status_code
        == 401
    )
    world.state.close_twins()
