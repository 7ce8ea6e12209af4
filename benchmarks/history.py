"""What history costs: room on disk, time of a plot, work per minute; beside one row per sample.

Data are random walks of the eleven figures kept per worker, new in every second: real workers send figures less
often and idle ones send the same again, so they take less. The day on disk is one whole simulated day with the
loops of the product; it is the same in every round, so it is run once.
"""

import asyncio
import random
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import text

from benchmarks.figures import Report
from services import db, history
from services.history import blocks, rollup
from services.history.blocks import Block
from services.history.codec import Columns, encode
from services.history.recorder import PARTIAL_EVERY
from services.history.series import MINUTE, RAW, key_of, make_subjects, moment
from tests.conftest import PostgreSQL, run_migrations

START = datetime(2026, 11, 20, tzinfo=UTC)
T = int(START.timestamp())
DAY_WORKERS, MANY_WORKERS = 50, 1000
POOL = 200
LOADS = ("cpu", "memory", "managed", "spilled", "executing", "ready")
METRICS = (*LOADS, "net_read", "net_write", "disk_read", "disk_write", "event_loop")
MOVES = 8, 2e7, 1e7
Databases = dict[str, Callable[[], None]]


def walk(seed: int, seconds: int) -> Iterator[dict[str, float]]:
    """The figures of a busy worker, second by second."""
    rng = random.Random(seed)
    cpu, memory, managed, rates = 150.0, 4e9, 2e9, [1e6, 1e6, 1e5, 1e5]
    for _ in range(seconds):
        cpu = min(400.0, max(0.0, cpu + rng.gauss(0, MOVES[0])))
        memory = min(8e9, max(1e8, memory + rng.gauss(0, MOVES[1])))
        managed = min(memory, max(0.0, managed + rng.gauss(0, MOVES[2])))
        rates = [min(1e9, max(1.0, rate * rng.uniform(0.8, 1.25))) for rate in rates]
        yield {
            "cpu": round(cpu, 1),
            "memory": float(int(memory)),
            "managed": float(int(managed)),
            "spilled": 0.0,
            "executing": float(rng.choice((3, 4, 4, 4))),
            "ready": float(rng.randrange(40)),
            "net_read": rates[0],
            "net_write": rates[1],
            "disk_read": rates[2],
            "disk_write": rates[3],
            "event_loop": 0.02 + rng.random() * 0.002,
        }


def columns(samples: list[dict[str, float]], filled: int = 60) -> Columns:
    """A minute of samples of which only the first `filled` seconds were measured."""
    gap = [float("nan")] * (60 - filled)
    return {m: [array("f", [s[m] for s in samples[:filled]] + gap)] for m in METRICS}


def minutes() -> list[list[dict[str, float]]]:
    """A pool of different minutes: blocks do not depend on each other, so they may be used again."""
    samples = list(walk(1, 60 * POOL))
    return [samples[60 * n : 60 * n + 60] for n in range(POOL)]


def worker(number: int) -> dict[str, str]:
    return {"kind": "worker", "compute": "0" * 32, "worker": f"{number:032x}"}


@contextmanager
def databases() -> Iterator[Databases]:
    """For each kind of database, what switches `services.db` to a fresh, migrated one."""
    with tempfile.TemporaryDirectory(prefix="kbench-") as folder:
        server = PostgreSQL(Path(folder) / "pg")
        made = iter(range(1000))

        def sqlite() -> None:
            url = f"sqlite:///{folder}/{next(made)}.db"
            run_migrations(url)
            db.configure(url)

        def postgresql() -> None:
            db.configure(server.create(f"bench_{next(made)}"))

        try:
            yield {"sqlite": sqlite, "postgresql": postgresql}
        finally:
            db.configure(None)
            server.stop()


def on_disk(table: str = "sample_block") -> int:
    """Bytes of a table with all that belongs to it; on SQLite, of the whole file after a checkpoint."""
    with db.engine().connect() as connection:
        if db.engine().dialect.name == "postgresql":
            return int(connection.execute(text(f"SELECT pg_total_relation_size('{table}')")).scalar_one())
        connection.execute(text("COMMIT"))
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    return Path(db.engine().url.database or "").stat().st_size


def vacuum(table: str = "sample_block") -> None:
    """What PostgreSQL's own vacuum does about every ten minutes; simulated days are too short for it."""
    if db.engine().dialect.name == "postgresql":
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM {table}"))


def write_all(data: list[Block]) -> None:
    db.write_now(blocks.save, data)


def subjects(count: int) -> list[int]:
    keys = [key_of(worker(number)) for number in range(count)]
    found: dict[str, int] = db.write_now(make_subjects, keys, START)
    return [found[key] for key in keys]


