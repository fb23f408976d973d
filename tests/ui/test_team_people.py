"""Inviting with a role, changing a person, and one's own account: password, sessions, tokens, a passkey."""

import re

from playwright.sync_api import Browser, Page, expect
from tests.ui.conftest import Server, new_context
from tests.ui.test_owner_pages import violations


def id_of(name: str) -> str:
    return f'[data-testid="member"][data-name="{name}"]'


def test_a_manager_is_invited_and_what_is_known_of_them_is_changed(server: Server, page: Page) -> None:
    page.goto(server.first_link)
    page.get_by_test_id("me").click()
    page.get_by_test_id("menu-team").click()
    expect(page.get_by_test_id("team")).to_be_visible()
    page.keyboard.press("i")
    page.get_by_test_id("team-name").fill("سلمى")
    page.get_by_test_id("team-role").select_option("reviewer")
    page.get_by_test_id("team-languages").fill("ar-eg، en")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("team-link")).to_have_value(re.compile(r"/enter#tws_"))
    page.get_by_test_id("team-done").click()
    row = page.locator(id_of("سلمى"))
    row.get_by_test_id("member-open").click()
    expect(page.get_by_test_id("person-languages")).to_have_value("ar-EG, en")
    page.get_by_test_id("person-skills").fill("law, طب")
    page.get_by_test_id("person-zone").fill("Mars/Olympus")
    page.get_by_test_id("person-save").click()
    expect(page.get_by_test_id("failure")).to_contain_text("time_zone")
    page.get_by_test_id("person-zone").fill("Africa/Cairo")
    page.get_by_test_id("person-save").click()
    expect(page.get_by_test_id("person-saved")).to_be_visible()
    assert violations(page) == []
    page.get_by_test_id("person-role").select_option("manager")
    page.get_by_test_id("person-save").click()
    expect(page.get_by_test_id("team-link")).to_be_visible()  # a new role begins with a new session
    page.get_by_test_id("team-done").click()
    expect(row.get_by_test_id("member-role")).to_have_text(
        "مدير" if page.locator("html").get_attribute("lang") == "ar" else "manager"
    )
    page.keyboard.press("/")
    page.keyboard.type("طب")
    expect(page.get_by_test_id("member")).to_have_count(1)
    assert violations(page) == []


def test_a_password_lets_in_and_ending_sessions_puts_out(
    server: Server, page: Page, browser: Browser, language: str
) -> None:
    page.goto(server.invite("Omar"))
    expect(page.get_by_test_id("home")).to_be_visible()
    page.goto(server.base + "/team")
    expect(page.get_by_test_id("no-page")).to_be_visible()  # not for labellers
    page.goto(server.base + "/account")
    page.get_by_test_id("password-open").click()
    page.get_by_test_id("password-new").fill("qwertyuiop")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("failure")).to_contain_text("password")
    page.get_by_test_id("password-new").fill("three صحيح words")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("password-done")).to_be_visible()
    assert violations(page) == []

    other = new_context(browser, language)
    second = other.new_page()
    second.goto(server.base)
    second.get_by_test_id("sign-in-name").fill("Omar")
    second.get_by_test_id("sign-in-password").fill("not this one")
    second.keyboard.press("Enter")
    expect(second.get_by_test_id("failure")).to_be_visible()
    assert violations(second) == []
    second.get_by_test_id("sign-in-password").fill("three صحيح words")
    second.keyboard.press("Enter")
    expect(second.get_by_test_id("home")).to_be_visible()

    page.reload()
    expect(page.get_by_test_id("session")).to_have_count(2)
    page.get_by_test_id("end-others").click()
    expect(page.get_by_test_id("session")).to_have_count(1)
    second.goto(server.base + "/account")
    expect(second.get_by_test_id("sign-in-form")).to_be_visible()
    other.close()


def test_a_token_is_shown_once_with_what_it_may(server: Server, page: Page) -> None:
    page.goto(server.first_link)
    expect(page.get_by_test_id("home")).to_be_visible()
    page.goto(server.base + "/account")
    page.get_by_test_id("token-open").click()
    page.get_by_test_id("token-name").fill("nightly export")
    page.get_by_test_id("scope-manage").check()
    page.get_by_test_id("token-make").click()
    secret = page.get_by_test_id("token-secret").input_value()
    assert secret.startswith("tws_")
    expect(page.get_by_test_id("token")).to_contain_text("nightly export")
    page.reload()
    expect(page.get_by_test_id("token")).to_be_visible()
    assert secret not in page.content()
    page.get_by_test_id("token").get_by_role("button").click()
    expect(page.get_by_test_id("token")).to_have_count(0)


def test_a_passkey_is_made_and_lets_in(server: Server, page: Page) -> None:
    """A virtual authenticator of the browser's, under the name localhost: a bare address has no passkeys."""
    base = server.base.replace("127.0.0.1", "localhost")
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(server.first_link.replace("127.0.0.1", "localhost"))
    expect(page.get_by_test_id("home")).to_be_visible()
    page.goto(base + "/account")
    page.get_by_test_id("passkey-make").click()
    expect(page.get_by_test_id("passkey")).to_have_count(1)
    page.get_by_test_id("me").click()
    page.get_by_test_id("sign-out").click()
    page.get_by_test_id("sign-in-passkey").click()
    expect(page.get_by_test_id("account")).to_be_visible()
    expect(page.get_by_test_id("session").first).to_be_visible()
