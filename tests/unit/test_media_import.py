"""Media into a project: all or nothing, once, under safe names, from folders, tables and archives, whatever they try."""

import base64
import io
import os
import random
import signal
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from media_made import archive, jpeg, png, wav

from tawsim.core.errors import AlreadyExists, BadFile, BadInput, Conflict, NotFound
from tawsim.core.media_names import media_name
from tawsim.core.records import Project
from tawsim.intake import media as intake_media
from tawsim.intake.media import MediaFile, add_media, check_media, drop_unreferenced
from tawsim.intake.media_archive import open_archive
from tawsim.labelling.media import media_of
from tawsim.labelling.projects import NewProject, create_project
from tawsim.loop import media
from tawsim.loop.media import AddReport
from tawsim.store.database import Transaction
from tawsim.store.media import PIECE, read_bytes
from tawsim.workspaces.workspace import Workspace, open_workspace

CARRIED = "data:image/png;base64," + base64.b64encode(png()).decode()
BOMB = "data:image/png;base64," + base64.b64encode(png(30_001, 5)).decode()
QUESTIONS = [{"kind": "choice", "name": "label", "labels": ["قطة", "كلب"]}]
ONE_HOUR = 3600


def make(workspace: Workspace, name: str = "صور", content: Any = ()) -> Project:
    new = NewProject(name=name, questions=QUESTIONS, content=content)
    return workspace.db.write(lambda tx: create_project(tx, workspace.owner_id, name, new))


@pytest.fixture
def project(workspace: Workspace) -> Project:
    return make(workspace)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "صور"
    (place / "cats").mkdir(parents=True)
    for i in (10, 2, 1):
        (place / f"{i}.png").write_bytes(png(shade=i))
    (place / "cats" / "قطة.jpg").write_bytes(jpeg(30, 20))
    (place / ".DS_Store").write_bytes(b"junk")
    return place


def file_of(name: str, data: bytes, place: Path) -> MediaFile:
    path = place / f"{random.randrange(1 << 60)}.tmp"
    path.write_bytes(data)
    return MediaFile(name, name, lambda: path.open("rb"))


def put(workspace: Workspace, project: Project, files: dict[str, bytes], **more: Any) -> intake_media.MediaReport:
    checked = check_media([file_of(name, data, workspace.path.parent) for name, data in files.items()])
    return add_media(workspace.db, project.id, checked, actor_id=workspace.owner_id, **more)


def names(workspace: Workspace, project: Project) -> dict[str, str]:
    with workspace.db.read() as tx:
        return {
            row["name"]: row["digest"] for row in tx.all("media_of_project", project_id=project.id, after="", n=9999)
        }


def stored(workspace: Workspace, name: str, project: Project) -> bytes:
    with workspace.db.read() as tx:
        row = tx.one("media_by_name", project_id=project.id, name=name)
    assert row is not None
    return b"".join(read_bytes(workspace.db, row["digest"], 0, row["size"]))


def contents(workspace: Workspace, project: Project) -> list[dict[str, Any]]:
    import json

    with workspace.db.read() as tx:
        found = tx.all("task_page", project_id=project.id, after=0, visible_seq=1 << 40, n=1000)
        return [json.loads(row["content"]) for row in found]


def count(workspace: Workspace) -> tuple[int, int]:
    """How many media and pieces lie in the file, whoever they belong to."""
    import sqlite3

    with sqlite3.connect(workspace.path) as connection:
        found = [connection.execute(f"SELECT COUNT(*) FROM {t}").fetchone()[0] for t in ("media", "media_piece")]
    connection.close()
    return found[0], found[1]


# ---- names -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a.png", "a.png"), ("./a//b.png", "a/b.png"), ("a\\b.png", "a/b.png"), ("é.png".replace("é", "e\u0301"), "é.png"),
        ("قطة ١.jpg", "قطة ١.jpg"), ("..a/b..png", "..a/b..png"),
    ],
)  # fmt: skip
def test_a_name_has_one_form(given: str, name: str) -> None:
    assert media_name(given) == name


