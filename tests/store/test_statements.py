"""The named statements: each prepares, each is used, each name in the code exists, and none needs SQLite's own dialect."""

import re
import sqlite3
from functools import cache
from pathlib import Path

import pytest

import tawsim
from tawsim.store.migrations import Family, migrations
from tawsim.store.statements import statements

SOURCE = Path(tawsim.__file__).parent
PARAMETER = re.compile(r":([a-z_][a-z0-9_]*)")
CALL = re.compile(r"""\b\w+\.(?:one|all|run|many|stream)\(\s*["']([a-z_]+)["']""")
# What SQLite takes and PostgreSQL 15 does not, or takes for something else.
ONLY_SQLITE = re.compile(
    r"\bINSERT\s+OR\b|\bREPLACE\s+INTO\b|\bIFNULL\b|\bGLOB\b|\bAUTOINCREMENT\b|\browid\b|\bstrftime\b|\bdatetime\s*\(|"
    r"\bjulianday\b|\bjson_extract\b|\bgroup_concat\b|\bPRAGMA\b|\bINDEXED\s+BY\b|\bWITHOUT\s+ROWID\b|\bSTRICT\b|"
    r"\bLIMIT\s+[^;\n]*,|\bIS\s+(?:NOT\s+)?:|\btotal\s*\(|\bprintf\b|\bunixepoch\b|\btypeof\b|\brandom\s*\(\s*\)\s*%|"
    r"`|\[|==|\bISNULL\b|\bNOTNULL\b|\bMIN\s*\([^()]*,|\bMAX\s*\([^()]*,|\"",
    re.IGNORECASE,
)


@cache
def schema(family: Family) -> sqlite3.Connection:
    """Made once: nothing here writes."""
    connection = sqlite3.connect(":memory:")
    for migration in migrations(family):
        connection.executescript(migration.sql)
    return connection


def family_of(name: str) -> Family:
    """Of the accounts file, where that has the tables that the statement names."""
    sql = statements()[name]
    try:
        schema("accounts").execute("EXPLAIN " + sql, dict.fromkeys(PARAMETER.findall(sql), 1))
    except sqlite3.OperationalError:
        return "workspace"
    return "accounts"


def names_in_code() -> set[str]:
    return {name for path in SOURCE.rglob("*.py") for name in CALL.findall(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", sorted(statements()))
def test_it_prepares(name: str) -> None:
    sql = statements()[name]
    with_values = dict.fromkeys(PARAMETER.findall(sql), 1)
    schema(family_of(name)).execute("EXPLAIN " + sql, with_values)


@pytest.mark.parametrize("name", sorted(statements()))
def test_it_is_one_statement_that_postgresql_speaks_too(name: str) -> None:
    sql = statements()[name]
    assert sqlite3.complete_statement(sql + ";")
    assert ";" not in sql
    assert ONLY_SQLITE.search(sql) is None, ONLY_SQLITE.search(sql)


@pytest.mark.parametrize("family", ["workspace", "accounts"])
def test_migrations_speak_it_too(family: Family) -> None:
    for migration in migrations(family):
        bare = re.sub(r"--.*|'[^']*'", "", migration.sql)
        assert ONLY_SQLITE.search(bare) is None, migration.name


def test_every_name_in_the_code_exists() -> None:
    assert names_in_code() - set(statements()) == set()
    assert len(names_in_code()) > 60  # the search itself finds something


def test_every_statement_is_used() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    assert [name for name in statements() if f'"{name}"' not in text] == []


def test_only_the_store_speaks_sql() -> None:
    spoken = re.compile(r"""["'](?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA)\s""")
    found = [
        path.relative_to(SOURCE)
        for path in SOURCE.rglob("*.py")
        if SOURCE / "store" not in path.parents and spoken.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_name_stands_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "sql"
    folder.mkdir()
    (folder / "a.sql").write_text("-- name: same\nSELECT 1;\n")
    (folder / "b.sql").write_text("-- name: same\nSELECT 2;\n")
    monkeypatch.setattr("tawsim.store.statements.resources.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="twice"):
        statements.__wrapped__()
