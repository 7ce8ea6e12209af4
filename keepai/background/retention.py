"""The loop that forgets what is older than its retention."""

import asyncio
import logging

from services import (
    api_keys,
    db,
    history,
    links,
    outbox,
    sessions,
    task_groups,
    tokens,
    worker_events,
    workers,
)
from services.bus import Bus
from services.clock import now
from services.settings import Settings

log = logging.getLogger(__name__)

EVERY = 600.0
FIRST_AFTER = 30.0
TASKS = tuple(
    part.prune
    for part in (history, worker_events, task_groups, workers, sessions, api_keys, tokens, links, outbox)
)


async def run(_settings: Settings, _bus: Bus) -> None:
    """Make the coarser points and forget what is too old, every ten minutes, until cancelled."""
    await asyncio.sleep(FIRST_AFTER)
    while True:
        await history.roll_up(now())
        for task in TASKS:
            await db.write(task, now())
        await asyncio.sleep(EVERY)
