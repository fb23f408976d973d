"""`tawsim add`: what it takes, what it says, and that a wrong call adds nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from media_made import archive, png, wav

from tawsim.cli.main import run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)
    assert run(["project", "create", "cats", "--labels", "cat,dog", "--workspace", str(tmp_path / "w.tawsim")]) == 0
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "2.png").write_bytes(png())
    (folder / "10.png").write_bytes(png(shade=1))
    capsys.readouterr()
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_folder(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "cats", "photos"]) == 0
    said = capsys.readouterr().out
    assert "Added 2 files" in said
    assert "Added 2 tasks." in said
    code, again = call(capsys, "add", "cats", "photos")
    assert (code, again["media"]["same"], again["import"]["repeated"]) == (0, 2, True)


def test_files_and_archives(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = call(capsys, "add", "cats", "photos/10.png", "photos/2.png")
    assert (code, found["import"]["added"]) == (0, 2)
    (place / "more.zip").write_bytes(archive({"3.png": png(shade=3)}))
    code, found = call(capsys, "add", "cats", "more.zip")
    assert (code, found["media"]["new"], found["import"]["added"]) == (0, 1, 1)


def test_a_table_with_its_folder(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "rows.csv").write_text("text,image\nfirst,2.png\nsecond,9.png\n")
    code, found = call(capsys, "add", "cats", "rows.csv", "--media", "photos")
    assert (code, found["error"]["code"]) == (3, "TW-FILE")
    assert (found["error"]["details"]["row"], found["error"]["details"]["column"]) == (2, "image")
    (place / "rows.csv").write_text("text,image\nfirst,2.png\n")
    code, found = call(capsys, "add", "cats", "rows.csv", "--media", "photos")
    assert (code, found["import"]["added"], found["media"]["new"]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cats", "absent"], "absent"), (["cats", "photos", "photos"], "Several folders"), (["dogs", "photos"], "no project"),
        (["cats", "photos", "--media", "photos"], "goes with a table"), (["cats", "rows.csv", "photos"], "One table"),
        (["cats", "absent.csv", "--media", "photos"], "absent.csv"),
        (["cats", "rows.csv", "--media", "absent"], "no such folder"),
        (["cats", "empty"], "the folder is empty"), (["cats", "2.png", "s.wav"], "pictures and sounds"),
    ],
)  # fmt: skip
def test_a_wrong_call_says_what_to_do(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (place / "rows.csv").write_text("text,image\nfirst,2.png\n")
    (place / "empty").mkdir()
    (place / "2.png").write_bytes(png())
    (place / "s.wav").write_bytes(wav())
    code, found = call(capsys, "add", *arguments)
    assert code == 3
    assert said in f"{found['error']['message']} {found['error']['hint']}"
    code, status = call(capsys, "status")
    assert status["projects"][0]["progress"]["tasks"] == 0


def test_a_replaced_file_must_be_asked_for(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "cats", "photos"]) == 0
    (place / "photos" / "2.png").write_bytes(png(shade=99))
    capsys.readouterr()
    code, found = call(capsys, "add", "cats", "photos")
    assert (code, found["error"]["code"]) == (1, "TW-EXISTS")
    code, found = call(capsys, "add", "cats", "photos", "--replace")
    assert (code, found["media"]["replaced"], found["import"]["added"]) == (0, 1, 0)
