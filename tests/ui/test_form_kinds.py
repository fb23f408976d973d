"""Numbers, scales, texts, rubrics, pairs and rankings by keyboard alone, in both directions, with hostile words."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.ui.conftest import Server

from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.workspaces.workspace import open_workspace

# It runs if a page ever takes it for markup, and it turns the line round if nothing isolates it.
HOSTILE = "<img src=x onerror=\"document.title='owned'\">\u200f (א) <b>"
AR = "الخدمة ممتازة والموظف Omar متعاون جدًا (KSA)"
# What these keys type on an Arabic (101) keyboard: the code stays, the character does not.
ARABIC = {"KeyT": "ف", "KeyE": "ث", "KeyR": "ق", "KeyV": "ر", "Digit1": "١", "Digit2": "٢", "Digit4": "٤"}

BOX = "node => node.getBoundingClientRect().toJSON()"
Ask = Callable[..., tuple[Page, Server]]


def row(n: int) -> dict[str, Any]:
    """A row with a text, a machine's draft, two candidates, and a list of four."""
    return {
        "id": str(n), "text": f"{AR} {n}", "machine": f"مسودة draft {n}", "good": f"جواب **جيد** {HOSTILE}",
        "poor": "A poor answer", "answers": [f"{HOSTILE} one", "ثانٍ", "three", "رابع 4"],
    }  # fmt: skip


def serve(folder: Path, questions: Sequence[Mapping[str, Any]], rows: int) -> Server:
    """A server on a workspace with one project that asks these questions about `rows` tasks."""
    place = open_workspace(folder / "forms.tawsim", create=True, owner="Noor")
    new = NewProject("نماذج", list(questions))
    project = place.db.write(lambda tx: create_project(tx, place.owner_id, "p", new))
    tasks = numbered([row(n) for n in range(1, rows + 1)])
    add_tasks(place.db, project, tasks, actor_id=place.owner_id, source="rows", digest="rows")
    place.close()
    server = Server(folder / "forms.tawsim")
    server.start()
    return server


def asking(page: Page, folder: Path) -> Iterator[Ask]:
    """Asks these questions on the labelling page; gives the page, at its first task, and the server."""
    with ExitStack() as stack:

        def begin(
            *questions: Mapping[str, Any], rows: int = 1, prefs: Mapping[str, Any] | None = None
        ) -> tuple[Page, Server]:
            server = serve(folder, questions, rows)
            stack.callback(server.stop)
            if prefs is not None:
                kept = json.dumps(json.dumps(prefs))
                page.add_init_script(f"localStorage.setItem('tawsim-prefs', {kept})")
            page.goto(server.first_link)
            page.get_by_test_id("start").click()
            expect(page.get_by_test_id("task")).to_be_visible()
            return page, server

        yield begin
        assert page.title() != "owned"


@pytest.fixture
def ask(page: Page, tmp_path: Path) -> Iterator[Ask]:
    yield from asking(page, tmp_path)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def press_arabic(page: Page, code: str) -> None:
    """The key at `code` on an Arabic keyboard layout, to whatever has the focus."""
    page.evaluate(
        "([code, key]) => (document.activeElement ?? document.body)"
        ".dispatchEvent(new KeyboardEvent('keydown', { code, key, bubbles: true, cancelable: true }))",
        [code, ARABIC[code]],
    )


def answers(page: Page, count: int = 1) -> list[dict[str, Any]]:
    """My answers as the server has them, oldest first, once all are there."""
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")
    mine = page.request.get(
        f"{page.url.split('?')[0].replace('/label/', '/api/v1/projects/')}/annotations/mine?limit=50"
    )
    assert mine.ok, mine.text()
    found = [one["answers"] for one in reversed(mine.json()["annotations"])]
    assert len(found) == count, found
    return found


def finished(page: Page) -> None:
    expect(page.get_by_test_id("nothing-left")).to_be_visible()


def number(**more: Any) -> dict[str, Any]:
    return {"kind": "number", "name": "n", "title": HOSTILE, **more}


