"""A closer look at a real compute: logs, stacks, profile, stream, versions."""

import asyncio
import time

import pytest

from services.compute import insight
from services.compute.logs import MAX_LINES
from services.compute.stacks import executing_since, stack_lines
from services.compute.stream import TaskStream, read_steps
from services.compute.wire import Refused, linked

pytestmark = pytest.mark.dask


async def test_logs_of_a_worker_its_nanny_and_the_scheduler(compute):
    address = next(iter(await compute.listed()))
    lines = await insight.worker_logs(compute.endpoint, address, 50)
    assert any("Registered to" in line.text for line in lines)
    assert {line.logger for line in lines} == {"distributed.worker"}
    assert all(abs(line.at - time.time()) < 3600 for line in lines)
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)
    assert len(await insight.worker_logs(compute.endpoint, address, 3)) == 3
    assert any(
        "Start Nanny" in line.text
        for line in await insight.worker_logs(compute.endpoint, address, nanny=True)
    )
    # All that the scheduler remembers: what other tests asked of it has lines as well.
    lines = await insight.scheduler_logs(compute.endpoint, MAX_LINES)
    assert any("Register worker" in line.text for line in lines)


async def test_logs_of_a_worker_that_is_gone_are_refused(compute):
    for look in (insight.worker_logs, insight.executing):
        with pytest.raises(Refused) as caught:
            await look(compute.endpoint, "tls://127.0.0.1:1")
        assert caught.value.key == "compute.action.gone"
    assert (await insight.profile(compute.endpoint, "tls://127.0.0.1:1")).frames == ()


async def test_what_a_worker_executes_and_for_how_long(compute):
    address = next(iter(await compute.listed()))

    async def idle() -> bool:
        return await insight.executing(compute.endpoint, address) == ()

    # What another test gave up there still has its thread until it ends by itself.
    assert await compute.until(idle, within=60)
    async with compute.client() as client:
        future = client.submit(_dig_deep, 30.0, workers=[address], key=("dig", 1), pure=False)
        (task,) = await compute.until(lambda: insight.executing(compute.endpoint, address))
        assert "dig" in task.key
        before = task.seconds
        await asyncio.sleep(1.0)
        (task,) = await insight.executing(compute.endpoint, address)
        assert before + 0.9 < task.seconds < 30
        assert "_dig_deep" in task.stack[0]  # the machinery around it is left out
        assert "_deeper" in task.stack[-1]
        await future.cancel()
        await client.restart_workers([address])  # its thread would go on


async def test_profile_of_a_worker_as_a_flame_graph(compute):
    address = next(iter(await compute.listed()))
    async with compute.client() as client:
        await client.submit(_dig_deep, 0.6, workers=[address], pure=False)

        async def profiled():
            profile = await insight.profile(compute.endpoint, address)
            return {frame.name: frame for frame in profile.frames if frame.seconds > 0.05} or None

        frames = await compute.until(lambda: _with(profiled, "_deeper"))
    assert frames["_deeper"].depth == frames["_dig_deep"].depth + 1
    assert frames["_deeper"].file.endswith("test_insight.py")

    async def at_rest():  # what a worker did last is handed in a moment after it is done
        return (await insight.profile(compute.endpoint, address, seconds=0.001)).frames == ()

    assert await compute.until(at_rest)


async def test_task_stream_says_who_ran_what_and_stops_by_itself(compute):
    stream = TaskStream()
    assert await stream.read(compute.endpoint) == ()
    async with compute.client() as client:
        workers = list(await compute.listed())
        data = client.submit(bytearray, 1000, workers=[workers[0]], key="data-1", pure=False)
        moved = client.submit(len, data, workers=[workers[1]], key="moved-1", pure=False)
        assert await moved == 1000
        bad = client.submit(_fail, key="bad-1", pure=False)
        await bad._state.wait()
    # Two windows of the page ask at the same moment; each step is kept once all the same.
    asked = await asyncio.gather(stream.read(compute.endpoint), stream.read(compute.endpoint))
    fresh = asked[0] + asked[1]
    by_prefix = {(s.prefix, s.action): s for s in fresh}
    assert by_prefix["data", "compute"].worker == workers[0]
    assert by_prefix["moved", "compute"].worker == workers[1]
    assert by_prefix["moved", "transfer"].stop >= by_prefix["moved", "transfer"].start
    assert by_prefix["bad", "compute"].erred
    assert not by_prefix["moved", "compute"].erred
    assert stream.steps == fresh
    assert await stream.read(compute.endpoint) == ()
    assert stream.steps == fresh


async def test_task_stream_costs_nothing_when_nobody_looks(compute, monkeypatch):
    await TaskStream().read(compute.endpoint)
    async with compute.client() as client:
        await client.run_on_scheduler(_nobody_looked_for, seconds=60)
        await client.submit(len, [1], pure=False)
        assert await client.run_on_scheduler(_noted) == (0.0, 0)


async def test_versions_of_everybody(compute):
    versions = await insight.versions(compute.endpoint)
    assert versions.mismatches == ()
    assert set(versions.workers) == set(await compute.listed())
    for packages in (versions.ours, versions.scheduler, *versions.workers.values()):
        assert packages["distributed"] == versions.scheduler["distributed"]
        assert packages["python"].count(".") == 2


async def test_looking_leaves_no_connection_behind(compute):
    address = next(iter(await compute.listed()))
    before = await _handlers(compute)
    for _ in range(5):
        await insight.executing(compute.endpoint, address)
        await insight.scheduler_logs(compute.endpoint, 1)
    await compute.until(lambda: _no_more_than(compute, before))


def test_a_story_tells_since_when_the_latest_execution_runs():
    story = [
        ("x", "compute-task", "released", "s1", 1.0),
        ("x", "ready", "executing", "executing", {}, "s1", 2.0),
        ("x", "executing", "memory", "memory", {}, "s1", 3.0),
        ("x", "ready", "executing", "executing", {}, "s2", 9.0),
        "odd",
    ]
    assert executing_since(story) == {"x": 9.0}


def test_a_stack_without_end_is_bounded():
    lines = [f'  File "/app/f{i}.py", line {i}, in f{i}\n\tcall()\n' for i in range(10_000)]
    assert len(stack_lines(lines)) == 60
    assert "f9999" in stack_lines(lines)[-1]
    assert stack_lines(["x" * 10_000])[0] == "x" * 500
    assert stack_lines(None) == ()


def test_rows_that_are_no_steps_are_left_out():
    assert read_steps([None, (1, 2), "x"]) == ()
    (step,) = read_steps([("tcp://a:1", 77, "inc", "compute", 5.0, 4.0, "memory")])
    assert (step.thread, step.start, step.stop, step.erred) == ("77", 5.0, 5.0, False)


async def _with(ask, name):
    found = await ask()
    return found if found and name in found else None


async def _handlers(compute):
    async with linked(compute.endpoint) as link:
        answer = await link.call("identity", n_workers=0)
    assert answer
    import psutil

    return len(
        [c for c in psutil.Process(compute.process.pid).net_connections() if c.status == "ESTABLISHED"]
    )


async def _no_more_than(compute, before):
    return await _handlers(compute) <= before


def _nobody_looked_for(dask_scheduler, seconds):
    dask_scheduler.plugins["keepai"].streamed -= seconds


def _noted(dask_scheduler):
    plugin = dask_scheduler.plugins["keepai"]
    return plugin.streamed, len(plugin.steps)


def _dig_deep(seconds):
    return _deeper(seconds)


def _deeper(seconds):
    until = time.time() + seconds
    while time.time() < until:
        pass


def _fail():
    raise ValueError("no")
