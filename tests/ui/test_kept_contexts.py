"""A browser that an earlier test used shows no trace of it; one that cannot be cleaned is not used again."""

from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context

LEAVE = """async () => {
  localStorage.setItem('left', '1'); sessionStorage.setItem('left', '1'); document.cookie = 'left=1';
  const open = indexedDB.open('left', 1);
  await new Promise(done => { open.onupgradeneeded = () => open.result.createObjectStore('left'); open.onsuccess = done; });
  await (await caches.open('left')).put('/left', new Response('left'));
}"""
FOUND = """async () => [
  localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length,
  (await caches.keys()).length, navigator.onLine, (await navigator.permissions.query({name: 'clipboard-read'})).state,
  matchMedia('(prefers-color-scheme: dark)').matches, innerWidth,
]"""
NOTHING = [0, 0, "", 0, 0, True, "prompt", False, 1000]
ALL = [1, 1, "left=1", 1, 1, False, "granted", True, 400]
SIZE = {"width": 1000, "height": 700}  # no other test's: what is lent here is what was given back here


def look(page: Page, server: Server) -> object:
    page.goto(f"{server.base}/assets/left")  # no page of ours is there, which would keep something of its own
    return page.evaluate(FOUND)


def test_what_a_test_left_is_gone(browser: Browser, server: Server) -> None:
    first = new_context(browser, "en", viewport=SIZE)
    page = first.new_page()
    assert look(page, server) == NOTHING
    page.evaluate(LEAVE)
    first.grant_permissions(["clipboard-read"], origin=server.base)
    first.route("**/*", lambda route: route.abort())
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 400, "height": 700})
    first.new_page()
    first.set_offline(True)
    assert page.evaluate(FOUND) == ALL
    first.close()
    assert page.is_closed()
    second = new_context(browser, "en", viewport=SIZE)
    assert second is first, "or this test says nothing"
    assert len(second.pages) == 1
    assert look(second.new_page(), server) == NOTHING
    second.close()


def test_who_is_signed_in_does_not_come_along(browser: Browser, server: Server) -> None:
    first = new_context(browser, "en", viewport=SIZE)
    page = first.new_page()
    page.goto(server.first_link)
    expect(page.get_by_test_id("home")).to_be_visible()
    assert first.cookies()
    first.close()
    second = new_context(browser, "en", viewport=SIZE)
    assert second is first
    assert second.cookies() == []
    page = second.new_page()
    page.goto(server.base)
    expect(page.locator("main")).to_be_visible()
    assert page.get_by_test_id("home").count() == 0
    second.close()


def test_what_cannot_be_taken_back_is_thrown_away(browser: Browser) -> None:
    for spoil in (
        lambda page: page.clock.install(),
        lambda page: page.context.add_init_script("window.left = 1"),
        lambda page: page.context.expose_function("left", lambda: None),
        lambda page: page.context.close(),
    ):
        first = new_context(browser, "ar", viewport=SIZE)
        page = first.new_page()
        page.goto("about:blank")
        spoil(page)
        first.close()
        second = new_context(browser, "ar", viewport=SIZE)
        assert second.new_page().evaluate("[typeof left, Date.toString().includes('native')]") == ["undefined", True]
        second.close()
