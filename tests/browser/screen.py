"""A page in Chromium as somebody sees it, and what tests read from it."""

import asyncio
import re
import shutil
import subprocess
import sys
from typing import Any

from playwright.async_api import ConsoleMessage, Locator, Page, Response, expect

from models import Account
from services.identity import principals
from tests.browser.house import House
from tests.browser.words import pt

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
# What Chromium says when a server it was talking to is not there. The page must cope with it, not hide it.
NETWORK = re.compile(r"net::ERR_|WebSocket|Failed to load resource|Failed to fetch|websocket error")
LIVE_WITHIN = 30_000  # ms, ten times what the light takes to say that data is old


def chromium() -> str | None:
    """The path of a Chromium: the system's, else the one Playwright keeps."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    ask = (
        "import os; from playwright.sync_api import sync_playwright as p\n"
        "with p() as it: path = it.chromium.executable_path; print(path if os.path.exists(path) else '')"
    )
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    return said.stdout.strip() or None


class Screen:
    """One tab."""

    def __init__(self, page: Page, house: House) -> None:
        self.page, self.house = page, house
        self.complaints: list[str] = []
        self.token = ""
        self.let_go = asyncio.Event()
        self._network_may_fail = False
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._complain(f"error in the page: {error}"))
        page.on("response", self._look_at)

    def may_lose_network(self) -> None:
        """From here on the test takes the network or the server away."""
        self._network_may_fail = True

    async def sign_in(self, account: Account) -> None:
        """Give the browser a sign-in of this person."""
        self.token = self.house.token(account)
        await self.page.context.add_cookies(
            [{"name": principals.COOKIE, "value": self.token, "url": self.house.address, "httpOnly": True}]
        )

    async def go(self, path: str) -> None:
        """Open a page of the app and wait until it is live."""
        await self.page.goto(path)
        await self.ready()

    async def ready(self) -> None:
        """Wait until the page has run and its light has said something for good."""
        await expect(self.page.locator("[data-k-mounted=true]")).to_be_attached(timeout=LIVE_WITHIN)
        await self.is_live()

    async def is_live(self, within: float = LIVE_WITHIN) -> None:
        """Wait until the light is live."""
        await self.has_light("live", within)

    async def has_light(self, state: str, within: float = LIVE_WITHIN) -> None:
        """Wait until the light shows this state."""
        await expect(self.light).to_have_attribute("data-state", state, timeout=within)

    @property
    def light(self) -> Locator:
        """The live light."""
        return self.page.get_by_test_id("live-status")

    @property
    def rows(self) -> Locator:
        """The rows of the worker table that exist."""
        return self.page.get_by_test_id("worker-row")

    def row(self, name: str) -> Locator:
        """The row of a worker."""
        return self.page.locator(f'[data-testid=worker-row][data-worker="{name}"]')

    async def pick(self, name: str) -> None:
        """Pick a worker, or leave it out again."""
        await self.row(name).get_by_role("checkbox", name=pt("workers.picks.one", name=name)).click()

    async def names(self) -> list[str]:
        """The names of the workers in the order in which they are seen."""
        found: list[str] = await self.rows.evaluate_all(
            """rows => rows.toSorted((a, b) => a.ariaRowIndex - b.ariaRowIndex).map(row => row.dataset.worker)"""
        )
        return found

    async def at(self, address: str) -> None:
        """Wait until the browser is at this address (path and query)."""
        await expect(self.page).to_have_url(f"{self.house.address}{address}", timeout=LIVE_WITHIN)

    async def says(self, text: str | re.Pattern[str], within: float = LIVE_WITHIN) -> None:
        """Wait until this is to be read on the page."""
        await expect(self.page.get_by_text(text).first).to_be_visible(timeout=within)

    async def ask(self, script: str, argument: Any = None) -> Any:
        """The value of a script in the page."""
        return await self.page.evaluate(script, argument)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"{message.type} on {self.page.url}: {message.text}")

    def _look_at(self, response: Response) -> None:
        if response.status >= 500:
            self._complain(f"{response.status} from {response.url}")

    def _complain(self, said: str) -> None:
        if self._network_may_fail and NETWORK.search(said):
            return
        if said not in self.complaints:
            self.complaints.append(said)
