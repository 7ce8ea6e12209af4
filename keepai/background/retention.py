"""The loop that forgets what is older than its retention."""

import asyncio
import logging

from services import db, history, links, sessions, task_groups, worker_events, workers
from services.bus import Bus
from services.clock import now
from services.settings import Settings

log = logging.getLogger(__name__)

EVERY = 600.0
FIRST_AFTER = 30.0


async def run(_settings: Settings, _bus: Bus) -> None:
    """Make the coarser points and forget what is too old, every ten minutes, until cancelled."""
    await asyncio.sleep(FIRST_AFTER)
    while True:
        await history.roll_up(now())
        for task in (
            history.prune,
            worker_events.prune,
            task_groups.prune,
            workers.prune,
            sessions.prune,
            links.prune,
        ):
            await db.write(task, now())
        await asyncio.sleep(EVERY)