def test_a_number_is_typed_from_anywhere(ask: Ask) -> None:
    page, _server = ask(number(low=0, high=500, step=0.5, unit="ر.س"), rows=3)
    expect(page.get_by_test_id("number-says")).not_to_be_empty()
    press(page, "1", "2", ".", "5", "Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    page.keyboard.press("9")
    page.get_by_test_id("number").fill("٣٥٫٥")
    press(page, "ArrowUp", "Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "3")
    # Persian digits; nothing of the answer before is left in the field.
    expect(page.get_by_test_id("number")).to_have_value("")
    press(page, "Enter")
    page.keyboard.insert_text("۴۲")
    press(page, "Escape", "ArrowDown", "Enter")
    finished(page)
    assert answers(page, 3) == [{"n": 12.5}, {"n": 36}, {"n": 41.5}]


def test_what_is_no_number_is_said_and_not_sent(ask: Ask) -> None:
    page, _server = ask(number(low=1, high=10, step=1))
    says = page.get_by_test_id("number-says")
    press(page, "1")
    for wrong in ("1,5", "abc", "11", "2.5", "1e3", "--1"):
        page.get_by_test_id("number").fill(wrong)
        expect(page.get_by_test_id("number")).to_have_attribute("aria-invalid", "true")
        expect(says).not_to_be_empty()
        press(page, "Enter")
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "1")
        expect(page.get_by_test_id("number")).to_have_value(wrong)
    page.get_by_test_id("number").fill("\u200f ٠٧ ")
    expect(page.get_by_test_id("number")).to_have_attribute("aria-invalid", "false")
    press(page, "Enter")
    finished(page)
    assert answers(page) == [{"n": 7}]


def test_a_scale_takes_one_key(ask: Ask, language: str) -> None:
    titles = [HOSTILE, "سيئ", "مقبول", "good", "ممتاز"]
    page, _server = ask({"kind": "scale", "name": "s", "titles": titles}, rows=3)
    low, high = (page.get_by_test_id("step").nth(at).evaluate(BOX) for at in (0, 4))
    assert (low["x"] > high["x"]) == (language == "ar"), "low lies where lines begin"
    press(page, "4")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    press_arabic(page, "Digit2")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "3")
    ahead = "ArrowLeft" if language == "ar" else "ArrowRight"
    press(page, ahead, ahead, ahead, "Enter")
    finished(page)
    assert answers(page, 3) == [{"s": 4}, {"s": 2}, {"s": 3}]
    expect(page.get_by_test_id("recent").first).to_contain_text("مقبول")


@pytest.mark.parametrize(
    ("low", "high", "keys"), [(0, 10, {"t": 10, "0": 0}), (1, 10, {"0": 10, "9": 9}), (-2, 2, {"1": -2, "5": 2})]
)
def test_every_step_has_a_key(ask: Ask, low: int, high: int, keys: dict[str, int]) -> None:
    page, _server = ask({"kind": "scale", "name": "s", "low": low, "high": high}, rows=len(keys))
    for done, key in enumerate(keys):
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", str(done + 1))
        press(page, key)
    finished(page)
    assert answers(page, len(keys)) == [{"s": value} for value in keys.values()]


def test_a_long_scale_goes_by_arrows(ask: Ask) -> None:
    page, _server = ask({"kind": "scale", "name": "s", "low": 0, "high": 20})
    press(page, "7", "End", "ArrowDown", "Enter")
    finished(page)
    assert answers(page) == [{"s": 19}]


