"""From the switch on the page to a notification of an alert, and from the notification to an acknowledged alert.

The push service and what a browser keeps of it are ours (tests/push_service.py), as a browser's own lies somewhere in
the internet; what it was sent is handed to the real service worker by Chromium itself.
"""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from playwright.async_api import Page, Worker, expect
from sqlmodel import select

from models import Alert
from services.alerts import routes
from services.audit import Actor
from services.clock import now, rfc3339
from tests import push_service
from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.words import pt
from tests.push_service import Browser, PushService

PAGE = "/settings/notices"
# A browser whose push service is ours. It keeps its subscription over pages, as browsers do.
BROWSER = """(() => {
  const given = %s;
  const kept = () => (localStorage.getItem("test-push") ? made() : null);
  const made = () => ({
    endpoint: given.endpoint,
    options: { applicationServerKey: new Uint8Array(JSON.parse(localStorage.getItem("test-push"))).buffer },
    toJSON: () => given,
    unsubscribe: async () => { localStorage.removeItem("test-push"); return true; },
  });
  PushManager.prototype.getSubscription = async () => kept();
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly || applicationServerKey.length !== 65) throw new TypeError("not so");
    localStorage.setItem("test-push", JSON.stringify([...applicationServerKey]));
    return kept();
  };
})()"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  return (await registration.getNotifications()).map(({ title, body, tag, silent, requireInteraction, actions }) =>
    ({ title, body, tag, silent, requireInteraction, actions: actions.map(({ action, title }) => [action, title]) }));
}"""
PRESS = """async ([tag, action]) => {
  const [notification] = await self.registration.getNotifications({ tag });
  const pressed = new NotificationEvent("notificationclick", { notification, action });
  self.dispatchEvent(pressed);
}"""


@pytest.fixture
def service():
    with push_service.serving() as made:
        yield made


@pytest.fixture
def reached(own_house):
    made = own_house(EMBEDDED_WORKERS=1, PRIVATE_HOSTS="127.0.0.1")
    yield made
    made.stop()


class Device:
    """A tab in which notifications may be shown, and what is there of its service worker."""

    def __init__(self, page: Page, browser: Browser) -> None:
        self.page, self.browser = page, browser
        self.taken = 0

    async def begin(self) -> None:
        context = self.page.context
        await context.grant_permissions(["notifications"], origin=self.page.url.split("/settings")[0])
        await context.add_init_script(BROWSER % json.dumps(self.browser.as_json))
        self._cdp = await context.new_cdp_session(self.page)
        self._registration = asyncio.get_running_loop().create_future()
        self._cdp.on("ServiceWorker.workerRegistrationUpdated", self._registered)
        await self._cdp.send("ServiceWorker.enable")
        await self.page.reload()

    def _registered(self, said: dict[str, Any]) -> None:
        for one in said["registrations"]:
            if not one["isDeleted"] and not self._registration.done():
                self._registration.set_result(one["registrationId"])

    @property
    def worker(self) -> Worker:
        return self.page.context.service_workers[0]

    async def deliver(self, within: float = 30.0) -> dict[str, Any]:
        """Hand the next message that its push service took to the browser; returns what it says."""
        async with asyncio.timeout(within):
            while len(self.browser.waiting) <= self.taken:
                await asyncio.sleep(0.05)
        said = self.browser.waiting[self.taken].said
        self.taken += 1
        await self.hand(said)
        return said

    async def hand(self, said: dict[str, Any]) -> None:
        origin = await self.page.evaluate("location.origin")
        await self._cdp.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": origin, "registrationId": await self._registration, "data": json.dumps(said)},
        )
        # Whoever asks Chromium for a notification that is not on the screen yet makes it forget that one.
        await asyncio.sleep(1)

    async def shows(self, *titles: str) -> list[dict[str, Any]]:
        """Wait until exactly these notifications are shown."""
        async with asyncio.timeout(10):
            while True:
                shown: list[dict[str, Any]] = await self.page.evaluate(SHOWN)
                if sorted(one["title"] for one in shown) == sorted(titles):
                    return shown
                await asyncio.sleep(0.05)

    async def press(self, tag: str, action: str) -> None:
        await self.worker.evaluate(PRESS, [tag, action])


