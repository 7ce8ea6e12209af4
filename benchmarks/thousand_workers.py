"""A scheduler with a thousand workers of which every figure moves every second: what watching it costs the scheduler
and us, what a tab is sent, and how its table scrolls. Beside it, what Dask's own client and its pages cost the
scheduler, and how a table of the same rows scrolls in which nothing happens."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
from sqlalchemy import text

from benchmarks.figures import RECORDED, Report, Skipped
from benchmarks.installation import Clocked, Installation, child, free_port, until
from benchmarks.scrolled import WHOLE, WIDE, Tab, chrome
from services import db, history
from services.compute.reader import ComputeReader
from tests.conftest import PostgreSQL

WORKERS = 1000
DASKS_PAUSE = 6.0  # s between two heartbeats of a worker that Dask itself wants of so many
READ, IDLE = 20, 15  # s
MINUTE = 60.0  # s; samples are written once in it, wherever it begins
LOOKED = 10.0  # s for which a tab is looked at
SETTLED = 10.0  # s until a start is over
Once = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Used:
    """What the scheduler's process had used at a moment."""

    at: float
    cpu: float  # s
    asked: dict[str, int]


class Compute:
    """The scheduler and its thousand workers, in a process of its own."""

    COMMAND = ("-m", "benchmarks.grown", str(WORKERS))

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        said = self._line()
        self.address: str = said["address"]
        self.pages: str = said["pages"]
        self.recorded: int = said["recorded"]
        self.idle = 0.0  # CPU seconds in a second in which nobody reads

    def used(self, pause: float | None = None) -> Used:
        """What it used so far; from here on each worker sends a heartbeat every `pause` seconds."""
        assert self._process.stdin
        self._process.stdin.write(f"{pause or ''}\n")
        self._process.stdin.flush()
        return Used(time.monotonic(), **self._line())

    def rest(self, *, pause: float = 1.0) -> None:
        """Let nobody read for a while, and remember what that costs."""
        before = self.used(pause)
        time.sleep(IDLE)
        after = self.used()
        self.idle = (after.cpu - before.cpu) / (after.at - before.at)

    def beyond(self, before: Used) -> float:
        """CPU seconds since then beyond those of an idle scheduler."""
        after = self.used()
        return after.cpu - before.cpu - self.idle * (after.at - before.at)

    async def read(self, once: Once) -> float:
        """Read once a second for a while; returns the milliseconds of CPU that each took."""
        await once()
        await asyncio.sleep(1)
        before, due = self.used(), time.monotonic()
        for _ in range(READ):
            await once()
            due += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        return 1000 * self.beyond(before) / READ

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process of the scheduler ended")
        said: dict[str, Any] = json.loads(line)
        return said


@contextlib.contextmanager
def grown(report: Report) -> Iterator[Compute]:
    """Such a scheduler."""
    with child(*Compute.COMMAND) as process:
        compute = Compute(process)
        if not compute.recorded:
            report.note(f"no recording at {RECORDED}: the identities of the workers are made up")
        yield compute


def main(report: Report, rounds: int) -> None:
    """Each round with a scheduler of its own."""
    with databases() as kinds:
        for _ in range(rounds):
            with grown(report) as compute:
                asyncio.run(scheduler(report, compute))
                for kind, make in kinds.items():
                    collector(report, compute, kind, make)
                page(report, compute)


# -- what it costs the scheduler ---------------------------------------------------------------------------


async def scheduler(report: Report, compute: Compute) -> None:
    """Read in each way there is. Our part stays in a scheduler that has it, so it comes last."""
    compute.rest()
    report.add("scheduler, nobody reads", 100 * compute.idle, unit="% of a core")
    name = "scheduler CPU per read"
    async with reader(compute, extend=False) as once:
        report.add(f"{name}, without our part", await compute.read(once), unit="ms", most=8)
    async with ordinary_client(compute) as once:
        report.add(f"baseline: {name}, Dask's client", await compute.read(once), unit="ms")
    async with its_pages(compute) as once:
        report.add(f"baseline: {name}, Dask's pages", await compute.read(once), unit="ms")
    compute.rest()
    async with reader(compute, extend=True) as once:
        report.add(f"{name}, with our part", await compute.read(once), unit="ms", most=8)
    compute.rest(pause=DASKS_PAUSE)
    async with reader(compute, extend=True) as once:
        report.add(f"  with a heartbeat every {DASKS_PAUSE:g} s", await compute.read(once), unit="ms")
    compute.used(pause=1.0)


@contextlib.asynccontextmanager
async def reader(compute: Compute, *, extend: bool) -> AsyncIterator[Once]:
    """Our reader, as the collector has it."""
    files = {"dask_tls_ca": "", "dask_tls_cert": "", "dask_tls_key": ""}
    settings = SimpleNamespace(data_dir=Path(), dask_scheduler=compute.address, dask_http="", **files)

    async def once() -> None:
        reading = await ours.read()
        assert reading is not None, ours.reason
        assert (len(reading.workers), reading.via) == (WORKERS, "rpc")

    async with ComputeReader(settings, extend=extend) as ours:
        yield once