def test_a_text_is_written_and_keys_come_back(ask: Ask) -> None:
    page, _server = ask({"kind": "text", "name": "t", "title": HOSTILE, "at_least": 5, "at_most": 40})
    field = page.get_by_test_id("text")
    press(page, "e")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    page.keyboard.type("abc")
    press(page, "Control+Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "1")
    expect(field).to_have_attribute("aria-invalid", "true")
    # Typed into the middle of mixed text, the cursor stays where it is.
    page.keyboard.insert_text(" متعاون 😀")
    press(page, "ArrowLeft", "ArrowLeft")
    page.keyboard.insert_text("s")
    page.keyboard.insert_text("d")
    assert field.evaluate("node => node.value") == "abc متعاونsd 😀"
    press(page, "Enter")
    page.keyboard.insert_text("-")
    press(page, "Escape")
    expect(field).not_to_be_focused()
    press(page, "Enter")
    finished(page)
    assert answers(page) == [{"t": "abc متعاونsd\n- 😀"}]


def test_a_draft_is_there_to_be_mended(ask: Ask) -> None:
    page, _server = ask({"kind": "text", "name": "t", "draft": "machine"}, rows=2)
    field = page.get_by_test_id("text")
    expect(field).to_have_value("مسودة draft 1")
    press(page, "e", "!", "Control+Enter")
    expect(field).to_have_value("مسودة draft 2")
    press(page, "Enter")
    finished(page)
    assert answers(page, 2) == [{"t": "مسودة draft 1!"}, {"t": "مسودة draft 2"}]


def test_characters_are_counted_as_the_server_counts(ask: Ask) -> None:
    page, _server = ask({"kind": "text", "name": "t", "at_most": 3})
    press(page, "e")
    page.keyboard.insert_text("😀😀😀")
    expect(page.get_by_test_id("text")).to_have_attribute("aria-invalid", "false")
    page.keyboard.insert_text("😀")
    expect(page.get_by_test_id("text")).to_have_attribute("aria-invalid", "true")
    press(page, "Backspace", "Control+Enter")
    finished(page)
    assert answers(page) == [{"t": "😀😀😀"}]


RUBRIC = {
    "kind": "rubric", "name": "r",
    "criteria": [
        {"name": "clear", "title": HOSTILE, "reason": "optional"},
        {"name": "صحيح", "low": 0, "high": 1, "reason": "always"},
        {"name": "constructor", "low": -1, "high": 1, "reason": "never"},
    ],
}  # fmt: skip


def test_a_rubric_goes_from_criterion_to_criterion(ask: Ask) -> None:
    page, _server = ask(RUBRIC)
    reasons = page.get_by_test_id("reason")
    press(page, "4", "1")
    # Where a reason is always asked for, the hands are in it.
    expect(reasons).to_be_focused()
    page.keyboard.insert_text("لأن because")
    press(page, "Enter", "3", "Enter")
    finished(page)
    assert answers(page) == [
        {
            "r": {
                "clear": {"score": 4, "reason": ""},
                "صحيح": {"score": 1, "reason": "لأن because"},
                "constructor": {"score": 1, "reason": ""},
            }
        }
    ]


def test_a_rubric_by_arrows_and_with_arabic_keys(ask: Ask, language: str) -> None:
    page, _server = ask(RUBRIC)
    more = "ArrowLeft" if language == "ar" else "ArrowRight"
    press(page, "ArrowDown", more, more)
    press_arabic(page, "KeyR")
    expect(page.get_by_test_id("reason").first).to_be_focused()
    page.keyboard.insert_text("سبب")
    press(page, "Escape", "ArrowDown", more, more, "Enter")
    # Its reason is missing: nothing is sent.
    expect(page.get_by_test_id("task")).to_be_visible()
    press(page, "r")
    page.keyboard.insert_text("نعم")
    press(page, "Enter", more, "Enter")
    finished(page)
    assert answers(page) == [
        {
            "r": {
                "clear": {"score": 2, "reason": "سبب"},
                "صحيح": {"score": 1, "reason": "نعم"},
                "constructor": {"score": -1, "reason": ""},
            }
        }
    ]


def pair(**more: Any) -> dict[str, Any]:
    return {"kind": "pairwise", "name": "p", "title": HOSTILE, "candidates": ["good", "poor"], **more}


def test_the_better_one_lies_where_the_arrow_points(ask: Ask, language: str) -> None:
    page, _server = ask(pair(format="markdown"), rows=5)
    left, right = ("B", "A") if language == "ar" else ("A", "B")
    a, b = (one.evaluate(BOX) for one in page.get_by_test_id("candidate").all())
    assert abs(a["width"] - b["width"]) < 1
    for seq, key in enumerate(("ArrowLeft", "ArrowRight", "2", "t"), 1):
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", str(seq))
        press(page, key)
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "5")
    press_arabic(page, "Digit1")
    finished(page)
    assert answers(page, 5) == [{"p": {"best": best}} for best in (left, right, "B", "tie", "A")]


def test_the_stacked_pair_goes_up_and_down(ask: Ask) -> None:
    page, _server = ask(pair(ties=False), rows=2)
    page.set_viewport_size({"width": 390, "height": 800})
    press(page, "ArrowLeft", "0", "t")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "1")
    press(page, "ArrowDown")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    press(page, "ArrowUp")
    finished(page)
    assert answers(page, 2) == [{"p": {"best": "B"}}, {"p": {"best": "A"}}]


def test_how_much_better_is_one_key_too(ask: Ask, language: str) -> None:
    page, _server = ask(pair(steps=3), rows=4)
    expect(page.get_by_test_id("point")).to_have_count(7)
    to_b = "ArrowLeft" if language == "ar" else "ArrowRight"
    for seq, keys in enumerate((("1",), ("0",), ("6",), (to_b, to_b, "Enter")), 1):
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", str(seq))
        press(page, *keys)
    finished(page)
    given = [one["p"] for one in answers(page, 4)]
    assert given == [
        {"best": "A", "strength": 3},
        {"best": "tie"},
        {"best": "B", "strength": 2},
        {"best": "B", "strength": 2},
    ]


def test_differences_are_shown_on_demand(ask: Ask) -> None:
    page, _server = ask(pair(format="text"))
    press_arabic(page, "KeyV")
    expect(page.get_by_test_id("word-diff")).to_have_count(2)
    expect(page.locator("mark").first).to_be_visible()
    press(page, "v")
    expect(page.get_by_test_id("word-diff")).to_have_count(0)


def ranking(**more: Any) -> dict[str, Any]:
    return {"kind": "ranking", "name": "k", "candidates": ["answers"], "format": "markdown", **more}


