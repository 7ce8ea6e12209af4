"""A pure function is called on the compute, whatever becomes of it there."""

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest

from keepai.background import working
from models import Job
from services import db, jobs
from services.audit import Actor
from services.bus import LocalBus
from services.clock import now
from services.compute.hands import ComputeFailed, ComputeGone, Hands
from services.feed import Feed
from services.files import tidy_name
from tests import job_kinds

ROOT = Path(__file__).parents[3]
# s; what is cancelled while a worker runs it is dropped at once, and keeps its thread until it ends by itself
LONG = 8

pytestmark = pytest.mark.dask


def square(number):
    return {"square": number**2, "pid": os.getpid()}


def fail():
    raise ValueError("a detail")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def odd():
    return object()


@pytest.fixture
async def hands(compute):
    made = Hands(compute.settings)
    yield made
    await made.close()


async def tasks_of(compute):
    async with compute.client() as client:
        return await client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


async def test_it_runs_on_a_worker_several_at_once(compute, hands):
    found = await asyncio.gather(*[hands.run(square, number) for number in range(20)])
    assert [one["square"] for one in found] == [number**2 for number in range(20)]
    assert {one["pid"] for one in found} <= set((await compute.pids()).values())


async def test_what_it_needs_of_our_modules_goes_along(hands):
    assert await hands.run(tidy_name, "../a\nb.txt") == "a b.txt"
    assert await hands.run(partial_name, "x" * 300) == 150


def partial_name(name):
    return len(partial(tidy_name)(name))


async def test_what_it_raises_or_cannot_be_sent_back_is_a_failure(hands):
    for fn in (fail, odd):
        with pytest.raises(ComputeFailed) as failed:
            await hands.run(fn)
        assert failed.value.permanent
    assert (await hands.run(square, 2))["square"] == 4


async def test_a_cancelled_call_is_cancelled_there(compute, hands):
    call = asyncio.create_task(hands.run(job_kinds.slowly, LONG))
    await compute.until(lambda: tasks_of(compute))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await compute.until(lambda: nothing_at(compute), within=LONG / 2)
    assert (await hands.run(square, 3))["square"] == 9


async def nothing_at(compute):
    return await tasks_of(compute) == 0


async def test_closing_lets_go_of_everything(compute, hands):
    call = asyncio.create_task(hands.run(job_kinds.slowly, LONG))
    await compute.until(lambda: tasks_of(compute))
    await hands.close()
    with pytest.raises(ComputeGone):
        await call
    await compute.until(lambda: nothing_at(compute), within=LONG / 2)


async def test_without_a_compute_it_is_gone(settings, tmp_path):
    hands = Hands(settings(data_dir=tmp_path))
    with pytest.raises(ComputeGone):
        await hands.run(square, 1)
    nobody = Hands(settings(dask_scheduler="tcp://127.0.0.1:1"))
    with pytest.raises(ComputeGone):
        await nobody.run(square, 1)
    for one in (hands, nobody):
        await one.close()


async def test_a_compute_that_dies_loses_the_call_and_the_next_finds_its_successor(own_compute):
    own_compute.data_dir.mkdir()
    own_compute.start()
    assert own_compute.endpoint
    hands = Hands(own_compute.settings)
    try:
        await hands.run(square, 1)
        call = asyncio.create_task(hands.run(job_kinds.slowly, LONG))
        await own_compute.until(lambda: tasks_of(own_compute))
        own_compute.kill()
        with pytest.raises(ComputeGone):
            async with asyncio.timeout(30):
                await call
        await hands.close()
        own_compute.start()
        assert own_compute.endpoint
        assert (await hands.run(square, 5))["square"] == 25
    finally:
        await hands.close()


ASKS = """
import asyncio, sys
from pathlib import Path
from tests import job_kinds
from tests.services.compute.conftest import settings
from services.compute.hands import Hands
asyncio.run(Hands(settings(data_dir=Path(sys.argv[1]))).run(job_kinds.slowly, 8))
"""


async def test_whoever_is_killed_leaves_nothing_behind(compute):
    command = [sys.executable, "-c", ASKS, str(compute.data_dir)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        await compute.until(lambda: tasks_of(compute))
        below = psutil.Process(process.pid).children(recursive=True)
        assert any("services.compute.remote" in child.cmdline() for child in below)
    finally:
        process.kill()
        await process.wait()
    await compute.until(lambda: nothing_at(compute), within=LONG / 2)
    await compute.until(lambda: not any(child.is_running() for child in below), within=10)


def test_it_works_on_an_event_loop_of_a_thread(shared_compute):
    """Where the background role is in the web process."""
    with ThreadPoolExecutor(1) as thread:

        async def ask():
            hands = Hands(shared_compute.settings)
            try:
                return await hands.run(square, 7)
            finally:
                await hands.close()

        assert shared_compute.endpoint
        assert thread.submit(asyncio.run, ask()).result(60)["square"] == 49


async def test_a_job_that_is_given_up_takes_its_task_along(database, ana, compute, monkeypatch, tmp_path):
    known = dict(jobs.KINDS)
    job_kinds.known(known)
    monkeypatch.setattr(jobs.kinds, "KINDS", known)
    bus = LocalBus()
    jobs.configure(bus)
    loop = asyncio.create_task(working.run(compute.settings, bus, Feed()))

    async def state_of(job):
        return (await db.read(lambda session: session.get(Job, job.id))).state

    async def is_over(job, state):
        return await state_of(job) == state

    async def put(seconds):
        return await db.write(
            jobs.enqueue, now(), ana.id, "computing", {"seconds": seconds}, by=Actor("machine")
        )

    try:
        quick = await put(0.01)
        await compute.until(lambda: is_over(quick, "done"), within=60)
        slow = await put(LONG)
        await compute.until(lambda: tasks_of(compute), within=60)
        await db.write(jobs.cancel, now(), ana.id, slow.id, by=Actor("machine"))
        await compute.until(lambda: is_over(slow, "cancelled"), within=10)
        await compute.until(lambda: nothing_at(compute), within=LONG / 2)
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
