"""A real compute is read, told about, lost and found again."""

import asyncio
import os
import signal
import time

import psutil
import pytest

from services.compute.inventory import advance
from services.compute.reader import ComputeReader

pytestmark = pytest.mark.dask


class Seen:
    """What the collector does each second: reading, events, inventory."""

    def __init__(self, reader: ComputeReader) -> None:
        self.reader = reader
        self.entries = ()
        self.changes = []
        self.events = []
        self.reading = None

    async def look(self, intents=()):
        self.reading = await self.reader.read()
        events = self.reader.take_events()
        self.events += events
        self.entries, changes = advance(self.entries, self.reading, events, intents, time.time())
        self.changes += changes
        return self

    async def until(self, true, within=120.0, every=0.1, intents=()):
        """Look until `true(self)`; returns how long that took."""
        began = time.monotonic()
        while not true(await self.look(intents)):
            assert time.monotonic() - began < within, f"it never came: {self.entries} {self.changes}"
            await asyncio.sleep(every)
        return time.monotonic() - began

    def kinds(self, name):
        return [change.kind for change in self.changes if change.worker_name == name]

    def entry(self, name):
        return next(e for e in self.entries if e.name == name)


@pytest.fixture
async def seen(compute):
    async with ComputeReader(compute.settings) as reader:
        seen = Seen(reader)
        await seen.look()
        seen.changes.clear()
        yield seen


async def test_two_workers_with_names_for_people(seen):
    reading = seen.reading
    assert [w.name for w in sorted(reading.workers, key=lambda w: w.name)] == ["worker-1", "worker-2"]
    assert reading.via == "rpc"
    assert reading.address.startswith("tls://127.0.0.1:")
    for worker in reading.workers:
        assert worker.status == "running"
        assert worker.nanny
        assert worker.memory > 10 * 2**20
        assert worker.memory_limit > 0
        assert worker.nthreads >= 1
        assert time.time() - worker.last_seen < 5
    assert seen.reader.out_of_reach is None
    assert seen.reader.reason == ""


async def test_a_killed_worker_shows_soon_and_comes_back_as_itself(compute, seen):
    victim = seen.entry("worker-1")
    os.kill((await compute.pids())[victim.address], signal.SIGKILL)
    # Once a second, as the collector looks: the replacement may well fall between two readings.
    await seen.until(lambda s: s.entry("worker-1").state in ("lost", "restarted"), within=30, every=1.0)
    await seen.until(lambda s: s.entry("worker-1").state == "restarted")
    back = seen.entry("worker-1")
    assert (back.id, back.restarts) == (victim.id, 1)
    assert back.address != victim.address
    assert seen.kinds("worker-1")[-1] == "restarted"
    assert seen.kinds("worker-2") == []
    assert [e.action for e in seen.events if e.worker == victim.address] == ["remove-worker"]
    assert [e.action for e in seen.events if e.worker == back.address] == ["add-worker"]


DONE = {"memory", "erred"}


async def test_progress_of_a_group_and_its_end(compute, seen):
    async with compute.client() as client:
        futures = client.map(_nap, [0.05] * 40, pure=False, key="napping")
        await seen.until(lambda s: s.reading and any(g.name == "napping" for g in s.reading.groups))
        group = next(g for g in seen.reading.groups if g.name == "napping")
        assert sum(group.states.values()) == 40
        waiting = seen.reading.prefixes["napping"]
        assert waiting.get("queued", 0) > 0  # which Dask's own count leaves out
        await client.gather(futures)
        del futures

        def ended(s):
            return next(
                (
                    g
                    for g in (s.reading.groups if s.reading else ())
                    if g.name == "napping" and set(g.states) <= DONE
                ),
                None,
            )

        await seen.until(ended)
        group = ended(seen)
        assert group.states == {"memory": 40}
        assert 2.0 <= group.duration < 20
        assert 0 < group.start < group.stop <= time.time() + 1


def results(reading):
    return sum(worker.ended for worker in reading.workers), sum(worker.erred for worker in reading.workers)


