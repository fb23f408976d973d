"""One's own page, the dispute key, the judge's page, notices and the bell, by key and by hand, in both directions."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context
from tests.ui.test_owner_pages import violations

from tawsim.core.ids import new_id
from tawsim.labelling import disputes, queue, reviews, submit
from tawsim.labelling.projects import update_project
from tawsim.labelling.reviews import Said
from tawsim.labelling.submit import Given
from tawsim.store.database import Transaction
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import Workspace, add_worker

GUIDE = "اقرأ النص كله ثم اختر. Choose one label for the whole text."


class Team:
    """Layla labels; Rana and Sami review. Layla's first answer was rejected, her second fixed, her third stands."""

    def __init__(self, server: Server) -> None:
        self.server = server
        with server.workspace() as place:
            with place.db.read() as tx:
                self.project = tx.all("project_list")[0]["id"]
            self.layla = self.person(place, "ليلى", "labeller")
            self.rana = self.person(place, "Rana رنا", "reviewer")
            self.sami = self.person(place, "Sami", "reviewer")
            place.db.write(lambda tx: self.settings(tx, place.owner_id))
            self.answers = [self.answer(place, label) for label in ("إيجابي", "سلبي", "mixed")]
            rejected = Said(1, "reject", reason="wrong label", words="النص يشكو، فهو سلبي.")
            self.review = place.db.write(lambda tx: reviews.review(tx, self.rana, self.answers[0], "r1", rejected))[
                "id"
            ]
            fixed = Said(1, "fix", words="both sides are there", answers={"label": "mixed"})
            place.db.write(lambda tx: reviews.review(tx, self.rana, self.answers[1], "r2", fixed))

    def settings(self, tx: Transaction, owner: str) -> None:
        pay = {"per_hour": 12.0, "per_answer": 0.05, "currency": "EUR", "floor_per_hour": 15.0}
        changes = {"settings": {"pay": pay, "review": {"reasons": ["wrong label"]}}, "guideline": GUIDE}
        row = tx.one("project_get", id=self.project)
        assert row is not None
        update_project(tx, owner, self.project, row["version"], changes)

    def person(self, place: Workspace, name: str, role: Any) -> str:
        return place.db.write(lambda tx: add_worker(tx, place.owner_id, name, name, role=role)).id

    def answer(self, place: Workspace, label: str) -> str:
        def work(tx: Transaction) -> Any:
            lease = queue.next_leases(tx, self.project, self.layla, 1).leases[0].lease_id
            return submit.submit(tx, self.layla, lease, new_id(1), {"label": label}, Given(spent_ms=0))

        return str(place.db.write(work).or_raise()["id"])

    def dispute(self, words: str = "النص يمدح الموظف") -> None:
        with self.server.workspace() as place:
            place.db.write(lambda tx: disputes.dispute(tx, self.layla, self.review, "d", words))

    def enter(self, page: Page, worker: str, path: str) -> None:
        with self.server.workspace() as place:
            books = accounts.open_accounts(self.server.file.parent)
            secret = books.write(lambda tx: accounts.issue(tx, "invite", Identity(place.id, worker)))
            books.close()
        page.goto(f"{self.server.base}/enter#{secret}")
        expect(page.get_by_test_id("home")).to_be_visible()
        page.goto(f"{self.server.base}{path}")

    def mine(self, page: Page) -> None:
        self.enter(page, self.layla, f"/mine/{self.project}")
        expect(page.get_by_test_id("own-answer")).to_have_count(3)


@pytest.fixture
def team(server: Server) -> Team:
    return Team(server)


def test_what_became_of_ones_answers_with_the_words_of_the_review(page: Page, team: Team) -> None:
    team.mine(page)
    states = [one.get_attribute("data-became") for one in page.get_by_test_id("own-answer").all()]
    assert states == ["accepted", "fixed", "rejected"]
    # Both were looked at because a reviewer picked them: no score follows, and the page says what they are.
    expect(page.get_by_test_id("score")).to_have_attribute("data-n", "0")
    expect(page.get_by_test_id("score")).to_have_attribute("data-verdict", "open")
    expect(page.get_by_test_id("score")).to_have_attribute("data-looked", "2")
    expect(page.get_by_test_id("score-looked")).to_be_visible()
    expect(page.get_by_test_id("pay")).to_contain_text("EUR")
    page.get_by_test_id("own-answer").nth(2).get_by_role("button").first.click()
    expect(page.get_by_test_id("review-words")).to_contain_text("النص يشكو، فهو سلبي.")
    assert "Rana" not in page.content()
    page.get_by_test_id("own-answer").nth(1).get_by_role("button").first.click()
    drawn = page.get_by_test_id("own-review").get_by_test_id("difference")
    expect(drawn).to_contain_text("سلبي")
    expect(drawn).to_contain_text("mixed")
    page.get_by_test_id("only-replied").click()
    expect(page.get_by_test_id("own-answer")).to_have_count(2)


