"""What the labelling page asks before its scripts are there: once each, taken by the page, and not where another tab labels."""

from playwright.sync_api import Page, Request, expect
from tests.ui.conftest import Server

# When each file and answer was asked for, by the last part of its address.
BEGAN = """() => Object.fromEntries(
  performance.getEntriesByType('resource').map(e => [e.name.split('/').pop(), e.startTime]))"""


def asked(page: Page) -> list[str]:
    """Fills with the requests to the server that this page makes from now on: `POST next`."""
    found: list[str] = []

    def note(request: Request) -> None:
        if "/api/v1/" in request.url:
            found.append(f"{request.method} {request.url.split('?')[0].rsplit('/', 1)[-1]}")

    page.on("request", note)
    return found


def label_address(page: Page, server: Server) -> str:
    page.goto(server.first_link)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("task")).to_be_visible()
    return page.url


def test_each_is_asked_once_and_before_the_shell(page: Page, server: Server) -> None:
    address = label_address(page, server)
    page.goto("about:blank")
    found = asked(page)
    page.goto(address)
    expect(page.get_by_test_id("task")).to_be_visible()
    project = address.rsplit("/", 1)[-1]
    for one in ("GET session", f"GET {project}", "GET mine", "POST next"):
        assert found.count(one) == 1, found
    began = page.evaluate(BEGAN)
    words = next(at for name, at in began.items() if name.startswith("_words_"))
    assert max(began["session"], began[project]) < words


def test_where_another_tab_labels_no_tasks_are_asked_for(page: Page, server: Server) -> None:
    address = label_address(page, server)
    second = page.context.new_page()
    found = asked(second)
    second.goto(address)
    expect(second.get_by_test_id("elsewhere")).to_be_visible()
    assert "GET session" in found
    assert "POST next" not in found
    expect(page.get_by_test_id("task")).to_be_visible()


def test_who_is_not_signed_in_comes_to_the_door(page: Page, server: Server) -> None:
    address = label_address(page, server)
    page.context.clear_cookies()
    page.goto("about:blank")
    found = asked(page)
    page.goto(address)
    expect(page.get_by_test_id("sign-in-form")).to_be_visible()
    assert "POST next" not in found
