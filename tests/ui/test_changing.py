"""A running project changes: questions with their effects first, the guideline with its versions, suggestions by a switch."""

from typing import Any

from playwright.sync_api import Page, expect
from tests.ui.conftest import Server, new_context

from tawsim.core.ids import new_id
from tawsim.labelling import queue, submit
from tawsim.labelling.projects import update_project
from tawsim.loop.suggesting import suggest_rows
from tawsim.workspaces.workspace import add_worker


def answer(server: Server, *labels: str) -> None:
    """Answers of somebody beside the browser, to the first tasks."""
    with server.workspace() as place:
        project = server.projects()[0]["project"]["id"]
        worker = place.db.write(lambda tx: add_worker(tx, place.owner_id, new_id(1), "Salem")).id
        for label in labels:
            grant = place.db.write(lambda tx: queue.next_leases(tx, project, worker, 1))
            lease = grant.leases[0].lease_id
            place.db.write(
                lambda tx, lease=lease, label=label: submit.submit(tx, worker, lease, new_id(1), {"label": label})
            )


def change(server: Server, **changes: Any) -> None:
    """An owner changes settings elsewhere."""
    with server.workspace() as place:
        project = server.projects()[0]["project"]
        place.db.write(lambda tx: update_project(tx, place.owner_id, project["id"], project["version"], changes))


def open_questions(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_test_id("edit-project").click()
    page.get_by_test_id("edit-questions").click()
    expect(page.get_by_test_id("schema-text")).not_to_have_value("")


def test_effects_are_told_before_questions_change(server: Server, page: Page) -> None:
    answer(server, "إيجابي", "mixed", "mixed")
    open_questions(page, server.first_link)
    text = page.get_by_test_id("schema-text")
    written = text.input_value()
    assert "[[question]]" in written
    text.fill(written.replace('"mixed"', '"both"'))
    page.get_by_test_id("look").click()
    row = page.locator("[data-testid=effect][data-question=label]")
    expect(page.get_by_test_id("misfits")).to_be_visible()
    expect(row).to_be_visible()
    expect(page.get_by_test_id("reason")).to_have_count(1)
    expect(page.get_by_test_id("apply")).to_be_disabled()
    # The label only has a new name: then everything fits.
    page.locator("[data-testid=rename][data-label=mixed]").select_option("both")
    expect(page.get_by_test_id("all-fit")).to_be_visible()
    page.get_by_test_id("apply").click()
    expect(page.get_by_test_id("change-questions")).to_have_count(0)
    assert server.projects()[0]["project"]["schema_version"] == 2
    assert sorted(one["label"] for one in server.answers()) == ["both", "both", "إيجابي"]


def test_answers_that_do_not_fit_are_kept_out_when_the_owner_says_so(server: Server, page: Page) -> None:
    answer(server, "mixed", "سلبي")
    open_questions(page, server.first_link)
    text = page.get_by_test_id("schema-text")
    good = text.input_value()
    text.fill(good.replace("kind = ", "knid = ", 1))
    page.get_by_test_id("look").click()
    expect(page.get_by_test_id("schema-fault")).to_be_visible()
    text.fill(good.replace(', "mixed"', ""))
    page.get_by_test_id("look").click()
    expect(page.get_by_test_id("reason")).to_have_count(1)
    page.get_by_test_id("fate-keep").check()
    page.get_by_test_id("apply").click()
    expect(page.get_by_test_id("change-questions")).to_have_count(0)
    assert [one["fits"] for one in server.answers()] == [False, True]


def test_a_guideline_has_a_preview_and_its_versions(server: Server, page: Page) -> None:
    change(server, guideline="First **rule**")
    page.goto(server.first_link)
    page.get_by_test_id("edit-project").click()
    page.get_by_test_id("edit-guideline").fill("First **rule** is <img src=x> new")
    expect(page.get_by_test_id("guideline-preview").locator("strong")).to_have_text("rule")
    assert page.get_by_test_id("guideline-preview").locator("img").count() == 0
    page.get_by_test_id("guideline-versions").locator("summary").click()
    page.get_by_test_id("guideline-versions").locator("button").first.click()
    expect(page.get_by_test_id("guideline-versions").locator("ins").first).to_be_visible()
    page.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("edit-dialog")).to_have_count(0)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("guideline").locator("strong")).to_have_text("rule")


def test_a_newer_guideline_says_what_is_other_in_it_once(server: Server, page: Page) -> None:
    change(server, guideline="Take the price as part of the service.")
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("task-text")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_test_id("recent")).to_have_count(1)
    expect(page.get_by_test_id("recent").first).to_have_attribute("data-state", "saved")
    assert page.get_by_test_id("guideline-new").count() == 0
    change(server, guideline="Take the price as no part of the service.")
    page.reload()
    expect(page.get_by_test_id("guideline-new")).to_be_visible()
    page.get_by_test_id("guideline-changes").click()
    expect(page.get_by_test_id("guideline-diff").get_by_test_id("diff").locator("ins")).to_contain_text("no")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("guideline-new")).to_have_count(0)
    page.reload()
    expect(page.get_by_test_id("task-text")).to_be_visible()
    assert page.get_by_test_id("guideline-new").count() == 0


def test_suggestions_come_by_a_switch_that_says_what_it_costs(
    server: Server, page: Page, browser: Any, language: str
) -> None:
    with server.workspace() as place:
        project = server.projects()[0]["project"]["id"]
        made = [{"task": i, "answer": "سلبي", "p": 0.9} for i in range(1, 9)]
        suggest_rows(place.db, project, made, actor_id=place.owner_id, source="model-x")
    page.goto(server.first_link)
    page.get_by_test_id("edit-project").click()
    expect(page.get_by_test_id("edit-dialog")).to_contain_text("model-x")
    box = page.get_by_test_id("edit-suggestions")
    expect(box).not_to_be_checked()
    box.check()
    page.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("edit-dialog")).to_have_count(0)
    assert server.projects()[0]["project"]["settings"]["suggestions"] is True
    other = new_context(browser, language)
    theirs = other.new_page()
    theirs.goto(server.invite("Layla"))
    theirs.get_by_test_id("start").click()
    expect(theirs.get_by_test_id("label-page")).to_contain_text("model-x")
    other.close()


def test_a_labeller_reads_the_guideline_before_beginning(server: Server, page: Page) -> None:
    """Drawn as it is while labelling, not as it was written; marks of points that nobody filled stand where it begins."""
    change(server, guideline="- \n- \n\n### مثالان محلولان\n\n**الجواب**: السبب.")
    page.goto(server.invite("Omar"))
    shown = page.get_by_test_id("guideline-shown")
    expect(shown.locator("strong")).to_have_text("الجواب")
    expect(shown.locator("ul")).to_have_attribute("dir", "rtl")
    assert "###" not in shown.inner_text()
