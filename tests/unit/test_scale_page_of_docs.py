"""docs/reference/scale.md names every route of the Scale-compatible API and none besides, its types, limits and statuses."""

import re
from pathlib import Path

import tawsim
from tawsim.loop.scale import attachments, callbacks, files
from tawsim.scale.types import TYPES
from tawsim.server.scale.rooms import table

ROOT = Path(tawsim.__file__).parent.parent.parent
PAGE = (ROOT / "docs/reference/scale.md").read_text(encoding="utf-8")
ROUTES = PAGE.partition("## Routes")[2].partition("\n## ")[0]


def on_the_page() -> set[tuple[str, str]]:
    found = set()
    for version, part in re.findall(r"\| below `/(v\d)/` \|(.*?)(?=\n\n|\Z)", ROUTES, re.DOTALL):
        for method, path in re.findall(r"`(GET|POST|PUT|DELETE) ([\w/]+)`", part):
            segments = ["{}" if one.isupper() else one for one in path.split("/")]
            found.add((method, "/".join(["", version, *segments])))
    return found


def test_the_routes_on_the_page_are_those_that_there_are() -> None:
    assert on_the_page() == {(one.method, one.path) for one in table().routes}


def test_who_may_call_them_stands_there() -> None:
    assert {one.right for one in table().routes} == {"manage"}
    assert "A key of an owner or a manager may call them all" in ROUTES


def test_what_may_answer_409_stands_there() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| 409 |"))
    for one in table().routes:
        if one.conflicts:
            words = one.path.split("/", 2)[2].replace("/{}", "/…").removesuffix("/…")
            assert f"`{words}" in row, one.path


def test_every_type_stands_on_its_side() -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith("| `textcollection`"))
    here, later = line.strip("| ").split(" | ")
    for name, one in TYPES.items():
        if one.screen:
            assert f"`{name}`" in here, name
        elif one.tier < 3 or name == "cuboidannotation":
            assert f"`{name}`" in later, name
        else:
            assert f"`{name}`" not in here, name


def test_limits_are_those_of_the_code() -> None:
    assert f"up to {files.MAX_BYTES // 1_000_000} MB" in PAGE
    assert f"has at most {attachments.MAX_BYTES // 1_000_000} MB" in PAGE
    assert f"Tried {callbacks.MOST_TRIES} times" in PAGE
    assert max(callbacks.PAUSES) == 3 * callbacks.HOUR
    first = [one // 1_000_000 for one in callbacks.PAUSES[:5]]
    assert first == [10, 30, 60, 120, 300]
    assert "after 10 s, 30 s, 1 min, 2 min, 5 min and so on up to 3 h" in PAGE
