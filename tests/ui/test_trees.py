"""Labels by the thousand: found in three keys, browsed by arrows, in both directions and on an Arabic keyboard.

Counting keys: `/` opens the search, then come the letters, then Enter. The 5,000 labels are paths of three parts made of
distinct words (10 × 20 × 25), Arabic and Latin ones, as a tree of topics or products has them.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.ui.test_form_kinds import HOSTILE, Ask, answers, asking, finished, press

LATIN = (
    ("b", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "br", "cl", "st", "tr"),
    "aeiou",
)
ARABIC = ("ب", "ت", "ج", "ح", "د", "ر", "س", "ش", "ص", "ط", "ع", "غ", "ف", "ق", "ك", "ل", "م", "ن", "ه", "خ"), "اوي"


def words(seed: int, syllables: int = 3) -> Iterator[str]:
    """Made words that are all different; every other one is Arabic, with its article."""
    luck = random.Random(seed)
    seen: set[str] = set()
    while True:
        starts, vowels = ARABIC if len(seen) % 2 else LATIN
        word = "".join(luck.choice(starts) + luck.choice(vowels) for _ in range(syllables))
        if word in seen:
            continue
        seen.add(word)
        yield f"ال{word}" if starts is ARABIC[0] else word.title()


def tree(seed: int = 5) -> list[str]:
    """5,000 labels: Top/Middle/Leaf."""
    fresh = words(seed)
    labels = []
    for _ in range(10):
        top = next(fresh)
        for _ in range(20):
            middle = next(fresh)
            labels += [f"{top}/{middle}/{next(fresh)}" for _ in range(25)]
    assert len(set(labels)) == 5000
    return labels


LABELS = tree()


@pytest.fixture
def ask(page: Page, tmp_path: Path) -> Iterator[Ask]:
    yield from asking(page, tmp_path)


def choice(**more: Any) -> dict[str, Any]:
    return {"kind": "choice", "name": "topic", "labels": LABELS, "separator": "/", **more}


# Read at once: row by row and part by part, asking took longer than searching.
ROWS = """rows => rows.map(row => ({
  parts: [...row.querySelectorAll('.path bdi')].map(one => one.innerText.trim()), code: row.querySelector('.code')?.innerText,
}))"""


def rows_of(page: Page) -> list[dict[str, Any]]:
    """The results: of each the parts of its path, and its code."""
    return list(page.get_by_test_id("found-row").evaluate_all(ROWS))


def parts_of(page: Page, at: int) -> list[str]:
    """The parts of the path in a row of the results."""
    return list(rows_of(page)[at]["parts"])


def search(page: Page, query: str) -> None:
    press(page, "Escape", "Escape", "/")
    expect(page.get_by_test_id("label-find")).to_be_focused()
    page.keyboard.insert_text(query)
    expect(page.get_by_test_id("found-row").first).to_be_visible()


def test_every_label_has_its_three_letters(ask: Ask) -> None:
    """A label's own code (shown beside it, at most three letters) brings it to the top, whatever else fits: all of a random
    sample of 40, and 39 of them in letters of one script, its own."""
    page, _server = ask(choice())
    sample = random.Random(1).sample(LABELS, 40)
    own_script = 0
    for label in sample:
        parts = label.split("/")
        search(page, parts[-1])
        first = rows_of(page)[0]
        assert first["parts"] == parts
        code = first["code"]
        assert 1 <= len(code) <= 3
        own_script += code.isascii() == parts[-1].isascii()
        search(page, code)
        assert parts_of(page, 0) == parts, code
    assert own_script >= 39
    press(page, "Enter")
    finished(page)
    assert answers(page) == [{"topic": sample[-1]}]


def test_three_letters_that_nobody_learned_mostly_do(ask: Ask) -> None:
    """Somebody who knows the path but no code types the first three letters of its last part, without article; or the first
    of the part above and two of the last. One of these has the label among the nine that digits pick, for 9 in 10 labels."""
    page, _server = ask(choice())
    found = 0
    sample = random.Random(2).sample(LABELS, 30)
    for label in sample:
        parts = label.split("/")
        _top, middle, leaf = (part.removeprefix("ال") for part in parts)
        for query in (leaf[:3], middle[:1] + leaf[:2]):
            search(page, query)
            if any(row["parts"] == parts for row in rows_of(page)[:9]):
                found += 1
                break
    assert found >= 27


def test_the_keys_are_counted(ask: Ask) -> None:
    """`/`, three letters, Enter: five presses for one of 5,000 labels; after that a single digit, because it was used."""
    page, _server = ask(choice(), rows=3)
    label = LABELS[4321]
    search(page, label.split("/")[-1])
    code = page.get_by_test_id("found-row").first.locator(".code").inner_text()
    press(page, "Escape", "Escape", "/")
    page.keyboard.insert_text(code)
    press(page, "Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    expect(page.get_by_test_id("tree-lately").locator("li")).to_have_count(1)
    press(page, "1")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "3")
    expect(page.get_by_test_id("label-find")).to_have_value("")
    press(page, "1")
    finished(page)
    assert answers(page, 3) == [{"topic": label}] * 3


FEW = [
    "أخبار/سيـاسَة",
    "أخبار/رياضة/كُرَة القدم",
    "أخبار/رياضة",
    "News/Élections",
    "News/Sport/Football",
    "News/" + HOSTILE.replace("\u200f", ""),
    "مدرسة/الطالبة",
]


SOUGHT = {
    "سياسه": FEW[0], "اخبار سيا": FEW[0], "كره": FEW[1], "قدم": FEW[1], "الرياضه": FEW[2], "elec": FEW[3], "ELE": FEW[3],
    "nsf": FEW[4], "nfo": FEW[4], "طالب": FEW[6], "img": FEW[5],
}  # fmt: skip


def test_a_search_knows_the_forms_of_letters(ask: Ask) -> None:
    page, _server = ask({"kind": "choice", "name": "topic", "labels": FEW, "separator": "/"}, rows=len(SOUGHT))
    for done, (query, label) in enumerate(SOUGHT.items()):
        expect(page.get_by_test_id("task")).to_have_attribute("data-seq", str(done + 1))
        search(page, query)
        assert "/".join(parts_of(page, 0)) == "/".join(part.strip() for part in label.split("/")), query
        press(page, "Enter")
    finished(page)
    assert answers(page, len(SOUGHT)) == [{"topic": label} for label in SOUGHT.values()]
    assert page.title() != "owned"


def test_the_tree_is_browsed_by_arrows(ask: Ask, language: str) -> None:
    page, _server = ask({"kind": "choice", "name": "topic", "labels": FEW, "separator": "/"}, rows=2)
    deeper, higher = ("ArrowLeft", "ArrowRight") if language == "ar" else ("ArrowRight", "ArrowLeft")
    press(page, "ArrowDown", "ArrowDown", deeper, "ArrowDown", "Enter")
    # Sport, the second branch of News, cannot be chosen itself: it opens.
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "1")
    expect(page.get_by_test_id("column")).to_have_count(3)
    press(page, "Enter")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    # Into a branch, out of it again, and into its neighbour.
    press(page, "ArrowDown", "ArrowDown", deeper, higher, "ArrowUp", deeper, "Enter")
    finished(page)
    assert [one["topic"] for one in answers(page, 2)] == ["News/Sport/Football", FEW[0]]


def test_several_labels_are_gathered(ask: Ask) -> None:
    page, _server = ask({**choice(kind="choices", at_most=2), "name": "topics"})
    wanted = [LABELS[7], LABELS[77], LABELS[777]]
    press(page, "/")
    for label in wanted:
        page.keyboard.insert_text(label.split("/")[-1])
        press(page, "Enter")
        expect(page.get_by_test_id("label-find")).to_have_value("")
    # Two at most: the third was not taken.
    expect(page.get_by_test_id("tree-chosen").locator("li")).to_have_count(2)
    press(page, "Enter")
    finished(page)
    assert answers(page) == [{"topics": wanted[:2]}]


def test_a_long_flat_list_is_searched_too(ask: Ask) -> None:
    labels = [f"{a}_{b}" for a in ("card", "cash", "بطاقة", "top_up") for b in [f"case {n}" for n in range(20)]]
    page, _server = ask({"kind": "choice", "name": "intent", "labels": labels}, rows=2)
    press(page, "4")
    expect(page.get_by_test_id("task")).to_have_attribute("data-seq", "2")
    search(page, "بط 17")
    press(page, "ArrowUp", "Escape", "Enter")
    finished(page)
    assert [one["intent"] for one in answers(page, 2)] == ["card_case 3", "بطاقة_case 17"]


def test_only_what_is_in_sight_is_drawn(ask: Ask) -> None:
    page, _server = ask(choice())
    search(page, "a")
    found = page.get_by_test_id("found")
    assert int(found.get_attribute("data-count") or 0) > 1000
    assert page.get_by_test_id("found-row").count() < 40
    press(page, "Escape", "End")
    last = int(found.get_attribute("data-count") or 0)
    expect(page.locator(f"[data-testid=found-row][aria-posinset='{last}']")).to_be_visible()


def test_without_single_keys_the_field_is_one_arrow_away(ask: Ask) -> None:
    page, _server = ask(choice(), prefs={"singleKeys": False})
    press(page, "/", "1")
    expect(page.get_by_test_id("label-find")).not_to_be_focused()
    press(page, "ArrowUp")
    expect(page.get_by_test_id("label-find")).to_be_focused()
    page.keyboard.insert_text(LABELS[99].split("/")[-1])
    press(page, "Enter")
    finished(page)
    assert answers(page) == [{"topic": LABELS[99]}]