def test_one_key_disputes_the_review_at_hand(page: Page, team: Team) -> None:
    team.mine(page)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("own-answer-open")).to_be_visible()
    page.keyboard.press("x")
    expect(page.get_by_test_id("dispute-dialog")).to_be_visible()
    page.keyboard.type("النص يمدح Omar")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("own-dispute")).to_have_attribute("data-state", "open")
    expect(page.get_by_test_id("own-answer").nth(2)).to_have_attribute("data-became", "disputed")
    expect(page.get_by_test_id("dispute")).to_have_count(0)  # once
    assert violations(page) == []


def test_a_judge_sees_two_sides_and_no_names_and_both_are_told(
    page: Page, team: Team, browser: Browser, language: str
) -> None:
    team.dispute()
    team.enter(page, team.sami, f"/disputes/{team.project}")
    expect(page.get_by_test_id("side")).to_have_count(2)
    assert violations(page) == []
    text = page.content()
    assert "Rana" not in text
    assert "ليلى" not in text
    letter = page.locator("[data-testid=side][data-answers=true]").get_attribute("data-side")
    page.keyboard.press("1" if letter == "a" else "2")
    expect(page.get_by_test_id("verdict-reason")).to_be_focused()
    page.keyboard.type("يمدح الموظف صراحة")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("no-dispute")).to_be_visible()
    expect(page.get_by_test_id("judged-list")).to_be_visible()
    other = new_context(browser, language)
    layla = other.new_page()
    team.mine(layla)
    expect(layla.get_by_test_id("own-answer").nth(2)).to_have_attribute("data-became", "reviewed")
    bell = layla.get_by_test_id("bell")
    expect(bell).to_have_attribute("data-unseen", "3")
    bell.click()
    expect(layla.get_by_test_id("notice")).to_have_count(3)
    kinds = [one.get_attribute("data-kind") for one in layla.get_by_test_id("notice").all()]
    assert kinds == ["dispute.overturned", "review.fixed", "review.rejected"]
    expect(layla.get_by_test_id("notice").first).to_contain_text("يمدح الموظف صراحة")
    expect(bell).to_have_attribute("data-unseen", "0")
    assert violations(layla) == []
    other.close()


def test_where_neither_is_right_the_judge_answers(page: Page, team: Team) -> None:
    team.dispute()
    team.enter(page, team.sami, f"/disputes/{team.project}")
    expect(page.get_by_test_id("side")).to_have_count(2)
    page.keyboard.press("3")
    expect(page.get_by_test_id("question")).to_be_visible()
    page.keyboard.press("3")  # the third label: an answer now, not a side
    page.get_by_test_id("verdict-reason").fill("لا هذا ولا ذاك")
    page.get_by_test_id("verdict-send").click()
    expect(page.get_by_test_id("no-dispute")).to_be_visible()
    with team.server.workspace() as place, place.db.read() as tx:
        (row,) = tx.all("dispute_judged_by", project_id=team.project, judge_id=team.sami, n=5)
    assert (row["right_is"], row["answers"]) == ("neither", '{"label":"mixed"}')


def test_the_guideline_since_last_time_and_that_it_was_read(page: Page, team: Team) -> None:
    with team.server.workspace() as place:
        with place.db.read() as tx:
            row = tx.one("project_get", id=team.project)
        assert row is not None
        change = {"guideline": GUIDE.replace("the whole text", "the first sentence")}
        place.db.write(lambda tx: update_project(tx, place.owner_id, team.project, row["version"], change))
    team.mine(page)
    page.get_by_test_id("guideline-show").click()
    diff = page.get_by_test_id("diff")
    expect(diff.locator("ins").first).to_contain_text("first")
    page.get_by_test_id("guideline-read").click()
    expect(page.get_by_test_id("guideline-changed")).to_have_count(0)


def test_who_manages_sees_the_same_page_and_cannot_dispute(page: Page, team: Team, server: Server) -> None:
    page.goto(server.first_link)
    expect(page.get_by_test_id("home")).to_be_visible()
    page.goto(f"{server.base}/mine/{team.project}/{team.layla}")
    expect(page.get_by_test_id("own-answer")).to_have_count(3)
    expect(page.get_by_test_id("same-page")).to_contain_text("ليلى")
    page.get_by_test_id("own-answer").nth(2).get_by_role("button").first.click()
    expect(page.get_by_test_id("own-answer-open")).to_be_visible()
    expect(page.get_by_test_id("dispute")).to_have_count(0)
    page.keyboard.press("x")
    expect(page.get_by_test_id("dispute-dialog")).to_have_count(0)


def test_hands_on_an_answer_are_measured_and_sent_with_it(page: Page, team: Team) -> None:
    team.enter(page, team.layla, f"/label/{team.project}")
    expect(page.get_by_test_id("task")).to_be_visible()
    with page.expect_request("**/submit") as sent:
        page.mouse.move(300, 300)
        page.wait_for_timeout(300)
        page.keyboard.press("1")
    body = json.loads(sent.value.post_data or "{}")
    assert 250 <= body["spent_ms"] <= 60_000
