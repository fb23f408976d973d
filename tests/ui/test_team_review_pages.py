"""The pages of review and of decisions, by hands: verdicts by keys, a fix in the labelling view, differences of every kind."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context, walk
from tests.ui.test_owner_pages import enter, violations
from tests.unit.kinds_world import answer, hire, make

from tawsim.intake.media import MediaFile
from tawsim.kinds import KINDS, question_to_json
from tawsim.loop.media import add_one
from tawsim.loop.sample_media import make_media
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import Workspace, open_workspace

TEXTS = ["الخدمة ممتازة والموظف Omar متعاون", "The parcel came late", "وصل الطلب في 15 مارس 2024", "never again"]
CHOICE = {"kind": "choice", "name": "label", "labels": ["إيجابي", "سلبي"]}
# Whatever one of the kinds marks what differs with.
MARKED = (
    "[data-differs=true], ins, del, [data-ground]:not([data-ground='']), [data-layer=gone], [data-layer=come], "
    "[data-only=true], .removed, .added"
)
SETTINGS = {"review": {"choose": "all", "reasons": ["تسمية خاطئة", "against the guideline"]}}


def reviewer(place: Workspace, name: str) -> str:
    worker = hire(place, name)
    place.db.write(lambda tx: tx._connection.execute("UPDATE worker SET role = 'reviewer' WHERE id = ?", (worker,)))
    return worker


def link(server: Server, place_id: str, worker: str) -> str:
    books = accounts.open_accounts(server.file.parent)
    secret = books.write(lambda tx: accounts.issue(tx, "invite", Identity(place_id, worker)))
    books.close()
    return f"{server.base}/enter#{secret}"


def go(browser: Browser, language: str, server: Server, ids: dict[str, str], who: str = "rana") -> Page:
    context = new_context(browser, language)
    page = context.new_page()
    enter(page, link(server, ids["place"], ids[who]))
    return page


@pytest.fixture
def reviews(tmp_path: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    """Four tasks that Layla and Omar answered, on the second of which they differ; Rana reviews."""
    file = tmp_path / "reviews.tawsim"
    place = open_workspace(file, create=True, owner="Noor")
    rows = [{"text": text} for text in TEXTS]
    project = make(
        place, [CHOICE], rows, name="مراجعات", settings=SETTINGS, overlap=2, guideline="# الدليل\nاختر **واحدة**."
    )
    said = {"ليلى": ["إيجابي", "سلبي", "إيجابي", "سلبي"], "Omar": ["إيجابي", "إيجابي", "إيجابي", "سلبي"]}
    for name, labels in said.items():
        answer(place, project, hire(place, name), rows, [{"label": label} for label in labels])
    ids = {"place": place.id, "project": project.id, "rana": reviewer(place, "Rana")}
    place.close()
    server = Server(file)
    server.start()
    yield server, ids
    server.stop()


def test_verdicts_by_one_key_each(browser: Browser, language: str, reviews: tuple[Server, dict[str, str]]) -> None:
    server, ids = reviews
    page = go(browser, language, server, ids)
    page.goto(f"{server.base}/review/{ids['project']}")
    item, waiting = page.get_by_test_id("review-item"), page.get_by_test_id("waiting")
    expect(item).to_be_focused()
    expect(waiting).to_have_attribute("data-waiting", "8")
    assert "ليلى" not in page.content()  # blind
    assert violations(page) == []

    def press(key: str, left: int) -> None:
        before = item.get_attribute("data-annotation")
        page.keyboard.press(key)
        expect(waiting).to_have_attribute("data-waiting", str(left))
        expect(item).not_to_have_attribute("data-annotation", before or "")

    press("KeyA", 7)
    first = item.get_attribute("data-annotation") or ""
    page.keyboard.press("KeyR")
    expect(page.get_by_test_id("reject-sheet")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("1")
    page.keyboard.type("انظر الدليل")
    page.keyboard.press("Control+Enter")
    expect(waiting).to_have_attribute("data-waiting", "6")
    page.keyboard.press("KeyU")  # taken back: the same answer again
    expect(item).to_have_attribute("data-annotation", first)
    expect(page.get_by_test_id("earlier-review")).to_have_count(1)
    expect(waiting).to_have_attribute("data-waiting", "7")
    given = page.get_by_test_id("answer-of").inner_text()
    page.keyboard.press("KeyF")
    expect(page.get_by_test_id("fix-view")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("2" if "إيجابي" in given else "1")
    expect(waiting).to_have_attribute("data-waiting", "6")
    with server.workspace() as place, place.db.read() as tx:
        found = tx.all("review_of_annotation", annotation_id=first)
    assert [(one["verdict"], one["reason"], one["undone_at"] is None) for one in found] == [
        ("reject", "تسمية خاطئة", False), ("fix", "", True),
    ]  # fmt: skip
    page.context.close()


def test_where_answers_differ_somebody_decides(
    browser: Browser, language: str, reviews: tuple[Server, dict[str, str]]
) -> None:
    server, ids = reviews
    page = go(browser, language, server, ids)
    page.goto(f"{server.base}/decide/{ids['project']}")
    expect(page.get_by_test_id("case")).to_have_attribute("data-seq", "2")
    expect(page.get_by_test_id("option")).to_have_count(2)
    assert "ليلى" not in page.content()
    expect(page.get_by_test_id("truth-says")).to_have_count(0)  # not before one's own choice
    page.get_by_test_id("compare").locator("summary").click()
    expect(page.get_by_test_id("diff-fields").locator("[data-differs=true]")).to_have_count(2)
    assert violations(page) == []
    page.keyboard.press("KeyX")
    page.get_by_test_id("cannot-words").fill("غير واضح")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("cannot-sheet")).to_have_count(0)
    page.get_by_test_id("case").focus()
    page.keyboard.press("1")
    expect(page.get_by_test_id("settled")).to_be_visible()
    expect(page.get_by_test_id("truth-says")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("KeyN")
    expect(page.get_by_test_id("nothing-to-decide")).to_be_visible()
    page.goto(f"{server.base}/decide/{ids['project']}/{_task(server, ids, 2)}")
    page.get_by_test_id("withdraw").click()
    expect(page.get_by_test_id("settled")).to_be_visible()
    page.context.close()


def _task(server: Server, ids: dict[str, str], seq: int) -> str:
    with server.workspace() as place, place.db.read() as tx:
        row = tx.one("task_by_seq", project_id=ids["project"], seq=seq)
    assert row is not None
    return str(row["id"])


def test_a_lead_accepts_many_and_takes_them_back(
    browser: Browser, language: str, reviews: tuple[Server, dict[str, str]]
) -> None:
    server, ids = reviews
    page = new_context(browser, language, viewport={"width": 360, "height": 740}).new_page()
    enter(page, server.first_link)
    page.goto(f"{server.base}/review/{ids['project']}")
    expect(page.get_by_test_id("author")).to_be_visible()  # who manages sees names
    bulk = page.get_by_test_id("bulk")
    bulk.locator("summary").click()
    page.get_by_test_id("bulk-threshold").select_option("0.9")
    page.get_by_test_id("bulk-preview").click()
    found = page.get_by_test_id("bulk-found")
    expect(found).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if int(found.get_attribute("data-answers") or 0) > 0:
        page.get_by_test_id("bulk-accept").click()
        page.get_by_test_id("bulk-undo").click()
        expect(page.get_by_test_id("bulk-done")).to_have_attribute("data-state", "undone")
    page.context.close()


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A project of each kind with two different answers."""
    file = tmp_path_factory.mktemp("kinds") / "kinds.tawsim"
    place = open_workspace(file, create=True, owner="Noor")
    ids = {"place": place.id, "rana": reviewer(place, "Rana")}
    people = [hire(place, name) for name in ("one", "other")]
    for name, kind in KINDS.items():
        question, content = question_to_json(kind.example.question), dict(kind.example.content)
        project = make(place, [question], [content], name=name)
        if content.get("photo"):
            data = make_media("a.png", {"size": [640, 480], "shapes": [[14, 20, 96, 80], [300, 200, 200, 120]]})
            file_ = MediaFile(content["photo"], content["photo"], lambda data=data: io.BytesIO(data))
            add_one(place.db, project, file_, actor_id=place.owner_id)
        for worker, said in zip(people, (kind.example.one, kind.example.other), strict=True):
            answer(place, project, worker, [content], [{question["name"]: said}])
        ids[name] = project.id
    place.close()
    server = Server(file)
    server.start()
    yield server, ids
    server.stop()


