"""The about section of a real installation, and the bundle that its admins download."""

import json
import zipfile
from pathlib import Path

from playwright.async_api import expect

from services.about import VERSION
from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.words import pt


async def test_an_admin_downloads_what_helps(page_as: PageAs, house: House, tmp_path: Path):
    screen = await page_as("admin", "/settings/about")
    await expect(screen.page.get_by_test_id("health")).to_have_text(
        pt("about.health.ok"), timeout=60_000
    )  # the first probes come within half a minute
    async with screen.page.expect_download() as coming:
        await screen.page.get_by_role("link", name=pt("about.diagnostics.download")).click()
    download = await coming.value
    assert download.suggested_filename.endswith(".zip")
    await download.save_as(tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as packed:
        files = {name: packed.read(name).decode() for name in packed.namelist()}
    assert json.loads(files["versions.json"])["keepai"] == VERSION
    assert json.loads(files["settings.json"])["KEEPAI_ADMIN_PASSWORD"]["value"] == "•••"
    verdicts = [one["verdict"] for one in json.loads(files["doctor.json"])]
    assert "problem" not in verdicts and "ok" in verdicts
    assert "background loops run here" in files["log.txt"]
    everything = " ".join(files.values())
    assert not [one for one in ("admin@example.org", str(house.folder), "Admin PT") if one in everything]


async def test_on_a_phone_the_open_section_is_in_view(page_as: PageAs):
    screen = await page_as("admin", "/settings/about", size=(360, 800))
    sections = screen.page.get_by_role("navigation", name=pt("settings.sections"))
    await expect(sections.get_by_role("link", name=pt("about.title"))).to_be_in_viewport(ratio=1)
    await screen.go("/settings")
    await expect(sections.get_by_role("link", name=pt("settings.profile"))).to_be_in_viewport(ratio=1)


async def test_others_see_how_it_is_and_download_nothing(page_as: PageAs):
    screen = await page_as("viewer", "/settings/about")
    await expect(screen.page.get_by_test_id("health")).to_be_visible()
    await expect(screen.page.get_by_role("link", name=pt("about.diagnostics.download"))).to_have_count(0)
