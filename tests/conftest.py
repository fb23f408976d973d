"""What every test may use: a workspace in a fresh folder, with a clock that the test moves. And how many run side by side."""

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

WORKER_BYTES = 2_000_000_000  # a Chromium with its pages, a server and Python take half of it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """`-n auto`: one for each core that this process may use and has memory for, at least two. A container's share counts."""
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    cores = float(len(os.sched_getaffinity(0)))
    memory = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    share = Path("/sys/fs/cgroup")
    for file in share.glob("cpu.max"):
        quota, period = file.read_text("ascii").split()
        cores = min(cores, float(quota.replace("max", "inf")) / float(period))
    for file in share.glob("memory.max"):
        memory = min(memory, float(file.read_text("ascii").replace("max", "inf")))
    return max(2, int(min(cores, memory / WORKER_BYTES)))


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
