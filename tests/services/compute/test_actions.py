"""What people do to a real compute, and what the scheduler then shows."""

import asyncio
import multiprocessing
import os
import time
from dataclasses import replace

import dask
import psutil
import pytest
from distributed.client import FutureCancelledError

from services.compute import actions
from services.compute.inventory import Intent, advance
from services.compute.reader import ComputeReader
from services.compute.watch import load_extension
from services.compute.wire import linked

pytestmark = pytest.mark.dask


async def address_of(compute, name):
    return next(a for a, w in (await compute.listed()).items() if w["name"] == name)


def dead(pid):
    """Whether a process has ended; one of ours that waits to be reaped has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_retire_ends_the_process_and_leaves_the_list(compute):
    address = await address_of(compute, "worker-2")
    pid = (await compute.pids())[address]
    async with ComputeReader(compute.settings) as reader:
        entries, _ = advance((), await reader.read(), reader.take_events(), (), time.time())
        outcome = await actions.retire(compute.endpoint, address)
        assert outcome == actions.Outcome(True, "compute.action.retired")
        assert dead(pid)
        assert address not in await compute.listed()
        entry = next(e for e in entries if e.address == address)
        wish = Intent(entry.id, "retire", "ana", time.time())
        entries, changes = advance(entries, await reader.read(), reader.take_events(), [wish], time.time())
    assert [(c.worker_name, c.kind, c.by) for c in changes] == [("worker-2", "retired", "ana")]
    assert [e.name for e in entries] == ["worker-1"]
    await asyncio.sleep(2.5)  # nothing brings it back
    assert len(await compute.listed()) == 1


async def test_data_moves_before_a_worker_retires(compute):
    address = await address_of(compute, "worker-1")
    async with compute.client() as client:
        kept = client.submit(_value, 42, workers=[address], allow_other_workers=True, pure=False)
        assert await kept == 42
        assert (await actions.retire(compute.endpoint, address)).ok
        assert await kept == 42
        assert kept.status == "finished"
        (holders,) = (await client.who_has([kept])).values()
        assert list(holders) == list(await compute.listed())


async def test_the_last_worker_with_data_is_not_retired_and_it_says_why(compute):
    await compute.has(1)
    address = next(iter(await compute.listed()))
    async with compute.client() as client:
        kept = client.submit(_value, 42, pure=False)
        assert await kept == 42
        outcome = await actions.retire(compute.endpoint, address)
        assert outcome == actions.Outcome(False, "compute.action.could_not_retire")
        assert await kept == 42
    await compute.until(lambda: compute.has(1))


async def test_restart_gives_a_new_process_of_the_same_worker(compute):
    address = await address_of(compute, "worker-1")
    pid = (await compute.pids())[address]
    assert await actions.restart(compute.endpoint, address) == actions.Outcome(
        True, "compute.action.restarted"
    )
    assert dead(pid)
    listed = await compute.listed()
    assert address not in listed
    assert sorted(w["name"] for w in listed.values()) == ["worker-1", "worker-2"]


async def test_a_restart_by_us_is_never_shown_as_a_crash(compute):
    async with ComputeReader(compute.settings) as reader:
        entries, _ = advance((), await reader.read(), (), (), time.time())
        entry = next(e for e in entries if e.name == "worker-1")
        wish = [Intent(entry.id, "restart", "ana", time.time())]
        restart = asyncio.create_task(actions.restart(compute.endpoint, entry.address))
        changes = []
        while not restart.done() or not changes:
            entries, new = advance(entries, await reader.read(), reader.take_events(), wish, time.time())
            changes += new
            await asyncio.sleep(0.05)
    assert (await restart).ok
    assert [(c.worker_name, c.kind, c.by) for c in changes] == [("worker-1", "restarted", "ana")]
    assert next(e for e in entries if e.name == "worker-1").id == entry.id


async def test_a_worker_that_is_gone_is_refused(compute):
    for act in (actions.retire, actions.restart):
        assert await act(compute.endpoint, "tls://127.0.0.1:1") == actions.Outcome(
            False, "compute.action.gone"
        )
    assert len(await compute.listed()) == 2


async def test_without_a_nanny_restart_is_refused_and_retire_works(compute):
    """A worker without nanny, named by its address, in a process of its own."""
    process = multiprocessing.get_context("spawn").Process(
        target=_lone_worker, args=(compute.endpoint.address, str(compute.data_dir)), daemon=True
    )
    process.start()
    try:
        address = await compute.until(lambda: _address_without_nanny(compute))
        assert await actions.restart(compute.endpoint, address) == actions.Outcome(
            False, "compute.action.no_nanny"
        )
        assert address in await compute.listed()
        assert (await actions.retire(compute.endpoint, address)).ok
        assert address not in await compute.listed()
        await compute.until(lambda: not process.is_alive(), within=10)
    finally:
        process.kill()


async def test_named_by_its_address_it_is_killed_restarted_and_retired_as_one_worker(compute):
    """With a nanny and without a name, as plain `dask worker` starts it."""
    process = multiprocessing.get_context("spawn").Process(
        target=_nameless_nanny, args=(compute.endpoint.address, str(compute.data_dir))
    )
    process.start()
    try:
        address = await compute.until(lambda: _named_by_address(compute))
        async with ComputeReader(compute.settings) as reader:
            entries, _ = advance((), await reader.read(), (), (), time.time())
            ours = next(e for e in entries if e.name == address).id

            os.kill((await compute.pids())[address], 9)
            second = await compute.until(lambda: _named_by_address(compute, other_than=address))
            entries, _ = advance(entries, await reader.read(), reader.take_events(), (), time.time())
            assert next(e for e in entries if e.address == second).id == ours

            assert (await actions.restart(compute.endpoint, second)).ok
            third = await compute.until(lambda: _named_by_address(compute, other_than=second))
            entries, _ = advance(entries, await reader.read(), reader.take_events(), (), time.time())
            entry = next(e for e in entries if e.address == third)
            assert (entry.id, entry.restarts, entry.state) == (ours, 2, "restarted")

            pid = (await compute.pids())[third]
            assert (await actions.retire(compute.endpoint, third)).ok
            assert dead(pid)
            entries, changes = advance(entries, await reader.read(), reader.take_events(), (), time.time())
            assert [(c.worker_id, c.kind) for c in changes] == [(ours, "retired")]
        await compute.until(lambda: not process.is_alive(), within=10)
    finally:
        process.kill()


async def test_scaling_names_workers_and_retires_the_last_ones_first(compute):
    outcome = await actions.scale(compute.endpoint, 3)
    assert outcome == actions.Outcome(True, "compute.action.scaled", {"workers": "3"})
    listed = await compute.has(3)
    assert sorted(w["name"] for w in listed.values()) == ["worker-1", "worker-2", "worker-3"]
    assert len(compute.children()) == 3
    assert (await actions.scale(compute.endpoint, 1)).params["workers"] == "1"
    assert [w["name"] for w in (await compute.listed()).values()] == ["worker-1"]
    await compute.until(lambda: len(compute.children()) == 1, within=10)


async def test_scaling_down_to_nothing_with_data_is_refused(compute):
    async with compute.client() as client:
        kept = client.submit(_value, 42, pure=False)
        assert await kept == 42
        outcome = await actions.scale(compute.endpoint, 0)
        assert (outcome.ok, outcome.key) == (False, "compute.action.scale_stuck")
        assert "worker-" in outcome.params["names"]
        assert await kept == 42


async def test_another_compute_is_not_scaled(compute):
    other = replace(compute.endpoint, embedded=False)
    assert await actions.scale(other, 5) == actions.Outcome(False, "compute.action.not_embedded")
    assert len(await compute.listed()) == 2


async def test_cancelling_a_group_frees_the_tasks_of_every_client(compute):
    async with compute.client() as ana, compute.client() as bruno:
        doomed = ana.map(_nap, [0.2] * 200, pure=False, key="doomed")
        total = ana.submit(sum, doomed, pure=False)
        spared = bruno.map(_nap, [0.01] * 5, pure=False, key="spared")
        await compute.until(lambda: _left(compute, "doomed"))
        outcome = await actions.cancel(compute.endpoint, "doomed")
        assert outcome == actions.Outcome(True, "compute.action.cancelled", {"tasks": "200"})
        assert await _left(compute, "doomed") == 0
        with pytest.raises(FutureCancelledError, match="cancelled in KeepAI"):
            await total
        assert await bruno.gather(spared) == [None] * 5
        await compute.until(lambda: _idle(compute), within=5)


async def test_cancelling_by_prefix_takes_every_group_of_it(compute):
    async with compute.client() as client:
        slow = dask.delayed(_nap, pure=False)
        first = client.compute([slow(0.2) for _ in range(50)])
        second = client.compute([slow(0.2) for _ in range(50)])
        await compute.until(lambda: _left(compute, "nap"))
        outcome = await actions.cancel(compute.endpoint, "nap", prefix=True)
        assert outcome.ok
        assert await _left(compute, "nap") == 0
        await compute.until(lambda: all(f.status == "cancelled" for f in [*first, *second]))


async def test_cancelling_what_is_not_there_is_refused(compute):
    assert await actions.cancel(compute.endpoint, "nothing") == actions.Outcome(
        False, "compute.action.no_such_group"
    )


async def test_out_of_reach_is_an_outcome_too(settings):
    endpoint = actions.Endpoint("tcp://127.0.0.1:1", None, None, None, embedded=True)
    for act in (
        actions.retire(endpoint, "tcp://a:1"),
        actions.scale(endpoint, 1),
        actions.cancel(endpoint, "x"),
    ):
        outcome = await act
        assert (outcome.ok, outcome.key) == (False, "compute.reason.refused")


async def test_a_scheduler_too_old_for_our_part_refuses_to_cancel(compute):
    async with linked(compute.endpoint) as link:
        assert not await load_extension(link, (2023, 1, 0))


async def _left(compute, prefix):
    async with linked(compute.endpoint) as link:
        answer = await link.call("keepai_groups")
    return sum(answer["prefixes"].get(prefix, {}).values())


async def _idle(compute):
    return not any(w["metrics"]["task_counts"].get("executing") for w in (await compute.listed()).values())


async def _address_without_nanny(compute):
    return next((a for a, w in (await compute.listed()).items() if not w["nanny"]), None)


async def _named_by_address(compute, other_than=""):
    return next(
        (a for a, w in (await compute.listed()).items() if w["name"] == a and a != other_than and w["nanny"]),
        None,
    )


def _value(value):
    return value


def _nap(seconds, *_):
    time.sleep(seconds)


def _lone_worker(scheduler, data_dir):
    from distributed import Worker

    asyncio.run(_until_finished(Worker, scheduler, data_dir))


def _nameless_nanny(scheduler, data_dir):
    from distributed import Nanny

    asyncio.run(_until_finished(Nanny, scheduler, data_dir))


async def _until_finished(kind, scheduler, data_dir):
    from pathlib import Path

    from services.compute.certificates import Certificates
    from services.compute.embedded import security

    certificates = Certificates(Path(data_dir) / "compute" / "tls")
    server = await kind(
        scheduler, security=security(certificates), nthreads=1, local_directory=data_dir, dashboard=False
    )
    await server.finished()
