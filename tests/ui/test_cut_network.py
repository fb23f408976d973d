"""The line is cut at each step of the work: nothing is lost, nothing is sent twice, and the page says what happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.ui.conftest import Server
from tests.ui.test_form_kinds import Ask, answers, asking, press

LABEL = {"kind": "choice", "name": "label", "labels": ["a", "b"]}


@pytest.fixture
def ask(page: Page, tmp_path: Path) -> Iterator[Ask]:
    yield from asking(page, tmp_path)


def test_the_first_tasks_do_not_come(page: Page, server: Server) -> None:
    page.route("**/api/v1/projects/*/next", lambda route: route.abort())
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("nothing-left")).to_have_attribute("data-reason", "offline")
    expect(page.get_by_test_id("ask-again")).to_be_visible()
    page.unroute("**/api/v1/projects/*/next")
    page.evaluate("document.querySelector('[data-testid=ask-again]')?.click()")  # if the page has not asked by itself
    expect(page.get_by_test_id("task")).to_be_visible()


def test_answers_of_the_server_get_lost(ask: Ask) -> None:
    """What was sent came in, but nobody heard so: it is sent again under the same key and counts once."""
    page, _ = ask(LABEL, rows=3)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if len(lost) < 2:
            route.fetch()
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/submit", lose)
    press(page, "1")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    assert len(lost) == 2
    assert answers(page) == [{"label": "a"}]


def test_nothing_gets_through_while_labelling(ask: Ask) -> None:
    page, _ = ask(LABEL, rows=3)
    expect(page.get_by_test_id("ahead")).to_have_attribute("data-ahead", "2")
    page.route("**/api/v1/**", lambda route: route.abort())
    press(page, "1")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    press(page, "2")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "3")
    press(page, "Backspace")  # not sent yet: taken back here and now
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    press(page, "1")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-waiting", "2")
    page.unroute("**/api/v1/**")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved", timeout=40_000)
    assert answers(page, 2) == [{"label": "a"}, {"label": "a"}]


def test_the_code_of_a_kind_does_not_come(page: Page, server: Server) -> None:
    """A piece of the page that cannot be loaded is told, and comes when it is asked for again."""
    page.goto(server.first_link)
    expect(page.get_by_test_id("start")).to_be_visible()
    page.route("**/assets/TextBlock-*.js", lambda route: route.abort())
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("failure")).to_be_visible()
    page.unroute("**/assets/TextBlock-*.js")
    page.get_by_test_id("failure").get_by_role("button").first.click()
    expect(page.get_by_test_id("task")).to_be_visible()


def test_the_session_ends_meanwhile(page: Page, server: Server) -> None:
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("task")).to_be_visible()
    page.context.clear_cookies()
    press(page, "1")
    expect(page.get_by_test_id("task")).to_have_count(0)
    assert server.answers() == []
    link = server.invite("Noor again")
    page.goto(link)  # somebody else: what Noor answered waits for Noor
    expect(page.get_by_test_id("home")).to_be_visible()
    assert server.answers() == []
