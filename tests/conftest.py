"""What every test may use: a workspace in a fresh folder, with a clock that the test moves."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tawsim.core.clock import SECOND
from tawsim.store.database import Database
from tawsim.workspaces.workspace import Workspace, open_workspace

settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "dev")


class MovableClock:
    """Microseconds since 1970, which stand still until the test moves them."""

    def __init__(self, now: int = 1_800_000_000 * SECOND) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace file with its tables and nothing in them: made anew for each test, they took half of its time."""
    file = tmp_path_factory.mktemp("empty") / "empty.tawsim"
    Database.open(file, "workspace", create=True).close()
    return file


@pytest.fixture
def workspace(tmp_path: Path, clock: MovableClock, empty_file: Path) -> Iterator[Workspace]:
    file = tmp_path / "reviews.tawsim"
    file.write_bytes(empty_file.read_bytes())
    file.chmod(0o600)
    opened = open_workspace(file, create=True, owner="Noor", clock=clock)
    yield opened
    opened.close()
