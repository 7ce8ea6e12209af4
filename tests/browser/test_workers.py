"""The table of workers and the panel: what one sees is in the address, and stays while everything moves."""

import csv
import io
import json
import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PageAs
from tests.browser.crowd import LONG
from tests.browser.house import House
from tests.browser.screen import Screen
from tests.browser.words import pt

HEADS = '[role="columnheader"]'


@pytest.fixture
def table_as(open_screen: PageAs, crowded: House) -> PageAs:
    """The workers page of a compute with 36 workers."""

    async def open_(role: str = "viewer", path: str = "/workers", **options: object) -> Screen:
        screen = await open_screen(crowded, role, path, **options)
        await expect(screen.rows.first).to_be_visible()
        return screen

    return open_


async def test_names_are_sorted_as_people_count_and_by_click_the_other_way(table_as: PageAs):
    screen = await table_as()
    names = await screen.names()
    assert names[:6] == [LONG, "gone-1", "gone-2", "gone-3", "gone-4", "node-1"]
    numbers = [int(name.removeprefix("node-")) for name in names if name.startswith("node-")]
    assert numbers == sorted(numbers) and numbers[-1] > 10
    await screen.page.get_by_role("button", name=pt("workers.column.name"), exact=True).click()
    await screen.at("/workers?sort=-name")
    await expect(screen.rows.first).to_be_visible()
    await expect(screen.page.locator(f"{HEADS}[aria-sort=descending]")).to_have_text("Worker")
    await screen.page.wait_for_function(
        "document.querySelector('[data-testid=worker-row][aria-rowindex=\"1\"]')?.dataset.worker === 'node-32'"
    )


async def test_sort_filter_search_and_columns_survive_a_reload(table_as: PageAs):
    screen = await table_as()
    page = screen.page
    await page.get_by_role("button", name=pt("workers.column.memory"), exact=True).click()
    await screen.at("/workers?sort=memory")
    await page.get_by_role("button", name=re.compile(pt("states.paused"))).click()
    await screen.at("/workers?sort=memory&state=paused")
    await expect(screen.rows).to_have_count(2)
    await page.locator("[popovertarget=columns]").click()
    await page.get_by_role("checkbox", name=pt("workers.column.host")).click()
    await expect(page).to_have_url(re.compile(r"columns=state,cpu,memory,threads,tasks,network,seen,host"))
    await page.keyboard.press("Escape")
    address = page.url.removeprefix(screen.house.address)
    await page.reload()
    await screen.ready()
    await screen.at(address)
    await expect(screen.rows).to_have_count(2)
    await expect(page.locator(f"{HEADS}[aria-sort=ascending]")).to_have_text(pt("workers.column.memory"))
    await expect(page.locator(HEADS, has_text=pt("workers.column.host"))).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile(pt("states.paused")))).to_have_attribute(
        "aria-pressed", "true"
    )


async def test_what_is_searched_for_is_in_the_field_after_a_reload_and_gone_when_cleared(table_as: PageAs):
    screen = await table_as()
    page = screen.page
    field = page.get_by_role("searchbox")
    await field.fill("NODE-1")
    await expect(page).to_have_url(re.compile(r"q=NODE-1"), timeout=30_000)
    await expect(screen.rows).to_have_count(11)
    await page.reload()
    await screen.ready()
    await expect(field).to_have_value("NODE-1")
    await expect(screen.rows).to_have_count(11)
    await field.fill("nothing is called so")
    await screen.says(pt("workers.none"))
    await page.get_by_role("button", name=pt("workers.clear_filter")).click()
    await screen.at("/workers")
    await expect(field).to_have_value("")
    await expect(screen.rows.nth(11)).to_be_visible()


async def test_going_back_closes_the_worker_that_was_opened(table_as: PageAs):
    screen = await table_as()
    page = screen.page
    await page.get_by_role("button", name=pt("workers.column.cpu"), exact=True).click()
    await screen.at("/workers?sort=cpu")
    await screen.row("gone-1").click()
    panel = page.get_by_role("complementary")
    await expect(panel).to_contain_text("gone-1")
    await screen.row("gone-3").click()
    await expect(panel).to_contain_text("gone-3")
    await page.go_back()
    await screen.at("/workers?sort=cpu")
    await expect(panel).to_be_hidden()
    await page.go_forward()
    await expect(panel).to_contain_text("gone-3")


