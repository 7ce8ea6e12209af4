"""How soon an open page shows that a worker's process was killed. Beside it, how soon the scheduler itself knew."""

import asyncio
import contextlib
import os
import random
import signal
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from distributed import Client
from playwright.async_api import Page

from benchmarks.browser import IS_LIVE, new_browser, sign_in, until_true
from benchmarks.figures import Report
from benchmarks.installation import Installation
from services.compute import certificates, embedded
from services.compute.endpoint import compute_folder, embedded_endpoint

KILLS = 8  # in a round
WORKERS = 2
PERIOD = 1.0  # s between two readings; kills fall anywhere between them
SHOWS_WITHIN, BACK_WITHIN = 30.0, 90.0  # s after which something is broken, not slow
ALL_RUN = f"""
    [...document.querySelectorAll("[data-testid=worker-row]")].map((row) => row.dataset.state).join()
        === "{",".join(["running"] * WORKERS)}"
"""
# Notes when a row first shows each of its states, from the moment it is told to.
WATCH = """
    () => {
        window.seen = [];
        const states = new Map();
        const look = () => {
            for (const row of document.querySelectorAll("[data-testid=worker-row]")) {
                const { worker, state } = row.dataset;
                if (states.get(worker) === state) continue;
                states.set(worker, state);
                seen.push([worker, state, Date.now() / 1000]);
            }
        };
        look();
        const rows = { subtree: true, childList: true, attributeFilter: ["data-state"] };
        new MutationObserver(look).observe(document, rows);
    }
"""


@dataclass
class Compute:
    """The embedded compute as another of Dask's clients sees it."""

    client: Any
    left: dict[str, float] = field(default_factory=dict)  # address -> when the scheduler took it off its list

    def hear(self, event: tuple[float, Any]) -> None:
        """Take what the scheduler tells everybody."""
        at, said = event
        if isinstance(said, dict) and said.get("action") == "remove-worker":
            self.left[said["worker"]] = at

    async def workers(self) -> dict[str, tuple[str, int]]:
        """The address and the process of each worker, by its name."""
        about = await self.client.scheduler.identity(n_workers=-1)
        processes = await self.client.run(os.getpid)
        return {
            worker["name"]: (address, processes[address])
            for address, worker in about["workers"].items()
            if address in processes
        }


def main(report: Report, rounds: int) -> None:
    """Every kill is seen by both."""
    with Installation(EMBEDDED_WORKERS=WORKERS) as installation:
        installation.start()
        asyncio.run(watch(report, rounds, installation))


async def watch(report: Report, rounds: int, installation: Installation) -> None:
    """Kill one worker after the other under an open page."""
    shown: list[float] = []
    async with new_browser() as browser, dask_client(installation) as compute:
        await sign_in(browser, installation.address, installation.cookie_of_admin())
        page = await browser.new_page()
        await page.goto(f"{installation.address}/workers")
        await until_true(page, IS_LIVE)
        await page.evaluate(WATCH)
        for _ in range(rounds):
            kills = [await kill(page, compute, installation, number) for number in range(KILLS)]
            ours, theirs = zip(*kills, strict=True)
            shown += ours
            report.add("until an open page shows it", *ours, unit="s")
            report.add("  slowest of a round", max(ours), unit="s", most=3)
            report.add("baseline: until the scheduler knows", *theirs, unit="s")
            added = statistics.median(one - other for one, other in kills)
            report.add("  what we add to it", added, unit="s")
    report.add(f"  slowest of all {len(shown)}", max(shown), unit="s", most=3)


async def kill(page: Page, compute: Compute, installation: Installation, number: int) -> tuple[float, float]:
    """Kill a worker's process; the seconds until the page shows it and until the scheduler knew."""
    await until_true(page, ALL_RUN, BACK_WITHIN)
    workers = await compute.workers()
    name = sorted(workers)[number % len(workers)]
    address, pid = workers[name]
    if pid not in {process.pid for process in installation.dask_workers()}:
        raise RuntimeError(f"{pid} is not one of our workers")
    await asyncio.sleep(random.uniform(0, PERIOD))
    killed = time.time()
    os.kill(pid, signal.SIGKILL)
    fits = f"one[0] === {name!r} && ['lost', 'restarted'].includes(one[1]) && one[2] >= {killed}"
    shown = await until_true(page, f"seen.find((one) => {fits})", SHOWS_WITHIN)
    async with asyncio.timeout(SHOWS_WITHIN):
        while address not in compute.left:
            await asyncio.sleep(0.05)
    return shown[2] - killed, compute.left[address] - killed


@contextlib.asynccontextmanager
async def dask_client(installation: Installation) -> AsyncIterator[Compute]:
    """Somebody else who uses the embedded compute and hears what its scheduler tells."""
    folder = installation.folder / "data"
    async with asyncio.timeout(BACK_WITHIN):
        while (found := embedded_endpoint(folder)) is None:
            await asyncio.sleep(0.1)
    files = certificates.Certificates(compute_folder(folder) / "tls")
    async with Client(
        found.address, security=embedded.security(files), asynchronous=True, set_as_default=False
    ) as client:
        compute = Compute(client)
        client.subscribe_topic("all", compute.hear)
        yield compute
