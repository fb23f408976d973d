"""Conversations judged message by message, and held live: by keys alone, in both directions, and nothing lost on the way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.ui.conftest import Server
from tests.ui.test_blocks import Serve, block, serving
from tests.ui.test_labelling import saved, start

TALK = [
    {"role": "user", "content": "ما عاصمة المغرب؟"},
    {"role": "assistant", "content": "عاصمة المغرب هي **فاس**."},
    {"role": "user", "content": "And of Oman?"},
    {"role": "assistant", "content": "**Muscat**, and $x^2$."},
]
RATED = {
    "kind": "chat", "name": "talk", "on": "talk", "rating": {"low": 1, "high": 5}, "rewrite": True, "comment": True,
}  # fmt: skip
LIVE = {"kind": "chat", "name": "talk", "on": "talk", "live": {"endpoint": "house", "turns": 2, "candidates": 2}}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path) as found:
        yield found


def given(page: Page, server: Server) -> Any:
    """What the server holds of the caller's own last answer."""
    project = server.projects()[0]["project"]["id"]
    path = f"/api/v1/projects/{project}/annotations/mine"
    found = page.evaluate("async path => (await (await fetch(path)).json()).annotations", path)
    return found[0]["answers"]["talk"]


def test_messages_are_rated_rewritten_and_commented_by_keys(page: Page, serve: Serve) -> None:
    server = serve([block("chat", "talk")], [{"talk": TALK}, {"talk": json.dumps(TALK)}], question=RATED)
    start(page, server.first_link)
    asked = page.get_by_test_id("asked")
    expect(asked).to_have_count(2)
    page.keyboard.press("Enter")  # nothing is rated yet: it stays
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "1")
    page.keyboard.press("ArrowDown")
    expect(asked.first).to_be_focused()
    page.keyboard.press("2")
    expect(asked.first.locator("[data-rating='2']")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("e")
    field = page.get_by_test_id("rewrite")
    expect(field).to_be_focused()
    assert field.input_value() == TALK[1]["content"]
    field.fill("عاصمة المغرب هي **الرباط**.")
    rewriting = page.get_by_test_id("rewriting")
    expect(rewriting.get_by_test_id("markup").locator("strong")).to_have_text("الرباط")
    expect(rewriting.locator("del bdi")).to_have_text("فاس")
    expect(rewriting.locator("ins bdi")).to_have_text("الرباط")
    page.keyboard.press("Escape")
    expect(asked.first).to_be_focused()
    expect(page.get_by_test_id("rewritten")).to_be_visible()
    page.keyboard.press("m")
    page.keyboard.type("s1: wrong city")  # letters and digits are text here
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(asked.nth(1)).to_be_focused()
    page.keyboard.press("5")
    page.keyboard.press("Delete")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    saved(page)
    first = {"rating": 2, "rewrite": "عاصمة المغرب هي **الرباط**.", "comment": "s1: wrong city"}
    assert given(page, server) == {"messages": {"1": first, "3": {"rating": 4}}}


def test_arrows_rate_as_they_are_seen_and_a_mouse_suffices(page: Page, serve: Serve, language: str) -> None:
    question = {"kind": "chat", "name": "talk", "on": "talk", "rating": {"labels": ["سيئ", "fair", "good"]}}
    server = serve([block("chat", "talk")], [{"talk": TALK}], question=question)
    start(page, server.first_link)
    asked = page.get_by_test_id("asked")
    on = "ArrowLeft" if language == "ar" else "ArrowRight"
    page.keyboard.press("ArrowDown")
    page.keyboard.press(on)
    page.keyboard.press(on)
    expect(asked.first.locator("[aria-pressed=true]")).to_have_attribute("data-rating", "fair")
    asked.nth(1).get_by_test_id("rating").nth(2).click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("nothing-left")).to_be_visible()
    saved(page)
    assert given(page, server) == {"messages": {"1": {"rating": "fair"}, "3": {"rating": "good"}}}


