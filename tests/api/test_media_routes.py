"""Media over HTTP: who may bring it and who may have it, ranges, headers, archives, and what hostile files do (nothing)."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.unit.media_made import EVERY, archive, jpeg, png, wav

from tawsim.labelling.media import media_url
from tawsim.loop import importing
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker, open_workspace

LONG = wav(200.0)  # over three pieces of 1 MiB


def send(world: Any, name: str, data: bytes, who: dict[str, str] | None = None, **query: Any) -> Any:
    path = f"/api/v1/projects/{world.project['id']}/media"
    return world.client.post(path, content=data, params={"name": name, **query}, headers=who or world.owner)


def send_archive(world: Any, data: bytes, **query: Any) -> Any:
    path = f"/api/v1/projects/{world.project['id']}/media/archive"
    return world.client.post(path, content=data, params={"filename": "a.zip", **query}, headers=world.owner)


def fetch(world: Any, url: str, who: dict[str, str] | None = None, **headers: str) -> Any:
    return world.client.get(
        url, headers={**(who or world.layla), **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


def test_what_is_sent_is_served_as_what_it_is(world: Any) -> None:
    for media_type, (make, measured) in EVERY.items():
        sent = send(world, f"{media_type}.txt", make())
        assert sent.status_code == 200, sent.text
        facts = sent.json()
        assert facts["type"] == media_type
        assert (facts["width"], facts["height"]) == (measured if isinstance(measured, tuple) else (None, None))
        got = fetch(world, facts["url"])
        assert got.status_code == 200
        assert got.content == make()
        assert got.headers["content-type"] == media_type
        assert got.headers["content-length"] == str(len(make()))
    listed = world.get(f"/projects/{world.project['id']}/media?limit=5").json()
    assert len(listed["media"]) == 5
    rest = world.get(f"/projects/{world.project['id']}/media?after={listed['next']}").json()
    assert len(rest["media"]) == 6
    assert rest["next"] is None


def test_a_stranger_file_can_do_nothing_in_our_name(world: Any) -> None:
    got = fetch(world, send(world, "a.png", png() + b"<script>alert(1)</script>").json()["url"])
    policies = got.headers.get_list("content-security-policy")
    assert policies[0] == "sandbox; default-src 'none'"
    assert len(policies) == 2, "the guard's own policy applies as well"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"] == "inline"
    assert got.headers["cross-origin-resource-policy"] == "same-origin"
    assert got.headers["cache-control"] == "private, max-age=31536000, immutable"
    page = world.client.get("/", headers={"accept": "text/html"}).headers["content-security-policy"]
    assert "media-src 'self' data: blob:" in page


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg onload=alert(1)>", "SVG"), (b"<html>", "web page"), (b"", "empty"), (png(30_001, 9), "30,001"),
        (png()[:-5], "cut off"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(world: Any, data: bytes, said: str) -> None:
    answer = send(world, "صورة.png", data)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "TW-FILE"
    assert said in answer.json()["error"]["message"]
    assert "صورة.png" in answer.json()["error"]["message"]
    assert world.get(f"/projects/{world.project['id']}/media").json()["media"] == []


@pytest.mark.parametrize("name", ["../x.png", "/x.png", "a/../../x", "C:\\x", "x\n.png"])
def test_a_name_that_leads_away_is_refused(world: Any, name: str) -> None:
    answer = send(world, name, png())
    assert answer.status_code == 400
    assert "name" in answer.json()["error"]["message"]


def test_a_taken_name_is_a_conflict_unless_told(world: Any) -> None:
    first = send(world, "a.png", png()).json()
    assert send(world, "a.png", png()).json() == first
    assert send(world, "a.png", jpeg()).status_code == 409
    assert fetch(world, first["url"]).status_code == 200
    replaced = send(world, "a.png", jpeg(), replace=True)
    assert replaced.json()["type"] == "image/jpeg"
    assert fetch(world, first["url"]).status_code == 404, "no name of this project holds the old bytes any more"


def test_ranges_let_a_player_seek(world: Any) -> None:
    url = send(world, "long.wav", LONG).json()["url"]
    size = len(LONG)
    whole = fetch(world, url)
    assert (whole.status_code, whole.headers["accept-ranges"], whole.content == LONG) == (200, "bytes", True)
    for asked, start, stop in (
        ("bytes=0-0", 0, 1), ("bytes=0-", 0, size), (f"bytes={(1 << 20) - 3}-{(1 << 20) + 2}", (1 << 20) - 3, (1 << 20) + 3),
        ("bytes=-10", size - 10, size), (f"bytes={size - 1}-{size + 99}", size - 1, size), (f"bytes=-{size * 2}", 0, size),
    ):  # fmt: skip
        got = fetch(world, url, range=asked)
        assert got.status_code == 206, asked
        assert got.content == LONG[start:stop], asked
        assert got.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        assert got.headers["content-length"] == str(stop - start)
    for asked in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=-0"):
        got = fetch(world, url, range=asked)
        assert (got.status_code, got.headers["content-range"], got.content) == (416, f"bytes */{size}", b"")
    for asked in ("bytes=5-2", "bytes=-", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", "bytes=" + "9" * 30 + "-"):
        assert fetch(world, url, range=asked).status_code == 200, asked
    etag = whole.headers["etag"]
    assert fetch(world, url, range="bytes=0-1", if_range=etag).status_code == 206
    assert fetch(world, url, range="bytes=0-1", if_range='"other"').status_code == 200
    same = fetch(world, url, if_none_match=etag)
    assert (same.status_code, same.content) == (304, b"")


def test_nobody_gets_what_is_not_of_the_project(world: Any, tmp_path: Path, clock: Any) -> None:
    url = send(world, "a.png", png()).json()["url"]
    assert fetch(world, url).status_code == 200
    assert world.client.get(url).status_code == 401
    digest = url.rsplit("/", 1)[1]
    other = world.post("/projects", {
        "key": "p2", "name": "أخرى", "questions": [{"kind": "choice", "name": "label", "labels": ["a", "b"]}]
    }).json()["project"]["id"]  # fmt: skip
    absent = fetch(world, media_url(world.project["id"], "0" * 64))
    elsewhere = open_workspace(tmp_path / "elsewhere.tawsim", create=True, owner="Zed", clock=clock)
    world.state.workspaces[elsewhere.id] = elsewhere
    stranger_id = elsewhere.db.write(lambda tx: add_worker(tx, elsewhere.owner_id, "k", "Stranger")).id
    secret = world.state.accounts.write(lambda tx: accounts.issue(tx, "token", Identity(elsewhere.id, stranger_id)))
    stranger = {"authorization": f"Bearer {secret}"}
    for got in (
        fetch(world, media_url(other, digest)), fetch(world, media_url("x", digest)), fetch(world, url, stranger),
        fetch(world, url.replace(digest, digest.upper())),
    ):  # fmt: skip
        assert (got.status_code, got.content) == (404, absent.content)
    elsewhere.close()
    del world.state.workspaces[elsewhere.id]
    assert send(world, "b.png", png(), world.layla).status_code == 403
    version = world.get(f"/projects/{world.project['id']}").json()["project"]["version"]
    change = {"seen_version": version, "state": "removed"}
    path = f"/api/v1/projects/{world.project['id']}"
    assert world.client.patch(path, json=change, headers=world.owner).status_code == 200
    assert fetch(world, url).status_code == 404


def test_an_archive_may_make_tasks(world: Any) -> None:
    sent = send_archive(world, archive({"2.png": png(), "10.png": png(shade=1)}))
    assert sent.json() == {"new": 2, "same": 0, "replaced": 0, "bytes": len(png()) + len(png(shade=1)), "tasks": None}
    empty = world.post("/projects", {
        "key": "p3", "name": "صور", "content": [{"kind": "image", "column": "photo"}],
        "questions": [{"kind": "choice", "name": "label", "labels": ["a", "b"]}],
    }).json()["project"]  # fmt: skip
    world.project = empty
    made = send_archive(world, archive({"2.png": png(), "10.png": png(shade=1)}), tasks=True).json()
    assert (made["new"], made["tasks"]["added"]) == (2, 2)
    tasks = world.get(f"/projects/{empty['id']}/tasks").json()["tasks"]
    assert [task["content"] for task in tasks] == [{"photo": "2.png"}, {"photo": "10.png"}]
    again = send_archive(world, archive({"2.png": png(), "10.png": png(shade=1)}), tasks=True).json()
    assert (again["new"], again["same"], again["tasks"]["repeated"]) == (0, 2, True)


def test_a_hostile_archive_leaves_nothing(world: Any) -> None:
    before = sorted(p.name for p in world.workspace.path.parent.iterdir())
    for data in (
        archive({"../x.png": png()}),
        archive({"a.png": png(), "b.png": b"<svg/>"}),
        b"PK\x05\x06",
        b"x" * 100,
    ):
        answer = send_archive(world, data)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["message"].startswith("a.zip")
    assert world.get(f"/projects/{world.project['id']}/media").json()["media"] == []
    assert sorted(p.name for p in world.workspace.path.parent.iterdir()) == before


def test_zip_bomb_is_refused_by_its_table(world: Any) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file, file.open("b.png", "w") as entry:
        entry.write(png())
        for _ in range(300):
            entry.write(bytes(1 << 20))
    answer = send_archive(world, made.getvalue())
    assert answer.status_code == 400
    assert "would unpack to" in answer.json()["error"]["message"]


def test_rows_find_their_pictures(world: Any) -> None:
    """A task's name is looked up as the row has it; what comes of it is a path that the labeller may open."""
    from tawsim.labelling.media import media_of

    send(world, "cats/1.png", png())
    importing.import_rows(
        world.workspace.db, importing_project(world), [{"text": "x", "image": "./cats/1.png"}],
        actor_id=world.workspace.owner_id, key="k",
    )  # fmt: skip
    with world.workspace.db.read() as tx:
        found = media_of(tx, world.project["id"], ["./cats/1.png"])
    assert fetch(world, found["./cats/1.png"]["url"]).content == png()


def importing_project(world: Any) -> Any:
    from tawsim.loop.overview import find_project

    return find_project(world.workspace.db, world.project["name"])