def test_digits_give_places_in_turn(ask: Ask) -> None:
    page, _server = ask(ranking(), rows=2)
    expect(page.get_by_test_id("candidate")).to_have_count(4)
    press(page, "3", "1", "Enter")
    # Not all have a place: nothing is sent, and Enter on a card without one gives it the next.
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "1")
    press(page, "1", "4", "1", "Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    press(page, "2", "4", "1")
    # A shares the place of D; then D steps out of it, downwards.
    press(page, "=", "ArrowDown", "Home", "End", "Shift+ArrowDown", "Enter")
    finished(page)
    first, second = (one["k"] for one in answers(page, 2))
    assert first == [["C"], ["D"], ["A"], ["B"]]
    assert second == [["B"], ["A"], ["D"], ["C"]]


def test_a_place_can_be_shared(ask: Ask) -> None:
    page, _server = ask(ranking(), rows=1)
    press(page, "2", "4", "=", "1", "Enter")
    finished(page)
    assert answers(page) == [{"k": [["B", "D"], ["A"], ["C"]]}]


def test_whoever_presses_the_last_one_too_leaves_it_in_its_place(ask: Ask) -> None:
    page, _server = ask(ranking(), rows=2)
    press(page, "2", "1", "4", "3", "Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    for name in "DCBA":
        page.get_by_test_id("candidate").locator(f"[data-option={name}]").click()
    page.get_by_test_id("submit").click()
    finished(page)
    assert [one["k"] for one in answers(page, 2)] == [[["B"], ["A"], ["D"], ["C"]], [["D"], ["C"], ["B"], ["A"]]]


def test_without_ties_there_are_none(ask: Ask) -> None:
    page, _server = ask(ranking(ties=False))
    press(page, "1", "2", "=", "3", "Enter")
    finished(page)
    assert answers(page) == [{"k": [["A"], ["B"], ["C"], ["D"]]}]


def test_places_by_pressing_and_by_dragging(ask: Ask) -> None:
    page, _server = ask(ranking())
    press(page, "1", "2", "3")
    chip = page.get_by_test_id("chip")
    chip.filter(has_text="D").click()
    page.get_by_test_id("gap").first.click()
    order = page.get_by_test_id("order").get_by_test_id("place")
    expect(order.first).to_contain_text("D")
    chip.filter(has_text="C").drag_to(page.get_by_test_id("place").filter(has_text="A"))
    expect(order.nth(1)).to_contain_text("C")
    page.get_by_test_id("submit").click()
    finished(page)
    assert answers(page) == [{"k": [["D"], ["A", "C"], ["B"]]}]


def test_without_single_keys_everything_goes_by_arrows_and_enter(ask: Ask, language: str) -> None:
    more = "ArrowLeft" if language == "ar" else "ArrowRight"
    page, _server = ask(
        {"kind": "scale", "name": "s"}, number(low=0, high=9), {"kind": "text", "name": "t"}, pair(steps=2), ranking(), RUBRIC,
        prefs={"singleKeys": False},
    )  # fmt: skip
    press(page, "4", "t", "s")
    expect(page.get_by_test_id("question").first).to_have_attribute("data-active", "true")
    press(page, more, more, "Enter")
    press(page, "ArrowUp", "ArrowUp", "Enter")
    press(page, "Enter")
    expect(page.get_by_test_id("text")).to_be_focused()
    page.keyboard.insert_text("نص")
    press(page, "Escape", "Enter")
    press(page, more, "Enter")
    press(page, "ArrowDown", "Enter", "Enter", "Enter", "Enter")
    press(page, "ArrowDown", more)
    press(page, "ArrowDown", more)
    page.keyboard.press("Tab")
    expect(page.locator("[data-testid=reason-open]").nth(1)).to_be_focused()
    press(page, "Enter")
    page.keyboard.insert_text("سبب")
    press(page, "Enter", more, "Enter")
    finished(page)
    (given,) = answers(page)
    assert {name: given[name] for name in "snt"} == {"s": 2, "n": 1, "t": "نص"}
    assert given["p"] == {"best": "B", "strength": 1}
    assert [len(group) for group in given["k"]] == [1, 1, 1, 1]
    assert given["r"]["صحيح"] == {"score": 0, "reason": "سبب"}


def test_the_sheet_names_the_keys_of_these_kinds(ask: Ask) -> None:
    page, _server = ask(pair(steps=2))
    press(page, "?")
    sheet = page.get_by_test_id("key-sheet")
    expect(sheet).to_be_visible()
    expect(sheet.locator("kbd", has_text="V").first).to_be_visible()


def test_hostile_words_stay_words(ask: Ask) -> None:
    page, _server = ask(
        {"kind": "scale", "name": "s", "titles": [HOSTILE] * 5},
        number(unit="<b>x"),
        pair(format="markdown"),
        ranking(),
        RUBRIC,
    )
    expect(page.get_by_test_id("candidate").first).to_be_visible()
    press(page, "1")
    assert page.locator("main img").count() == 0
    assert page.evaluate("document.title") != "owned"
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