async def test_from_the_switch_to_a_notification_and_back(
    reached: House, service: PushService, open_screen: PageAs
):
    to_admins = [{"after": 0, "targets": [{"kind": "role", "id": "admin"}]}]
    reached.ask(routes.create, now(), routes.Draft("Rota", to_admins), Actor("machine"))
    screen = await open_screen(reached, "admin", PAGE)
    page = screen.page
    device = Device(page, service.browser())
    await device.begin()
    here = page.get_by_test_id("this-device")
    await expect(here).to_have_attribute("data-push", "off")
    await page.get_by_role("button", name=pt("push.switch_on")).click()
    await expect(here).to_have_attribute("data-push", "on")
    row = page.get_by_test_id("device-row")
    await expect(row).to_contain_text(pt("push.this"))
    await row.get_by_role("button", name=pt("push.test"), exact=False).first.click()
    await device.deliver()
    [shown] = await device.shows("Teste do KeepAI")
    assert shown["actions"] == [["open", "Abrir"]]
    await device.press(shown["tag"], "open")
    await device.shows()

    # Something is wrong: one is told, says "mine" on the notification, and it is gone.
    labels = {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical"}
    fired = {"status": "firing", "labels": labels, "startsAt": rfc3339(now()), "fingerprint": "1"}
    answer = await asyncio.to_thread(
        httpx2.post,
        f"{reached.address}/webhook/alertmanager",
        json={"version": "4", "alerts": [fired]},
        cookies={"keepai_session": screen.token},
    )
    assert answer.status_code == 200, answer.text
    said = await device.deliver()
    shown = (await device.shows(said["title"]))[0]
    assert "DiskFull" in said["title"] and said["severity"] == "critical" and shown["requireInteraction"]
    assert shown["actions"] == [["acknowledge", "Reconhecer"], ["open", "Abrir"]]
    await device.press(said["tag"], "acknowledge")
    await device.shows()
    [alert] = [one for one in _alerts(reached) if one.id.hex == said["tag"]]
    assert alert.acknowledged_at and alert.acknowledged_by == reached.person("admin").id
    assert not service.refused

    # Taken off the list, the browser knows at once.
    await row.get_by_role("button", name=pt("push.remove"), exact=False).click()
    await expect(here).to_have_attribute("data-push", "off")
    await expect(row).to_have_count(0)
    assert await page.evaluate("localStorage.getItem('test-push')") is None


async def test_one_notification_of_an_alert_newer_over_older_and_gone_when_it_is_over(
    house: House, service: PushService, open_screen: PageAs
):
    screen = await open_screen(house, "operator", PAGE)
    device = Device(screen.page, service.browser())
    await device.begin()
    await screen.ready()
    one, other = _said("a" * 32, 1_000), _said("b" * 32, 1_000, title="Aviso: outro")
    await device.hand(one)
    await device.hand(other)
    await device.shows("Crítico: um", "Aviso: outro")
    await device.hand({**one, "at": 3_000, "title": "Crítico: um, mais novo"})
    await device.shows("Crítico: um, mais novo", "Aviso: outro")
    await device.hand({**one, "at": 2_000, "title": "Crítico: veio tarde"})  # and is not believed
    await asyncio.sleep(0.3)
    await device.shows("Crítico: um, mais novo", "Aviso: outro")
    await device.hand(_over(one, 4_000))
    await device.shows("Aviso: outro")
    # With no page of ours in sight the last one stays in silence, as browsers demand that something be seen.
    await screen.page.evaluate("navigator.serviceWorker.ready")
    blank = await screen.page.context.new_page()
    await blank.goto("about:blank")
    await device.worker.evaluate("self.clients.matchAll = async () => []")
    await device.hand(_over(other, 5_000))
    [shown] = await device.shows("Resolvido")
    assert shown["silent"] and not shown["requireInteraction"]
    await device.hand({**_said("alert_digest-6", 6_000, title="3 alertas"), "closes": ["b" * 32]})
    await device.shows("3 alertas")
    await blank.close()


async def test_who_is_signed_out_is_led_to_the_alert(house: House, service: PushService, open_screen: PageAs):
    screen = await open_screen(house, "operator", PAGE)
    device = Device(screen.page, service.browser())
    await device.begin()
    await screen.ready()
    screen.may_lose_network()
    said = _said("c" * 32, 1_000)
    await device.hand(said)
    await device.shows(said["title"])
    await screen.page.context.clear_cookies()
    await device.worker.evaluate("self.clients.openWindow = async (to) => { self.opened = to; }")
    await device.press(said["tag"], "acknowledge")
    async with asyncio.timeout(10):
        while not (opened := await device.worker.evaluate("self.opened ?? ''")):
            await asyncio.sleep(0.05)
    assert opened == f"{house.address}/alerts?alert={'c' * 32}"


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })", "denied"),
        ("Object.defineProperty(window, 'isSecureContext', { get: () => false })", "insecure"),
        ("delete window.PushManager", "unsupported"),
        (
            "delete window.PushManager; Object.defineProperty(navigator, 'userAgent', { get: () => 'iPhone' })",
            "install",
        ),
    ],
)
async def test_a_page_says_why_it_cannot(house: House, open_screen: PageAs, script: str, state: str):
    screen = await open_screen(house, "viewer", PAGE, wait=False)
    await screen.page.add_init_script(script)
    await screen.go(PAGE)
    await expect(screen.page.get_by_test_id("this-device")).to_have_attribute("data-push", state)
    await screen.says(pt(f"push.here.{state}.text"))
    await expect(screen.page.get_by_role("button", name=pt("push.switch_on"))).to_be_hidden()


