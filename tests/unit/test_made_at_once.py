"""Two who make the same thing at one moment: neither takes away, halves or hides what the other made."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tawsim as tw
from tawsim.cli import main as entry
from tawsim.core.errors import AlreadyExists, BadInput
from tawsim.labelling import projects
from tawsim.loop import importing, project_file
from tawsim.server import run as serving
from tawsim.server.run import listen
from tawsim.store.connecting import connect
from tawsim.store.database import Database
from tawsim.store.migrations import check_family, migrate
from tawsim.truth.infer import MODELS
from tawsim.truth.state import load, save
from tawsim.workspaces.workspace import new_workspace, open_workspace


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Somebody else, who makes reviews.tawsim in this folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)
    (tmp_path / "reviews.csv").write_text("text\nx\ny\n", encoding="utf-8")
    return lambda: open_workspace(tmp_path / "reviews.tawsim", create=True, owner="Sami").close()


def owner_of(path: Path) -> str:
    place = open_workspace(path)
    with place.db.read() as tx:
        row = tx.one("worker_get", id=place.owner_id)
    place.close()
    assert row is not None
    return str(row["name"])


@pytest.mark.parametrize(
    ("command", "room", "name"),
    [
        (("project", "create", "reviews", "--labels", "a,b"), projects, "create_project"),
        (("label", "reviews.csv", "--labels", "a,b", "--no-browser"), importing, "new_project_from_file"),
    ],
)
def test_a_command_that_fails_takes_away_nothing_that_somebody_else_made(
    command: tuple[str, ...], room: Any, name: str, other: Callable[[], None], tmp_path: Path, monkeypatch: Any
) -> None:
    def fails(*_: object, **__: object) -> None:
        other()
        raise BadInput("It cannot be.")

    monkeypatch.setattr(room, name, fails)
    assert entry.run(list(command)) != 0
    assert owner_of(tmp_path / "reviews.tawsim") == "Sami"
    assert sorted(one.name for one in tmp_path.iterdir() if "making" in one.name) == []


def test_a_project_file_that_came_while_the_data_was_read_stays(
    other: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, writes = tmp_path / "tawsim.toml", project_file.write_project_file

    def while_another_writes(*given: Any, **more: Any) -> str:
        file.write_text("theirs")
        return writes(*given, **more)

    monkeypatch.setattr(project_file, "write_project_file", while_another_writes)
    assert entry.run(["init", "reviews.csv"]) != 0
    assert file.read_text() == "theirs"
    assert entry.run(["init", "reviews.csv", "--force"]) == 0
    assert "reviews" in file.read_text()


def test_rows_that_break_off_take_away_nothing_that_somebody_else_made(
    other: Callable[[], None], tmp_path: Path
) -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield {"text": "x"}
        other()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tw.label(rows(), ["a", "b"], to=tmp_path / "reviews.tawsim", serve=False)
    assert owner_of(tmp_path / "reviews.tawsim") == "Sami"


def test_a_new_workspace_is_there_when_it_is_whole_and_never_in_anothers_place(
    other: Callable[[], None], tmp_path: Path
) -> None:
    path = tmp_path / "reviews.tawsim"
    with new_workspace(path, owner="Noor") as place:
        assert not path.exists()
        name = place.name
    assert (name, owner_of(path)) == ("reviews", "Noor")
    path.unlink()
    with pytest.raises(AlreadyExists), new_workspace(path, owner="Noor"):
        other()
    assert owner_of(path) == "Sami"
    assert [one.name for one in tmp_path.iterdir() if "making" in one.name] == []


def test_a_port_is_taken_from_the_moment_it_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two servers that start at one moment each has a port: bound alone, it would be given to both."""
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(BadInput, match=str(port)):
            listen("127.0.0.1", port)
        monkeypatch.setattr(serving, "DEFAULT_PORT", port)
        with listen("127.0.0.1", None) as second:
            assert second.getsockname()[1] != port


def test_a_file_that_is_being_made_is_not_taken_for_anothers(tmp_path: Path) -> None:
    """Its stamp and its tables come in one transaction, and are looked at in one."""
    path = tmp_path / "x.sqlite"
    path.touch()
    maker, looker = connect(path), connect(path)
    maker.execute("PRAGMA journal_mode = WAL")

    class Slow:
        """Between two of its looks the other is done."""

        def __init__(self) -> None:
            self.looks = 0

        def execute(self, sql: str) -> Any:
            found = looker.execute(sql).fetchall()
            self.looks += "application_id" in sql or "sqlite_master" in sql
            if self.looks == 1:
                migrate(maker, "workspace", path=str(path), now=1)

            class Cursor:
                def fetchone(self) -> Any:
                    return found[0]

            return Cursor()

    check_family(Slow(), "workspace", path=str(path))  # type: ignore[arg-type]
    for one in (maker, looker):
        one.close()


def test_a_file_opened_by_many_for_the_first_time_is_made_once(tmp_path: Path) -> None:
    for n in range(5):
        path, begin = tmp_path / f"{n}.sqlite", threading.Barrier(6)

        def make(_: int, path: Path = path, begin: threading.Barrier = begin) -> None:
            begin.wait()
            Database.open(path, "accounts", create=True).close()

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(make, range(6)))


def test_models_saved_under_one_name_at_one_moment_are_each_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    model = MODELS["majority"]()
    model.fit([(f"t{n % 400}", f"w{n % 7}", str(rng.integers(3))) for n in range(2_800)])
    path, begin = tmp_path / "model.npz", threading.Barrier(6)

    def write(_: int) -> None:
        begin.wait()
        for _ in range(10):
            save(model, path)
            load(path)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    assert [one.name for one in tmp_path.iterdir()] == ["model.npz"]
