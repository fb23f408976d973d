"""Rows that say what they ask, by hands: the label page, a reviewer's fix, a decision, a known answer, one's own answers."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context
from tests.ui.test_owner_pages import enter, violations
from tests.ui.test_team_review_pages import go, reviewer
from tests.unit.kinds_world import answer, hire, make

from tawsim.loop.changing import change_project_schema
from tawsim.loop.importing import import_rows
from tawsim.store import rows as records
from tawsim.workspaces.workspace import open_workspace

TOPIC = {"kind": "choice", "name": "topic", "title": "ما موضوعها؟", "labels": ["خدمة", "price", "شحن", "أخرى"]}
WHO = {
    "kind": "spans", "name": "who", "title": "أشر إلى الأسماء", "on": "text", "labels": ["شخص", "مكان", "ORG"],
    "relations": [{"label": "works", "from": ["شخص"], "to": ["ORG"]}],
}  # fmt: skip
QUALITY = {
    "kind": "rubric", "name": "quality", "title": "قيّم",
    "criteria": [{"name": "fluent", "title": "سلاسة"}, {"name": "true", "title": "صدق"}],
}  # fmt: skip
TAGS = {"kind": "choices", "name": "tags", "title": "Tags", "labels": ["x", "y", "z"], "at_least": 2}
QUESTIONS = [TOPIC, WHO, QUALITY, TAGS]
SETTINGS = {"asks": "ask", "review": {"choose": "all"}}
ROWS: list[dict[str, Any]] = [
    {"text": "وصل الطلب متأخرًا إلى الرياض (KSA)", "ask": {"topic": {"labels": ["شحن", "price"]}}},
    {
        "text": "Omar of ACME writes from مسقط",
        "ask": {"who": {"labels": ["مكان"]}, "quality": {"labels": ["true"]}, "tags": {"labels": ["z"]}},
    },
    {"text": "لا بأس", "ask": ""},
]


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    """Layla and Omar differ on the first row; Rana reviews; nobody has answered the others."""
    file = tmp_path / "asks.tawsim"
    place = open_workspace(file, create=True, owner="Noor")
    project = make(place, QUESTIONS, ROWS, name="أسئلة لكل سطر", settings=SETTINGS, overlap=3)
    ids = {"place": place.id, "project": project.id, "rana": reviewer(place, "Rana"), "sara": hire(place, "Sara")}
    for name, label in (("ليلى", "price"), ("Omar", "شحن")):
        ids[name] = hire(place, name)
        answer(place, project, ids[name], ROWS, [{"topic": label}])
    place.close()
    server = Server(file)
    server.start()
    yield server, ids
    server.stop()


def texts(page: Page, test_id: str) -> list[str]:
    return [one.splitlines()[0] for one in page.get_by_test_id(test_id).all_inner_texts()]


def options(page: Page) -> list[str]:
    """The labels on offer, in their order."""
    return page.get_by_test_id("option").locator("bdi").all_inner_texts()


def shot(page: Page, name: str) -> None:
    """A picture to look at, where a folder is named for it."""
    if folder := os.environ.get("TAWSIM_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_labeller_sees_and_answers_what_each_row_asks(
    browser: Browser, language: str, asked: tuple[Server, dict[str, str]]
) -> None:
    server, ids = asked
    page = go(browser, language, server, ids, "sara")
    page.goto(f"{server.base}/label/{ids['project']}")
    expect(page.get_by_test_id("question")).to_have_count(1)
    assert options(page) == ["price", "شحن"], "in the project's order"
    expect(page.get_by_test_id("submit")).to_have_count(0)  # one question, one key
    assert violations(page) == []
    shot(page, f"label-narrow-{language}")
    page.keyboard.press("2")  # the second of those on offer

    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    expect(page.get_by_test_id("question")).to_have_count(3)
    expect(page.get_by_test_id("span-label")).to_have_count(1)
    expect(page.get_by_test_id("span-label")).to_contain_text("مكان")
    expect(page.get_by_test_id("criterion")).to_have_count(1)
    expect(page.get_by_test_id("criterion")).to_contain_text("صدق")
    assert options(page) == ["z"]
    expect(page.get_by_test_id("submit")).to_be_visible()
    expect(page.get_by_test_id("recent").first).to_contain_text("شحن")
    assert violations(page) == []
    shot(page, f"label-several-{language}")
    page.keyboard.press("?")
    expect(page.get_by_test_id("key-sheet")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("Backspace")  # taken back: the same two again
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "1")
    assert options(page) == ["price", "شحن"]
    page.keyboard.press("1")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    page.get_by_test_id("criterion").get_by_test_id("step").nth(3).click()
    page.get_by_test_id("option").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "3")
    expect(page.get_by_test_id("span-label")).to_have_count(3)
    expect(page.get_by_test_id("criterion")).to_have_count(2)
    assert options(page) == ["خدمة", "price", "شحن", "أخرى", "x", "y", "z"]
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    mine = [one for one in server.answers() if one["worker"] == "Sara"]
    assert {(one["task"], one["question"]) for one in mine} == {(1, "topic"), (2, "who"), (2, "quality"), (2, "tags")}
    assert next(one["label"] for one in mine if one["question"] == "topic") == "price"
    assert next(one["label"] for one in mine if one["question"] == "quality") == {"true": {"score": 4, "reason": ""}}
    page.context.close()


def test_a_task_that_asks_what_is_new_comes_with_it(browser: Browser, language: str, tmp_path: Path) -> None:
    """The questions grow while the page is open: nobody is shown a form that is not the task's, and nobody has to reload."""
    file = tmp_path / "grow.tawsim"
    place = open_workspace(file, create=True, owner="Noor")
    rows: list[dict[str, Any]] = [{"text": "one", "ask": {"topic": True}}]
    project = make(place, [TOPIC], rows, name="grow", settings={"asks": "ask"}, overlap=1, max_leases=1)
    ids = {"place": place.id, "sara": hire(place, "Sara")}
    place.close()
    server = Server(file)
    server.start()
    page = go(browser, language, server, ids, "sara")
    page.goto(f"{server.base}/label/{project.id}")
    expect(page.get_by_test_id("option")).to_have_count(4)
    with server.workspace() as place:
        tone = {"kind": "scale", "name": "tone", "title": "النبرة", "low": 1, "high": 3}
        wider = [TOPIC | {"labels": [*TOPIC["labels"], "جديد"]}, tone]
        change_project_schema(place.db, place.owner_id, project.id, project.version, questions=wider)
        with place.db.read() as tx:
            now = records.project(tx.one("project_get", id=project.id))
        more = [
            {"text": "two", "ask": {"tone": True}},
            {"text": "three", "ask": {"topic": {"labels": ["جديد", "شحن"]}}},
        ]
        import_rows(place.db, now, more, actor_id=place.owner_id, key="more")
    page.keyboard.press("1")
    expect(page.get_by_test_id("question")).to_have_attribute("data-question", "tone")
    expect(page.get_by_test_id("step")).to_have_count(3)
    page.keyboard.press("2")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "3")
    assert options(page) == ["شحن", "جديد"]
    page.keyboard.press("2")
    expect(page.get_by_test_id("task")).to_have_count(0)
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    assert [(one["task"], one["question"], one["label"]) for one in server.answers()] == [
        (1, "topic", "خدمة"), (2, "tone", 2), (3, "topic", "جديد"),
    ]  # fmt: skip
    page.context.close()
    server.stop()


