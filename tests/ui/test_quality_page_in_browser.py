"""The quality page in a browser: figures lead to tasks, by hand and by key; both directions, narrow and dark, clean for axe."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.ui.conftest import Server, new_context
from tests.ui.test_owner_pages import enter, violations

from tawsim.core.clock import SECOND
from tawsim.workspaces.workspace import open_workspace

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from quality_world import DAY, START, QualityWorld, Said, quality_world

LABELS = ["إيجابي", "سلبي", "محايد"]
GUIDELINE = """# الدليل
- الإيجابي مدح صريح.
- إذا كان المدح ساخرًا فهو سلبي لا إيجابي.
"""


def said(random: Any) -> Iterator[Said]:
    """Neutral and negative are mixed up; one person answers in a third of a second, one gets worse half-way."""
    for task in range(1, 361):
        true = task % 3
        for worker in random.choice(6, 3, replace=False).tolist():
            right = 0.4 if worker == 5 else 0.65 if worker == 1 and task > 180 else 0.93
            label = (
                true
                if random.random() < right
                else int(random.integers(0, 3))
                if worker == 5
                else 3 - true
                if true
                else 2
            )
            comment = "هل السخرية سلبية أم محايدة؟" if random.random() < 0.03 else ""
            yield Said(
                task, worker, {"label": LABELS[label]}, START + task * DAY // 20 + worker * SECOND,
                0.3 if worker == 5 else float(random.gamma(6, 1.5)), comment,
            )  # fmt: skip


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[tuple[Server, QualityWorld]]:
    file = tmp_path / "quality.tawsim"
    place = open_workspace(file, create=True, owner="Noor")
    rows = [
        {"text": f"تعليق رقم {i}: الخدمة جيدة", "source": ("شعر", "news", "تغريدة")[i // 3 % 3]} for i in range(360)
    ]
    question = {"kind": "choice", "name": "label", "title": "المشاعر", "labels": LABELS}
    world = quality_world(place, [question], rows, 6, guideline=GUIDELINE)
    world.say(said(np.random.default_rng(8)))
    place.close()
    started = Server(file)
    started.start()
    yield started, world
    started.stop()


def open_quality(page: Page, server: Server, world: QualityWorld) -> None:
    enter(page, server.first_link)
    page.goto(f"{server.base}/quality/{world.project.id}")
    expect(page.get_by_test_id("headline")).to_be_visible()


def test_every_picture_says_itself_and_leads_to_its_tasks(page: Page, shown: tuple[Server, QualityWorld]) -> None:
    server, world = shown
    open_quality(page, server, world)
    assert page.get_by_test_id("helps").locator("li").count() >= 2
    assert page.get_by_test_id("mixed").locator("blockquote").count() >= 1
    for picture in ("confusion", "people-dots", "slices", "over-time"):
        expect(page.get_by_test_id(picture)).to_be_visible()
    # From cell to cell by arrow keys, in the order of reading, and by Enter to the tasks.
    page.get_by_test_id("cell-0-0").focus()
    forward = "ArrowLeft" if page.evaluate("document.dir") == "rtl" else "ArrowRight"
    page.keyboard.press(forward)
    expect(page.get_by_test_id("cell-0-1")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press(forward)
    expect(page.get_by_test_id("cell-1-2")).to_be_focused()
    page.keyboard.press("Enter")
    behind = page.get_by_test_id("behind")
    expect(behind.locator("li").first).to_be_visible()
    expect(behind.locator("h2")).to_be_focused()
    assert "of=mixed" in page.url
    assert "filter=seq" in str(page.get_by_test_id("to-table").get_attribute("href"))
    page.go_back()
    expect(behind).to_be_hidden()
    # The dot of who answers in a third of a second leads to where they differ.
    page.get_by_test_id("people-dots").locator("a.odd circle").first.click()
    expect(page.get_by_test_id("behind").locator("li").first).to_be_visible()
    assert f"worker={world.people[5]}" in page.url
    page.get_by_test_id("behind-close").click()
    expect(page.get_by_test_id("behind")).to_be_hidden()


def test_a_page_that_is_worked_out_for_the_first_time_says_so_and_fills_itself(
    page: Page, shown: tuple[Server, QualityWorld]
) -> None:
    server, world = shown
    enter(page, server.first_link)
    waits = {"on": True}

    def slow(route: Route) -> None:
        found = route.fetch()
        told = found.json() | ({"state": "computing", "computing": True, "as_of": None} if waits["on"] else {})
        route.fulfill(response=found, json=told)

    page.route("**/api/v1/projects/*/quality?*", slow)
    page.route("**/api/v1/projects/*/quality", slow)
    page.goto(f"{server.base}/quality/{world.project.id}")
    expect(page.get_by_test_id("quality-computing")).to_be_visible()
    expect(page.get_by_test_id("headline")).to_have_count(0)
    assert violations(page) == []
    waits["on"] = False
    expect(page.get_by_test_id("headline")).to_be_visible()
    expect(page.get_by_test_id("quality-computing")).to_have_count(0)


def test_a_table_is_downloaded(page: Page, shown: tuple[Server, QualityWorld]) -> None:
    server, world = shown
    open_quality(page, server, world)
    with page.expect_download() as download:
        page.locator('a[href*="tables/people"][href*="csv"]').click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.count("\n") == 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_clean_narrow_and_wide(
    browser: Browser, language: str, scheme: Any, shown: tuple[Server, QualityWorld]
) -> None:
    server, world = shown
    narrow = scheme == "dark"
    context = new_context(
        browser, language, color_scheme=scheme, viewport={"width": 360 if narrow else 1280, "height": 800}
    )  # fmt: skip
    page = context.new_page()
    open_quality(page, server, world)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= (360 if narrow else 1280)
    context.close()
