"""The loops run once, wherever the lease is held, and go on elsewhere when the holder is gone."""

import asyncio
import contextlib

import pytest

from keepai.background import role
from services import lease
from services.bus import LocalBus
from services.settings import Settings


@pytest.fixture
def ran(monkeypatch):
    """How many copies of the one loop run just now, and how often it began."""
    counts = {"now": 0, "begun": 0, "most": 0}

    async def loop(_settings, _bus, _feed):
        counts["now"] += 1
        counts["begun"] += 1
        counts["most"] = max(counts["most"], counts["now"])
        try:
            await asyncio.sleep(3600)
        finally:
            counts["now"] -= 1

    monkeypatch.setattr(role, "LOOPS", (loop,))
    monkeypatch.setattr(role, "RENEW_EVERY", 0.05)
    return counts


async def until(true, within=10.0):
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.02)


async def end(task):
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_of_two_processes_one_runs_the_loops_and_the_other_takes_over_at_once(database, ran):
    first = asyncio.create_task(role.run(Settings(), LocalBus()))
    await until(lambda: ran["now"] == 1)
    second = asyncio.create_task(role.run(Settings(), LocalBus()))
    await asyncio.sleep(0.5)
    assert (ran["now"], ran["begun"]) == (1, 1)
    await end(first)
    await until(lambda: ran["begun"] == 2)
    assert ran["most"] == 1
    await end(second)
    assert ran["now"] == 0


async def test_a_holder_that_vanished_is_replaced_when_its_lease_runs_out(database, ran, monkeypatch):
    monkeypatch.setattr(lease, "LASTS", lease.LASTS / 10)
    from services import db
    from services.clock import now

    assert await db.write(lease.take, role.LEASE, "somebody who was killed", now())
    task = asyncio.create_task(role.run(Settings(), LocalBus()))
    await asyncio.sleep(0.2)
    assert ran["now"] == 0
    await until(lambda: ran["now"] == 1)
    await end(task)


async def test_whoever_lost_the_lease_stops(database, ran):
    from services import db
    from services.clock import now

    task = asyncio.create_task(role.run(Settings(), LocalBus()))
    await until(lambda: ran["now"] == 1)

    def steal(session):
        row = session.get(role_table(), role.LEASE)
        row.holder = "another"
        row.expires_at = now() + lease.LASTS
        session.add(row)

    await db.write(steal)
    await until(lambda: ran["now"] == 0)
    await end(task)


async def test_a_loop_that_fails_starts_again(database, monkeypatch, caplog):
    begun = []

    async def breaks(_settings, _bus, _feed):
        begun.append(1)
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(role, "LOOPS", (breaks,))
    task = asyncio.create_task(role.run(Settings(), LocalBus()))
    await until(lambda: len(begun) >= 2)
    await end(task)
    assert "starts again" in caplog.text


def role_table():
    from models import Lease

    return Lease
