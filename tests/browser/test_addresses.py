"""Whatever an address says, a page in words comes."""

import asyncio
import contextlib
import re
from urllib.parse import quote

import httpx2
import pytest
from playwright.async_api import expect

from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.words import en, pt

LONG = "x" * 10_000
HOSTILE = [
    "/?range=xx",
    "/?range[]=7d&range=%00",
    f"/?range={LONG}",
    "/workers?sort=%3Cscript%3Ealert(1)%3C/script%3E",
    "/workers?sort=-&columns=,,,&state=%00",
    "/workers?worker=../../",
    "/workers?worker=../../etc/passwd&tab=../..&range=-1",
    "/workers?q=%27%3B--&state=lost'&columns=constructor,__proto__",
    f"/workers?q={LONG}&worker={LONG}&columns={LONG}",
    "/workers?q=%F0%9F%92%A9%E2%80%AE%FF",
    "/workers/nothing-is-called-so",
    "/workers/%3Cimg%20src=x%20onerror=alert(1)%3E",
    f"/workers/{'9' * 200}",
    "/system?window=99y",
    "/system?window[]=__proto__",
    "/settings/people/%3Cimg%20src=x%20onerror=alert(1)%3E",
    "/settings?must=%3Cb%3E",
]


@pytest.mark.parametrize("address", HOSTILE, ids=lambda address: address[:60])
async def test_a_strange_address_shows_a_page_in_words(page_as: PageAs, address: str):
    screen = await page_as("viewer", wait=False)
    dialogs: list[str] = []
    screen.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await screen.page.goto(address)
    await screen.ready()
    await expect(screen.page.get_by_role("heading", level=1)).to_be_visible()
    if "worker=" in address or "/workers/" in address:
        await screen.says(pt("workers.panel.gone"))
    elif "q=" in address and "/workers" in address:
        await screen.says(pt("workers.none"))
    elif address.startswith("/workers"):
        await expect(screen.rows.first).to_be_visible()
    elif address.startswith("/?"):
        one_hour = screen.page.get_by_role("button", name=pt("dashboard.range.1h"), exact=True)
        await expect(one_hour).to_have_attribute("aria-pressed", "true")
    assert not dialogs
    assert await screen.ask("document.documentElement.scrollWidth <= innerWidth")


async def test_an_address_too_long_for_any_use_is_refused_and_the_server_lives(house: House):
    for size in (50_000, 1_000_000):
        reader, writer = await asyncio.open_connection("localhost", house.port)
        asked = f"GET /workers?q={'x' * size} HTTP/1.1\r\nHost: localhost:{house.port}\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(ConnectionError):  # it may be closed before all of it is sent
            writer.write(asked.encode())
            await writer.drain()
            answer = await asyncio.wait_for(reader.read(), 30)
            assert not answer or answer.split()[1] in (b"303", b"400", b"414", b"431")
        writer.close()
    async with httpx2.AsyncClient(base_url=house.address, timeout=30) as client:
        assert (await client.get("/api/v1/health/live")).status_code == 200


@pytest.mark.parametrize(("locale", "say"), [("pt-BR", pt), ("en", en)])
async def test_an_address_where_nothing_is_says_so_and_leads_back(page_as: PageAs, locale: str, say):
    screen = await page_as("viewer", locale=locale, wait=False)
    screen.may_lose_network()  # the browser says on its console that an answer was a 404
    answer = await screen.page.goto("/there/is/nothing")
    assert answer is not None and answer.status == 404
    await expect(
        screen.page.get_by_role("heading", name=say("errors.page.not_found.title")).first
    ).to_be_visible()
    await expect(screen.page).to_have_title(re.compile(say("errors.page.not_found.title")))
    await screen.ready()
    await screen.page.get_by_role("link", name=say("errors.page.back")).click()
    await screen.at("/")
    await expect(screen.page).to_have_title(re.compile(say("frame.dashboard")))
    await screen.ready()


async def test_another_name_of_this_machine_is_told_which_one_to_use(page_as: PageAs, house: House):
    screen = await page_as(wait=False)
    screen.may_lose_network()  # the browser says of its own that a page was answered with 421
    other = f"http://{'keepai.localhost'}:{house.port}/"
    answer = await screen.page.goto(other)
    assert answer is not None and answer.status == 421
    await screen.says(pt("errors.page.wrong_host.title"))
    await screen.says(re.compile("KEEPAI_PUBLIC_URL"))


async def test_the_sign_in_page_leads_nowhere_else(page_as: PageAs, house: House):
    house.person("viewer")
    for target in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        screen = await page_as("viewer", wait=False)
        await screen.page.goto(f"/login?next={quote(target, safe='')}")
        await screen.at("/")


@pytest.mark.parametrize("path", ["/new-version?lang=en", "/new-version"])
async def test_a_new_version_says_so_before_anybody_signs_in(page_as: PageAs, path: str):
    screen = await page_as(wait=False)
    await screen.page.goto(path)
    await screen.says(pt("errors.page.new_version.title"))


async def test_without_the_server_the_last_state_is_shown_as_old(own_house, open_screen: PageAs):
    house = own_house(EMBEDDED_WORKERS=1)
    screen = await open_screen(house, "viewer")
    screen.may_lose_network()
    await screen.page.wait_for_function("navigator.serviceWorker.controller !== null", timeout=30_000)
    await expect(screen.page.get_by_test_id("tile-workers")).to_contain_text("1")
    # It is kept when one looks away, and every 15 seconds.
    await screen.ask("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    await screen.ask("document.dispatchEvent(new Event('visibilitychange'))")
    await screen.page.wait_for_function(
        # The state itself: the cache that holds it is there a moment earlier, and empty.
        """async () => (await Promise.all((await caches.keys()).filter((name) => name.startsWith('keepai-person-'))
            .map((name) => caches.match('/offline-state', { cacheName: name })))).some(Boolean)""",
        timeout=30_000,
    )
    house.stop()
    await screen.page.goto("/workers")
    await expect(screen.page.locator("[data-k-offline]")).to_be_visible()
    await expect(screen.page.locator("[data-k-offline] li").first).to_contain_text("Workers")
    await expect(screen.page.locator("[data-k-offline-seen]:visible")).to_contain_text(re.compile(r"há \d"))
    house.start()
    await screen.page.wait_for_url("**/workers", timeout=60_000)
    await screen.is_live(60_000)
    house.stop()
