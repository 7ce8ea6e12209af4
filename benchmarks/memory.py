"""What it holds: idle, for each tab of a far larger app, after tabs came and went, and under sockets of nobody."""

import asyncio
import time
from collections.abc import Sequence

import aiohttp
import psutil

from benchmarks import baseline, past
from benchmarks.figures import Report
from benchmarks.installation import Installation, megabytes
from benchmarks.live import TABS, audience
from benchmarks.tabs import NAMESPACE, PROTOCOL
from state.absent import KEPT

IDLE = 60.0  # s of nobody being there
WAVES = 3
SETTLED = 5.0  # s with all tabs open
AFTER = KEPT + 15.0  # s after a wave left, in which what was theirs must go
SOCKETS, AT_ONCE = 5000, 200
LARGE = "benchmarks.large_app:app"


def main(report: Report, rounds: int) -> None:
    """Each round with an installation of its own, since memory that was once taken does not come back."""
    for _ in range(rounds):
        with Installation() as installation:
            installation.start()
            idle(report, installation)
            past.fill(installation)
            nobody(report, installation)
            waves(report, installation)
        with Installation() as installation:
            installation.start(app=LARGE)
            past.fill(installation)
            large(report, installation)
        usual(report)


def idle(report: Report, installation: Installation) -> None:
    """Everything that runs, but Dask's workers: their memory is the work's."""
    time.sleep(IDLE)
    workers = {process.pid for process in installation.dask_workers()}
    ours = [process for process in installation.tree() if process.pid not in workers]
    report.add("idle, without Dask's workers", megabytes(*ours), unit="MB", most=500)
    report.add("  of it the web worker", megabytes(installation.web_worker()), unit="MB")
    report.add("  of it the scheduler", megabytes(installation.role("compute")), unit="MB")


def nobody(report: Report, installation: Installation) -> None:
    """Sockets whose handshake brings no session. What they cost at worst, not what is left of it."""
    server = installation.web_worker()
    before = megabytes(server)
    most = asyncio.run(_knock(installation.address, server))
    report.add(f"{SOCKETS:,} sockets without a session add", most - before, unit="MB", most=50)


def waves(report: Report, installation: Installation) -> None:
    """Tabs come, are all live at once, and go; others come."""
    server = installation.web_worker()
    before = megabytes(server)
    there, left = zip(*(_wave(installation, server) for _ in range(WAVES)), strict=True)
    report.add(
        "after the third wave of tabs, to after the first", 100 * left[-1] / left[0] - 100, unit="%", most=5
    )
    report.add("  after the first", left[0], unit="MB")
    report.add("  with the first there", there[0], unit="MB")
    report.add("  with the third there", there[-1], unit="MB")
    report.add("  a tab of the first", (there[0] - before) / TABS, unit="MB")


def large(report: Report, installation: Installation) -> None:
    """The same tabs where 60 further states belong to each."""
    before, there = _with_tabs(installation.address, installation.cookies(TABS), installation.web_worker())
    report.add("a tab, with 60 further states", (there - before) / TABS, unit="MB", most=0.5)


def usual(report: Report) -> None:
    """The baseline: one state and an event for each tab."""
    with baseline.serve() as server:
        before, there = _with_tabs(server.address, [""] * TABS, server.worker)
    report.add("baseline, one state and an event: a tab", (there - before) / TABS, unit="MB")


def _wave(installation: Installation, server: psutil.Process) -> tuple[float, float]:
    """Memory with a thousand new tabs, and some time after they left."""
    _, there = _with_tabs(installation.address, installation.cookies(TABS), server)
    time.sleep(AFTER)
    return there, megabytes(server)


def _with_tabs(address: str, cookies: Sequence[str], server: psutil.Process) -> tuple[float, float]:
    """Memory before any of these tabs, and with all of them live."""
    before = megabytes(server)
    with audience(address, cookies) as tabs:
        tabs.live()
        time.sleep(SETTLED)
        tabs.live()  # still
        return before, megabytes(server)


async def _knock(address: str, server: psutil.Process) -> float:
    """Ask for sockets without a cookie, many at a time; returns the most memory that was seen meanwhile."""
    gate, most = asyncio.Semaphore(AT_ONCE), [megabytes(server)]
    socket = address.replace("http", "ws", 1) + NAMESPACE

    async def ask(number: int) -> int:
        url = f"{socket}/?token=nobody-{number}&EIO=4&transport=websocket"
        async with gate:
            try:
                await http.ws_connect(url, headers={"Origin": address}, protocols=(PROTOCOL,))
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status
        raise RuntimeError("a socket without a session was opened")

    async def look() -> None:
        while True:
            await asyncio.sleep(0.25)
            most.append(megabytes(server))

    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        looking = asyncio.create_task(look())
        answers = await asyncio.gather(*(ask(number) for number in range(SOCKETS)))
        looking.cancel()
    if set(answers) != {403}:
        raise RuntimeError(f"sockets without a session are answered {set(answers)}")
    return max([*most, megabytes(server)])
