"""Everything by keyboard, and what a person hears of it."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.screen import Screen
from tests.browser.words import pt


@pytest.mark.parametrize(
    ("letter", "path"),
    [("d", "/"), ("w", "/workers"), ("s", "/system"), ("a", "/alerts"), ("c", "/settings")],
)
async def test_g_and_a_letter_go_to_a_page(page_as: PageAs, letter: str, path: str):
    screen = await page_as("viewer", "/system" if path == "/" else "/")
    await screen.page.keyboard.press("g")
    await screen.page.keyboard.press(letter)
    await screen.at(path)
    await screen.is_live()


async def test_letters_in_a_field_stay_letters(page_as: PageAs):
    screen = await page_as("viewer", "/workers")
    await screen.page.keyboard.press("/")
    field = screen.page.get_by_role("searchbox")
    await expect(field).to_be_focused()
    await screen.page.keyboard.type("gd?")
    await expect(field).to_have_value("gd?")
    await expect(screen.page).to_have_url(re.compile("q=gd%3F"))
    assert not await screen.page.locator("dialog[open]").count()
    await screen.page.keyboard.press("Escape")
    await expect(field).not_to_be_focused()


async def test_the_question_mark_shows_every_key_and_escape_takes_it_away(page_as: PageAs):
    screen = await page_as("viewer")
    await screen.page.keyboard.press("?")
    shown = screen.page.get_by_role("dialog", name=pt("frame.shortcuts"))
    await expect(shown).to_be_visible()
    for words in (
        pt("frame.go_to", place=pt("frame.workers")),
        pt("frame.key_search"),
        pt("frame.key_palette"),
    ):
        await expect(shown.get_by_text(words)).to_be_visible()
    await screen.page.keyboard.press("Escape")
    await expect(shown).to_be_hidden()


async def test_the_palette_finds_a_page_by_its_name_without_accents_and_goes_there(page_as: PageAs):
    screen = await page_as("viewer")
    page = screen.page
    await page.keyboard.press("Control+k")
    field = page.locator("#k-palette").get_by_role("combobox")
    await expect(field).to_be_focused()
    await page.keyboard.type("configuracoes")
    chosen = page.locator('[role="option"][aria-selected="true"]')
    await expect(chosen).to_have_text(re.compile(pt("frame.settings")))
    assert await field.get_attribute("aria-activedescendant") == await chosen.get_attribute("id")
    await page.keyboard.press("Enter")
    await screen.at("/settings")
    await expect(page.locator("#k-palette")).to_be_hidden()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(pt("settings.profile"))
    await page.keyboard.press("Control+k")
    await expect(field).to_have_value("")
    await page.keyboard.type("zzzz")
    await screen.says(pt("frame.nothing_found"))


async def test_the_palette_stays_open_when_another_page_arrives(page_as: PageAs):
    screen = await page_as("viewer")
    page = screen.page
    await expect(page.get_by_role("heading", level=1)).to_have_text(pt("frame.dashboard"))
    # Pressed at once, so that the palette opens before the other page is there.
    await page.evaluate(
        """() => {
            document.querySelector('[data-k-go="s"]').click();
            document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, bubbles: true }));
            const field = document.querySelector("#k-palette [data-k-palette-field]");
            field.value = "zz";
            field.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    await expect(page.get_by_role("heading", level=1, include_hidden=True)).to_have_text(pt("frame.system"))
    field = page.locator("#k-palette").get_by_role("combobox")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("zz")
    await screen.says(pt("frame.nothing_found"))
    await page.keyboard.press("Escape")
    await expect(page.locator("#k-palette")).to_be_hidden()


