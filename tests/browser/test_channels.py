"""A person makes a channel, tests it, makes a route that leads there, and is told when a worker dies."""

import asyncio
import json
import os
import re
import signal

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.words import pt
from tests.http_server import HttpServer

LIST = "/alerts?tab=channels"


@pytest.fixture
def room():
    with HttpServer().serving() as made:
        yield made


@pytest.fixture
def reached(own_house):
    made = own_house(EMBEDDED_WORKERS=2, PRIVATE_HOSTS="127.0.0.1")
    yield made
    made.stop()


async def test_from_a_new_channel_to_a_message_when_a_worker_dies(
    reached: House, room: HttpServer, open_screen: PageAs
):
    reached.until(lambda: len(reached.worker_processes()) == 2, 60)
    screen = await open_screen(reached, "admin", LIST)
    page = screen.page
    await page.get_by_test_id("new-channel").click()
    await page.get_by_role("button", name=pt("channels.kind.webhook")).click()
    # What is wrong is said on leaving and on sending, and nothing is lost.
    await page.locator("#url").fill("ftp://somewhere")
    await page.locator("#template").fill('{"text": ${nothing}}')
    await page.get_by_test_id("save").click()
    await expect(page.locator("#url-error")).to_have_text(pt("channels.error.url"))
    await expect(page.locator("#template-error")).to_have_text(pt("channels.error.template_place"))
    await page.get_by_role("button", name=pt("channels.make_secret")).click()
    await expect(page.locator("#made-secret")).to_have_value(re.compile(r".{40}"))
    await page.locator("#name").fill("Painel da sala")
    await page.locator("#url").fill(f"{room.url}/hook")
    await page.locator("#template").fill('{"text": "${title}"}')
    await _pressable(page)
    await page.get_by_test_id("save").click()
    await expect(page).to_have_url(re.compile(r"/alerts/channels/[0-9a-f]{32}$"))
    await page.get_by_test_id("test").click()
    await screen.says(pt("channels.test.sent"))
    await expect(page.get_by_test_id("delivery-row")).to_contain_text(pt("channels.state.sent"))
    assert json.loads(room.asked[-1].body) == {"text": "Teste do KeepAI"}
    room.answer = lambda _asked: (404, "nobody here")
    await _pressable(page)
    await page.get_by_test_id("test").click()
    await expect(page.get_by_test_id("delivery-row").first).to_contain_text("nobody here", timeout=20_000)
    room.answer = lambda _asked: (200, "ok")
    await screen.page.goto("/alerts/routes/new")
    await page.locator("#name").fill("Tudo")
    await page.get_by_test_id("save").click()
    await expect(page.locator("#steps-error")).to_have_text(pt("routes.error.nobody"))
    await page.get_by_label("Painel da sala").click()
    await _pressable(page)
    await page.get_by_test_id("add-step").click()
    await page.get_by_test_id("route-step").nth(1).get_by_label(pt("routes.role.admin")).click()
    await page.get_by_test_id("save").click()
    await screen.at(LIST)
    await expect(page.get_by_test_id("route-row")).to_contain_text("Painel da sala")
    before = len(room.asked)
    os.kill(reached.worker_processes()[0].pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        while len(room.asked) == before:
            await asyncio.sleep(0.05)
    assert re.search(r"Worker worker-\d perdido", json.loads(room.asked[before].body)["text"])
    await page.get_by_role("link", name="Painel da sala").click()
    await page.get_by_test_id("remove").click()
    await page.locator("dialog[open]").get_by_role("button", name=pt("channels.remove")).click()
    await screen.says(re.compile("Tudo"))


async def _pressable(page: Page) -> None:
    """No button is pressed twice within a second."""
    await expect(page.locator("[data-pressed]")).to_have_count(0)


async def test_who_may_not_change_them_sees_them_all_the_same(page_as: PageAs):
    screen = await page_as("viewer", LIST)
    await expect(screen.page.get_by_text(pt("routes.otherwise"))).to_be_visible()
    await expect(screen.page.get_by_test_id("new-channel")).to_have_count(0)
    await screen.page.goto("/alerts/channels/new")
    await screen.says(pt("channels.read_only"))
    await expect(screen.page.locator("#name")).to_be_disabled()


async def test_wishes_are_kept(page_as: PageAs):
    screen = await page_as("viewer", "/settings/notices")
    page = screen.page
    await page.locator("#phone").fill("12")
    await page.locator("#quiet_from").focus()
    await expect(page.locator("#phone-error")).to_have_text(pt("notices.error.phone"))
    await page.locator("#phone").fill("+55 11 91234-5678")
    await page.locator("#quiet_from").fill("22h")
    await page.locator("#quiet_to").fill("7")
    await page.get_by_role("button", name=pt("notices.save")).click()
    await screen.says(pt("notices.saved"))
    await page.reload()
    await expect(page.locator("#phone")).to_have_value("+5511912345678")
    await expect(page.locator("#quiet_from")).to_have_value("22:00")
    await expect(page.locator("#quiet_to")).to_have_value("07:00")
