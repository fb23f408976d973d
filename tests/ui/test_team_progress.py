"""The progress page and the log, as an owner meets them: in both directions, narrow and wide, by key, without a fault of axe."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context
from tests.ui.test_owner_pages import violations

from tawsim.loop import alerts
from tawsim.store.keys import record


def enter(page: Page, server: Server) -> str:
    page.goto(server.first_link)
    expect(page.get_by_test_id("home")).to_be_visible()
    return str(server.projects()[0]["project"]["id"])


def raise_alerts(server: Server, project: str) -> None:
    """Two imports that failed; alerts that nothing stands behind would end by themselves."""
    with server.workspace() as place:

        def write(tx: Any) -> None:
            for name in ("one.csv", "ثانٍ.csv"):
                tx.run(
                    "import_insert",
                    id=name,
                    project_id=project,
                    source=name,
                    digest=name,
                    pid=1,
                    number=9,
                    first_seq=9,
                    now=tx.now,
                )
                tx.run(
                    "import_end",
                    id=name,
                    state="failed",
                    now=tx.now,
                    rows_read=0,
                    added=0,
                    duplicate_count=0,
                    duplicates="[]",
                )

        place.db.write(write)
        alerts.look(place.db)


def test_too_little_says_so_and_alerts_are_put_off(page: Page, server: Server) -> None:
    project = enter(page, server)
    raise_alerts(server, project)
    page.goto(f"{server.base}/progress/{project}")
    expect(page.get_by_test_id("progress-empty")).to_be_visible()
    assert re.search(r"0.*7|٠.*٧", page.get_by_test_id("forecast").inner_text())
    raised = page.get_by_test_id("alert").filter(has_text=".csv")
    expect(raised).to_have_count(2)
    assert violations(page) == []
    raised.first.get_by_test_id("put-off").click()
    expect(raised).to_have_count(1)
    page.reload()
    expect(raised).to_have_count(1)


def test_the_page_is_whole_on_a_narrow_dark_screen(browser: Browser, server: Server, language: str) -> None:
    context = new_context(browser, language, viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = context.new_page()
    project = enter(page, server)
    raise_alerts(server, project)
    for path in (f"/progress/{project}", "/log", "/log?show=webhooks", "/account"):
        page.goto(server.base + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert violations(page) == [], path
    context.close()


def test_the_log_is_looked_through_checked_and_taken_away(page: Page, server: Server, tmp_path: Path) -> None:
    enter(page, server)
    with server.workspace() as place:
        place.db.write(lambda tx: [record(tx, "gold.made", place.owner_id) for _ in range(60)])
    page.get_by_test_id("me").click()
    page.get_by_test_id("menu-log").click()
    rows = page.get_by_test_id("events").locator("tbody tr")
    expect(rows).to_have_count(50)
    first = rows.first.inner_text()
    page.get_by_test_id("older").click()
    expect(rows.first).not_to_have_text(first)
    page.go_back()
    expect(rows).to_have_count(50)
    page.get_by_test_id("filter-kind").select_option("project.")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("button").press("Enter")
    assert "guideline 1 " in page.locator("tr.more").inner_text()
    page.get_by_test_id("own-head").fill(page.get_by_test_id("head").inner_text())
    page.get_by_test_id("own-head").press("Enter")
    expect(page.get_by_test_id("checked")).to_have_class(re.compile("good"))
    with page.expect_download() as download:
        page.get_by_test_id("export-log").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["number"] == 1
    page.get_by_test_id("own-head").fill("3:" + "0" * 64)
    page.get_by_test_id("verify").click()
    expect(page.get_by_test_id("checked")).to_have_class(re.compile("bad"))


def test_a_webhook_is_made_seen_and_removed(page: Page, server: Server) -> None:
    enter(page, server)
    page.goto(f"{server.base}/log?show=webhooks")
    page.get_by_test_id("add-webhook").click()
    page.get_by_test_id("webhook-url").fill("http://127.0.0.1:9/in")
    page.get_by_test_id("webhook-save").click()
    expect(page.get_by_role("alert")).to_be_visible()  # a private address that nobody allowed
    page.get_by_test_id("webhook-own").check()
    page.get_by_test_id("webhook-save").click()
    expect(page.get_by_test_id("secret")).to_have_value(re.compile("^whsec_"))
    page.get_by_test_id("webhook-off").click()
    expect(page.get_by_test_id("webhook-on")).to_be_visible()
    page.get_by_test_id("webhook-messages").click()
    assert violations(page) == []
    page.get_by_test_id("webhook-remove").click()
    page.get_by_test_id("webhook-remove-sure").click()
    expect(page.get_by_test_id("webhook")).to_have_count(0)
