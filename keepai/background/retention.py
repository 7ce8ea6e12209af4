"""The loop that forgets what is older than its retention."""

import asyncio
import logging

from services import (
    alerts,
    bell,
    db,
    files,
    history,
    jobs,
    outbox,
    task_groups,
    tasks,
    worker_events,
    workers,
)
from services.bus import Bus
from services.channels import devices
from services.clock import now
from services.feed import Feed
from services.identity import api_keys, links, sessions, tokens
from services.notes import book as notes
from services.settings import Settings

log = logging.getLogger(__name__)

EVERY = 600.0
FIRST_AFTER = 30.0
KEPT = (
    history,
    worker_events,
    alerts,
    task_groups,
    workers,
    sessions,
    devices,
    api_keys,
    tokens,
    links,
    outbox,
    tasks,
    notes,
    bell,
    files,
    jobs,
)


async def run(settings: Settings, _bus: Bus, _feed: Feed) -> None:
    """Make the coarser points and forget what is too old, every ten minutes, until cancelled."""
    await asyncio.sleep(FIRST_AFTER)
    while True:
        await history.roll_up(now())
        for kept in KEPT:
            await db.write(kept.prune, now())
        await files.sweep(settings, now())
        await asyncio.sleep(EVERY)
