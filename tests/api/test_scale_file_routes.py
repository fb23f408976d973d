"""files/upload and files/import over the wire, by the official client and by hand; and how a file is sent out again."""

import io
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import World
from tests.api.scale_served import served
from tests.api.test_scale_door import basic, key_of
from tests.unit.media_made import png

from tawsim.loop.scale import files


@pytest.fixture
def live(world: World) -> dict[str, str]:
    return basic(key_of(world, "live"))


def send(world: World, who: dict[str, str], data: bytes, name: str = "صورة.png", **fields: Any) -> Any:
    return world.client.post(
        "/v1/files/upload", headers=who, files={"file": (name, io.BytesIO(data), "text/html")}, data=fields
    )


def test_a_file_goes_in_by_a_form_and_is_told_by_its_bytes(world: World, live: dict[str, str]) -> None:
    told = send(world, live, png(), project_name="p", reference_id="r").json()
    assert (told["mime_type"], told["size"], told["project_names"]) == ("image/png", len(png()), ["p"])
    assert told["attachment_url"] == f"scaledata://{world.workspace.id}/{told['id']}"
    assert world.client.get(f"/v1/files/{told['id']}", headers=live).json() == told


def test_a_form_without_the_part_is_refused_in_scales_form(world: World, live: dict[str, str]) -> None:
    for sent in ({"files": {"other": b"x"}}, {"files": {"a": b"x"}, "data": {"file": "text"}}):
        got = world.client.post("/v1/files/upload", headers=live, **sent)
        assert (got.status_code, got.json()["status_code"]) == (400, 400)
        assert got.json()["error"].startswith("file:")
    assert send(world, live, b"").status_code == 400


def test_a_file_over_the_limit_is_cut_off_as_it_arrives(
    world: World, live: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    got = send(world, live, b"x" * 1001)
    assert got.status_code == 400
    assert "at most" in got.json()["error"]
    got = world.client.post(
        "/v1/files/upload",
        headers=live | {"content-length": "900000000", "content-type": "multipart/form-data; boundary=x"},
        content=b"",
    )
    assert got.status_code == 400


def test_an_import_answers_at_once_and_only_for_http(world: World, live: dict[str, str]) -> None:
    got = world.client.post("/v1/files/import", headers=live, json={"file_url": "https://example.com/a%20b.png"})
    assert got.status_code == 200
    assert got.json()["name"] == "a b.png"
    assert "mime_type" not in got.json()
    for body in ({}, {"file_url": "file:///etc/passwd"}, {"file_url": 7}, [], None):
        got = world.client.post("/v1/files/import", headers=live, json=body)
        assert got.status_code == 400
        assert "file_url" in got.json()["error"]


def test_what_one_world_has_the_other_has_not(world: World, live: dict[str, str]) -> None:
    test = basic(key_of(world, "test"))
    told = send(world, live, b"hello").json()
    assert world.client.get(f"/v1/files/{told['id']}", headers=test).status_code == 404
    other = send(world, test, b"hello").json()
    assert other["attachment_url"].split("/")[2] != told["attachment_url"].split("/")[2]


def test_a_file_comes_out_to_be_saved_and_never_to_be_shown(world: World, live: dict[str, str]) -> None:
    page = b"<!doctype html><script>alert(1)</script>"
    told = send(world, live, page, "صورة <b>.html").json()
    got = world.get(f"/scale/files/{told['id']}")
    assert (got.status_code, got.content) == (200, page)
    assert got.headers["content-type"].startswith("text/plain")
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%D8%B5")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert world.get(f"/scale/files/{told['id']}", world.layla).status_code == 403
    assert world.get("/scale/files/none").status_code == 404
    assert world.get(f"/scale/files/{told['id']}?mode=test").status_code == 404


def test_files_of_test_keys_come_out_too(world: World) -> None:
    told = send(world, basic(key_of(world, "test")), b"hello", "a.txt").json()
    assert world.get(f"/scale/files/{told['id']}").status_code == 404
    assert world.get(f"/scale/files/{told['id']}?mode=test").content == b"hello"


@pytest.mark.parametrize("mode", ["live", "test"])
def test_scales_own_client_uploads_and_imports(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png())
    with served(tmp_path / "s") as server:
        client = server.client(mode)
        with path.open("rb") as file:
            sent = client.upload_file(file=file, project_name="p", reference_id="r1")
        taken = client.import_file(file_url="https://example.com/x.png", project_name="p")
    assert sent.attachment_url.startswith("scaledata://")
    assert sent.as_dict()["mime_type"] == "image/png"
    assert sent.as_dict()["name"] == "a.png"
    assert taken.attachment_url.startswith("scaledata://")


@pytest.mark.parametrize("sent", ['{"a": NaN}', '{"a": 1e999}', '{"a": ' + "[" * 60 + "]" * 60 + "}"])
def test_metadata_that_nothing_could_be_answered_with_are_refused(
    world: World, live: dict[str, str], sent: str
) -> None:
    got = send(world, live, b"hello", metadata=sent)
    assert got.status_code == 400
    assert "metadata" in got.json()["error"]
