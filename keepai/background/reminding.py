"""The loop that reminds people of their tasks."""

import asyncio
import logging

from services import db
from services.bus import Bus
from services.clock import now
from services.feed import Feed
from services.settings import Settings
from services.tasks import desk, reminders

log = logging.getLogger(__name__)

EVERY = 5.0  # s between two looks


async def run(settings: Settings, bus: Bus, _feed: Feed) -> None:
    """Remind of what is due, until cancelled. What was due while nobody ran is told late, and once."""
    while True:
        try:
            while await db.read(reminders.is_due, now()):
                await db.write(reminders.remind, settings, now())
                bus.publish(desk.TOPIC, {})
                bus.publish(desk.TOLD_TOPIC, {})
        except Exception as error:
            log.warning("people could not be reminded of tasks yet: %s", error)
        await asyncio.sleep(EVERY)
