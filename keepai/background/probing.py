"""The loop that asks everything outside how it is, every 30 seconds."""

import asyncio
import logging

from services import db, probes
from services.bus import Bus
from services.clock import now
from services.feed import Batch, Feed, Reading
from services.settings import Settings

log = logging.getLogger(__name__)

EVERY = 30.0


def _is_watched(name: str, result: probes.ProbeResult) -> bool:
    """Whether rules look at it. Whether the scheduler answers they see each second: it is not to be told twice."""
    return name != "scheduler" and result.state != "not_configured"


async def run(settings: Settings, bus: Bus, feed: Feed) -> None:
    """Probe, store and publish, until cancelled. A message on the topic `probe` asks for a round at once."""
    asked = asyncio.Event()
    bus.subscribe("probe", lambda _message: asked.set())
    while True:
        results = await probes.check_all(settings)
        try:
            await db.write(probes.save, results, now())
            rows = [probes.as_row(status) for status in await db.read(probes.latest)]
        except Exception as error:  # the database itself may be what is down: people should see that, too
            log.warning("probe results could not be stored: %s", error)
            rows = [probes.as_row(status) for status in probes.unsaved(results, now())]
        bus.publish("probes", {"rows": rows})
        known = [(name, result) for name, result in results.items() if _is_watched(name, result)]
        readings = [Reading(probes.labels(name), name, probes.samples(result)) for name, result in known]
        feed.publish(Batch(now().timestamp(), readings, frozenset({"probe"})))
        try:
            await asyncio.wait_for(asked.wait(), EVERY)
        except TimeoutError:
            continue
        asked.clear()
