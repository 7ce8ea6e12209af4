"""What the dashboard weighs when somebody opens it for the first time, and again: bytes on the wire, counted between
browser and server. Beside it, the page of plots that Dask comes with.

A browser on the same machine is sent brotli, as with HTTPS. Plain HTTP to another machine is gzip, some 15 % more.
"""

import asyncio
import contextlib
import json
import logging
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass

from distributed import Scheduler, Worker
from playwright.async_api import BrowserContext

from benchmarks import past
from benchmarks.browser import new_browser, sign_in, until_true
from benchmarks.counter import Counter, Piece, kilobytes, largest
from benchmarks.figures import Report
from benchmarks.installation import Installation, free_port, until
from keepai.web.headers import HASHED_ASSET

SOCKET, SOCKET_OF_BOKEH = "/_event/", "/status/ws"
PLOTLY = "/plotly"
WORKERS = 2
# Content is readable when every tile shows a figure in the reader's language, under a live light.
READABLE = """
    const figures = [...document.querySelectorAll("[data-testid^=tile-] .k-tile-figure > span")];
    return figures.length === 6 && figures.every((one) => one.textContent.trim() && one.checkVisibility())
        && document.querySelector("[data-testid=live-status][data-state=live]")
        && !document.documentElement.classList.contains("k-wait");
"""
DRAWN = """
    const plots = [...document.querySelectorAll(".k-chart")];
    return plots.length && plots.every((one) => !one.matches(".k-chart-waiting") && one.querySelector(".js-line"));
"""
DRAWN_BY_BOKEH = "return window.Bokeh?.documents?.length && Bokeh.documents.every((one) => one.is_idle);"
WATCH = """
    const conditions = { readable: () => { %s }, drawn: () => { %s } };
    window.seen = {};
    const look = () => {
        for (const name in conditions) if (!seen[name] && conditions[name]()) seen[name] = Date.now() / 1000;
    };
    const anything = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(look).observe(document, anything);
    setInterval(look, 50);
"""


@dataclass(frozen=True)
class View:
    """One look at a page and what came for it; times are unix seconds."""

    readable: float
    drawn: float
    pieces: list[Piece]
    socket: str

    @property
    def until_readable(self) -> list[Piece]:
        """What came before content was readable."""
        return [piece for piece in self.pieces if piece.at <= self.readable]

    @property
    def whole(self) -> list[Piece]:
        """What came before plots were drawn, and files that were fetched later; not the news of later seconds."""
        return [piece for piece in self.pieces if piece.at <= self.drawn or piece.path != self.socket]

    def of_socket(self, pieces: list[Piece]) -> list[Piece]:
        """Those that came by the socket."""
        return [piece for piece in pieces if piece.path == self.socket]


def main(report: Report, rounds: int) -> None:
    """Ours and the baseline in turn."""
    port = free_port()  # where the browser goes, so that what it is sent passes by the counter
    with Installation(PUBLIC_URL=f"http://127.0.0.1:{port}", EMBEDDED_WORKERS=WORKERS) as installation:
        installation.start("--demo")
        past.fill(installation)
        cookie = installation.cookie_of_admin()
        until(lambda: _works(installation, cookie), 60, "the embedded compute")
        for _ in range(rounds):
            asked = asyncio.run(ours(report, Counter(port, installation.port), cookie))
            asyncio.run(dask(report))
        check_keeping(installation.address, cookie, asked)


async def ours(report: Report, counter: Counter, cookie: str) -> set[str]:
    """A first view and another one; returns what the browser asked for."""
    async with counter, new_browser() as browser:
        await sign_in(browser, counter.address, cookie)
        first = await look(browser, counter, "/", READABLE, DRAWN, SOCKET)
        again = await look(browser, counter, "/", READABLE, DRAWN, SOCKET)
    readable = first.until_readable
    report.add("first view, until content is readable", kilobytes(readable), unit="KB", most=350)
    report.add("  first view, of it by the socket", kilobytes(first.of_socket(readable)), unit="KB")
    report.add("  first view, until plots are drawn", kilobytes(first.whole), unit="KB")
    plotly = next(piece.at for piece in first.pieces if PLOTLY in piece.path)
    report.add("  first view, plots are fetched later by", plotly - first.readable, unit="s", least=0)
    report.add("repeated view, until plots are drawn", kilobytes(again.whole), unit="KB", most=30)
    report.add("  repeated view, of it by the socket", kilobytes(again.of_socket(again.whole)), unit="KB")
    report.add("  repeated view, until content is readable", kilobytes(again.until_readable), unit="KB")
    if not report.notes:
        report.note(f"first view, KB: {largest(readable)}")
        report.note(f"repeated view, KB: {largest(again.whole)}")
    return {piece.path for piece in [*first.pieces, *again.pieces]}


