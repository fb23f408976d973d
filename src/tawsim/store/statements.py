"""Named SQL statements, read once from sql/*.sql. Every statement of Tawsim has a name there; nothing builds SQL at run time."""

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_ONE_ROW = re.compile(r"(INSERT INTO [^:]*\bVALUES )(\([^()]*\))$", re.DOTALL)
_PARAMETER = re.compile(r":(\w+)")
# The tables that say who may come in and as what; a new row in them changes nothing for those who are in.
_STANDING = re.compile(
    r"\b(?:UPDATE|DELETE\s+FROM|(?:INSERT\s+OR\s+\w+|REPLACE)\s+INTO|INSERT\s+INTO(?=.*\bON\s+CONFLICT\b))"
    r"\s+(?:credential|scale_account|worker)\b",
    re.DOTALL | re.IGNORECASE,
)
_HARMLESS = frozenset({"credential_seen"})  # says when somebody came, not whether they may


@cache
def statements() -> dict[str, str]:
    """Name → SQL text of every statement. Raises ValueError if a name stands twice."""
    found: dict[str, str] = {}
    for file in sorted(resources.files("tawsim.store").joinpath("sql").iterdir(), key=lambda f: f.name):
        parts = _NAME.split(file.read_text(encoding="utf-8"))
        for name, sql in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"statement {name} stands twice")
            found[name] = _without_comments(sql)
    return found


@cache
def of_many_rows(name: str, count: int) -> tuple[str, tuple[str, ...]] | None:
    """The named INSERT with its VALUES repeated for `count` rows, with ? for parameters, and the parameters' names in
    the order in which each row gives them. None for a statement of another form.

    One statement for many rows takes half the CPU of one for each; and SQLite gives Python's lock back at each
    statement, so that among busy threads every row would wait for it anew.
    """
    form = _ONE_ROW.match(statements()[name])
    if form is None:
        return None
    row = _PARAMETER.sub("?", form[2])
    return form[1] + ", ".join([row] * count), tuple(_PARAMETER.findall(form[2]))


@cache
def changes_standing(name: str) -> bool:
    """Whether the statement may change who somebody is, or whether they may come in: what was remembered of them ends."""
    return name not in _HARMLESS and _STANDING.search(statements()[name]) is not None


def _without_comments(sql: str) -> str:
    lines = (line for line in sql.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip().rstrip(";")
