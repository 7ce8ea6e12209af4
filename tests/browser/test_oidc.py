"""Signing in with an issuer as a person does: over its page and back, and connecting it in the settings."""

from collections.abc import Callable, Iterator

import pytest
from playwright.async_api import expect

from services.audit import MACHINE
from services.clock import now
from services.identity import links
from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.words import pt
from tests.issuer import CLIENT, SECRET, OpenIDIssuer

NAME = "Casdoor"


@pytest.fixture(scope="module")
def issuer(chromium_path: str) -> Iterator[OpenIDIssuer]:
    """The far end."""
    with OpenIDIssuer().served() as made:
        yield made


@pytest.fixture(scope="module")
def guild(own_house: Callable[..., House], issuer: OpenIDIssuer) -> House:
    """KeepAI that knows this issuer."""
    return own_house(OIDC_ISSUER=issuer.url, OIDC_CLIENT_ID=CLIENT, OIDC_CLIENT_SECRET=SECRET, OIDC_NAME=NAME)


async def test_somebody_invited_comes_in_by_the_issuer_and_gets_to_where_they_wanted(
    open_screen: PageAs, guild: House, issuer: OpenIDIssuer
):
    issuer.claims = {"sub": "s-7", "email": "rosa@example.org", "email_verified": True, "name": "Rosa Prado"}
    go_on = pt("oidc.go", name=NAME)
    screen = await open_screen(guild, wait=False)
    page = screen.page
    await page.goto("/workers")
    await page.get_by_role("link", name=go_on).click()
    await screen.says(pt("oidc.unknown"))
    guild.ask(links.invite, "rosa@example.org", "operator", now(), by=MACHINE)
    await page.get_by_role("link", name=go_on).click()
    await screen.ready()
    await screen.at("/workers")
    await screen.go("/settings/sign-in")
    await screen.says(pt("methods.no_password"))
    await screen.says(pt("methods.connected_as", email="rosa@example.org"))
    # The only way in is not taken off.
    await page.get_by_role("button", name=pt("methods.disconnect")).click()
    question = page.get_by_role("alertdialog")
    await expect(question).to_contain_text(pt("methods.disconnect.title", name=NAME))
    await question.get_by_role("button", name=pt("methods.disconnect")).click()
    await screen.says(pt("oidc.last_way"))
    # Without a password, having signed in just now is enough for a first one.
    await screen.go("/settings")
    await expect(page.locator("#current")).to_have_count(0)
    await page.locator("#new").fill("um trem azul cheio de mangas 7")
    await page.locator("#again").fill("um trem azul cheio de mangas 7")
    await page.get_by_role("button", name=pt("settings.password.save")).click()
    await screen.says(pt("settings.password.saved"))
    await expect(page.locator("#current")).to_be_visible()
    assert screen.complaints == []


async def test_an_admin_connects_the_issuer_checks_it_and_takes_it_off(
    open_screen: PageAs, guild: House, issuer: OpenIDIssuer
):
    issuer.claims = {"sub": "s-8", "email": "someone@example.net", "email_verified": False}
    screen = await open_screen(guild, "admin", "/settings/sign-in")
    page = screen.page
    back = f"{guild.address}/auth/oidc/oidc/callback"
    await expect(page.get_by_role("textbox", name=pt("methods.callback"))).to_have_value(back)
    await page.get_by_role("button", name=pt("methods.check")).click()
    await screen.says(pt("methods.check_ok", name=NAME))
    assert SECRET not in await page.content()
    await page.get_by_role("link", name=pt("methods.connect")).click()
    await screen.says(pt("methods.was_connected", name=NAME))
    await page.get_by_role("button", name=pt("methods.disconnect")).click()
    await page.get_by_role("alertdialog").get_by_role("button", name=pt("methods.disconnect")).click()
    await screen.says(pt("methods.was_disconnected", name=NAME))
    await expect(page.get_by_role("link", name=pt("methods.connect"))).to_be_visible()
    # Somebody else has it already.
    issuer.claims["sub"] = "s-7"
    await page.get_by_role("link", name=pt("methods.connect")).click()
    await screen.says(pt("oidc.taken", name=NAME))
    assert screen.complaints == []