@pytest.mark.parametrize("size", [(360, 800), (1440, 900), (3840, 2160)], ids=str)
async def test_only_rows_in_sight_are_there_and_scrolling_brings_the_rest(
    open_screen: PageAs, remembered: House, size: tuple[int, int]
):
    screen = await open_screen(remembered, "viewer", "/workers", size=size)
    table = screen.page.get_by_test_id("workers-table")
    await expect(table).to_have_attribute("aria-rowcount", "300")
    await _rows_fill_the_table(screen)
    assert await screen.rows.count() < 150
    await table.evaluate("table => { table.scrollIntoView(false); table.scrollTo(0, table.scrollHeight) }")
    await expect(screen.row("gone-300")).to_be_in_viewport()
    await expect(screen.row("gone-1")).to_have_count(0)
    await _rows_fill_the_table(screen)
    await table.evaluate("table => table.scrollTo(0, 5000)")
    await _rows_fill_the_table(screen)


async def _rows_fill_the_table(screen: Screen) -> None:
    """Wait until there is a row wherever one looks."""
    await screen.page.wait_for_function(
        """() => {
            const table = document.querySelector("[data-testid=workers-table]");
            const box = table.getBoundingClientRect();
            const places = Array.from({ length: 9 }, (_, part) => box.top + 60 + (part / 8) * (box.height - 120));
            return places.filter((y) => y < innerHeight - 80).every((y) =>
                document.elementFromPoint(box.left + 30, y)?.closest("[data-testid=worker-row]"));
        }""",
        timeout=30_000,
    )


async def test_the_selected_row_and_the_place_stay_while_values_come_and_the_server_restarts(
    open_screen: PageAs, remembered: House
):
    screen = await open_screen(remembered, "viewer", "/workers")
    screen.may_lose_network()
    table = screen.page.get_by_test_id("workers-table")
    await table.evaluate("table => table.scrollTo(0, 5000)")
    row = screen.row("gone-130")
    await row.click()
    await expect(row).to_have_attribute("aria-current", "true")
    seen = screen.page.locator("[data-k-snapshot]")
    for _ in range(3):
        at = await seen.get_attribute("data-at")
        await expect(seen).not_to_have_attribute("data-at", at or "", timeout=30_000)
    remembered.restart_web()
    await expect(screen.light).not_to_have_attribute("data-state", "live", timeout=30_000)
    await screen.is_live(150_000)
    await _rows_fill_the_table(screen)
    assert await table.evaluate("table => table.scrollTop") == 5000
    await expect(row).to_have_attribute("aria-current", "true")
    await expect(row).to_be_in_viewport()
    await expect(screen.page.get_by_role("complementary")).to_contain_text("gone-130")


@pytest.mark.parametrize("tab", ["overview", "running", "logs", "stack", "profile", "events"])
async def test_each_part_of_the_panel_has_an_address_and_an_answer(page_as: PageAs, house: House, tab: str):
    await house.has_workers(2)
    screen = await page_as("viewer", "/workers")
    await screen.rows.first.click()
    panel = screen.page.get_by_role("complementary")
    await expect(panel).to_be_visible()
    await panel.get_by_role("tab", name=pt(f"workers.tab.{tab}")).click()
    if tab != "overview":
        await expect(screen.page).to_have_url(re.compile(rf"tab={tab}$"))
    await screen.page.reload()
    await screen.ready()
    await expect(panel.get_by_role("tab", name=pt(f"workers.tab.{tab}"))).to_have_attribute(
        "aria-selected", "true"
    )
    await expect(panel.locator("[aria-busy=true]")).to_have_count(0, timeout=60_000)
    await expect(panel.get_by_text(pt("workers.insight.failed"))).to_have_count(0)
    await expect(panel.get_by_role("tabpanel")).not_to_be_empty()


async def test_what_a_worker_executes_is_shown_with_its_stack(page_as: PageAs, house: House):
    await house.has_workers(2)
    screen = await page_as("viewer", "/workers")
    async with house.client() as client:
        work = client.submit(_sleep, 60, key="count-sheep-1", pure=False)
        busy = screen.rows.filter(has_text=re.compile(r"[1-9]/\d"))
        await expect(busy).to_have_count(1, timeout=30_000)
        await busy.click()
        panel = screen.page.get_by_role("complementary")
        await panel.get_by_role("tab", name=pt("workers.tab.running")).click()
        await expect(panel.get_by_role("code").get_by_text("count-sheep-1")).to_be_visible(timeout=60_000)
        await panel.get_by_role("tab", name=pt("workers.tab.stack")).click()
        await expect(panel.get_by_text("_sleep").first).to_be_visible(timeout=60_000)
        await work.cancel()


