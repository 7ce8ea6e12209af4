"""The loop that asks everything outside how it is, every 30 seconds."""

import asyncio

from services import db, probes
from services.bus import Bus
from services.clock import now
from services.settings import Settings

EVERY = 30.0


async def run(settings: Settings, bus: Bus) -> None:
    """Probe, store and publish, until cancelled. A message on the topic `probe` asks for a round at once."""
    asked = asyncio.Event()
    bus.subscribe("probe", lambda _message: asked.set())
    while True:
        results = await probes.check_all(settings)
        moment = now()
        await db.write(probes.save, results, moment)
        bus.publish("probes", {"at": moment.timestamp()})
        try:
            await asyncio.wait_for(asked.wait(), EVERY)
        except TimeoutError:
            continue
        asked.clear()
