"""What is chosen in the appearance section holds at once, on every page and in other browsers."""

from playwright.async_api import expect

from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.words import en, pt


async def test_language_theme_and_zone_hold_at_once_and_elsewhere(page_as: PageAs, house: House):
    screen = await page_as("operator", "/settings/appearance")
    page, root = screen.page, screen.page.locator("html")
    try:
        await page.get_by_role("button", name=pt("frame.theme_dark"), exact=True).click()
        await expect(root).to_have_class("dark")
        now = page.get_by_test_id("zone-now").locator("time")
        here = await now.inner_text()
        await page.fill("#zone", "Asia/Tokyo")
        await page.keyboard.press("Enter")
        await screen.says(pt("appearance.zone.saved"))
        await expect(now).not_to_have_text(here)
        assert abs(int((await now.inner_text())[:2]) - int(here[:2])) == 12  # 12 hours from São Paulo
        await page.get_by_role("button", name="English", exact=True).click()
        await screen.says(en("appearance.zone.save"))
        other = await page_as("operator", "/settings/appearance")
        await expect(other.page.locator("html")).to_have_class("dark")
        await expect(other.page.locator("#zone")).to_have_value("Asia/Tokyo")
        await other.says(en("appearance.zone.save"))
    finally:
        house.as_new(house.person("operator"))
