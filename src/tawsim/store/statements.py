"""Named SQL statements, read once from sql/*.sql. Every statement of Tawsim has a name there; nothing builds SQL at run time."""

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


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


def _without_comments(sql: str) -> str:
    lines = (line for line in sql.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip().rstrip(";")
