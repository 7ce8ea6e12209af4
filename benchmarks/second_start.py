"""How long `make run` takes when everything is installed, built and set up: until a page is answered, and until a
browser shows the dashboard live. Beside it the first start, with an empty data folder, and a bare Reflex app.

What was read by a start before is still in the machine's memory, for all of them alike.
"""

import asyncio
import subprocess
import time
from dataclasses import dataclass

from benchmarks import baseline, past
from benchmarks.browser import IS_LIVE, new_browser, sign_in, until_true
from benchmarks.figures import ROOT, Report
from benchmarks.installation import STARTS_WITHIN, Installation, answers, until
from keepai.cli import build

MAKE = ("make", "--no-print-directory", "run")
WORKERS = 2
ALL_WORK = f"""
    document.querySelector("[data-testid=tile-workers] .k-tile-figure > span")?.textContent.trim() === "{WORKERS}"
"""


@dataclass(frozen=True)
class Start:
    """Seconds since the command."""

    page: float  # a page is answered
    live: float  # a browser shows the dashboard live
    workers: float  # and all workers of the embedded compute on it


def main(report: Report, rounds: int) -> None:
    """A first start, a second one of the same installation, and the baseline in turn."""
    if subprocess.run(["make", "-q", ".venv/.installed"], cwd=ROOT, check=False).returncode:
        raise RuntimeError("something is not installed yet: `make run` once, then measure")
    if build.ensure():
        raise RuntimeError("the frontend could not be built")
    for _ in range(rounds):
        with Installation(EMBEDDED_WORKERS=WORKERS) as installation:
            first = asyncio.run(start(installation))
            past.fill(installation)
            cookie = installation.cookie_of_admin()
            installation.stop()
            second = asyncio.run(start(installation, cookie))
        report.add("second start: until a page", second.page, unit="s", most=10)
        report.add("  until the dashboard is live", second.live, unit="s")
        report.add("  until its workers are there", second.workers, unit="s")
        report.add("baseline, first start, already built: until a page", first.page, unit="s")
        report.add("baseline, first start: until the dashboard is live", first.live, unit="s")
        report.add("baseline, first start: until its workers are there", first.workers, unit="s")
        with baseline.serve() as bare:
            report.add("baseline, a bare Reflex app: until it answers", bare.seconds, unit="s")


async def start(installation: Installation, cookie: str = "") -> Start:
    """Start as the README says, with a browser that is open before, as it is for whoever reloads a page.

    Without a cookie the admin signs in meanwhile.
    """
    async with new_browser() as browser:
        page = await browser.new_page()
        began = time.monotonic()
        await asyncio.to_thread(installation.start, command=MAKE)
        until(lambda: answers(f"{installation.address}/"), STARTS_WITHIN, "the first page")
        answered = time.monotonic() - began
        await sign_in(browser, installation.address, cookie or installation.cookie_of_admin())
        await page.goto(f"{installation.address}/")
        await until_true(page, IS_LIVE)
        live = time.monotonic() - began
        await until_true(page, ALL_WORK)
        return Start(answered, live, time.monotonic() - began)
