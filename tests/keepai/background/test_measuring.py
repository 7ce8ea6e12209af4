"""The machine and KeepAI itself are measured, stored and handed on, also while the database is away."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from keepai.background import measuring
from services import db, history, measures, outbox
from services.bus import LocalBus
from services.clock import now
from services.feed import Feed
from services.outbox import Recipient
from services.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, smtp_host="smtp.example.org", smtp_from="keepai@example.org")


async def first_batch(settings):
    """The first that the loop hands on, once it is stored as well or could not be."""
    feed, batches = Feed(), []
    feed.subscribe(batches.append)
    task = asyncio.create_task(measuring.run(settings, LocalBus(), feed))
    try:
        async with asyncio.timeout(20):
            while not batches:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    [reading] = batches[0].readings
    return reading


async def test_what_is_measured_is_handed_on_and_stored(database, settings):
    reading = await first_batch(settings)
    assert reading.labels == {"kind": "host"}
    assert reading.name
    # How long the disk lasts is known only after ten minutes.
    assert reading.values.keys() == set(measures.names("host")) - {"disk_lasts"}
    assert 0 < reading.values["disk_share"] <= 100
    at = now()
    plot = await db.read(
        history.query, reading.labels, ["memory_share"], at - timedelta(minutes=5), at, now=at
    )
    kept = [value for value in plot.bands["memory_share"].mean if value is not None]
    assert kept == [pytest.approx(reading.values["memory_share"], rel=1e-3)]


async def test_a_message_that_nobody_sends_is_seen(database, settings):
    put_at = now() - timedelta(minutes=10)
    to = Recipient("address", "eve@example.org")
    await db.write(outbox.put, settings, put_at, to, outbox.MessageTest(by="Ana"))
    reading = await first_batch(settings)
    assert reading.values["outbox_lag"] == pytest.approx(600, abs=60)


async def test_without_a_database_the_machine_is_measured_all_the_same(database, settings, monkeypatch):
    async def away(*args, **kwargs):
        raise ConnectionError("the database is away")

    monkeypatch.setattr(measuring.db, "read", away)
    monkeypatch.setattr(measuring.db, "write", away)
    reading = await first_batch(settings)
    assert "cpu" in reading.values
    assert "database_seconds" not in reading.values
