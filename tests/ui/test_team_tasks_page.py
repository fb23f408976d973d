"""The page of tasks by hand: filter and its errors, rows and keys, actions on many and their undoing, views, one task."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.ui.conftest import Server
from tests.ui.test_owner_pages import violations

from tawsim.core.ids import new_id
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling import queue, submit
from tawsim.labelling.slots import project_row
from tawsim.store import rows
from tawsim.workspaces.workspace import add_worker

MANY = 400


@pytest.fixture
def project(server: Server) -> str:
    """A project of 408 tasks; the first eight have two answers each, three of them different."""
    with server.workspace() as place:
        with place.db.read() as tx:
            project = rows.project(project_row(tx, tx.all("project_list")[0]["id"]))
        more = numbered([{"text": f"نص رقم {i} with words {i}"} for i in range(MANY)])
        add_tasks(place.db, project, more, actor_id=place.owner_id, source="more", digest="more")
        for name, odd in (("ليلى", ()), ("Omar", (1, 4, 6))):
            worker = place.db.write(lambda tx, name=name: add_worker(tx, place.owner_id, name, name)).id
            for i in range(8):
                (lease,) = place.db.write(lambda tx, w=worker: queue.next_leases(tx, project.id, w, 1)).leases
                given = submit.Given("لماذا هذا؟", True) if i == 4 and odd else submit.Given()
                answers = {"label": "سلبي" if i in odd else "إيجابي"}
                place.db.write(
                    lambda tx, w=worker, lease=lease, answers=answers, given=given: submit.submit(
                        tx, w, lease.lease_id, new_id(1), answers, given
                    )
                ).or_raise()
    return project.id


@pytest.fixture
def tasks(page: Page, server: Server, project: str) -> Page:
    page.goto(server.first_link)
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_url(lambda url: "/enter" not in url)
    page.goto(f"{server.base}/tasks/{project}")
    expect(page.get_by_test_id("total")).to_have_attribute("data-total", str(MANY + 8))
    return page


def find(page: Page, q: str, total: int) -> None:
    page.get_by_test_id("filter").fill(q)
    page.get_by_test_id("filter").press("Escape")
    page.get_by_test_id("filter").press("Enter")
    expect(page.get_by_test_id("total")).to_have_attribute("data-total", str(total))


def test_a_filter_lives_in_the_address_and_says_what_is_wrong(tasks: Page) -> None:
    find(tasks, "disagree:yes", 3)
    assert "q=disagree" in tasks.url
    find(tasks, 'text:"ولم يعتذر"', 1)
    tasks.go_back()
    expect(tasks.get_by_test_id("filter")).to_have_value("disagree:yes")
    expect(tasks.get_by_test_id("row")).to_have_count(3)
    tasks.get_by_test_id("filter").fill("state:open password:x")
    tasks.get_by_test_id("filter").press("Enter")
    expect(tasks.get_by_test_id("wrong").locator("mark")).to_have_text("password")
    expect(tasks.get_by_test_id("wrong")).to_contain_text("There is no name")
    assert violations(tasks) == []
    # Completion by keys: a name, then one of its words.
    box = tasks.get_by_test_id("filter")
    box.fill("")
    box.press_sequentially("fla")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("flagged:")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("flagged:yes ")
    box.press("Enter")
    expect(tasks.get_by_test_id("total")).to_have_attribute("data-total", "1")
    tasks.locator('[data-term="flagged:yes"]').click()
    expect(tasks.get_by_test_id("total")).to_have_attribute("data-total", str(MANY + 8))


def test_only_rows_on_the_screen_are_there_and_more_come(tasks: Page) -> None:
    grid = tasks.get_by_test_id("rows")
    expect(tasks.get_by_test_id("row").first).to_have_attribute("data-seq", "1")
    assert tasks.get_by_test_id("row").count() < 80
    for _ in range(8):
        grid.evaluate("view => view.scrollTo(0, view.scrollHeight)")
        tasks.wait_for_timeout(150)
    expect(tasks.locator('[data-seq="408"]')).to_be_visible()
    assert tasks.get_by_test_id("row").count() < 80
    tasks.get_by_test_id("sort-seq").click()
    expect(tasks.get_by_test_id("row").first).to_have_attribute("data-seq", "408")


def test_choosing_by_keys_an_action_and_its_undoing(tasks: Page) -> None:
    tasks.get_by_test_id("rows").focus()
    tasks.keyboard.press("x")
    for _ in range(3):
        tasks.keyboard.press("Shift+ArrowDown")
    expect(tasks.locator('[data-testid="row"][aria-selected="true"]')).to_have_count(4)
    tasks.keyboard.press("b")
    tasks.get_by_test_id("action-tag").fill("صعب")
    expect(tasks.get_by_test_id("preview")).to_have_attribute("data-change", "4")
    assert violations(tasks) == []
    tasks.get_by_test_id("do-it").click()
    expect(tasks.get_by_test_id("job")).to_have_attribute("data-state", "done")
    expect(tasks.get_by_test_id("job")).to_have_attribute("data-changed", "4")
    find(tasks, "tag:صعب", 4)
    tasks.get_by_test_id("undo-job").click()
    expect(tasks.get_by_test_id("total")).to_have_attribute("data-total", "0")
    # All that a filter finds, those that did not come yet too.
    find(tasks, "accepted:0", MANY)
    tasks.get_by_test_id("rows").focus()
    tasks.keyboard.press("a")
    tasks.get_by_test_id("act").click()
    tasks.get_by_test_id("action").select_option("overlap")
    tasks.get_by_test_id("action-number").fill("5")
    expect(tasks.get_by_test_id("preview")).to_have_attribute("data-change", str(MANY))
    tasks.get_by_test_id("do-it").click()
    expect(tasks.get_by_test_id("job")).to_have_attribute("data-changed", str(MANY))
    find(tasks, "overlap:5", MANY)


def test_one_task_beside_the_table_and_on_its_own_page(tasks: Page, server: Server, project: str) -> None:
    find(tasks, "disagree:yes flagged:yes", 1)
    tasks.get_by_test_id("rows").focus()
    tasks.keyboard.press("Enter")
    view = tasks.get_by_test_id("quick-view")
    expect(view.get_by_test_id("side")).to_have_count(2)
    expect(view).to_contain_text("لماذا هذا؟")
    view.get_by_test_id("add-tag").fill("للنقاش")
    view.get_by_test_id("add-tag").press("Enter")
    expect(view.locator('[data-kind="bulk.tag"]')).to_be_visible()
    tasks.get_by_test_id("rows").focus()
    tasks.keyboard.press("Escape")
    expect(view).to_have_count(0)
    tasks.goto(f"{server.base}/tasks/{project}/5")
    expect(tasks.get_by_test_id("history").locator('[data-kind="answered"]')).to_have_count(2)
    assert violations(tasks) == []
    tasks.goto(f"{server.base}/tasks/{project}/9999")
    expect(tasks.get_by_test_id("no-page")).to_be_visible()


def test_a_view_is_saved_and_columns_are_chosen(tasks: Page) -> None:
    find(tasks, "disagree:yes sort:-seq", 3)
    tasks.get_by_test_id("columns").click()
    tasks.locator('[data-column="votes"]').check()
    tasks.locator('[data-column="tags"]').uncheck()
    tasks.get_by_test_id("columns-save").click()
    expect(tasks.get_by_test_id("sort-votes")).to_be_visible()
    tasks.get_by_test_id("save-view").click()
    tasks.get_by_test_id("view-name").fill("مختلف عليها")
    tasks.get_by_test_id("view-shared").check()
    tasks.get_by_test_id("view-save").click()
    expect(tasks.get_by_test_id("view")).to_have_attribute("aria-current", "page")
    tasks.get_by_test_id("views").get_by_role("link").first.click()
    expect(tasks.get_by_test_id("total")).to_have_attribute("data-total", str(MANY + 8))
    tasks.get_by_test_id("view").click()
    expect(tasks.get_by_test_id("row").first).to_have_attribute("data-seq", "7")
    expect(tasks.get_by_test_id("sort-votes")).to_be_visible()
    with tasks.expect_download() as got:
        tasks.get_by_test_id("file").click()
    text = Path(got.value.path()).read_text(encoding="utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["seq", "7", "5", "2"]


def test_a_narrow_screen_is_a_list(tasks: Page) -> None:
    tasks.set_viewport_size({"width": 360, "height": 740})
    expect(tasks.get_by_test_id("row").first).to_be_visible()
    assert tasks.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(tasks) == []
    tasks.get_by_test_id("row").first.click()
    expect(tasks.get_by_test_id("quick-view").get_by_test_id("task-detail")).to_be_visible()