@contextlib.asynccontextmanager
async def ordinary_client(compute: Compute) -> AsyncIterator[Once]:
    """Dask's own client, asked for everything."""
    from distributed import Client

    async def once() -> None:
        answer = await client.scheduler.identity(n_workers=-1)
        assert len(answer["workers"]) == WORKERS

    async with Client(compute.address, asynchronous=True, set_as_default=False) as client:
        yield once


@contextlib.asynccontextmanager
async def its_pages(compute: Compute) -> AsyncIterator[Once]:
    """The two pages that say what our reading says, over one connection."""
    host = compute.pages.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)

    def ask() -> None:
        answers = []
        for page in ("counts", "identity"):
            connection.request("GET", f"/json/{page}.json")
            answers.append(json.load(connection.getresponse()))
        assert len(answers[1]["workers"]) == WORKERS

    async def once() -> None:
        await asyncio.to_thread(ask)

    yield once
    connection.close()


# -- what it costs us --------------------------------------------------------------------------------------

Databases = dict[str, Callable[[], str]]


@contextlib.contextmanager
def databases() -> Iterator[Databases]:
    """For each kind of database, what makes a new one and returns its URL."""
    made = iter(range(1000))
    with tempfile.TemporaryDirectory(prefix="kbench-") as folder:
        server = PostgreSQL(Path(folder) / "pg")
        try:
            yield {"sqlite": lambda: "", "postgresql": lambda: server.create(f"bench_{next(made)}")}
        finally:
            server.stop()


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis; with one, the loops that collect have a process of their own."""
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    found = shutil.which("redis-server", path=path)
    if found is None:
        raise Skipped("there is no redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="kbench-") as folder:
        process = subprocess.Popen(
            [found, "--port", str(port), "--save", "", "--dir", folder], stdout=subprocess.DEVNULL
        )
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


def collector(report: Report, compute: Compute, kind: str, make: Callable[[], str]) -> None:
    """A minute of an installation at which nobody looks."""
    with redis() as url, watching(compute, REDIS_URL=url, DATABASE_URL=make()) as installation:
        blocks, before = recorded(), compute.used()
        server = database_server()
        ours, theirs = Clocked(installation.role("background")), Clocked(*server)
        time.sleep(MINUTE)
        report.add(f"collector, {kind}", ours.share, unit="% of a core", most=25)
        if server:
            report.add(f"  of {kind} for it", theirs.share, unit="% of a core")
        reads = compute.used().asked["keepai_workers"] - before.asked.get("keepai_workers", 0)
        report.add(f"  its scheduler CPU per read, {kind}", 1000 * compute.beyond(before) / reads, unit="ms")
        if reads < 0.95 * MINUTE or recorded() - blocks < WORKERS:
            raise RuntimeError(f"in a minute {reads} readings, {recorded() - blocks} blocks")


@contextlib.contextmanager
def watching(compute: Compute, **variables: object) -> Iterator[Installation]:
    """An installation that watches this scheduler and has come to rest."""
    with Installation(DASK_SCHEDULER=compute.address, **variables) as installation:
        installation.start()
        cookie = installation.cookie_of_admin()
        until(lambda: _workers(installation, cookie) == WORKERS, 60, "seeing the workers")
        time.sleep(SETTLED)
        yield installation


def _workers(installation: Installation, cookie: str) -> int:
    newest = {"Cookie": cookie, "Cache-Control": "no-cache"}
    request = urllib.request.Request(f"{installation.address}/api/v1/dashboard", headers=newest)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return len(json.load(answer)["workers"])


def recorded() -> int:
    """How many minutes of subjects are stored."""
    return db.read_now(history.sizes).levels[0].blocks


def database_server() -> list[psutil.Process]:
    """The processes of the database, where it has any."""
    if db.engine().dialect.name != "postgresql":
        return []
    with db.engine().connect() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    postmaster = psutil.Process(backend).parent()
    assert postmaster
    return [postmaster, *postmaster.children()]


# -- what a tab is sent, and how it scrolls ----------------------------------------------------------------


def page(report: Report, compute: Compute) -> None:
    """The table on two screens, in an installation as it is without any settings."""
    with chrome() as browser, watching(compute) as installation:
        cookie = installation.cookie_of_admin()
        for name, size in (("1440 x 900", WIDE), ("3840 x 2160", WHOLE)):
            tab = Tab(browser, installation.address, cookie, size)
            tab.open(WORKERS)
            report.add(f"sent to a tab, {name}", tab.received(LOOKED) / 1000, unit="KB/s", most=50)
            if size is WIDE:
                went = tab.scroll()
                report.add("frames under 34 ms while scrolling", went.smooth, unit="%", least=95)
                report.add("  frames with a row that is missing", went.blank, unit="%")
                report.add("  longest frame", went.longest, unit="ms")
                report.add("  sent to the tab meanwhile", went.received / 1000, unit="KB/s")
                tab.freeze()
                went = tab.scroll()
                report.add("baseline: frames under 34 ms, nothing happens", went.smooth, unit="%")
                report.add("baseline: longest frame", went.longest, unit="ms")
            tab.close()
