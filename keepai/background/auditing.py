"""The loop that links what was done into the chain, and drops what is older than the audit log keeps."""

import asyncio
import logging
import time
from datetime import timedelta

from services import audit, db, secret_key
from services.bus import Bus
from services.clock import now
from services.feed import Feed
from services.settings import Settings

log = logging.getLogger(__name__)

LINK_EVERY = 2.0  # s; an event is in the chain within 5 s
PRUNE_EVERY = 3600.0


async def run(settings: Settings, _bus: Bus, _feed: Feed) -> None:
    """Link every two seconds and prune every hour, until cancelled."""
    key = secret_key.derive(settings, audit.PURPOSE)
    try:
        kept = await asyncio.to_thread(audit.read_head, settings.data_dir)
    except ValueError as error:
        log.error("the head of the audit log cannot be read and is written anew: %s", error)
        kept = None
    pruned = 0.0
    while True:
        while head := await db.write(audit.link_new, key, kept):
            kept = head
            await asyncio.to_thread(audit.write_head, settings.data_dir, head)
        if time.monotonic() - pruned > PRUNE_EVERY:
            pruned = time.monotonic()
            oldest = now() - timedelta(days=settings.audit_days)
            while await db.write(audit.prune, key, oldest, now()):
                pass
        await asyncio.sleep(LINK_EVERY)