def _sleep(seconds: float) -> None:
    import time

    time.sleep(seconds)


async def test_a_worker_has_a_page_of_its_own(table_as: PageAs):
    screen = await table_as()
    await screen.row("node-1").click()
    await screen.page.get_by_role("link", name=pt("workers.panel.open_page")).click()
    await expect(screen.page).to_have_url(re.compile(r"/workers/[0-9a-f]{32}$"))
    await expect(screen.page.get_by_role("heading", level=1)).to_contain_text("node-1")
    await screen.page.reload()
    await screen.ready()
    await expect(screen.page.get_by_role("heading", level=1)).to_contain_text("node-1")
    await screen.page.get_by_role("link", name=pt("workers.title")).first.click()
    await screen.at("/workers")


async def test_on_a_phone_a_row_is_a_card_and_the_panel_covers_the_page(table_as: PageAs):
    screen = await table_as(size=(360, 800))
    assert await screen.ask("document.documentElement.scrollWidth") <= 360
    box = await screen.row("node-1").bounding_box()
    assert box is not None and box["height"] >= 40 and box["x"] >= 0 and box["x"] + box["width"] <= 360
    await screen.row("node-1").click()
    panel = screen.page.get_by_role("complementary")
    await expect(panel).to_be_in_viewport()
    assert await screen.ask("document.documentElement.scrollWidth") <= 360
    await panel.get_by_role("button", name=pt("workers.panel.close")).click()
    await expect(panel).to_be_hidden()


async def test_downloads_hold_what_the_table_shows(table_as: PageAs):
    screen = await table_as(path="/workers?sort=-name&q=-1&columns=state,host")
    await expect(screen.rows).to_have_count(13)
    rows = [line.split(",") for line in (await _file(screen, "common.download_csv")).splitlines()]
    assert rows[0] == ["name", "state", "since", "host"]
    assert [row[0] for row in rows[1:]] == await screen.names()
    items = json.loads(await _file(screen, "common.download_json"))["items"]
    assert [item["name"] for item in items] == await screen.names()
    await screen.page.get_by_role("button", name=re.compile(pt("workers.all"))).click()
    await screen.at("/workers?sort=-name&columns=state,host")
    # The address changes first; the rows and the link to the file follow with the server's answer.
    link = screen.page.get_by_role("link", name=pt("common.download_csv"))
    await expect(link).not_to_have_attribute("href", re.compile("[?&]q="))
    text = await _file(screen, "common.download_csv")
    assert text.count("node-") == 31 and LONG in text and "gone-4" in text


async def test_the_history_and_the_events_of_a_worker_are_downloaded_from_its_panel(
    page_as: PageAs, house: House
):
    await house.has_workers(2)
    screen = await page_as("viewer", "/workers")
    name = (await screen.names())[0]
    await screen.row(name).click()
    await expect(screen.page.get_by_role("complementary")).to_contain_text(name)
    worker = await screen.row(name).get_attribute("data-id")
    history = await _file(screen, "workers.history.csv")
    assert history.startswith("time,kind,compute,worker,up,") and f",{worker}," in history
    (plot,) = json.loads(await _file(screen, "workers.history.json"))["plots"]
    assert plot["labels"]["worker"] == worker
    await screen.page.get_by_role("tab", name=pt("workers.tab.events")).click()
    rows = csv.DictReader(io.StringIO(await _file(screen, "dashboard.events.csv")))
    assert {row["worker_id"] for row in rows} == {worker}
    items = json.loads(await _file(screen, "dashboard.events.json"))["items"]
    assert {item["worker_name"] for item in items} == {name}


@pytest.mark.parametrize(("path", "words"), [("/", "dashboard.events"), ("/system", "system.stream")])
async def test_other_cards_offer_what_they_show_as_files(page_as: PageAs, path: str, words: str):
    screen = await page_as("viewer", path)
    assert "worker_name" in (await _file(screen, f"{words}.csv")).splitlines()[0]
    assert "items" in json.loads(await _file(screen, f"{words}.json"))


async def _file(screen: Screen, words: str) -> str:
    """What a link downloads, with the ending that its words promise."""
    async with screen.page.expect_download() as started:
        await screen.page.get_by_role("link", name=pt(words)).click()
    file = await started.value
    assert file.suggested_filename.endswith("." + re.split("[._]", words)[-1])
    return (await file.path()).read_text()
