"""What was done is in the chain within seconds, and the audit log keeps no longer than it is told to."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from keepai.background import auditing
from services import audit, db, secret_key
from services.audit import MACHINE
from services.audit.head import FILE
from services.bus import LocalBus
from services.clock import now
from services.feed import Feed
from services.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, audit_days=30)


@contextlib.asynccontextmanager
async def running(settings, monkeypatch):
    monkeypatch.setattr(auditing, "LINK_EVERY", 0.05)
    task = asyncio.create_task(auditing.run(settings, LocalBus(), Feed()))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(true, within=10.0):
    async with asyncio.timeout(within):
        while not await asyncio.to_thread(true):
            await asyncio.sleep(0.02)


def head(settings):
    return audit.read_head(settings.data_dir)


async def test_events_are_linked_as_they_come(database, settings, monkeypatch):
    async with running(settings, monkeypatch):
        for number in range(1, 4):
            await db.write(audit.record, now(), MACHINE, "compute.scaled")
            await until(lambda number=number: (kept := head(settings)) and kept.number == number)
    key = secret_key.derive(settings, audit.PURPOSE)
    verdict = db.read_now(audit.verify, key, head(settings))
    assert (verdict.events, verdict.waiting, verdict.findings) == (3, 0, [])


async def test_what_is_older_than_it_is_kept_goes(database, settings, monkeypatch):
    for days in (90, 40, 31, 29, 1):
        db.write_now(audit.record, now() - timedelta(days=days), MACHINE, "compute.scaled")
    async with running(settings, monkeypatch):
        await until(lambda: len(db.read_now(audit.find, 10)) == 2)
    key = secret_key.derive(settings, audit.PURPOSE)
    assert db.read_now(audit.verify, key, head(settings)).findings == []


async def test_a_broken_head_is_written_anew(database, settings, monkeypatch, caplog):
    (settings.data_dir / FILE).write_text("nonsense")
    db.write_now(audit.record, now(), MACHINE, "compute.scaled")
    async with running(settings, monkeypatch):
        await until(lambda: "nonsense" not in (settings.data_dir / FILE).read_text())
    assert head(settings).number == 1
    assert "cannot be read" in caplog.text