async def dask(report: Report) -> None:
    """The same with Dask's own page."""
    drawn = DRAWN_BY_BOKEH
    async with dask_dashboard() as port, Counter(free_port(), port) as counter, new_browser() as browser:
        first = await look(browser, counter, "/status", drawn, drawn, SOCKET_OF_BOKEH)
        again = await look(browser, counter, "/status", drawn, drawn, SOCKET_OF_BOKEH)
    report.add("baseline, Dask's own page: first view", kilobytes(first.whole), unit="KB")
    report.add("baseline, Dask's own page: repeated view", kilobytes(again.whole), unit="KB")


@contextlib.asynccontextmanager
async def dask_dashboard() -> AsyncIterator[int]:
    """A scheduler with its pages, and as many workers as ours has; gives the port of the pages."""
    logging.getLogger("distributed").setLevel(logging.WARNING)
    async with contextlib.AsyncExitStack() as open_:
        scheduler = await open_.enter_async_context(
            Scheduler(host="127.0.0.1", port=0, dashboard=True, dashboard_address="127.0.0.1:0")
        )
        for _ in range(WORKERS):
            worker = Worker(scheduler.address, nthreads=1, host="127.0.0.1", dashboard=False)
            await open_.enter_async_context(worker)
        yield int(scheduler.services["dashboard"].port)


async def look(
    browser: BrowserContext, counter: Counter, path: str, readable: str, drawn: str, socket: str
) -> View:
    """Open a page in a new tab, wait until all is there and no more files come, and close it."""
    page = await browser.new_page()
    await page.add_init_script(WATCH % (readable, drawn))
    before = len(counter.pieces)
    await page.goto(f"{counter.address}{path}", wait_until="commit")
    seen = await until_true(page, "window.seen?.readable && window.seen.drawn && window.seen")
    await counter.quiet(2.0, but=socket)
    await page.close()
    await asyncio.sleep(0.5)  # what was under way still belongs to this tab
    return View(seen["readable"], seen["drawn"], counter.pieces[before:], socket)


def check_keeping(address: str, cookie: str, paths: set[str]) -> None:
    """Whether browsers keep what they were sent for as long as they should. Raises RuntimeError.

    Hashed files for ever; the rest is asked for again each time, which brings nothing while it is the same.
    """
    files = {path for path in paths if path and not path.startswith((SOCKET, "/api/"))} | {"/", "/sw.js"}
    wrong = [path for path in sorted(files) if not _is_kept(address + path, path, {"Cookie": cookie})]
    if wrong or not any(HASHED_ASSET.fullmatch(path) for path in files):
        raise RuntimeError(f"browsers keep these for a wrong time: {', '.join(wrong) or 'no hashed file'}")


def _is_kept(url: str, path: str, headers: dict[str, str]) -> bool:
    status, answer = _ask(url, headers)
    if HASHED_ASSET.fullmatch(path):
        return answer.get("cache-control") == "public, max-age=31536000, immutable"
    again, _ = _ask(url, {**headers, "If-None-Match": answer.get("etag", "")})
    return (status, answer.get("cache-control"), again) == (200, "no-cache", 304)


def _ask(url: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer."""
    request = urllib.request.Request(url, headers={"Accept": "text/html", "Accept-Encoding": "br", **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as answer:
        return answer.code, {}


def _works(installation: Installation, cookie: str) -> bool:
    newest = {"Cookie": cookie, "Cache-Control": "no-cache"}
    request = urllib.request.Request(f"{installation.address}/api/v1/dashboard", headers=newest)
    with urllib.request.urlopen(request, timeout=10) as answer:
        totals = json.load(answer)["totals"]
    return bool(totals and totals["workers"] == WORKERS)
