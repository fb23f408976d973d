"""Everything that people can name is hostile at once: it stays text, in its place, and nothing leaves the machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect
from tests.ui.conftest import Server

from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.workspaces.workspace import open_workspace

IMG = "<img src='https://evil.example/x' onerror=\"document.title='owned'\">"
TURNED = "abc \u202e gnp.exe \u202d \u2067 [link](javascript:document.title='owned')"
ZALGO = "Z" + "\u0310\u0489\u0323\u035b" * 200 + "algo"
FAMILY = "👨‍👩‍👧‍👦🏳️‍🌈🇸🇦👍🏽"


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Server]:
    place = open_workspace(tmp_path / "hostile.tawsim", create=True, owner="<b>Noor</b>")
    questions = [
        {
            "kind": "choice",
            "name": f"q {IMG}"[:60],
            "title": IMG + TURNED.replace("\u202e", "")[:100],
            "labels": LABELS,
        },
        {"kind": "text", "name": "t", "title": ZALGO[:900], "required": False},
    ]
    columns = {"text": f"{IMG} {ZALGO} {FAMILY} {'ا' * 200_000}", IMG: IMG, "<script>": TURNED, "plain": "{{7*7}}"}
    new = NewProject(
        f"{IMG} {FAMILY}", questions, guideline=f"# {IMG}\n\n{TURNED}\n\n<script>document.title='owned'</script>"
    )
    project = place.db.write(lambda tx: create_project(tx, place.owner_id, "p", new))
    add_tasks(
        place.db, project, numbered([columns, {"text": "second"}]), actor_id=place.owner_id, source=IMG, digest="d"
    )
    place.close()
    server = Server(tmp_path / "hostile.tawsim")
    server.start()
    yield server
    server.stop()


LABELS = [IMG, "javascript:alert(1)", ZALGO[:200], FAMILY, "ا b", "{{constructor.constructor('x')()}}"]


def watch(page: Page, server: Server) -> list[str]:
    """The addresses that the page asked for elsewhere."""
    outside: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((server.base, "data:", "blob:", "about:")):
            outside.append(request.url)

    page.on("request", note)
    page.on("dialog", lambda dialog: outside.append(f"dialog: {dialog.message}"))
    return outside


def test_nothing_of_it_runs_or_leaves(page: Page, hostile: Server, language: str) -> None:
    outside = watch(page, hostile)
    page.goto(hostile.first_link)
    expect(page.get_by_test_id("start")).to_be_visible()
    base = page.evaluate("document.documentElement.dir")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("task")).to_be_visible()
    expect(page.get_by_test_id("option")).to_have_count(len(LABELS))
    for node in ("task", "question", "guideline"):
        assert page.get_by_test_id(node).first.locator("img, script, svg[onload], iframe, form").count() == 0
    assert IMG in page.get_by_test_id("task-text").inner_text()
    page.get_by_test_id("other-columns").locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    assert IMG in page.get_by_test_id("recents").inner_text()
    project = hostile.projects()[0]["project"]["id"]
    page.goto(f"{hostile.base}/truth/{project}")
    expect(page.get_by_test_id("truth-row").first).to_be_visible()
    page.goto(hostile.base)
    expect(page.get_by_test_id("start")).to_be_visible()
    assert page.evaluate("document.documentElement.dir") == base
    assert "owned" not in page.title().replace(IMG, "")
    assert outside == []