@pytest.mark.parametrize(
    "given",
    [
        "", " ", ".", "/etc/passwd", "\\\\host\\x", "C:\\x.png", "c:x", "../x.png", "a/../../x", "a\\..\\x", "a\0.png", "a\nb",
        "x" * 501, "x" * 256, "\ud800.png", "é" * 200,
    ],
)  # fmt: skip
def test_a_name_that_leads_away_is_none(given: str) -> None:
    with pytest.raises(ValueError):
        media_name(given)


# ---- storing -----------------------------------------------------------------------------------------------------
def test_what_goes_in_comes_out_once(workspace: Workspace, project: Project) -> None:
    long = wav(200.0)
    assert len(long) > 3 * PIECE
    report = put(workspace, project, {"a.png": png(), "same.png": png(), "b/long.wav": long})
    assert report.new == ("a.png", "same.png", "b/long.wav")
    assert report.bytes == len(png()) + len(long)
    assert count(workspace) == (2, 5)
    assert stored(workspace, "b/long.wav", project) == long
    assert stored(workspace, "a.png", project) == png()
    other = make(workspace, "أخرى")
    assert put(workspace, other, {"x.png": png()}).new == ("x.png",)
    assert count(workspace) == (2, 5)
    assert put(workspace, other, {"x.png": png()}).same == ("x.png",)
    with workspace.db.read() as tx:
        assert (
            b"".join(read_bytes(workspace.db, names(workspace, project)["b/long.wav"], PIECE - 2, PIECE + 3))
            == (long[PIECE - 2 : PIECE + 3])
        )
        assert tx.one("media_name_count", project_id=other.id)["n"] == 1  # type: ignore[index]


def test_a_name_keeps_its_bytes_unless_told(workspace: Workspace, project: Project) -> None:
    put(workspace, project, {"a.png": png()})
    with pytest.raises(AlreadyExists, match=r"a\.png"):
        put(workspace, project, {"b.png": png(), "a.png": png(shade=9)})
    assert list(names(workspace, project)) == ["a.png"]
    report = put(workspace, project, {"b.png": png(), "a.png": png(shade=9)}, replace=True)
    assert (report.new, tuple(report.replaced)) == (("b.png",), ("a.png",))
    assert stored(workspace, "a.png", project) == png(shade=9)


def test_one_bad_file_and_nothing_is_added(workspace: Workspace, project: Project) -> None:
    with pytest.raises(BadFile, match=r"c\.png: an SVG"):
        put(workspace, project, {"a.png": png(), "b.png": png(shade=1), "c.png": b"<svg/>"})
    assert names(workspace, project) == {}
    assert count(workspace) == (0, 0)
    with pytest.raises(BadFile, match=r"a/1\.png"):
        put(workspace, project, {"a/1.png": png(), "a\\1.png": png(shade=1)})
    assert put(workspace, project, {"a/1.png": png(), "a\\1.png": png()}).new == ("a/1.png",)


