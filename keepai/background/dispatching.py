"""The loop that sends what the outbox holds: several at once, each noted by itself."""

import asyncio
import contextlib
import logging
import random

from services import db, outbox, vault
from services.bus import Bus
from services.channels import senders
from services.clock import now
from services.feed import Feed
from services.outbox import Failed, Parcel
from services.settings import Settings

log = logging.getLogger(__name__)

EVERY = 3.0  # s between two looks, when nobody says that something was put
AT_ONCE = 8
LAST_WORDS = 2.0  # s for what is under way when the loop is told to end


async def run(settings: Settings, bus: Bus, _feed: Feed) -> None:
    """Send what is due, until cancelled. A message on the topic `outbox` says that there is something."""
    box = vault.of(settings)
    woken = asyncio.Event()
    bus.subscribe(outbox.TOPIC, lambda _message: woken.set())
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            woken.clear()
            free = AT_ONCE - len(under_way)
            if free and await db.read(outbox.is_due, now()):
                for parcel in await db.write(outbox.claim, box, now(), free):
                    task = asyncio.create_task(_deliver(settings, parcel))
                    under_way.add(task)
                    task.add_done_callback(lambda done: (under_way.discard(done), woken.set()))
            await _sleep(woken)
    finally:
        if under_way:
            await asyncio.wait(under_way, timeout=LAST_WORDS)
        for task in under_way:  # they are claimed again by whoever comes next
            task.cancel()


async def _deliver(settings: Settings, parcel: Parcel) -> None:
    """Send one and note what came of it. What is not noted is sent again."""
    try:
        outcome = await senders.send(settings, parcel)
    except Exception:
        log.exception("message %s could not be sent", parcel.id)
        outcome = Failed("outbox.error.failed")
    try:
        following = await db.write(outbox.settle, parcel, outcome, now(), random.random())
    except Exception as error:
        log.warning("what came of message %s could not be noted: %s", parcel.id, error)
        return
    if following and following.state == "dead":
        log.warning("message %s was given up: %s", parcel.id, following.error)


async def _sleep(woken: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(EVERY):
            await woken.wait()
