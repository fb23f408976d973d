"""The permission table as a page: docs/reference/permissions.md, written from the routes themselves. Decides nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from tawsim.server.permissions import READS, SCOPES
from tawsim.workspaces.roles import OVER, ROLES

ORDER = ("owner", "manager", "reviewer", "labeller")
HEAD = """# Who may call what

Written by `make openapi` from the routes themselves, and compared with them by a test. A route that states nothing does not
start. What `signed_in` shows is one's own; somebody else's, another workspace's and what never was look the same (404).

## Rights and roles

| right | {roles} |
|---|{lines}|
{rights}

A manager changes, invites and lets out {over}, an owner everybody. Nobody changes their own role, and there is always an
active owner. Removing a project (`state: removed`) is an owner's, though changing one is a manager's.

## Tokens

A token reaches as far as its worker's role and no further than its scopes. `read` does for every `GET` of the role; a change
needs the scope in the table. A token without scopes (`tawsim token`) has all of its role. Where it says *session*, no token
does: a token makes no tokens, sets no password, and makes no link or role for owners and managers.

## Routes

| route | right | {roles} | token | |
|---|---|{lines}|---|---|
"""


def permission_page(description: Mapping[str, Any]) -> str:
    """The whole page in Markdown, of an OpenAPI description with `x-permission`."""
    roles = " | ".join(ORDER)
    lines = "|".join(":-:" for _ in ORDER)
    rights = "\n".join(f"| `{right}` | {_marks(right)} |" for right in ROLES)
    over = " and ".join(f"{role}s" for role in ORDER if role in OVER["manager"])
    head = HEAD.format(roles=roles, lines=lines, rights=rights, over=over)
    return head + "\n".join(_rows(description)) + "\n"


def _rows(description: Mapping[str, Any]) -> Iterator[str]:
    for path, operations in sorted(description["paths"].items()):
        for method, one in operations.items():
            right = one["x-permission"]
            summary = one.get("description", "").split("\n")[0].split(". ")[0].rstrip(".").replace("|", "\\|")
            name = f"`{method.upper()} {path.removeprefix('/api/v1')}`"
            yield f"| {name} | `{right}` | {_marks(right)} | {_token(method.upper(), one)} | {summary} |"


def _marks(right: str) -> str:
    return " | ".join("✓" if right == "anyone" or role in ROLES[right] else "" for role in ORDER)  # type: ignore[index]


def _token(method: str, one: Mapping[str, Any]) -> str:
    right = one["x-permission"]
    if one.get("x-session-only"):
        return "*session*"
    if right == "anyone":
        return ""
    return "`read`" if method in READS else f"`{SCOPES[right]}`"