def test_a_file_that_changes_while_it_is_read_is_refused(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(png())
    checked = check_media([MediaFile("x.png", "x.png", lambda: path.open("rb"))])
    path.write_bytes(png(shade=7))
    with pytest.raises(BadFile, match="changed while"):
        add_media(workspace.db, project.id, checked, actor_id=workspace.owner_id)
    assert names(workspace, project) == {}
    assert stored_after(workspace, project) == png()


def stored_after(workspace: Workspace, project: Project) -> bytes:
    put(workspace, project, {"x.png": png()})
    return stored(workspace, "x.png", project)


def test_a_project_that_is_not_there_gets_nothing(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    checked = check_media([file_of("a.png", png(), tmp_path)])
    with pytest.raises(NotFound):
        add_media(workspace.db, "01970000-0000-7000-8000-000000000000", checked, actor_id=workspace.owner_id)
    assert count(workspace) == (0, 0)


def test_what_has_no_name_is_cleared_away_after_an_hour(
    workspace: Workspace, project: Project, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    put(workspace, project, {"kept.png": png()})
    with monkeypatch.context() as patch:
        patch.setattr(intake_media, "_give_names", dies)
        with pytest.raises(KeyboardInterrupt):
            put(workspace, project, {"long.wav": wav(500.0)})
    assert count(workspace)[0] == 2
    assert drop_unreferenced(workspace.db) == 0
    clock.advance(ONE_HOUR + 1)
    assert drop_unreferenced(workspace.db) == 1
    assert count(workspace) == (1, 1)
    assert stored(workspace, "kept.png", project) == png()


@pytest.mark.parametrize("moment", ["_touch", "_give_names"])
def test_what_was_cleared_away_under_an_import_is_not_named(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """An import that slept for an hour between storing and naming must not leave a name without bytes."""
    usual = getattr(intake_media, moment)

    def sweep(tx: Transaction) -> None:
        (row,) = tx.all("media_unreferenced", before=1 << 62, n=10)
        done = intake_media._drop(tx, row["digest"])
        while moment == "_touch" and not done:
            done = intake_media._drop(tx, row["digest"])

    def late(place: Any, *rest: Any) -> Any:
        if isinstance(place, Transaction):
            sweep(place)
        else:
            place.write(sweep)
        return usual(place, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(intake_media, moment, late)
        with pytest.raises(Conflict, match="cleared away"):
            put(workspace, project, {"long.wav": wav(600.0)})
    assert names(workspace, project) == {}
    assert put(workspace, project, {"long.wav": wav(600.0)}).new == ("long.wav",)
    assert stored(workspace, "long.wav", project) == wav(600.0)


def test_transactions_stay_small(workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    inside = {"now": 0}
    insert = intake_media._insert_piece

    def noted(tx: Transaction, digest: str, number: int, data: bytes) -> None:
        inside["now"] += len(data)
        insert(tx, digest, number, data)

    write_soon = workspace.db.write_soon

    def measured(work: Callable[[Transaction], Any]) -> Any:
        def run(tx: Transaction) -> Any:
            inside["now"] = 0
            result = work(tx)
            sizes.append(inside["now"])
            return result

        return write_soon(run)

    monkeypatch.setattr(intake_media, "_insert_piece", noted)
    monkeypatch.setattr(type(workspace.db), "write_soon", lambda _self, work: measured(work))
    put(workspace, project, {f"{i}.wav": wav(100.0 + i) for i in range(12)})
    assert sum(sizes) > 15 * PIECE
    assert max(sizes) <= 2 * PIECE


# ---- folders -----------------------------------------------------------------------------------------------------
def test_a_folder_makes_a_task_a_file_by_name(workspace: Workspace, project: Project, folder: Path) -> None:
    report = media.add_folder(workspace.db, project, folder, actor_id=workspace.owner_id)
    assert report.tasks is not None
    assert report.tasks.added == 4
    assert contents(workspace, project) == [
        {"image": "1.png"}, {"image": "2.png"}, {"image": "10.png"}, {"image": "cats/قطة.jpg"}
    ]  # fmt: skip
    with workspace.db.read() as tx:
        found = media_of(tx, project.id, ["1.png", ".\\cats\\قطة.jpg", "absent.png", "../x", "1.png"])
    assert list(found) == ["1.png", ".\\cats\\قطة.jpg"]
    facts = found[".\\cats\\قطة.jpg"]
    assert (facts["type"], facts["width"], facts["height"], facts["seconds"]) == ("image/jpeg", 30, 20, None)
    assert facts["url"] == f"/api/v1/projects/{project.id}/media/{names(workspace, project)['cats/قطة.jpg']}"


def test_a_folder_again_adds_only_what_is_new(workspace: Workspace, project: Project, folder: Path) -> None:
    media.add_folder(workspace.db, project, folder, actor_id=workspace.owner_id)
    project = refreshed(workspace, project)
    again = media.add_folder(workspace.db, project, folder, actor_id=workspace.owner_id)
    assert again.tasks is not None
    assert again.tasks.repeated
    (folder / "11.png").write_bytes(png(shade=11))
    more = media.add_folder(workspace.db, project, folder, actor_id=workspace.owner_id)
    assert more.tasks is not None
    assert more.tasks.added == 1
    assert len(contents(workspace, project)) == 5


def refreshed(workspace: Workspace, project: Project) -> Project:
    from tawsim.loop.overview import find_project

    return find_project(workspace.db, project.name)


def test_a_folder_follows_the_blocks_of_its_project(workspace: Workspace, tmp_path: Path) -> None:
    project = make(workspace, "أصوات", [{"kind": "audio", "column": "clip"}])
    place = tmp_path / "clips"
    place.mkdir()
    (place / "1.wav").write_bytes(wav())
    media.add_folder(workspace.db, project, place, actor_id=workspace.owner_id)
    assert contents(workspace, project) == [{"clip": "1.wav"}]
    (place / "2.png").write_bytes(png())
    with pytest.raises(BadInput, match="pictures and sounds"):
        media.add_folder(workspace.db, project, place, actor_id=workspace.owner_id)
    (place / "1.wav").unlink()
    with pytest.raises(BadInput, match="shows no pictures"):
        media.add_folder(workspace.db, project, place, actor_id=workspace.owner_id)
    assert list(names(workspace, project)) == ["1.wav"]


@pytest.mark.parametrize("trick", ["link", "folder", "pipe", "html", "bad name", "unreadable"])
def test_a_folder_with_a_trick_in_it_adds_nothing(
    workspace: Workspace, project: Project, folder: Path, tmp_path: Path, trick: str
) -> None:
    secret = tmp_path / "outside"
    secret.mkdir()
    (secret / "s.png").write_bytes(png())
    if trick == "link":
        (folder / "x.png").symlink_to(secret / "s.png")
    elif trick == "folder":
        (folder / "x").symlink_to(secret)
    elif trick == "pipe":
        os.mkfifo(folder / "x.png")
    elif trick == "html":
        (folder / "x.png").write_text("<html><script>alert(1)</script>")
    elif trick == "bad name":
        (folder / "x\x1b[2J.png").write_bytes(png())
    else:
        (folder / "x.png").symlink_to(folder / "x.png")
    with pytest.raises(BadFile) as caught:
        media.add_folder(workspace.db, project, folder, actor_id=workspace.owner_id)
    assert "x" in caught.value.details["file"]
    assert "\x1b" not in str(caught.value)
    assert names(workspace, project) == {}
    assert contents(workspace, project) == []


def test_a_link_inside_the_folder_is_followed(workspace: Workspace, project: Project, folder: Path) -> None:
    (folder / "3.png").symlink_to(folder / "1.png")
    media.add_folder(workspace.db, project, folder, actor_id=workspace.owner_id)
    assert stored(workspace, "3.png", project) == png(shade=1)


# ---- tables ------------------------------------------------------------------------------------------------------
def table(tmp_path: Path, *rows: str, header: str = "text,image") -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def add_table(workspace: Workspace, project: Project, path: Path, folder: Path | None, **more: Any) -> AddReport:
    return media.add_table(workspace.db, project, path, folder, actor_id=workspace.owner_id, **more)


def test_a_table_brings_the_files_it_names_and_no_others(
    workspace: Workspace, project: Project, folder: Path, tmp_path: Path
) -> None:
    path = table(tmp_path, "first,1.png", "second,cats\\قطة.jpg", "third,1.png", f'fourth,"{CARRIED}"', "fifth,")
    report = add_table(workspace, project, path, folder)
    assert report.tasks is not None
    assert (report.tasks.added, report.media.new) == (5, ("1.png", "cats/قطة.jpg"))
    assert contents(workspace, project)[1] == {"text": "second", "image": "cats\\قطة.jpg"}
    more = tmp_path / "more.csv"
    more.write_text("text,image\nsixth,1.png\n")
    assert add_table(workspace, refreshed(workspace, project), more, None).media.new == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.png", "there is no file “absent.png”"), ("../outside.png", "climbs"), ("/etc/passwd", "absolute"),
        ("cats", "no plain file"), ("link.png", "leads out"), ("page.png", "page.png: a web page"), ("1.PNG", "case counts"),
        ("sound.wav", "it is a sound"), ("data:image/svg+xml;base64,PHN2Zy8+", "SVG"), ("data:image/png;base64,A", "broken"),
        ("data:image/svg+xml;utf8;<svg/>", "not base64"), (BOMB, "30,001"), ("C:\\\\x.png", "absolute"),
    ],
)  # fmt: skip
def test_a_row_that_names_what_is_not_there_is_named(
    workspace: Workspace, project: Project, folder: Path, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "outside.png").write_bytes(png())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "page.png").write_text("<html>")
    (folder / "sound.wav").write_bytes(wav())
    with pytest.raises(BadFile) as caught:
        add_table(workspace, project, table(tmp_path, "a,1.png", f'b,"{name}"'), folder)
    assert said in str(caught.value)
    assert (caught.value.details["row"], caught.value.details["column"]) == (2, "image")
    assert names(workspace, project) == {}
    assert contents(workspace, project) == []


def test_rows_that_are_refused_take_their_files_back(
    workspace: Workspace, project: Project, folder: Path, tmp_path: Path
) -> None:
    put(workspace, project, {"2.png": jpeg()})
    with pytest.raises(BadFile, match="row 3"):
        add_table(workspace, project, table(tmp_path, "a,1.png", "b,2.png", ",10.png"), folder, replace=True)
    assert list(names(workspace, project)) == ["2.png"]
    assert stored(workspace, "2.png", project) == jpeg()
    with pytest.raises(BadFile, match="--media"):
        add_table(workspace, project, table(tmp_path, "a,1.png"), None)


def test_a_table_of_files_alone(workspace: Workspace, project: Project, folder: Path, tmp_path: Path) -> None:
    add_table(workspace, project, table(tmp_path, "1.png", "2.png", header="image"), folder)
    assert contents(workspace, project) == [{"image": "1.png"}, {"image": "2.png"}]


# ---- archives ----------------------------------------------------------------------------------------------------
def unpack(workspace: Workspace, project: Project, data: bytes, tmp_path: Path, **more: Any) -> AddReport:
    path = tmp_path / "upload"
    path.write_bytes(data)
    return media.add_archive(workspace.db, project, path, "a.zip", actor_id=workspace.owner_id, **more)


def test_an_archive_comes_in_like_a_folder(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    files = {
        "x/10.png": png(shade=10),
        "x/2.png": png(),
        "__MACOSX/x/._2.png": b"junk",
        "x/.DS_Store": b"junk",
        "x/": b"",
    }
    report = unpack(workspace, project, archive(files), tmp_path, tasks=True)
    assert report.media.new == ("x/2.png", "x/10.png")
    assert contents(workspace, project) == [{"image": "x/2.png"}, {"image": "x/10.png"}]
    assert stored(workspace, "x/10.png", project) == png(shade=10)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".tawsim-")) == []
    silent = archive({"Ù.png": png()}).replace("Ù".encode(), "ق".encode())
    (tmp_path / "s").write_bytes(silent.replace(b"\x00\x08", b"\x00\x00"))
    with open_archive(tmp_path / "s", "s.zip") as found:
        assert [file.name for file in found] == ["ق.png"]


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        made = archive_of([("a.png", png()), ("a.png", png(shade=1))])
    return made


def archive_of(files: list[tuple[str, bytes]]) -> bytes:
    import io

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, data in files:
            file.writestr(name, data)
    return made.getvalue()


def with_entry(change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    import io

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        entry = zipfile.ZipInfo("x.png")
        change(entry)
        file.writestr(entry, png())
    return made.getvalue()


def link(entry: zipfile.ZipInfo) -> None:
    entry.create_system = 3
    entry.external_attr = 0o120777 << 16


def encrypted() -> bytes:
    data = bytearray(archive({"x.png": png()}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def lying() -> bytes:
    """An entry that claims to be shorter than what comes out of it."""
    data = bytearray(archive({"x.png": png() + bytes(100_000)}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 50)
    return bytes(data)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: archive({"../../x.png": png()}), "climbs"), (lambda: archive({"/x.png": png()}), "absolute"),
        (lambda: archive({"a\\..\\..\\x.png": png()}), "climbs"), (lambda: archive({"C:\\x.png": png()}), "absolute"),
        (lambda: archive({"x.zip": archive({"x.png": png()})}), "ZIP archive"), (lambda: archive({"x.png": b"<svg/>"}), "SVG"),
        (lambda: with_entry(link), "link"), (encrypted, "encrypted"), (lying, "cannot be unpacked"), (twice, "twice"),
        (lambda: archive({"a.png": png(30_001, 5)}), "30,001"), (lambda: archive({}), "no file"), (lambda: b"PK", "no ZIP"),
        (lambda: archive({"a.png": png()})[:-30], "no ZIP"), (lambda: archive({".hidden/x.png": png()}), "no file"),
        (lambda: archive_of([("a.png", png())]).replace(b"IDAT", b"IDAS", 1), "cannot be unpacked"),
    ],
)  # fmt: skip
def test_a_hostile_archive_adds_nothing(
    workspace: Workspace, project: Project, tmp_path: Path, made: Callable[[], bytes], said: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadFile) as caught:
        unpack(workspace, project, made(), tmp_path)
    assert said in str(caught.value)
    assert caught.value.details["file"].startswith("a.zip")
    assert names(workspace, project) == {}
    assert set(tmp_path.rglob("*")) - set(before) <= {tmp_path / "upload"}


def test_an_archive_that_would_fill_the_disk_is_refused_by_its_table(
    workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tawsim.intake import media_archive

    bomb = archive({f"{i}.png": png() + bytes(1_000_000) for i in range(3)})
    monkeypatch.setattr(media_archive, "RATIO_COUNTS_FROM", 1_000_000)
    with pytest.raises(BadFile, match="would unpack to"):
        unpack(workspace, project, bomb, tmp_path)
    monkeypatch.setattr(media_archive, "MAX_DIRECTORY", 64)
    with pytest.raises(BadFile, match="no ZIP archive"):
        unpack(workspace, project, bomb, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(media_archive, "MAX_FILES", 2)
    with pytest.raises(BadFile, match="more than 2 files"):
        unpack(workspace, project, bomb, tmp_path)
    assert count(workspace) == (0, 0)


# ---- killed in the middle ----------------------------------------------------------------------------------------
KILLED = """
import os, signal, sys
from pathlib import Path
from tawsim.intake import media as intake
from tawsim.loop import media
from tawsim.loop.overview import find_project
from tawsim.workspaces.workspace import open_workspace

workspace = open_workspace(Path(sys.argv[1]))
left = int(sys.argv[3])
flush = intake._Batch.flush

def dying(self):
    global left
    left -= 1
    flush(self)
    if left == 0:
        self.settle()
        os.kill(os.getpid(), signal.SIGKILL)

intake._Batch.flush = dying
intake.BATCH_STEPS = 3
media.add_folder(workspace.db, find_project(workspace.db), Path(sys.argv[2]), actor_id=workspace.owner_id)
"""


@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_killed_import_leaves_no_names_and_no_tasks(tmp_path: Path, folder: Path, after: int) -> None:
    path = tmp_path / "killed.tawsim"
    workspace = open_workspace(path, create=True, owner="Noor")
    project = make(workspace)
    workspace.close()
    command = [sys.executable, "-c", KILLED, str(path), str(folder), str(after)]
    killed = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    workspace = open_workspace(path)
    try:
        assert count(workspace)[0] >= 1
        assert names(workspace, project) == {}
        assert contents(workspace, project) == []
        report = media.add_folder(workspace.db, project, folder, actor_id=workspace.owner_id)
        assert len(report.media.new) == 4
        assert stored(workspace, "10.png", project) == png(shade=10)
        assert workspace.db.check() == []
        assert drop_unreferenced(workspace.db, stale_after=-1) == 0
    finally:
        workspace.close()


def test_a_file_in_memory_has_its_size() -> None:
    """A digest of one is taken without reading it, so that its place says nothing of its length."""
    data = png(3, 2)
    assert check_media([MediaFile("a.png", "a.png", lambda: io.BytesIO(data))])[0].size == len(data)