def test_a_fix_offers_what_the_row_offers(
    browser: Browser, language: str, asked: tuple[Server, dict[str, str]]
) -> None:
    server, ids = asked
    page = go(browser, language, server, ids)
    page.goto(f"{server.base}/review/{ids['project']}")
    item = page.get_by_test_id("review-item")
    expect(item).to_be_focused()
    first = item.get_attribute("data-annotation") or ""
    given = page.get_by_test_id("answer-of").inner_text()
    page.keyboard.press("KeyF")
    expect(page.get_by_test_id("fix-view")).to_be_visible()
    assert options(page) == ["price", "شحن"]
    assert violations(page) == []
    shot(page, f"fix-{language}")
    page.keyboard.press("2" if "price" in given else "1")
    expect(item).not_to_have_attribute("data-annotation", first)
    with server.workspace() as place, place.db.read() as tx:
        [found] = tx.all("review_of_annotation", annotation_id=first)
    assert found["answers"] == ('{"topic":"شحن"}' if "price" in given else '{"topic":"price"}')
    page.context.close()


def test_a_decision_and_ones_own_answers_are_of_what_was_asked(
    browser: Browser, language: str, asked: tuple[Server, dict[str, str]]
) -> None:
    server, ids = asked
    page = go(browser, language, server, ids)
    page.goto(f"{server.base}/decide/{ids['project']}")
    expect(page.get_by_test_id("case")).to_have_attribute("data-seq", "1")
    page.get_by_test_id("compare").locator("summary").click()
    expect(page.get_by_test_id("difference").filter(visible=True)).to_have_count(1)
    shot(page, f"decide-{language}")
    page.keyboard.press("KeyO")
    expect(page.get_by_test_id("fix-view")).to_be_visible()
    assert options(page) == ["price", "شحن"]
    assert violations(page) == []
    page.keyboard.press("2")
    expect(page.get_by_test_id("settled")).to_be_visible()
    page.context.close()

    own = go(browser, language, server, ids, "ليلى")
    own.goto(f"{server.base}/mine/{ids['project']}")
    own.get_by_test_id("own-answer").locator("button").first.click()
    expect(own.get_by_test_id("own-answer-open")).to_be_visible()
    expect(own.get_by_test_id("own-answer-open")).to_contain_text("price")
    assert "ask" not in own.get_by_test_id("own-answer-open").inner_text()
    shot(own, f"mine-{language}")
    own.context.close()


def test_a_known_answer_is_given_to_what_the_row_asks(
    browser: Browser, language: str, asked: tuple[Server, dict[str, str]]
) -> None:
    server, ids = asked
    page = new_context(browser, language).new_page()
    enter(page, server.first_link)
    page.goto(f"{server.base}/gold/{ids['project']}")
    page.get_by_test_id("gold-number").fill("1")
    page.get_by_test_id("gold-open").click()
    editor = page.get_by_test_id("known-editor")
    expect(editor).to_be_visible()
    assert options(page) == ["price", "شحن"]
    assert violations(page) == []
    shot(page, f"gold-{language}")
    page.get_by_test_id("option").nth(1).click()
    page.get_by_test_id("known-save").click()
    row = page.get_by_test_id("known-row")
    expect(row).to_contain_text("شحن")
    page.get_by_test_id("known-edit").click()
    expect(editor).to_be_visible()
    assert options(page) == ["price", "شحن"]
    page.context.close()