async def day() -> float:
    """MB on disk after a day of 50 workers: recorded every quarter of a minute, rolled up, pruned."""
    rng = random.Random(2)
    quarters = range(int(PARTIAL_EVERY), 61, int(PARTIAL_EVERY))
    pool = [[encode(columns(samples, filled)) for filled in quarters] for samples in minutes()]
    before = on_disk()
    numbers = subjects(DAY_WORKERS)
    for minute in range(24 * 60):
        chosen = [rng.choice(pool) for _ in numbers]
        for quarter in range(len(quarters)):
            start = T + 60 * minute
            write_all([Block(n, RAW, start, c[quarter]) for n, c in zip(numbers, chosen, strict=True)])
        if minute % 10 == 9:
            now = moment(T + 60 * (minute + 1))
            await history.roll_up(now, pause=0)
            db.write_now(history.prune, now)
            vacuum()
    return (on_disk() - before) / 1e6


def day_by_rows() -> float:
    """MB of the same day with a row per sample for two hours and a row per minute, reckoned from one minute."""
    create_rows()
    before = on_disk("row_sample")
    ids = range(DAY_WORKERS * len(METRICS))
    insert_rows([(T + second, series, random.random()) for second in range(60) for series in ids])
    per_row = (on_disk("row_sample") - before) / (60 * len(ids))
    return per_row * len(ids) * (2 * 3600 + 24 * 60) / 1e6


def create_rows() -> None:
    with db.engine().begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE row_sample (series INTEGER, at BIGINT, value DOUBLE PRECISION, PRIMARY KEY (series, at))"
            )
        )


def insert_rows(rows: list[tuple[int, int, float]]) -> None:
    raw = db.engine().raw_connection()
    mark = "%s" if db.engine().dialect.name == "postgresql" else "?"
    cursor = raw.cursor()
    cursor.executemany(f"INSERT INTO row_sample (at, series, value) VALUES ({mark}, {mark}, {mark})", rows)
    raw.commit()
    raw.close()


def fill_week() -> None:
    """Seven days of 50 workers as they are in the database at their end."""
    samples = minutes()
    hours = []
    for first in range(20):
        parts = [Block(0, RAW, T + 60 * n, encode(columns(samples[(first + n) % POOL]))) for n in range(60)]
        hours.append(encode(rollup.coarse_columns(rollup.Due(MINUTE, T, ()), parts)))
    raw = [encode(columns(some)) for some in samples]
    rng = random.Random(3)
    end = T + 7 * 86_400
    for subject in subjects(DAY_WORKERS):
        old = [Block(subject, MINUTE, T + 3600 * n, rng.choice(hours)) for n in range(7 * 24 - 1)]
        new = [Block(subject, RAW, end - 60 * n, rng.choice(raw)) for n in range(1, 121)]
        write_all(old + new)


def plot_week(number: int) -> None:
    """The seven days of one worker, six metrics."""
    end = START + timedelta(days=7)
    shown = db.read_now(history.query, worker(number), LOADS, START, end, now=end)
    assert len(shown.times) == 336, len(shown.times)
    assert None not in shown.bands["cpu"].mean


def fill_week_by_rows() -> None:
    """Three workers are enough for a plot of one: rows of others only make the index deeper."""
    create_rows()
    series = range(3 * len(LOADS))
    for one_day in range(7):
        times = range(T + 86_400 * one_day, T + 86_400 * (one_day + 1), 60)
        insert_rows([(at, one, random.random()) for one in series for at in times])


def plot_week_by_rows(number: int) -> None:
    first = number % 3 * len(LOADS)
    query = (
        "SELECT series, at / 1800, min(value), avg(value), max(value) FROM row_sample"
        f" WHERE series BETWEEN {first} AND {first + len(LOADS) - 1}"
        f" AND at BETWEEN {T} AND {T + 7 * 86_400} GROUP BY 1, 2"
    )
    with db.engine().connect() as connection:
        found = connection.execute(text(query)).all()
    assert len(found) == 336 * len(LOADS)


def timed(plot: Callable[[int], None], times: int = 25) -> tuple[list[float], list[float]]:
    """Milliseconds that some plots took, of another worker each; and the CPU of this process for them."""
    took, cpu = [], []
    for number in range(times):
        began, spent = time.perf_counter(), time.process_time()
        plot(number)
        took.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.process_time() - spent))
    return took, cpu


