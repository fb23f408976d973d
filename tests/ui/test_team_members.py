"""Who may label, by the pages: a list of members, limits of one's own, turning away and letting out with a reason."""

from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context
from tests.ui.test_owner_pages import enter, violations

from tawsim.labelling.members import members_of
from tawsim.labelling.projects import update_project


def test_a_project_is_closed_to_all_but_its_members(page: Page, server: Server, language: str) -> None:
    server.invite("Omar")
    server.invite("ليلى")
    enter(page, server.first_link)
    project = server.projects()[0]["project"]["id"]
    page.get_by_test_id("members-open").click()
    row = page.locator('[data-testid=member-row][data-name="ليلى"]')
    row.get_by_test_id("member-box").check()
    row.get_by_test_id("limits-open").click()
    row.get_by_test_id("limit-day").fill("25")
    row.get_by_test_id("limits-save").click()
    expect(row.get_by_test_id("limits-open")).to_contain_text("٢٥" if language == "ar" else "25")
    page.get_by_test_id("access-members").check()
    expect(page.get_by_test_id("access-members")).to_be_checked()
    expect(page.get_by_test_id("members-n")).to_contain_text("شخصان" if language == "ar" else "2")
    assert violations(page) == []
    with server.workspace() as place, place.db.read() as tx:
        told = members_of(tx, project)
    assert told["access"] == "members"
    assert {one["name"]: (one["may"], one["quota"]) for one in told["people"]} == {
        "Noor": (True, {}), "Omar": (False, {}), "ليلى": (True, {"per_day": 25}),
    }  # fmt: skip
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_somebody_is_turned_away_with_a_reason_and_reads_it(
    page: Page, server: Server, browser: Browser, language: str
) -> None:
    link = server.invite("Omar")
    with server.workspace() as place:

        def train(tx):  # type: ignore[no-untyped-def]
            row = tx.all("project_list")[0]
            update_project(tx, place.owner_id, row["id"], row["version"], {"settings": {"training": {"on": True}}})
            return row["id"]

        project = place.db.write(train)
    enter(page, server.first_link)
    page.goto(f"{server.base}/gold/{project}")
    page.get_by_test_id("turn-away").click()
    expect(page.get_by_test_id("turn-sure")).to_be_disabled()
    page.get_by_test_id("turn-reason").fill("لغة النصوص غير لغتك")
    assert violations(page) == []
    page.get_by_test_id("turn-sure").click()
    expect(page.get_by_test_id("turn-dialog")).to_have_count(0)
    expect(page.get_by_test_id("stage-row").filter(has_text="Omar")).to_have_attribute("data-stage", "not_qualified")
    context = new_context(browser, language)
    theirs = context.new_page()
    enter(theirs, link)
    theirs.get_by_test_id("bell").click()
    expect(theirs.get_by_test_id("notice").first).to_contain_text("لغة النصوص غير لغتك")
    context.close()


def test_who_was_let_out_reads_why_where_they_were_signed_in(
    page: Page, server: Server, browser: Browser, language: str
) -> None:
    link = server.invite("Omar")
    context = new_context(browser, language)
    theirs = context.new_page()
    enter(theirs, link)
    enter(page, server.first_link)
    page.goto(f"{server.base}/team")
    page.locator('[data-testid=member][data-name="Omar"]').get_by_test_id("member-open").click()
    page.get_by_test_id("person-off").click()
    page.get_by_test_id("switch-off-reason").fill("The project is over. شكرًا لك.")
    page.get_by_test_id("switch-off-sure").click()
    expect(page.get_by_test_id("switch-off")).to_have_count(0)
    expect(page.get_by_test_id("person")).to_have_count(0)
    theirs.reload()
    told = theirs.get_by_test_id("let-out")
    expect(told).to_contain_text("The project is over. شكرًا لك.")
    expect(told).to_contain_text("Noor")
    assert violations(theirs) == []
    context.close()


def test_the_list_of_a_project_lets_out_with_a_reason_and_in_by_a_link(
    page: Page, server: Server, browser: Browser, language: str
) -> None:
    link = server.invite("Omar")
    context = new_context(browser, language)
    theirs = context.new_page()
    enter(theirs, link)
    enter(page, server.first_link)
    page.get_by_test_id("other-people").click()
    switch = page.get_by_test_id("person").filter(has_text="Omar").get_by_test_id("person-switch")
    switch.click()
    expect(page.get_by_test_id("switch-off")).to_contain_text("Omar")
    page.keyboard.press("Escape")  # nothing happened yet
    theirs.reload()
    expect(theirs.get_by_test_id("home")).to_be_visible()
    switch.click()
    expect(page.get_by_test_id("switch-off-reason")).to_be_focused()
    assert violations(page) == []
    page.keyboard.type("النصوص بلهجة لا تعرفها")
    page.get_by_test_id("switch-off-sure").click()
    expect(page.get_by_test_id("switch-off")).to_have_count(0)
    theirs.reload()
    expect(theirs.get_by_test_id("let-out-reason")).to_have_text("النصوص بلهجة لا تعرفها")
    switch.click()
    back = page.get_by_test_id("team-link").input_value()
    assert violations(page) == []
    enter(theirs, back)
    context.close()
