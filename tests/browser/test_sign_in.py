"""Signing in and out, and what happens to a tab whose sign-in ends."""

import re

import pytest
from playwright.async_api import expect

from services.clock import now
from services.identity import accounts, principals, sessions
from tests.browser.conftest import PageAs
from tests.browser.house import PASSWORD, House
from tests.browser.words import en, pt


async def test_a_wrong_password_is_told_and_the_right_one_leads_where_one_wanted(
    page_as: PageAs, house: House
):
    house.person("viewer")
    screen = await page_as(wait=False)
    page = screen.page
    await page.goto("/workers?sort=-memory")
    await expect(page).to_have_url(re.compile(r"/login\?next="))
    await page.fill("[name=email]", "viewer-pt@example.org")
    await page.fill("[name=password]", "not the password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text(pt("auth.wrong"))
    assert await page.input_value("[name=email]") == "viewer-pt@example.org"
    assert await page.input_value("[name=password]") == ""
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await screen.at("/workers?sort=-memory")
    await screen.ready()
    cookie = next(c for c in await page.context.cookies() if c["name"] == principals.COOKIE)
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert await screen.ask("document.cookie.includes('keepai_session')") is False


async def test_the_sign_in_page_speaks_the_other_language_and_keeps_the_goal(page_as: PageAs):
    screen = await page_as(wait=False)
    page = screen.page
    await page.goto("/login?next=/system")
    await page.get_by_test_id("language-switch").click()
    await expect(page.get_by_role("button")).to_have_text(en("auth.submit"))
    assert await page.locator("html").get_attribute("lang") == "en"
    assert await page.input_value("[name=next]") == "/system"


async def test_signing_out_leads_to_the_sign_in_page_in_every_tab_and_back_shows_nothing(page_as: PageAs):
    screen = await page_as("viewer")
    page = screen.page
    other = await page.context.new_page()
    await other.goto("/workers")
    await expect(other.get_by_test_id("worker-row").first).to_be_visible(timeout=30_000)
    await page.locator("[popovertarget=k-person]").click()
    await page.get_by_role("button", name=pt("frame.sign_out")).click()
    await expect(page).to_have_url(re.compile("/login"))
    await expect(other).to_have_url(re.compile(r"/login\?reason=revoked"), timeout=30_000)
    await page.go_back()
    await expect(page).to_have_url(re.compile("/login"))
    assert not [c for c in await page.context.cookies() if c["name"] == principals.COOKIE]


async def test_a_session_ended_elsewhere_leads_its_tab_to_the_sign_in_page(page_as: PageAs):
    left = await page_as("operator", locale="en")
    screen = await page_as("operator", "/settings", locale="en")
    await expect(screen.page.get_by_role("heading", name=en("settings.sessions"))).to_be_visible()
    ends = screen.page.get_by_role("button", name=en("settings.sessions.end"), exact=True)
    before = await ends.count()
    assert before >= 1
    for _ in range(before):
        await ends.first.click()
        await expect(ends).to_have_count(before - 1)
        before -= 1
    await expect(left.page).to_have_url(re.compile(r"/login\?reason=revoked"), timeout=30_000)
    await left.says(en("auth.revoked"))
    await screen.is_live()


async def test_an_admin_signs_somebody_out_and_their_tab_goes_at_once(page_as: PageAs, house: House):
    left = await page_as("viewer", "/workers", locale="en")
    somebody = house.person("viewer", "en")
    screen = await page_as("admin", "/settings/people", locale="en")
    row = screen.page.get_by_test_id("person").filter(has_text=somebody.email)
    await row.locator(".k-actions > button").click()
    await screen.page.get_by_role("menuitem", name=en("person.title")).click()
    await screen.at(f"/settings/people/{somebody.id.hex}")
    await screen.page.get_by_role("button", name=en("person.end_all"), exact=True).click()
    await screen.page.get_by_role("alertdialog").get_by_role("button", name=en("person.end_all")).click()
    await expect(left.page).to_have_url(re.compile(r"/login\?reason=revoked"), timeout=5_000)
    await screen.says(en("person.no_sign_ins"))


@pytest.mark.parametrize("how", ["by the database", "with the password"])
async def test_a_session_ended_behind_the_server_stops_the_updates(page_as: PageAs, house: House, how: str):
    account = house.person("operator")
    screen = await page_as("operator")
    if how == "by the database":
        found = house.ask(sessions.find, screen.token, now())
        assert found
        house.ask(sessions.revoke, account.id, found.session_id, now())
    else:
        house.ask(accounts.reset_password, account.email, PASSWORD)
    await expect(screen.page).to_have_url(re.compile(r"/login\?reason=revoked"), timeout=100_000)


async def test_a_tab_whose_session_ended_while_it_was_cut_off_is_led_to_the_sign_in_page(
    page_as: PageAs, house: House
):
    screen = await page_as("operator", "/workers?sort=-cpu")
    screen.may_lose_network()
    found = house.ask(sessions.find, screen.token, now())
    assert found
    house.ask(sessions.revoke, found.account_id, found.session_id, now())
    house.restart_web()  # nobody is left who could tell the tab
    await expect(screen.page).to_have_url(
        re.compile(r"/login\?reason=expired&next=%2Fworkers"), timeout=60_000
    )
    await screen.says(pt("auth.expired"))


async def test_a_made_up_password_is_changed_before_anything_else(page_as: PageAs, house: House):
    screen = await page_as("viewer", must_change=True, wait=False)
    page = screen.page
    await page.goto("/workers")
    await screen.at("/settings?must=password")
    await screen.says(pt("settings.password.must"))
    another = PASSWORD + " indeed"
    await page.locator("[name=current]").fill(PASSWORD)
    await page.locator("[name=new]").fill(another)
    await page.locator("[name=again]").fill(another + "!")
    await page.keyboard.press("Enter")
    await screen.says(pt("settings.password.different"))
    await page.locator("[name=again]").fill(another)
    await page.keyboard.press("Enter")
    await screen.says(pt("settings.password.saved"))
    await screen.go("/workers")
    await expect(screen.rows.first).to_be_visible()
    house.ask(accounts.reset_password, "viewer-pt-new@example.org", PASSWORD)


async def test_what_is_wrong_in_a_form_is_said_on_leaving_and_on_sending_in_words(page_as: PageAs):
    screen = await page_as("viewer", "/settings/appearance")
    page = screen.page
    zone = page.locator("#zone")
    before = await zone.input_value()
    await zone.fill("Mars/Olympus")
    await zone.press("Tab")
    await expect(page.locator("#zone-error")).to_have_text(pt("appearance.no_such_zone"))
    await zone.fill(before)
    await zone.press("Tab")
    await expect(page.locator("#zone-error")).to_be_empty()
    await screen.go("/settings")
    await page.fill("#new", "short")
    await page.press("#new", "Tab")
    await expect(page.locator("#new-error")).to_have_text(pt("settings.password.too_short", least=10))
    await page.fill("#new", "long enough for anybody")
    await page.fill("#again", "long enough for nobody")
    await page.press("#again", "Tab")
    await expect(page.locator("#again-error")).to_have_text(pt("settings.password.different"))
    await expect(page.locator("#new-error")).to_be_empty()
    await page.get_by_role("button", name=pt("settings.password.save")).click()
    await expect(page.locator("#current-error")).to_have_text(pt("errors.field.missing"))
    await expect(page.locator("#current")).to_be_focused()
    assert await page.input_value("#new") == "long enough for anybody"
