"""Long work as somebody sees it: asked for, on every page while it goes on, and what came of it in one's hands."""

import zipfile
from collections.abc import Iterator

import httpx2
import pytest
from playwright.async_api import expect

from models import Job
from services import jobs
from services.audit import Actor
from services.clock import now
from services.errors import Conflict
from services.jobs import queue
from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.words import pt

KIND = "jobs.kind.account_export"


@pytest.fixture
def at_work(house: House) -> Iterator[Job]:
    """A job of the viewer that a runner elsewhere is at, 42 % of the way."""
    person = house.person("viewer")
    job = house.ask(jobs.enqueue, now(), person.id, "account_export", by=Actor("machine"))
    there = {"state": "running", "runner": "elsewhere", "tries": 1, "started_at": now(), "beat_at": now()}

    def take(database: object) -> None:
        found = database.get(Job, job.id)  # type: ignore[attr-defined]
        for name, value in {**there, "done": 21, "total": 50}.items():
            setattr(found, name, value)

    house.ask(take)
    house.ask(queue.note, job.id, "elsewhere", person.id, done=21, total=50)
    yield job
    try:
        house.ask(jobs.finish, house.mail_settings(), now(), job.id, "elsewhere", jobs.Ended("cancelled"))
        house.ask(jobs.remove, now(), person.id, job.id, by=Actor("machine"))
    except Conflict:
        pass


async def test_ones_data_is_gathered_told_and_downloaded(page_as: PageAs):
    screen = await page_as("operator", "/settings")
    page = screen.page
    await page.get_by_role("button", name=pt("settings.data.archive")).click()
    await screen.says(pt("jobs.put"))
    await screen.go("/jobs")
    done = page.locator("[data-testid=job][data-state=done]").first
    await expect(done).to_be_visible(timeout=60_000)
    async with page.expect_download() as coming:
        await done.get_by_role("link", name=pt("jobs.download_of", job=pt(KIND))).click()
    download = await coming.value
    assert download.suggested_filename.startswith("keepai-")
    with zipfile.ZipFile(await download.path()) as archive:
        assert "account.json" in archive.namelist()
    bell = page.get_by_test_id("bell")
    await bell.click()
    panel = page.get_by_test_id("bell-panel")
    await expect(panel.get_by_text(pt("jobs.bell.done", job=pt(KIND)))).to_be_visible(timeout=60_000)
    await panel.get_by_test_id("bell-row").first.click()
    await screen.at("/jobs")
    await page.get_by_role("button", name=pt("jobs.remove_of", job=pt(KIND))).click()
    await screen.says(pt("jobs.none"))


async def test_it_is_seen_on_every_page_and_given_up(page_as: PageAs, at_work: Job):
    screen = await page_as("viewer", "/system", size=(390, 844))
    page = screen.page
    shown = page.get_by_test_id("at-work")
    await expect(shown).to_have_text("42 %", timeout=30_000)
    await shown.click()
    await screen.at("/jobs")
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "42")
    await page.get_by_role("button", name=pt("jobs.cancel_of", job=pt(KIND))).click()
    await screen.says(pt("jobs.cancelling"))


async def test_what_somebody_put_there_does_nothing_in_a_browser(page_as: PageAs, house: House):
    screen = await page_as("operator", "/")
    cookies = {"keepai_session": screen.token}
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>document.title = "run"</script></svg>'
    html = b'<!doctype html><script>document.title = "run"</script>'
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63f8cfc0f01f00"
        "05000102a0a1e5ab0000000049454e44ae426082"
    )
    made = {}
    for name, data in (("a.svg", svg), ("b.png", html), ("c.png", png)):
        answer = httpx2.post(
            f"{house.address}/api/v1/files",
            params={"name": name},
            content=data,
            cookies=cookies,
            headers={"origin": house.address},
        )
        assert answer.status_code == 201, answer.text
        made[name] = f"{house.address}/api/v1/files/{answer.json()['id']}"
    page = screen.page
    for name in ("a.svg", "b.png"):
        async with page.expect_download() as coming:
            await page.evaluate("(to) => { location.href = to }", made[name])
        await coming.value
        assert await page.title() != "run"
    # As a picture in a page of ours nothing but a picture is drawn.
    drawn = """async (from) => { const one = new Image(); one.src = from;
        return one.decode().then(() => true, () => false) }"""
    assert await page.evaluate(drawn, made["c.png"]) is True
    screen.may_lose_network()
    assert await page.evaluate(drawn, made["b.png"]) is False
