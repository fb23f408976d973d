"""The truth page of every kind of question: answers that can be read, measures by their name, in both directions."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import LANGUAGES, Server, new_context
from tests.ui.test_owner_pages import enter, violations
from tests.unit.kinds_world import answer, hire, make

from tawsim.intake.media import MediaFile
from tawsim.kinds import KINDS, question_to_json
from tawsim.loop.media import add_one
from tawsim.loop.sample_media import make_media
from tawsim.workspaces.workspace import Workspace, open_workspace

SAID = {"Ann": "1212", "باسم": "1212", "Cem": "1211"}
POEM = "قفا نبكِ من ذكرى حبيبٍ ومنزلِ\nبسِقطِ اللِّوى بين الدَّخولِ فحَوملِ\n" * 3
PAIR = {"kind": "number", "name": "price", "title": "السعر", "low": 0, "high": 1000, "unit": "ر.س", "required": False}


def fill(place: Workspace) -> dict[str, str]:
    """A project of each kind, named by it, and one of several questions; kind → id."""
    found = {}
    for name, kind in KINDS.items():
        question = question_to_json(kind.example.question)
        rows = [{"id": str(n), **kind.example.content} for n in range(1, 6)]
        one, other = kind.example.one, kind.example.other
        if name == "text":
            one, question["at_most"] = POEM, 2000
        project = make(place, [question], rows, name=name)
        found[name] = project.id
        if kind.example.content.get("photo"):
            data = make_media("a.png", {"size": [640, 480], "shapes": [[14, 20, 96, 80], [300, 200, 200, 120]]})
            file = MediaFile(
                kind.example.content["photo"], kind.example.content["photo"], lambda data=data: io.BytesIO(data)
            )
            add_one(place.db, project, file, actor_id=place.owner_id)
        for worker, said in SAID.items():
            given = [{question["name"]: one if which == "1" else other} for which in said]
            answer(place, project, hire(place, f"{worker} {name}"), rows, given)
    rows = [{"text": "قميص أزرق"}, {"text": "A green shirt"}]
    both = [{"kind": "choice", "name": "colour", "labels": ["أزرق", "green"]}, PAIR]
    project = make(place, both, rows, name="both")
    found["both"] = project.id
    for worker in SAID:
        answer(
            place,
            project,
            hire(place, worker),
            rows,
            [{"colour": "أزرق", "price": 40}, {"colour": "green", "price": 55.5}],
        )
    return found


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    file = tmp_path_factory.mktemp("kinds") / "kinds.tawsim"
    place = open_workspace(file, create=True, owner="Noor")
    found = fill(place)
    place.close()
    server = Server(file)
    server.start()
    yield server, found
    server.stop()


Watched = tuple[Page, list[str]]


@pytest.fixture(scope="module")
def owners(browser: Browser, kinds: tuple[Server, dict[str, str]]) -> Iterator[dict[str, Watched]]:
    """By language, a page of the owner and what went wrong on it. These tests only read, so one page does for all."""
    found: dict[str, Watched] = {}
    for language in LANGUAGES:
        context = new_context(browser, language)
        context.add_cookies(signed_in(browser, kinds[0]))
        found[language] = (context.new_page(), [])
        watch(*found[language])
    yield found
    for page, _ in found.values():
        page.context.close()


def watch(page: Page, problems: list[str]) -> None:
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)


@pytest.fixture
def owner(owners: dict[str, Watched], language: str) -> Iterator[Page]:
    page, problems = owners[language]
    problems.clear()
    yield page
    assert problems == []


_cookies: dict[Path, Any] = {}


def signed_in(browser: Browser, server: Server) -> Any:
    """The cookies of the owner, who enters once."""
    if server.file not in _cookies:
        context = new_context(browser, "en")
        enter(context.new_page(), server.first_link)
        _cookies[server.file] = context.cookies()
        context.close()
    return _cookies[server.file]


def show(page: Page, kinds: tuple[Server, dict[str, str]], kind: str) -> Any:
    """The page of the truth of that project, in the order of its tasks where there is a choice: its answers."""
    server, projects = kinds
    page.goto(f"{server.base}/truth/{projects[kind]}")
    expect(page.get_by_test_id("truth-row").first).to_be_visible()
    if page.get_by_test_id("order-seq").count():
        page.get_by_test_id("order-seq").click()
        expect(page.get_by_test_id("truth-row")).to_have_count(2 if kind == "both" else 5)
    return page.get_by_test_id("answer")


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_a_page_that_can_be_read(owner: Page, kinds: Any, kind: str, language: str) -> None:
    answers = show(owner, kinds, kind)
    said = answers.first.inner_text()
    assert said.strip() not in ("", "—")
    words = owner.locator("main").inner_text()
    for odd in ("[object", "undefined", "NaN", "null", '{"', "∞"):
        assert odd not in words, f"{odd} stands on the page"
    assert owner.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert owner.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
    assert owner.get_by_test_id("trust-person").count() == 3
    assert violations(owner) == []


def test_on_a_phone_in_the_dark(browser: Browser, kinds: Any, language: str) -> None:
    context = new_context(browser, language, color_scheme="dark", viewport={"width": 390, "height": 800})
    context.add_cookies(signed_in(browser, kinds[0]))
    page = context.new_page()
    for kind in ("spans", "pairwise", "number", "rubric", "boxes", "chat", "text"):
        show(page, kinds, kind)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{kind}: the page scrolls sideways"
        assert violations(page) == [], kind
    context.close()


def test_spans_are_quotes_with_their_labels_and_relations(owner: Page, kinds: Any) -> None:
    first = show(owner, kinds, "spans").first
    assert first.locator("bdi.quote").all_inner_texts() == ["ليلَى", "OpenAI"]
    assert "works_for" in first.inner_text()


def test_a_number_has_its_interval_and_no_probability(owner: Page, kinds: Any, language: str) -> None:
    answers = show(owner, kinds, "number")
    expect(answers.first.get_by_test_id("interval")).to_be_visible()
    assert owner.get_by_test_id("truth-table").locator("th").count() == 3
    assert owner.get_by_test_id("order-doubt").count() == 0
    measure = owner.get_by_test_id("accuracy").first.inner_text()
    assert "%" not in measure
    assert "٪" not in measure
    assert ("Spread" if language == "en" else "تشتت") in measure


def test_rankings_name_the_candidates_in_order(owner: Page, kinds: Any) -> None:
    first = show(owner, kinds, "ranking").first
    assert first.locator("bdi").all_inner_texts() == ["3", "1", "2"]
    assert re.findall("[›=]", first.inner_text()) == ["›", "="]


def test_a_preference_is_said_by_the_name_of_the_column(owner: Page, kinds: Any, language: str) -> None:
    first = show(owner, kinds, "pairwise").first
    assert "answer_b" in first.inner_text()
    # A name of other letters at its beginning does not turn the sentence.
    sentence = first.locator("bdi", has_text="answer_b").first
    assert sentence.evaluate("one => getComputedStyle(one).direction") == LANGUAGES[language]


def test_boxes_lie_on_their_picture(owner: Page, kinds: Any) -> None:
    drawing = show(owner, kinds, "boxes").first.get_by_test_id("regions")
    assert drawing.locator("image").get_attribute("href").startswith("/api/v1/projects/")
    assert drawing.get_attribute("viewBox") == "0 0 640 480"
    assert drawing.locator("polygon").count() == 2  # the box, and the light line round it
    assert drawing.evaluate("n => getComputedStyle(n).direction") == "ltr"


def test_long_texts_open(owner: Page, kinds: Any) -> None:
    first = show(owner, kinds, "text").first
    button = first.get_by_test_id("show-whole")
    before = first.bounding_box()["height"]
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    assert first.bounding_box()["height"] > before * 1.5
    assert first.locator(".text").inner_text().count("\n") == POEM.count("\n")


def test_questions_of_one_project_have_a_truth_each(owner: Page, kinds: Any) -> None:
    answers = show(owner, kinds, "both")
    assert "أزرق" in answers.first.inner_text()
    owner.get_by_test_id("truth-question").select_option("price")
    expect(owner.get_by_test_id("answer").first).to_have_attribute("data-kind", "number")
    assert re.search("40|٤٠", owner.get_by_test_id("answer").first.inner_text())


@pytest.mark.parametrize("kind", ["number", "spans", "text"])
def test_the_home_page_stands_whatever_agreement_is_called(owner: Page, kinds: Any, kind: str) -> None:
    owner.goto(f"{kinds[0].base}/projects/{kinds[1][kind]}")
    expect(owner.locator("main")).to_be_visible()
    assert "NaN" not in owner.locator("main").inner_text()
