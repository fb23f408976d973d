"""The same schema and the same statements on PostgreSQL, where one is installed: every one of them prepares."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tawsim.store.migrations import migrations
from tawsim.store.statements import statements

INITDB = shutil.which("initdb") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
PSQL = shutil.which("psql")
NOBODY = 65534
PARAMETER = re.compile(r":([a-z_][a-z0-9_]*)")

pytestmark = pytest.mark.skipif(not (INITDB and PSQL), reason="no PostgreSQL is installed here")


def call(*command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """As somebody else than root, which PostgreSQL refuses to serve."""
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=60, check=False, env={"LC_ALL": "C.UTF-8"},
        cwd="/", **who,
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


@pytest.fixture(scope="module")
def psql() -> Iterator[list[str]]:
    assert INITDB
    assert PSQL
    programs = Path(INITDB).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="tawsim-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    data = str(folder / "data")
    made = call(str(programs / "initdb"), "-D", data, "-U", "tawsim", "-A", "trust", "--no-sync", "-E", "UTF8")
    assert made.returncode == 0, made.stderr
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log")]
    started = call(*control, "-o", options, "start")
    assert started.returncode == 0, started.stdout
    yield [PSQL, "-X", "-q", "-h", str(folder), "-U", "tawsim", "-d", "postgres"]
    call(*control, "-m", "immediate", "stop")
    shutil.rmtree(folder)


def prepared(name: str, sql: str) -> str:
    """`:name` → `$1`, on one line. Types are left to the server, which finds them from the columns."""
    numbers: dict[str, int] = {}
    numbered = PARAMETER.sub(lambda m: f"${numbers.setdefault(m[1], len(numbers) + 1)}", sql)
    return f"PREPARE {name} AS {' '.join(numbered.split())};\n"


def test_schema_and_statements_prepare(psql: list[str]) -> None:
    schema = "".join(one.sql for one in (*migrations("workspace"), *migrations("accounts")))
    made = call(*psql, "-v", "ON_ERROR_STOP=1", text=schema)
    assert made.returncode == 0, made.stderr
    told = call(*psql, text="".join(prepared(*one) for one in statements().items())).stderr
    assert told == ""