class Work:
    """CPU seconds of this process and of the database server, and the longest the event loop was held up."""

    def __init__(self) -> None:
        self._watching: asyncio.Task[None] | None = None
        self.held_up = 0.0

    async def __aenter__(self) -> "Work":
        self._before, self._server_before = time.process_time(), self._server()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.own = time.process_time() - self._before
        self.server = self._server() - self._server_before
        assert self._watching
        self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            self.held_up = max(self.held_up, time.perf_counter() - began - 0.001)

    def _server(self) -> float:
        """CPU of the server's processes. Those of the pool's connections live as long as what is measured."""
        if db.engine().dialect.name != "postgresql":
            return 0.0
        with db.engine().connect() as connection:
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        postmaster = psutil.Process(backend).parent()
        assert postmaster
        times = [process.cpu_times() for process in (postmaster, *postmaster.children())]
        return float(sum(spent.user + spent.system for spent in times))


async def record_minute(samples: list[dict[str, float]]) -> list[tuple[str, float, str]]:
    """One minute of 1,000 workers: sixty readings, written at its end."""
    recorder = history.Recorder()
    offset = random.randrange(60)
    async with Work() as taking:
        for second in range(60):
            for number, labels in enumerate(WORKERS):
                recorder.add(T + second, labels, samples[(number * 7 + second + offset) % len(samples)])
    async with Work() as writing:
        assert await recorder.flush(T + 62) == MANY_WORKERS
    core = "% of a core"
    return [
        ("taking samples", taking.own / 60 * 100, core),
        ("writing them", writing.own / 60 * 100, core),
        ("writing them, in the server", writing.server / 60 * 100, core),
        ("longest pause of the event loop", writing.held_up * 1000, "ms"),
    ]


WORKERS = [worker(number) for number in range(MANY_WORKERS)]


async def record_by_rows() -> Work:
    """Two seconds of 1,000 workers with a row per sample."""
    create_rows()
    async with Work() as work:
        for second in range(2):
            rows = [(T + second, n, random.random()) for n in range(MANY_WORKERS * len(METRICS))]
            await asyncio.to_thread(insert_rows, rows)
    return work


async def roll_up_hour(pool: list[bytes]) -> Work:
    """An hour of 100 workers from raw to one-minute points, in the steps of the product."""
    for subject in subjects(100):
        write_all([Block(subject, RAW, T + 60 * n, random.choice(pool)) for n in range(60)])
    async with Work() as work:
        assert await history.roll_up(START + timedelta(minutes=62), pause=0) == 100
    return work


def main(report: Report, rounds: int) -> None:
    """The three parts, each on both databases in turn."""
    asyncio.run(measure(report, rounds))


async def measure(report: Report, rounds: int) -> None:
    """All of it on one event loop, since that is where recording and rolling up run."""
    with databases() as fresh:
        show_plots(report, rounds, fresh)
        await show_work(report, rounds, fresh)
        await show_day(report, fresh)


def show_plots(report: Report, rounds: int, fresh: Databases) -> None:
    """A plot of seven days, six metrics, one of 50 workers."""
    for kind, make in fresh.items():
        make()
        fill_week()
        fill_week_by_rows()
        vacuum()
        for _ in range(rounds):
            took, cpu = timed(plot_week)
            rows, _ = timed(plot_week_by_rows)
            report.add(f"7-day plot, {kind}", statistics.median(took), unit="ms", most=200)
            report.add(f"7-day plot, {kind}, slowest of {len(took)}", max(took), unit="ms")
            report.add(f"7-day plot, {kind}, CPU of KeepAI", statistics.median(cpu), unit="ms")
            report.add(f"baseline: row per minute, {kind}", statistics.median(rows), unit="ms")


async def show_work(report: Report, rounds: int, fresh: Databases) -> None:
    """Recording 1,000 workers."""
    samples = list(walk(1, 600))
    pool = [encode(columns(some)) for some in minutes()]
    for _ in range(rounds):
        for kind, make in fresh.items():
            make()
            for name, value, unit in await record_minute(samples):
                report.add(f"1,000 workers, {kind}: {name}", value, unit=unit)
            rows = await record_by_rows()
            share = (rows.own + rows.server) / 2 * 100
            report.add(f"baseline: 1,000 workers, {kind}: row per sample", share, unit="% of a core")
            make()
            rolling = await roll_up_hour(pool)
            share = (rolling.own + rolling.server) * MANY_WORKERS / 100 / 3600 * 100
            report.add(f"1,000 workers, {kind}: rolling up", share, unit="% of a core")


async def show_day(report: Report, fresh: Databases) -> None:
    """A day of 50 workers on disk."""
    for kind, make in fresh.items():
        make()
        report.add(f"a day of 50 workers, {kind}", await day(), unit="MB", most=25)
        for level in db.read_now(history.sizes).levels[:2]:
            name = {RAW: "raw", MINUTE: "1-minute"}[level.resolution]
            report.add(f"of it {name} blocks, {kind}", level.bytes / 1e6, unit="MB")
        make()
        report.add(f"baseline: row per sample, same retention, {kind}", day_by_rows(), unit="MB")
