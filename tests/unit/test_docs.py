"""The pages are true: every command, setting, route and error code stands on one, and links lead somewhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tawsim
from tawsim.core import errors
from tawsim.labelling.projects import LIMITS, NewProject
from tawsim.server.app import describe
from tawsim.server.errors import STATUSES

ROOT = Path(tawsim.__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def tree(of: type[errors.TawsimError]) -> Iterator[type[errors.TawsimError]]:
    yield of
    for below in of.__subclasses__():
        yield from tree(below)


def test_every_error_code_stands_on_its_page_with_its_status() -> None:
    page = read("docs/reference/errors.md")
    for kind in tree(errors.TawsimError):
        row = re.search(rf"^\| `{kind.code}` \| (\d+) \|", page, re.MULTILINE)
        assert row, kind.code
        status = next((status for base, status in STATUSES if issubclass(kind, base)), 500)
        assert int(row[1]) == status, kind.code


def test_every_setting_of_a_project_stands_on_its_page_with_its_limits() -> None:
    page = read("docs/reference/settings.md")
    for name in NewProject.__dataclass_fields__:
        if name != "questions":
            assert f"| `{name}` |" in page, name
    for name in LIMITS:
        assert f"| `{name}` |" in page, name


def test_every_command_and_option_stands_on_a_page() -> None:
    from typer.main import get_command

    from tawsim.cli.main import app

    page = read("docs/reference/cli.md")
    command = get_command(app)
    for name, sub in command.commands.items():  # type: ignore[attr-defined]
        assert f"tawsim {name}" in page, name
        for option in sub.params:
            for flag in getattr(option, "opts", []):
                if flag.startswith("--") and flag != "--help":
                    assert flag in page, f"{name} {flag}"


def test_the_api_description_in_git_is_the_one_the_server_gives() -> None:
    stored = json.loads(read("docs/reference/openapi.json"))
    assert stored == json.loads(json.dumps(describe())), "the routes have changed: run `make openapi`"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def test_no_page_promises_what_is_not_there() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8").lower()
        for phrase in ("coming soon", "not implemented", "todo", "lorem ipsum"):
            assert phrase not in text, f"{page.name}: {phrase}"
