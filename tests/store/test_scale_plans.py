"""Statements of the Scale-compatible API read tables that grow with the tasks by an index, and never whole."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import tawsim.store
from tawsim.store.database import Database

SQL = Path(tawsim.store.__file__).parent / "sql"
FILES = sorted(one for one in SQL.glob("scale_*.sql") if one.name != "scale_accounts.sql")
NAMES = r"(?:scale_task|scale_task_tag|scale_callback|scale_delivered|task|annotation|event|lease)"
# The first once when a project is removed, beside the writer; the second ends at the first row.
WHOLE = {"scale_known_of_removed", "scale_any_task"}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("plans") / "w.tawsim"
    Database.open(path, "workspace", create=True).close()
    found = sqlite3.connect(path)
    yield found
    found.close()


def statements() -> Iterator[tuple[str, str]]:
    for file in (*FILES, SQL / "batches.sql"):
        for part in file.read_text().split("-- name: ")[1:]:
            name, _, sql = part.partition("\n")
            yield name, re.sub(r"--.*", "", sql).strip().rstrip(";")


@pytest.mark.parametrize(("name", "sql"), [pytest.param(*one, id=one[0]) for one in statements()])
def test_nothing_that_grows_with_the_tasks_is_read_whole(line: sqlite3.Connection, name: str, sql: str) -> None:
    given = dict.fromkeys(re.findall(r":([a-z_0-9]+)", sql), 1)
    plan = [row[3] for row in line.execute(f"EXPLAIN QUERY PLAN {sql}", given)]
    tables = dict(re.findall(rf"\b(?:FROM|JOIN)\s+{NAMES.replace('(?:', '(', 1)}\s+([a-z])\b", sql))
    growing = {*tables.values(), *re.findall(rf"\b(?:FROM|UPDATE)\s+{NAMES.replace('(?:', '(', 1)}\b", sql)}
    # A partial index of callbacks that wait or failed is short, and named.
    short = re.compile(r"USING INDEX scale_callback_(?:waiting|failed|sent)")
    whole = [one for one in plan if one.startswith("SCAN") and one.split()[1] in growing and not short.search(one)]
    assert not whole or name in WHOLE, plan
