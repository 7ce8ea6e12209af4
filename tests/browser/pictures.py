"""The pictures that README and the documents show: `make pictures` draws them anew, with those of every page."""

from collections.abc import Callable

from playwright.async_api import expect

from keepai.cli import ROOT
from models.base import new_id
from tests.browser import past
from tests.browser.conftest import PageAs
from tests.browser.house import House

SHOWN = ROOT / "docs" / "pictures"
EMBEDDED = "embedded"


async def test_the_dashboard_of_a_compute_at_work(own_house: Callable[..., House], open_screen: PageAs):
    def before(house: House) -> None:
        house.keep_workers(EMBEDDED, [])
        past.happen(house, EMBEDDED, new_id(), "worker-2", 4)

    with past.services_beside() as settings:
        house = own_house(before, options=["--demo"], EMBEDDED_WORKERS=4, **settings)
        await house.has_workers(4)
        past.measure(house, EMBEDDED, share=0.35)
        screen = await open_screen(house, "operator", locale="en", size=(1440, 900))
        await expect(screen.page.get_by_role("progressbar").nth(1)).to_be_visible(timeout=60_000)
        await expect(screen.page.locator("main :is(.k-skeleton, .k-chart-waiting)")).to_have_count(0)
        await screen.page.wait_for_timeout(500)  # plots are drawn
        await screen.page.screenshot(path=SHOWN / "dashboard.png")
