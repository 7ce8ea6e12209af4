"""The loop that reminds: started, killed and started again it tells each once."""

import asyncio
import contextlib
from datetime import timedelta

from sqlmodel import select

from keepai.background import reminding
from models import BellNotice, OutboxMessage, Task
from services import db, tasks
from services.audit import Actor
from services.bus import LocalBus
from services.clock import now
from services.feed import Feed
from services.settings import Settings
from services.sharing import Reader
from services.tasks import Draft, desk


async def run_until(settings, bus, holds):
    """Run the loop until something holds, and end it as a restart does."""
    loop = asyncio.create_task(reminding.run(settings, bus, Feed()))
    try:
        async with asyncio.timeout(10):
            while not holds():
                await asyncio.sleep(0.02)
    finally:
        loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loop


def rows(table):
    return db.read_now(lambda session: session.exec(select(table)).all())


async def test_each_is_told_once_over_restarts(database, bruno, tmp_path, monkeypatch):
    monkeypatch.setattr(reminding, "EVERY", 0.02)
    settings = Settings(data_dir=tmp_path, smtp_host="127.0.0.1")
    reader, by = db.read_now(Reader.called, bruno.id), Actor("person", bruno.id, "Bruno")

    def make(title):
        draft = Draft(title, "UTC", remind_at=now() + timedelta(seconds=0.3))
        db.write_now(tasks.create, now(), reader, draft, by)

    bus, heard = LocalBus(), []
    bus.subscribe(desk.TOPIC, heard.append)
    make("a")
    await run_until(settings, bus, lambda: len(rows(BellNotice)) == 1)
    make("b")
    await run_until(settings, bus, lambda: len(rows(BellNotice)) == 2)
    await run_until(settings, bus, lambda: all(one.tell_at is None for one in rows(Task)))
    assert sorted(one.params["title"] for one in rows(BellNotice)) == ["a", "b"]
    assert len(rows(OutboxMessage)) == 2
    await asyncio.sleep(0)
    assert len(heard) == 2