async def test_that_the_push_service_does_not_answer_is_said_and_can_be_tried_again(
    house: House, open_screen: PageAs
):
    screen = await open_screen(house, "viewer", PAGE)
    device = Device(screen.page, Browser("https://push.example.org/send/1"))
    await device.begin()
    await screen.ready()
    await screen.ask(
        "() => { PushManager.prototype.subscribe = async () => { throw new Error('nobody there'); }; }"
    )
    await screen.page.get_by_role("button", name=pt("push.switch_on")).click()
    here = screen.page.get_by_test_id("this-device")
    await expect(here).to_have_attribute("data-push", "failed")
    await screen.page.reload()
    await screen.page.get_by_role("button", name=pt("push.switch_on")).click()
    await expect(here).to_have_attribute("data-push", "on")
    await screen.page.get_by_role("button", name=pt("push.switch_off")).click()
    await expect(here).to_have_attribute("data-push", "off")
    await expect(screen.page.get_by_test_id("device-row")).to_have_count(0)


def _said(tag: str, at: int, *, title: str = "Crítico: um") -> dict[str, Any]:
    return {
        "title": title,
        "body": "Desde 12:00",
        "lang": "pt-BR",
        "tag": tag,
        "at": at,
        "url": f"/alerts?alert={tag}",
        "state": "firing",
        "severity": "critical",
        "over": False,
        "closes": [],
        "acknowledge": f"/api/v1/alerts/{tag}/acknowledge",
        "words": {"acknowledge": "Reconhecer", "open": "Abrir"},
    }


def _over(said: dict[str, Any], at: int) -> dict[str, Any]:
    return {**said, "at": at, "title": "Resolvido", "over": True, "state": "resolved", "acknowledge": ""}


def _alerts(house: House) -> list[Alert]:
    return house.ask(lambda session: list(session.exec(select(Alert))))
