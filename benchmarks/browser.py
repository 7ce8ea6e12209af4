"""Chromium for the benchmarks, as a person has it: a profile with a cache and service workers."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import BrowserContext, Page, async_playwright

from benchmarks.figures import Skipped
from tests.browser.screen import ARGUMENTS, chromium

SIZE = {"width": 1440, "height": 900}
IS_LIVE = "!!document.querySelector('[data-testid=live-status][data-state=live]')"


@contextlib.asynccontextmanager
async def new_browser() -> AsyncIterator[BrowserContext]:
    """A browser that has never been anywhere. Raises Skipped where there is no Chromium."""
    path = chromium()
    if path is None:
        raise Skipped("no Chromium: `make bench` installs one or says how")
    with tempfile.TemporaryDirectory(prefix="kbench-", ignore_cleanup_errors=True) as profile:
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                profile, executable_path=path, args=ARGUMENTS, viewport=SIZE, locale="en-US"
            )
            try:
                yield context
            finally:
                await context.close()


async def sign_in(context: BrowserContext, address: str, cookie: str) -> None:
    """Give the browser the cookie of a sign-in."""
    name, value = cookie.split("=", 1)
    await context.add_cookies([{"name": name, "value": value, "url": address, "httpOnly": True}])


async def until_true(page: Page, script: str, within: float = 60.0) -> Any:
    """Wait until a script in the page says something true and return that; raises TimeoutError."""
    deadline = time.monotonic() + within
    # Asked from outside: what Playwright would wait with inside the page, our Content-Security-Policy forbids.
    while not (said := await page.evaluate(script)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {within:g} s not yet: {script}")
        await asyncio.sleep(0.05)
    return said
