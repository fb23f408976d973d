"""Rules of the house that a machine can keep: layers, sizes, docstrings, SQL in one room, a light import."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tawsim
from tawsim.store.statements import statements

SOURCE = Path(tawsim.__file__).parent
MODULES = sorted(p for p in SOURCE.rglob("*.py") if "static" not in p.parts)
HEAVY = {"numpy", "pyarrow", "pandas", "polars", "fastapi", "uvicorn", "httpx2", "typer", "rich", "scipy", "sqlite3"}


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def test_the_import_law_holds() -> None:
    root = SOURCE.parent.parent
    found = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{name_of(path)} does not say what lives there"
    assert len(text.splitlines()) <= 450, f"{name_of(path)} has outgrown one subject"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 80, f"{name_of(path)}:{node.name} has {length} lines"


def test_sql_stands_in_the_store_only() -> None:
    sql = re.compile(r"\b(SELECT\s.+\sFROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b")
    for path in MODULES:
        if not name_of(path).startswith("store/"):
            assert not sql.search(path.read_text(encoding="utf-8")), name_of(path)


def test_every_named_statement_is_used_and_every_name_used_exists() -> None:
    used: set[str] = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                first = node.args[0]
                named = node.func.attr in ("one", "all", "run", "many", "stream") and isinstance(first, ast.Constant)
                if named and isinstance(first.value, str):
                    used.add(first.value)
    known = set(statements())
    assert used - known == set()
    assert known - used == set()


def test_nothing_runs_or_unpickles_what_it_reads() -> None:
    banned = {"pickle", "marshal", "shelve", "dill"}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not banned & {alias.name.split(".")[0] for alias in node.names}, name_of(path)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), name_of(path)
            if isinstance(node, ast.keyword) and node.arg == "shell":
                raise AssertionError(f"{name_of(path)} starts a shell")


def test_import_tawsim_brings_nothing_heavy() -> None:
    code = "import sys, tawsim; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & set(loaded) == set()
