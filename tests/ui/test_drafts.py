"""Half an answer is not lost: not by a reload, a full disk, or a change that was begun; and it goes with its answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.ui.test_form_kinds import Ask, answers, asking, press

TOPICS = {"kind": "choices", "name": "topics", "labels": ["سعر", "speed", "جودة"]}
WORDS = {"kind": "text", "name": "words"}
FIRST = {"kind": "choice", "name": "useful", "labels": ["yes", "لا"]}
WHY = {"kind": "choices", "name": "why", "labels": ["rude", "خطأ"], "when": {"question": "useful", "is": ["لا"]}}
FULL = """() => { const fail = () => { throw new DOMException('full', 'QuotaExceededError') };
  IDBObjectStore.prototype.add = fail; IDBObjectStore.prototype.put = fail; }"""


@pytest.fixture
def ask(page: Page, tmp_path: Path) -> Iterator[Ask]:
    yield from asking(page, tmp_path)


# Nothing here waits before a reload: what was given a moment before must be there as well.


def ticked(page: Page) -> list[str]:
    return [one.inner_text().split()[-1] for one in page.locator("[role=checkbox][aria-checked=true]").all()]


def test_half_an_answer_is_there_after_a_reload_and_gone_with_its_answer(ask: Ask) -> None:
    page, _ = ask(TOPICS, WORDS, rows=2)
    press(page, "1", "3", "f")
    page.get_by_test_id("question").nth(1).locator("textarea").fill("نصف رأي 😀")
    page.keyboard.press("Escape")
    page.reload()
    expect(page.get_by_test_id("question").nth(1).locator("textarea")).to_have_value("نصف رأي 😀")
    assert ticked(page) == ["سعر", "جودة"]
    expect(page.get_by_test_id("flag")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    assert ticked(page) == []
    expect(page.get_by_test_id("question").nth(1).locator("textarea")).to_have_value("")
    assert answers(page) == [{"topics": ["سعر", "جودة"], "words": "نصف رأي 😀"}]


def test_a_change_that_was_begun_is_there_after_a_reload(ask: Ask) -> None:
    page, _ = ask(TOPICS, rows=2)
    press(page, "1", "Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    answers(page)
    page.get_by_test_id("recent").first.click()
    expect(page.get_by_test_id("amending")).to_be_visible()
    press(page, "2")
    page.reload()
    page.get_by_test_id("recent").first.click()
    expect(page.get_by_test_id("amending")).to_be_visible()
    assert ticked(page) == ["سعر", "speed"]
    press(page, "Escape")
    expect(page.get_by_test_id("amending")).to_have_count(0)
    page.get_by_test_id("recent").first.click()  # left as it was: what was begun is gone
    expect(page.get_by_test_id("amending")).to_be_visible()
    assert ticked(page) == ["سعر"]


def test_what_is_no_longer_asked_is_not_sent(ask: Ask) -> None:
    page, _ = ask(FIRST, WHY)
    press(page, "2")
    expect(page.get_by_test_id("question")).to_have_count(2)
    press(page, "1")
    press(page, "BracketLeft", "1")
    expect(page.get_by_test_id("nothing-left")).to_be_visible()
    assert answers(page) == [{"useful": "yes"}]


def test_a_full_disk_keeps_the_answer_on_the_screen_and_says_so(ask: Ask) -> None:
    page, _ = ask(FIRST, rows=2)
    page.evaluate(FULL)
    press(page, "1")
    expect(page.get_by_test_id("notice")).not_to_be_empty()
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "1")
    expect(page.locator("[aria-pressed=true][data-option]")).to_contain_text("yes")


def test_without_a_disk_answers_are_sent_at_once(page: Page, tmp_path: Path) -> None:
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    for begin in asking(page, tmp_path):
        opened, _ = begin(FIRST, rows=2)
        press(opened, "1")
        expect(opened.get_by_test_id("task")).to_have_attribute("data-seq", "2")
        assert answers(opened) == [{"useful": "yes"}]