def test_a_rewrite_taken_back_is_none(page: Page, serve: Serve) -> None:
    server = serve([block("chat", "talk")], [{"talk": TALK}], question={**RATED, "comment": False})
    start(page, server.first_link)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("3")
    page.keyboard.press("e")
    page.get_by_test_id("rewrite").fill("something else")
    page.get_by_test_id("rewrite").fill(TALK[1]["content"])
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("nothing-left")).to_be_visible()
    saved(page)
    assert given(page, server) == {"messages": {"1": {"rating": 3}, "3": {"rating": 3}}}


class Model:
    """Stands for the live route: what was asked, and what it says next. What it said is written down as the route would."""

    def __init__(self, page: Page, server: Server) -> None:
        self.server = server
        self.asked: list[dict[str, Any]] = []
        self.down = False
        page.route("**/api/v1/leases/*/live", self.answer)

    def answer(self, route: Route) -> None:
        self.asked.append(route.request.post_data_json)
        if self.down:
            error = {"code": "TW-ENDPOINT-DOWN", "message": "The model did not answer.", "hint": "Send it again."}
            return route.fulfill(status=502, json={"error": error})
        turn = len(self.asked)
        said = [f"**first** {turn}", "<script>document.title='owned'</script>ثانٍ"]
        lease = route.request.url.split("/leases/")[1].split("/")[0]
        with self.server.workspace() as place:
            place.db.write(
                lambda tx: tx.run(
                    "live_turn_insert", lease_id=lease, key=self.asked[-1]["key"], question="talk", turn=turn,
                    endpoint="house", prompt="[]", candidates=json.dumps([{"text": one} for one in said]), created_at=0,
                )
            )  # fmt: skip
        route.fulfill(json={"candidates": said, "turn": turn})


def test_a_live_conversation_keeps_what_was_written(page: Page, serve: Serve) -> None:
    """Two blind answers, one key chooses; an error loses nothing; a reload goes on where it was."""
    seed = [{"role": "system", "content": "Be brief."}]
    server = serve([block("chat", "talk")], [{"talk": seed}], question=LIVE)
    model = Model(page, server)
    start(page, server.first_link)
    prompt = page.get_by_test_id("prompt")
    prompt.fill("اكتب بيتًا s1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("candidate")).to_have_count(2)
    assert page.get_by_test_id("candidate").locator("script").count() == 0
    page.keyboard.press("2")
    expect(page.get_by_test_id("not-chosen")).to_be_visible()
    page.get_by_test_id("not-chosen").locator("summary").click()
    page.get_by_test_id("choose-again").click()
    page.keyboard.press("1")
    expect(prompt).to_be_focused()
    model.down = True
    prompt.fill("again")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("failure")).to_be_visible()
    expect(prompt).to_have_value("again")
    model.down = False
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("candidate")).to_have_count(2)
    assert model.asked[1]["key"] == model.asked[2]["key"] != model.asked[0]["key"]
    assert [one["content"] for one in model.asked[2]["messages"]] == [
        "Be brief.",
        "اكتب بيتًا s1",
        "**first** 1",
        "again",
    ]
    page.wait_for_timeout(800)  # drafts are written a moment after
    page.reload()
    expect(page.get_by_test_id("candidate")).to_have_count(2)
    page.get_by_test_id("choose").first.click()
    expect(page.get_by_test_id("live-ended")).to_be_visible()
    page.get_by_test_id("task").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("nothing-left")).to_be_visible()
    saved(page)
    second = "<script>document.title='owned'</script>ثانٍ"
    assert given(page, server) == {
        "messages": {},
        "turns": [
            {"prompt": "اكتب بيتًا s1", "candidates": ["**first** 1", second], "chosen": 0},
            {"prompt": "again", "candidates": ["**first** 3", second], "chosen": 0},
        ],
    }
    assert "owned" not in page.title()
