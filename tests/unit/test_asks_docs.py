"""The worked example of docs/reference/asks.md, done as it stands there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tawsim
from tawsim.cli import main as entry
from tawsim.labelling import queue, submit
from tawsim.labelling.presenting import questions_of
from tawsim.store import rows
from tawsim.workspaces.workspace import Workspace, open_workspace

PAGE = (Path(tawsim.__file__).parent.parent.parent / "docs" / "reference" / "asks.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)
    assert set(FILES) == {"tawsim.toml", "support.jsonl"}
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert entry.run(["project", "create", "--config", "tawsim.toml"]) == 0
    [file] = tmp_path.glob("*.tawsim")
    opened = open_workspace(file)
    yield opened
    opened.close()


def test_each_row_asks_what_the_page_says(made: Workspace) -> None:
    with made.db.read() as tx:
        [row] = tx.all("project_list")
    project = rows.project(row)

    def take(tx: Any) -> list[Any]:
        return list(queue.next_leases(tx, project.id, made.owner_id, 4).leases)

    leases = made.db.write(take)
    told = [lease.shown["asks"] for lease in sorted(leases, key=lambda one: one.seq)]
    assert told == [
        {"topic": {"labels": ["delivery", "refund"]}}, {"topic": True, "why": True}, {"tone": True},
        {"topic": True, "tone": True, "why": True},
    ]  # fmt: skip
    first = next(lease for lease in leases if lease.seq == 1)
    made.db.write(lambda tx: submit.submit(tx, made.owner_id, first.lease_id, "k", {"topic": "refund"})).or_raise()


def test_a_project_file_that_is_written_again_names_the_column(
    made: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.run(["project", "show", "--toml"]) == 0
    assert 'asks = "ask"' in capsys.readouterr().out
    with made.db.read() as tx:
        [row] = tx.all("project_list")
    assert questions_of(rows.project(row), {"ask": {"tone": True}})[0].name == "tone"
