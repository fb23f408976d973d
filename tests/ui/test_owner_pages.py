"""An owner's pages: import, export, invite, project settings, truth; and axe-core on every page, light and dark."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES: tuple[Any, ...] = ("light", "dark")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def enter(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_test_id("home")).to_be_visible()


def violations(page: Page) -> list[str]:
    """What axe-core holds against the page. The long lists of what is good stay there: they took longer than the look."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": {"type": "tag", "values": WCAG}}
    found: Any = page.evaluate("options => axe.run(document, options).then(({violations}) => violations)", options)
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def violations_by_day_and_night(page: Page) -> list[str]:
    """The same in light and in dark: the page itself need not be made twice for it."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
        found += [f"{scheme}: {one}" for one in violations(page)]
    return found


def test_a_file_is_imported_and_its_duplicates_are_named(page: Page, server: Server, tmp_path: Path) -> None:
    enter(page, server.first_link)
    file = tmp_path / "more.csv"
    file.write_text("id,text\n1,نص جديد\n2,never again\n3,another\n", encoding="utf-8")
    page.get_by_test_id("import-file").set_input_files(file)
    report = page.get_by_test_id("import-report")
    expect(report).to_be_visible()
    assert "more.csv" in report.inner_text()
    assert report.locator("li").count() == 1


def test_a_bad_file_is_refused_with_row_and_column(page: Page, server: Server, tmp_path: Path) -> None:
    enter(page, server.first_link)
    file = tmp_path / "bad.csv"
    file.write_text("id,text\n1,good\n2,\n", encoding="utf-8")
    page.get_by_test_id("import-file").set_input_files(file)
    failure = page.get_by_role("alert")
    expect(failure).to_be_visible()
    words = failure.inner_text()
    assert "bad.csv" in words
    assert "2" in words
    assert "text" in words
    assert server.projects()[0]["progress"]["tasks"] == 8


def test_a_person_is_invited_by_a_link_that_works(page: Page, server: Server, browser: Browser, language: str) -> None:
    enter(page, server.first_link)
    page.get_by_test_id("invite").click()
    page.get_by_test_id("invite-name").fill("Layla ليلى")
    page.get_by_test_id("invite-make").click()
    link = page.get_by_test_id("invite-link").first
    expect(link).to_be_visible()
    address = link.evaluate("n => n.value ?? n.textContent")
    other = new_context(browser, language)
    second = other.new_page()
    enter(second, address.strip())
    assert "Layla" in second.get_by_test_id("me").inner_text()
    other.close()


def label_all(page: Page, server: Server, key: str) -> None:
    page.goto(server.invite(f"p{key}"))
    page.get_by_test_id("start").click()
    for _ in range(8):
        expect(page.get_by_test_id("task")).to_be_visible()
        seq = page.get_by_test_id("task").get_attribute("data-seq")
        page.keyboard.press(key if seq != "1" else "3")
        page.wait_for_function(
            "s => { const t = document.querySelector('[data-testid=task]'); return !t || t.dataset.seq !== s }", arg=seq
        )
    expect(page.get_by_test_id("saved-state")).to_have_attribute("data-state", "saved")


def test_every_page_is_accessible(browser: Browser, server: Server, language: str) -> None:
    """WCAG 2.2 AA as far as axe-core sees it: home, labelling, skip, keys, nothing left, truth, used link."""
    worker = new_context(browser, language)
    label_all(worker.new_page(), server, "1")
    worker.close()
    context = new_context(browser, language)
    page = context.new_page()
    enter(page, server.first_link)
    assert violations_by_day_and_night(page) == []
    project = page.evaluate("fetch('/api/v1/projects').then(r => r.json()).then(d => d.projects[0].project.id)")
    page.goto(f"{server.base}/label/{project}")
    expect(page.get_by_test_id("task")).to_be_visible()
    assert violations_by_day_and_night(page) == []
    page.keyboard.press("s")
    expect(page.get_by_test_id("skip-reason").first).to_be_visible()
    assert violations_by_day_and_night(page) == []
    page.keyboard.press("Escape")
    page.get_by_test_id("keys").click()
    expect(page.get_by_test_id("single-keys")).to_be_visible()
    assert violations_by_day_and_night(page) == []
    page.goto(f"{server.base}/truth/{project}")
    expect(page.get_by_test_id("truth-row").first).to_be_visible()
    assert violations_by_day_and_night(page) == []
    context.clear_cookies()
    page.goto(server.first_link)
    expect(page.get_by_test_id("link-used")).to_be_visible()
    assert violations_by_day_and_night(page) == []
    context.close()


def test_truth_shows_what_each_label_rests_on(page: Page, server: Server, browser: Browser, language: str) -> None:
    other = new_context(browser, language)
    label_all(other.new_page(), server, "1")
    other.close()
    enter(page, server.first_link)
    page.get_by_test_id("truth-link").click()
    rows = page.get_by_test_id("truth-row")
    expect(rows).to_have_count(8)
    assert "إيجابي" in rows.nth(1).inner_text()
    expect(page.get_by_test_id("trust-person").first).to_be_visible()


def test_exports_come_down_as_files(page: Page, server: Server) -> None:
    enter(page, server.first_link)
    for form in ("csv", "jsonl", "parquet"):
        with page.expect_download() as waiting:
            page.get_by_test_id(f"export-{form}").click()
        assert waiting.value.suggested_filename.endswith(form)
        assert Path(waiting.value.path()).stat().st_size > 100