@pytest.mark.parametrize("half", [0, 1])
def test_the_difference_of_every_kind(
    browser: Browser, language: str, kinds: tuple[Server, dict[str, str]], half: int
) -> None:
    server, ids = kinds
    page = go(browser, language, server, ids)
    problems: list[Any] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    for name in sorted(KINDS)[half::2]:
        walk(page, f"/decide/{ids[name]}")
        expect(page.get_by_test_id("option")).to_have_count(2)
        page.get_by_test_id("compare").locator("summary").click()
        shown = page.locator(f"[data-testid=compare] [data-testid=difference][data-kind={name}]")
        expect(shown).to_be_visible()
        marked = shown.locator(MARKED)
        assert marked.count() > 0, name
        assert violations(page) == [], name
        walk(page, f"/review/{ids[name]}")
        expect(page.get_by_test_id("nothing-to-review")).to_be_visible()
    assert problems == []
    page.context.close()


def test_a_labeller_finds_neither_page(browser: Browser, language: str, server: Server) -> None:
    page = new_context(browser, language).new_page()
    enter(page, server.invite("Sara"))
    project = server.projects()[0]["project"]["id"]
    for which in ("review", "decide"):
        page.goto(f"{server.base}/{which}/{project}")
        expect(page.get_by_test_id("no-page")).to_be_visible()
        expect(page.get_by_test_id(re.compile("^tab-(review|decide)$"))).to_have_count(0)
    page.context.close()
