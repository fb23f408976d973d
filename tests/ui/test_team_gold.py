"""Known answers and the training round by hand: a lead makes them, a labeller is taught by them, a wrong one is found."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from tests.ui.conftest import Server
from tests.ui.test_owner_pages import enter, violations

from tawsim.labelling.gold import Known, make_known
from tawsim.labelling.projects import update_project

SHOTS = os.environ.get("TAWSIM_SHOTS")


def shot(page: Page, name: str) -> None:
    """A picture to look at, where somebody asked for them."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def settle(server: Server, known: dict[int, tuple[str, str]], **settings: Any) -> str:
    """Known answers (number of the task → purpose, label), and settings. The project's id."""
    with server.workspace() as place:

        def work(tx: Any) -> str:
            project = tx.all("project_list")[0]
            tasks = {
                row["seq"]: row["id"]
                for row in tx.all("task_page", project_id=project["id"], after=0, visible_seq=99, n=99)
            }
            for seq, (purpose, label) in known.items():
                why = "**لأن** الكلمة صريحة." if purpose == "training" else ""
                make_known(tx, place.owner_id, tasks[seq], Known({"label": label}, why, purpose))  # type: ignore[arg-type]
            update_project(tx, place.owner_id, project["id"], project["version"], {"settings": settings})
            return str(project["id"])

        return place.db.write(work)


def test_a_lead_makes_a_known_answer_and_sets_the_rate(page: Page, server: Server, language: str) -> None:
    enter(page, server.first_link)
    project = server.projects()[0]["project"]["id"]
    page.goto(f"{server.base}/gold/{project}")
    expect(page.get_by_test_id("gold-none")).to_be_visible()
    page.get_by_test_id("gold-number").fill("3")
    page.get_by_test_id("gold-open").click()
    editor = page.get_by_test_id("known-editor")
    expect(editor).to_be_visible()
    editor.get_by_test_id("known-save").click()
    expect(editor.get_by_role("alert")).to_be_visible()
    editor.get_by_text("إيجابي", exact=True).click()
    editor.get_by_test_id("purpose-training").check()
    editor.get_by_test_id("known-why").fill("because it is early")
    shot(page, f"editor-{language}")
    editor.get_by_test_id("known-save").click()
    row = page.get_by_test_id("known-row")
    expect(row).to_contain_text("إيجابي")
    page.get_by_test_id("gold-on").check()
    page.get_by_test_id("gold-highest").fill("30")
    page.get_by_test_id("training-on").check()
    page.get_by_test_id("rate-save").click()
    expect(page.get_by_test_id("rate-form").get_by_role("status")).not_to_be_empty()
    expect(page.get_by_test_id("too-few-gold")).to_be_visible()
    made = server.projects()[0]
    assert made["project"]["settings"]["gold"] == {"on": True, "lowest": 0.02, "highest": 0.3}
    assert made["progress"]["tasks"] == 7, "it is no work any more"
    page.reload()
    expect(row).to_be_visible()
    shot(page, f"gold-{language}")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, f"gold-small-{language}")


def test_a_labeller_is_taught_by_an_example_and_qualifies(page: Page, server: Server, language: str) -> None:
    known = {1: ("training", "إيجابي")} | dict.fromkeys((2, 5, 6, 7), ("gold", "سلبي"))
    project = settle(server, known, training={"on": True, "examples": 1, "pass_at": 0.2, "least": 3})
    enter(page, server.invite("Layla ليلى"))
    page.goto(f"{server.base}/label/{project}")
    expect(page.get_by_test_id("standing")).to_have_attribute("data-stage", "training")
    page.get_by_test_id("option").nth(1).click()
    told = page.get_by_test_id("training-told")
    expect(told).to_have_attribute("data-right", "false")
    expect(page.get_by_test_id("training-expected")).to_have_text("إيجابي")
    expect(page.get_by_test_id("training-why").locator("strong")).to_have_text("لأن")
    assert violations(page) == []
    shot(page, f"told-{language}")
    page.keyboard.press("Enter")
    standing = page.get_by_test_id("standing")
    expect(standing).to_have_attribute("data-stage", "qualifying")
    shot(page, f"qualifying-{language}")
    for n in range(3):
        before = page.get_by_test_id("task").get_attribute("data-seq")
        page.get_by_test_id("option").nth(1).click()
        expect(told).to_have_count(0)
        if n < 2:
            expect(page.get_by_test_id("task")).not_to_have_attribute("data-seq", str(before))
    # What was fetched ahead is answered; then comes work, and no word of training.
    expect(page.get_by_test_id("task")).to_be_visible()
    page.get_by_test_id("option").nth(1).click()
    expect(standing).to_have_count(0)
    expect(page.get_by_test_id("task")).to_be_visible()


def test_it_is_said_why_there_is_nothing(page: Page, server: Server, language: str) -> None:
    project = settle(server, {}, quota={"per_day": 1})
    enter(page, server.invite("Layla"))
    page.goto(f"{server.base}/label/{project}")
    page.get_by_test_id("option").first.click()
    nothing = page.get_by_test_id("nothing-left")
    expect(nothing).to_have_attribute("data-reason", "quota")
    shot(page, f"quota-{language}")
    settle(server, {}, quota={"per_day": 0}, access="members")
    page.reload()
    expect(nothing).to_have_attribute("data-reason", "not_a_member")


def test_a_doubted_answer_is_settled_by_one_key(page: Page, server: Server, language: str) -> None:
    project = settle(server, {4: ("gold", "سلبي"), 5: ("gold", "mixed")})
    with server.workspace() as place:
        place.db.write(lambda tx: tx._connection.execute("UPDATE gold SET state = 'flagged', doubt = 6, answers_n = 3"))
    enter(page, server.first_link)
    page.goto(f"{server.base}/gold/{project}")
    doubted = page.get_by_test_id("doubted")
    expect(doubted).to_have_count(2)
    shot(page, f"doubted-{language}")
    assert violations(page) == []
    page.keyboard.press("k")
    expect(doubted).to_have_count(1)
    page.keyboard.press("c")
    editor = page.get_by_test_id("known-editor")
    editor.get_by_text("إيجابي", exact=True).click()
    editor.get_by_test_id("known-save").click()
    expect(doubted).to_have_count(0)
    expect(page.get_by_test_id("known-row")).to_have_count(2)
    expect(page.locator("[data-testid=known-row]", has_text="إيجابي")).to_have_count(1)