async def test_arrows_move_along_the_table_enter_opens_and_escape_closes(open_screen: PageAs, crowded: House):
    screen = await open_screen(crowded, "viewer", "/workers?sort=name&state=running")
    page = screen.page
    await expect(screen.rows.first).to_be_visible()
    names = await screen.names()
    await page.get_by_test_id("workers-table").focus()
    for expected in names[:3]:
        await page.keyboard.press("ArrowDown")
        await expect(screen.row(expected)).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(screen.row(names[1])).to_be_focused()
    await page.keyboard.press("Enter")
    panel = page.get_by_role("complementary")
    await expect(panel.get_by_role("heading", level=2)).to_have_text(names[1])
    await expect(screen.row(names[1])).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(screen.row(names[2])).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()


async def test_arrows_go_on_where_rows_come_only_when_they_are_in_sight(
    open_screen: PageAs, remembered: House
):
    screen = await open_screen(remembered, "viewer", "/workers")
    await screen.page.get_by_test_id("workers-table").focus()
    for number in range(1, 81):
        await screen.page.keyboard.press("ArrowDown")
        await expect(screen.row(f"gone-{number}")).to_be_focused()
    await expect(screen.row("gone-80")).to_be_in_viewport()


async def test_tabs_of_the_panel_move_by_arrows(page_as: PageAs, house: House):
    await house.has_workers(2)
    screen = await page_as("viewer", "/workers")
    await screen.rows.first.click()
    tabs = screen.page.get_by_role("tab")
    await tabs.first.focus()
    await screen.page.keyboard.press("ArrowRight")
    await expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    await expect(tabs.nth(1)).to_be_focused()
    await screen.page.keyboard.press("End")
    await expect(tabs.last).to_have_attribute("aria-selected", "true")


async def test_the_first_tab_stop_skips_to_the_content(page_as: PageAs):
    screen = await page_as("viewer")
    await screen.page.keyboard.press("Tab")
    skip = screen.page.get_by_role("link", name=pt("frame.skip"))
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator("main")).to_be_focused()


@pytest.mark.parametrize("path", ["/", "/workers", "/system", "/settings"])
async def test_every_stop_of_the_tab_key_is_seen_and_has_a_name(page_as: PageAs, house: House, path: str):
    await house.has_workers(2)
    screen = await page_as("admin", path)
    seen: list[str] = []
    for _ in range(120):
        await screen.page.keyboard.press("Tab")
        stop = await screen.ask(STOP)
        if stop is None:
            break
        assert stop["visible"], stop
        assert stop["ring"], stop
        seen.append(stop["html"])
    assert len(seen) > 15


# What has the focus: whether it can be seen, and whether an outline shows it.
STOP = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const box = element.getBoundingClientRect();
    const looks = [element, element.parentElement, element.closest("label"), element.closest(".k-input")]
        .filter(Boolean).map((one) => getComputedStyle(one));
    return {
        html: element.outerHTML.slice(0, 160),
        visible: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
        ring: looks.some((look) => (look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0)
            || look.boxShadow !== "none"),
    };
}"""


async def test_the_light_speaks_only_when_it_changes(page_as: PageAs):
    screen: Screen = await page_as("viewer")
    screen.may_lose_network()
    spoken = screen.page.locator("[data-k-light-said]")
    await expect(spoken).to_be_empty()
    await screen.page.context.set_offline(True)
    await expect(spoken).to_have_text(pt("frame.no_network"), timeout=30_000)
    await screen.page.context.set_offline(False)
    await screen.is_live(150_000)
    await expect(spoken).to_have_text(pt("frame.live"))


async def test_the_palette_finds_the_sections_of_the_settings_that_one_may_open(page_as: PageAs):
    for role, audit in (("viewer", 0), ("admin", 1)):
        page = (await page_as(role, "/workers")).page
        await page.keyboard.press("Control+k")
        palette = page.locator("#k-palette")
        await palette.get_by_role("combobox").fill("auditoria")
        await expect(palette.get_by_role("option", name=pt("audit.title"))).to_have_count(audit)
        await palette.get_by_role("combobox").fill("chaves")
        await expect(palette.get_by_role("option", name=pt("keys.title"))).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/settings/keys$"))
