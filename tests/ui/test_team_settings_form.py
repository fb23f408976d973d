"""What a project asks of its team, set by a form: what is written is there, and the page is whole in both directions."""

from playwright.sync_api import Page, expect
from tests.ui.conftest import Server
from tests.ui.test_owner_pages import enter, violations


def test_review_quota_and_spellings_are_set_by_a_form(page: Page, server: Server) -> None:
    enter(page, server.first_link)
    page.get_by_test_id("team-settings").click()
    page.get_by_test_id("review-choose").select_option("risk")
    page.get_by_test_id("review-share").fill("12.5")
    page.get_by_test_id("review-reasons").fill("خالف الدليل\n\n  wrong key ")
    page.get_by_test_id("quota-day").fill("300")
    page.get_by_test_id("same-alef").check()
    assert violations(page) == []
    page.get_by_test_id("team-settings-save").click()
    expect(page.get_by_test_id("team-settings-dialog")).to_have_count(0)
    expect(page.get_by_test_id("failure")).to_have_count(0)
    page.reload()
    page.get_by_test_id("team-settings").click()
    expect(page.get_by_test_id("review-share")).to_have_value("12.5")
    settings = server.projects()[0]["project"]["settings"]
    assert settings["review"]["choose"] == "risk"
    assert settings["review"]["share"] == 0.125
    assert list(settings["review"]["reasons"]) == ["خالف الدليل", "wrong key"]
    assert settings["quota"]["per_day"] == 300
    assert [name for name, on in settings["same"].items() if on] == ["alef"]
    assert settings["pay"]["idle_seconds"] == 300, "what the form does not show stays"
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