async def test_errors_of_a_group_are_counted(compute, seen):
    before = results(seen.reading)
    async with compute.client() as client:
        futures = client.map(_fail_some, range(10), pure=False, key="failing")
        await asyncio.wait([asyncio.ensure_future(_settled(f)) for f in futures])
        del futures
        await seen.until(
            lambda s: any(g.name == "failing" and g.states.get("erred") for g in s.reading.groups)
        )
    group = next(g for g in seen.reading.groups if g.name == "failing" and g.states.get("erred"))
    assert group.states == {"memory": 5, "erred": 5}
    # Of a worker it is known when it was heard from next.
    await seen.until(lambda s: results(s.reading) == (before[0] + 10, before[1] + 5))


async def test_a_group_too_short_to_be_seen_running_is_still_told(compute, seen):
    async with compute.client() as client:
        await client.gather(client.map(_nap, [0.0] * 3, pure=False, key="blink"))
    await seen.until(lambda s: any(g.name == "blink" for g in s.reading.groups))
    assert [g.states for g in seen.reading.groups if g.name == "blink"] == [{"memory": 3}]


async def test_a_scheduler_killed_and_started_anew_is_live_again_by_itself(own_compute):
    own_compute.start()
    async with ComputeReader(own_compute.settings) as reader:
        seen = Seen(reader)
        assert own_compute.endpoint
        await seen.until(lambda s: s.entries and s.entries[0].state == "running")
        first, worker = seen.reading.scheduler_id, seen.entries[0].id
        workers = own_compute.children()

        own_compute.kill()
        await seen.until(lambda s: s.reading is None, within=30)
        assert seen.entries[0].state == "unknown"
        assert 0 <= time.time() - reader.out_of_reach_since < 30
        assert reader.reason.startswith("compute.reason.")
        await own_compute.until(lambda: all(ended(w) for w in workers), within=10)
        await seen.until(lambda s: reader.reason == "compute.reason.refused")

        own_compute.start()
        assert await asyncio.to_thread(lambda: own_compute.endpoint)
        await seen.until(lambda s: s.reading is not None, within=50)
        assert seen.reading.scheduler_id != first
        assert reader.out_of_reach is None
        await seen.until(lambda s: s.entries[0].state == "restarted")
        assert seen.entries[0].id == worker
        assert seen.kinds("worker-1") == ["joined", "restarted"]


async def test_a_scheduler_that_says_nothing_is_out_of_reach_until_it_speaks(own_compute, monkeypatch):
    monkeypatch.setattr("services.compute.watch.READ_WITHIN", 0.5)
    own_compute.start()
    async with ComputeReader(own_compute.settings) as reader:
        seen = Seen(reader)
        assert own_compute.endpoint
        await seen.until(lambda s: s.entries and s.entries[0].state == "running")
        own_compute.kill(signal.SIGSTOP)
        try:
            await seen.until(lambda s: s.reading is None)
            assert reader.reason == "compute.reason.timeout"
        finally:
            own_compute.kill(signal.SIGCONT)
        await seen.until(lambda s: s.reading is not None and s.entries[0].state == "running", within=50)
        assert seen.kinds("worker-1") == ["joined"]


async def test_nothing_started_yet_is_said_so(tmp_path, settings):
    async with ComputeReader(settings(data_dir=tmp_path)) as reader:
        assert await reader.read() is None
        assert reader.reason == "compute.reason.not_started"
        assert reader.out_of_reach.since <= time.time()


async def test_readings_cost_no_connection_each(compute, seen):
    before = len(await _connections(compute))
    for _ in range(20):
        await seen.look()
    assert len(await _connections(compute)) <= before


async def test_closing_leaves_no_client_behind(compute):
    async with ComputeReader(compute.settings) as reader:
        assert await reader.read()
        async with compute.client() as client:
            assert await _clients(client, "keepai-") >= 1
    async with compute.client() as client:
        await compute.until(lambda: _none_left(client))


def ended(process):
    """Whether a process has ended; one that nobody has reaped yet has."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def _none_left(client):
    return await _clients(client, "keepai-") == 0


async def _clients(client, prefix):
    names = await client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.clients))
    return sum(name.startswith(prefix) for name in names)


async def _connections(compute):
    return [c for c in psutil.Process(compute.process.pid).net_connections() if c.status == "ESTABLISHED"]


async def _settled(future):
    await future._state.wait()


def _nap(seconds):
    time.sleep(seconds)


def _fail_some(number):
    if number % 2:
        raise ValueError(number)
