"""The page of the Scale API: keys shown once with the two lines, where callbacks go, and sending those that failed again."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from scaleapi.tasks import TaskType
from tests.ui.conftest import Server, new_context
from tests.ui.test_owner_pages import violations
from tests.unit.model_server import ModelServer, model_server, says

from tawsim.loop.scale import outcomes, tasks
from tawsim.loop.scale.world import World
from tawsim.sdk import scale_client
from tawsim.store.database import Transaction
from tawsim.workspaces.accounts import open_accounts

GONE = "https://receiver.invalid/in"


@pytest.fixture
def receiver() -> Iterator[ModelServer]:
    with model_server() as found:
        yield found


def enter(page: Page, server: Server) -> None:
    page.goto(server.first_link)
    page.get_by_test_id("me").click()
    page.get_by_test_id("menu-scale").click()
    expect(page.get_by_test_id("scale-page")).to_be_visible()


def make_key(page: Page, kind: str, name: str) -> str:
    page.get_by_test_id("key-open").click()
    page.get_by_test_id("key-name").fill(name)
    page.get_by_test_id(f"kind-{kind}").check()
    page.get_by_test_id("key-make").click()
    expect(page.get_by_test_id("key-secret")).to_have_value(re.compile(f"^{kind}_"))
    return page.get_by_test_id("key-secret").input_value()


def put_task(server: Server, key: str, url: str = "") -> Any:
    client = scale_client(server.base, key)
    return client.create_task(
        TaskType.Categorization, attachment="نص", attachment_type="text", categories=["أ", "ب"], callback_url=url
    )


def test_a_key_is_shown_once_with_the_two_lines_works_and_is_ended(server: Server, page: Page) -> None:
    enter(page, server)
    key = make_key(page, "test", "لتجربة النظام")
    lines = page.get_by_test_id("key-lines").inner_text()
    assert f'ScaleClient("{key}", api_instance_url="{server.base}/v1")' in lines
    assert f'configuration.host = "{server.base}"' in lines
    assert violations(page) == []
    assert put_task(server, key).status == "completed"
    page.reload()
    expect(page.get_by_test_id("key-secret")).to_have_count(0)
    expect(page.get_by_test_id("key")).to_have_count(1)
    expect(page.get_by_test_id("key")).to_contain_text("لتجربة النظام")
    page.get_by_test_id("key-end").click()
    page.get_by_test_id("key-end-sure").click()
    expect(page.get_by_test_id("key")).to_have_count(0)
    with pytest.raises(Exception, match="401"):
        put_task(server, key)


def test_a_key_is_copied(server: Server, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    enter(page, server)
    key = make_key(page, "live", "k")
    page.get_by_test_id("key-copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.get_by_test_id("lines-copy").click()
    assert key in page.evaluate("navigator.clipboard.readText()")


def test_callbacks_go_where_it_says_and_those_that_failed_are_sent_again(
    server: Server, page: Page, receiver: ModelServer
) -> None:
    receiver.plays += [says(500)] * 2 + [says(200)] * 50
    enter(page, server)
    expect(page.get_by_test_id("no-callbacks")).to_be_visible()
    page.get_by_test_id("mode-test").click()
    expect(page.get_by_test_id("no-test-world")).to_be_visible()
    key = make_key(page, "test", "t")
    place = f"127.0.0.1:{receiver.port}"
    page.get_by_test_id("callback-url").fill(f"http://{place}/default")
    page.get_by_test_id("callback-allow").fill(place)
    page.get_by_test_id("account-save").click()
    expect(page.get_by_test_id("account-saved")).to_be_visible()
    page.get_by_test_id("callback-key-show").click()
    callback_key = page.get_by_test_id("callback-key").input_value()
    assert violations(page) == []
    put_task(server, key)
    row = page.get_by_test_id("callback")

    def has_come() -> None:
        page.get_by_test_id("callbacks-look").click()
        expect(row).to_contain_text("500", timeout=1_000)

    until_true(page, has_come)
    row.get_by_test_id("again").click()  # the second one fails as well
    until_true(page, lambda: expect_calls(receiver, 2))
    row.get_by_test_id("again").click()
    until_true(page, lambda: expect_calls(receiver, 3))
    page.get_by_test_id("callbacks-look").click()
    expect(row.locator(".good")).to_be_visible()
    assert receiver.paths[:3] == ["/default"] * 3
    assert receiver.headers[0]["scale-callback-auth"] == callback_key
    page.get_by_test_id("callback-key-renew").click()
    page.get_by_test_id("callback-key-renew-sure").click()
    expect(page.get_by_test_id("callback-key")).not_to_have_value(callback_key)
    assert violations(page) == []


def expect_calls(receiver: ModelServer, n: int) -> None:
    assert len(receiver.paths) >= n


def until_true(page: Page, check: Any) -> None:
    for _ in range(60):
        try:
            check()
            return
        except AssertionError:
            page.wait_for_timeout(250)
    check()


def failed_callbacks(server: Server, n: int) -> None:
    """Tasks whose callbacks have failed for good, as a receiver that was down for a day leaves them."""

    def write(tx: Transaction, world: World) -> None:
        sent = {"attachment": "نص", "attachment_type": "text", "categories": ["أ", "ب"], "callback_url": GONE}
        for _ in range(n):
            row = tasks.create_task(tx, world, "categorization", sent)
            outcomes.fail(tx, world, row["task_id"], "gone")
        for row in tx.all("scale_callback_seen", before="~", n=n):
            tx.run(
                "scale_callback_tried", id=row["id"], state="failed", now=tx.now, next_at=tx.now, status=None,
                error="receiver.invalid took too long.",
            )  # fmt: skip

    with server.workspace() as place:
        books = open_accounts(server.file.parent)
        world = World(place.db, books, place.id, "live", place.owner_id)
        place.db.write(lambda tx: write(tx, world))
        books.close()


def test_all_that_failed_are_sent_again_at_once(server: Server, page: Page) -> None:
    enter(page, server)
    failed_callbacks(server, 3)
    page.reload()
    expect(page.get_by_test_id("callback")).to_have_count(3)
    page.get_by_test_id("only-failed").check()
    expect(page.get_by_test_id("callback")).to_have_count(3)
    assert violations(page) == []
    page.get_by_test_id("again-all").click()
    expect(page.get_by_test_id("callback")).to_have_count(0)
    expect(page.get_by_test_id("again-all")).to_have_count(0)


def test_the_page_is_whole_on_a_narrow_dark_screen(browser: Browser, server: Server, language: str) -> None:
    context = new_context(browser, language, viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = context.new_page()
    enter(page, server)
    make_key(page, "live", "مفتاح طويل الاسم لبرنامج الفهرسة")
    failed_callbacks(server, 2)
    page.get_by_test_id("callbacks-look").click()
    expect(page.get_by_test_id("callback")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
    context.close()


def test_who_is_no_owner_finds_no_page(server: Server, page: Page) -> None:
    page.goto(server.invite("Omar"))
    expect(page.get_by_test_id("home")).to_be_visible()
    page.goto(server.base + "/scale")
    expect(page.get_by_test_id("no-page")).to_be_visible()


def test_a_projects_page_says_that_its_tasks_come_by_the_api(server: Server, page: Page) -> None:
    enter(page, server)
    put_task(server, make_key(page, "live", "k"))
    page.goto(server.base)
    expect(page.get_by_test_id("by-scale")).to_have_count(0)
    page.get_by_text("Scale · categorization").first.click()
    expect(page.get_by_test_id("by-scale")).to_contain_text("categorization")
    assert violations(page) == []
    page.get_by_test_id("by-scale").get_by_role("link").click()
    expect(page.get_by_test_id("scale-page")).to_be_visible()
