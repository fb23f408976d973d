"""Files of the Scale-compatible API: what is in them is told by their bytes, and only what is allowed is fetched."""

import io
from typing import Any

import pytest
from media_made import png, wav

from tawsim.core.errors import BadInput, NotFound, TooLarge
from tawsim.labellers.opener import Answer, Ask, Limits
from tawsim.loop.scale import files
from tawsim.store.database import Row
from tawsim.store.media import PIECE
from tawsim.workspaces.workspace import Workspace


def put(workspace: Workspace, data: bytes, name: str = "a.bin", **fields: Any) -> Row:
    return files.store_file(workspace.db, files.read_new(name, fields), io.BytesIO(data), actor_id=workspace.owner_id)


def ask(workspace: Workspace, url: Any, **fields: Any) -> Row:
    new = files.read_new("", fields)
    return workspace.db.write(lambda tx: files.await_file(tx, url, new, actor_id=workspace.owner_id))


def get(workspace: Workspace, file_id: str) -> tuple[str, str, bytes]:
    with workspace.db.read() as tx:
        return files.read_file(tx, workspace.id, files.url_of(workspace.id, file_id))


def row_of(workspace: Workspace, file_id: str) -> Row:
    with workspace.db.read() as tx:
        row = tx.one("scale_file_get", id=file_id)
    assert row is not None
    return row


class Web:
    """Stands for the opener: what each address answers, and what was asked."""

    def __init__(self, *plays: Answer | Exception) -> None:
        self.plays, self.asked = list(plays), list[Ask]()

    def __call__(self, ask: Ask, limits: Limits) -> Answer:
        self.asked.append(ask)
        play = self.plays.pop(0)
        if isinstance(play, Exception):
            raise play
        return play


def found(body: bytes, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "text/html"}, body)


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_goes_in_comes_out(workspace: Workspace, size: int) -> None:
    data = (b"\x00\xff\x01" * (size // 3 + 1))[:size]
    row = put(workspace, data, "صورة ١.bin", project_name="p")
    assert get(workspace, row["id"]) == ("صورة ١.bin", "application/octet-stream", data)
    assert b"".join(files.read_pieces(workspace.db, row["id"], row["size"])) == data
    told = files.file_json(workspace.id, row)
    assert (told["size"], told["project_names"], told["name"]) == (size, ["p"], "صورة ١.bin")
    assert told["attachment_url"] == f"scaledata://{workspace.id}/{row['id']}"
    assert told["created_at"].endswith("Z")
    assert len(told["created_at"]) == 24


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (png(), "image/png"),
        (wav(), "audio/wav"),
        (b"%PDF-1.7\n...", "application/pdf"),
        (b"PK\x03\x04....", "application/zip"),
        (b"\x00\x00\x00\x18ftypisom....", "video/mp4"),
        ("نص عربي\n".encode(), "text/plain"),
        (("ك" * (files.HEAD // 2) + "ب").encode()[1:], "application/octet-stream"),
        (b"a" * (files.HEAD - 1) + "ب".encode(), "text/plain"),
        (b"<!doctype html><script>alert(1)</script>", "text/plain"),
        (b"<svg onload='alert(1)'>", "text/plain"),
        (b"text\x00not", "application/octet-stream"),
    ],
)
def test_the_type_is_told_by_the_bytes(workspace: Workspace, data: bytes, mime: str) -> None:
    assert put(workspace, data, "photo.html")["mime"] == mime


def test_what_cannot_come_in_is_refused_with_the_name_of_the_field(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="empty"):
        put(workspace, b"")
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    with pytest.raises(TooLarge, match="file:"):
        put(workspace, b"x" * 11)
    for name, value in [("project_name", {"a": 1}), ("reference_id", 5), ("metadata", "[1"), ("metadata", [1])]:
        with pytest.raises(BadInput, match=f"^{name}:"):
            put(workspace, b"x", **{name: value})


def test_names_are_names_and_no_paths(workspace: Workspace) -> None:
    assert put(workspace, b"x", "../../etc/passwd")["name"] == "passwd"
    assert put(workspace, b"x", "C:\\dir\\a\nb.txt")["name"] == "ab.txt"
    assert put(workspace, b"x", "")["name"] == "file"


def test_an_address_of_another_workspace_leads_nowhere(workspace: Workspace) -> None:
    row = put(workspace, b"x")
    with workspace.db.read() as tx:
        for url in (
            f"scaledata://other/{row['id']}",
            f"scaledata://{workspace.id}/none",
            "scaledata://",
            "https://a/b",
        ):
            with pytest.raises(NotFound):
                files.read_file(tx, workspace.id, url)


@pytest.mark.parametrize("url", [None, 5, "", "ftp://a/b", "/etc/passwd", "http://user:pass@a/b", "https://a\\b"])
def test_only_http_addresses_are_imported(workspace: Workspace, url: Any) -> None:
    with pytest.raises(BadInput, match=r"^file_url:"):
        ask(workspace, url)


def test_an_upload_that_broke_off_is_nobodys_and_is_cleared_away(workspace: Workspace, clock: Any) -> None:
    class Breaks(io.BytesIO):
        def read(self, n: int | None = -1) -> bytes:
            if n == PIECE and self.tell() >= 10 * PIECE:
                raise OSError("gone")
            return super().read(n)

    new = files.read_new("a", {})
    with pytest.raises(OSError, match="gone"):
        files.store_file(workspace.db, new, Breaks(b"\x01" * 12 * PIECE), actor_id=workspace.owner_id)
    with workspace.db.read() as tx:
        left = tx.one("scale_file_broken_off", before=clock() + 1)
        assert left is not None
        with pytest.raises(NotFound):
            files.find_file(tx, workspace.id, files.url_of(workspace.id, left["id"]))
    assert files.drop_broken_off(workspace.db) == 0  # it may be under way
    clock.advance(3601)
    assert files.drop_broken_off(workspace.db) == 1
    with workspace.db.read() as tx:
        assert tx.all("scale_file_piece_some", file_id=left["id"], n=100) == []
