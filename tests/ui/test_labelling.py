"""The labelling page with hands on the keyboard: one key an answer, undo, skip, both directions, nothing lost."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import LANGUAGES, ROWS, Server, new_context


def enter(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_test_id("home")).to_be_visible()


def start(page: Page, link: str) -> None:
    enter(page, link)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("task")).to_be_visible()


def shown(page: Page) -> str:
    return str(page.get_by_test_id("task").get_attribute("data-seq"))


def press_and_see_next(page: Page, key: str) -> None:
    before = shown(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "seq => { const t = document.querySelector('[data-testid=task]'); return !t || t.dataset.seq !== seq }",
        arg=before,
    )


def saved(page: Page) -> None:
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def test_a_link_signs_in_once(page: Page, server: Server, browser: Browser, language: str) -> None:
    link = server.first_link
    enter(page, link)
    assert "tws_" not in page.url
    assert page.evaluate("document.documentElement.dir") == LANGUAGES[language]
    other = new_context(browser, language)
    second = other.new_page()
    second.goto(link)
    expect(second.get_by_test_id("link-used")).to_be_visible()
    other.close()


def test_a_day_without_a_mouse(page: Page, server: Server) -> None:
    enter(page, server.first_link)
    expect(page.get_by_test_id("start")).to_be_visible()
    page.keyboard.press("l")
    expect(page.get_by_test_id("task")).to_be_visible()
    press_and_see_next(page, "1")
    press_and_see_next(page, "2")
    press_and_see_next(page, "3")
    assert shown(page) == "4"
    page.keyboard.press("Backspace")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "3")
    press_and_see_next(page, "1")
    page.keyboard.press("s")
    expect(page.get_by_test_id("skip-reason").first).to_be_visible()
    press_and_see_next(page, "1")
    while page.get_by_test_id("task").count():
        press_and_see_next(page, "2")
    expect(page.get_by_test_id("nothing-left")).to_have_attribute("data-reason", "done")
    saved(page)
    given = {str(row["task"]): row["label"] for row in server.answers()}
    assert given == {"1": "إيجابي", "2": "سلبي", "3": "إيجابي", "5": "سلبي", "6": "سلبي", "7": "سلبي", "8": "سلبي"}


def test_keys_work_on_an_arabic_keyboard(page: Page, server: Server) -> None:
    """An Arabic layout sends Arabic digits and letters; the place of the key decides."""
    start(page, server.first_link)
    send = """([code, key]) => document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", {code, key, bubbles: true, cancelable: true}))"""
    page.evaluate(send, ["Digit2", "٢"])
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    page.evaluate(send, ["KeyS", "س"])
    expect(page.get_by_test_id("skip-reason").first).to_be_visible()


def test_what_people_wrote_is_text_and_has_its_own_direction(page: Page, server: Server) -> None:
    start(page, server.first_link)
    for text, _ in ROWS:
        node = page.get_by_test_id("task-text")
        assert text in node.inner_text()
        assert node.locator("img, b, script").count() == 0
        first = "rtl" if "\u0600" <= next(c for c in text if c.isalpha()) <= "\u06ff" else "ltr"
        assert node.evaluate("n => getComputedStyle(n.querySelector('p') ?? n).direction") == first, text
        press_and_see_next(page, "1")
    assert page.title() != "owned"


def test_an_hour_offline_then_everything_is_sent_once(page: Page, server: Server) -> None:
    start(page, server.first_link)
    expect(page.get_by_test_id("ahead")).to_have_attribute("data-ahead", "4")
    page.context.set_offline(True)
    for _ in range(3):
        press_and_see_next(page, "2")
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-waiting", "3")
    assert server.answers() == []
    page.context.set_offline(False)
    saved(page)
    assert [str(row["task"]) for row in server.answers()] == ["1", "2", "3"]


def test_answers_survive_a_closed_tab(page: Page, server: Server) -> None:
    start(page, server.first_link)
    expect(page.get_by_test_id("ahead")).to_have_attribute("data-ahead", "4")
    page.context.set_offline(True)
    press_and_see_next(page, "1")
    press_and_see_next(page, "1")
    page.close(run_before_unload=False)
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(server.base)
    wait_for(lambda: len(server.answers()) == 2)
    saved(again)


def test_a_server_killed_under_the_hands_loses_nothing(page: Page, server: Server) -> None:
    start(page, server.first_link)
    press_and_see_next(page, "1")
    saved(page)
    server.kill()
    for _ in range(3):
        press_and_see_next(page, "2")
    server.start()
    saved(page)
    given = server.answers()
    assert [row["label"] for row in sorted(given, key=lambda r: int(r["task"]))] == ["إيجابي", "سلبي", "سلبي", "سلبي"]


def test_two_people_answer_each_task_twice_and_see_nothing_of_each_other(
    page: Page, server: Server, browser: Browser, language: str
) -> None:
    other = new_context(browser, language)
    second = other.new_page()
    start(page, server.invite("ليلى"))
    start(second, server.invite("Omar"))
    for _ in ROWS:
        press_and_see_next(page, "1")
        press_and_see_next(second, "2" if shown(second) == "1" else "1")
    for one in (page, second):
        expect(one.get_by_test_id("nothing-left")).to_be_visible()
        saved(one)
    given = server.answers()
    assert len(given) == 2 * len(ROWS)
    assert len({(row["task"], row["worker"]) for row in given}) == 2 * len(ROWS)
    # A labeller has no way to the truth, to others' answers or to the owner's pages.
    codes = second.evaluate(
        """async () => {
          const id = (await (await fetch('/api/v1/projects')).json()).projects[0].project.id;
          const paths = ['truth', 'progress', 'tasks', 'export'].map(p => `/api/v1/projects/${id}/${p}`);
          return Promise.all([...paths, '/api/v1/workers'].map(async p => (await fetch(p)).status));
        }"""
    )
    assert codes == [403] * 5
    other.close()


def test_the_next_task_is_there_at_once(page: Page, server: Server) -> None:
    """No timing here: the next task is painted in the frame of the key press, with no request before it."""
    start(page, server.first_link)
    expect(page.get_by_test_id("ahead")).to_have_attribute("data-ahead", "4")
    page.route("**/api/**", lambda route: None)  # nothing answers any more
    for seq in ("2", "3", "4"):
        page.keyboard.press("1")
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", seq, timeout=1000)
    page.unroute("**/api/**")


def test_single_keys_can_be_switched_off(page: Page, server: Server) -> None:
    start(page, server.first_link)
    page.get_by_test_id("keys").click()
    page.get_by_test_id("single-keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.wait_for_timeout(300)
    assert shown(page) == "1"
    page.get_by_test_id("option").first.click()
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")


def test_the_language_changes_at_once_and_stays(page: Page, server: Server, language: str) -> None:
    start(page, server.first_link)
    seq = shown(page)
    page.get_by_test_id("language").click()
    other = "ltr" if LANGUAGES[language] == "rtl" else "rtl"
    expect(page.locator("html")).to_have_attribute("dir", other)
    assert shown(page) == seq
    page.reload()
    expect(page.get_by_test_id("task")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("dir", other)


@pytest.mark.parametrize("width", [360])
def test_a_phone_needs_no_sideways_scrolling(browser: Browser, server: Server, language: str, width: int) -> None:
    phone: Any = new_context(browser, language, viewport={"width": width, "height": 740}, has_touch=True)
    page = phone.new_page()
    enter(page, server.first_link)
    project = page.evaluate("fetch('/api/v1/projects').then(r => r.json()).then(d => d.projects[0].project.id)")
    for path in ("/", f"/label/{project}", f"/truth/{project}"):
        page.goto(server.base + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    phone.close()
