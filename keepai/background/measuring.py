"""The loop that measures the machine KeepAI runs on, and KeepAI itself: its outbox and its database."""

import asyncio
import logging
import time
from dataclasses import asdict

from sqlalchemy import text
from sqlmodel import Session

from services import db, history, host, outbox
from services.bus import Bus
from services.clock import now
from services.feed import Batch, Feed, Reading
from services.forecast import Depletion
from services.measures import HOST_EVERY, of_kind, samples
from services.settings import Settings

log = logging.getLogger(__name__)

LABELS = {"kind": "host"}
OF_HOST = of_kind("host")


async def run(settings: Settings, _bus: Bus, feed: Feed) -> None:
    """Measure, store and hand on, until cancelled."""
    depletion = Depletion()
    while True:
        figures = await asyncio.to_thread(host.read, settings.data_dir)
        at = now()
        lasts = depletion.add(at.timestamp(), figures.disk_free)
        values = samples(OF_HOST, {**asdict(figures), "disk_lasts": lasts, **await _own(settings)})
        feed.publish(Batch(at.timestamp(), [Reading(LABELS, figures.name, values)]))
        try:
            await db.write(history.write, at, [(LABELS, values)])
        except Exception as error:  # what watches is told all the same
            log.warning("figures of the machine could not be stored: %s", error)
        await asyncio.sleep(HOST_EVERY)


async def _own(settings: Settings) -> dict[str, float]:
    """How long the database takes for the least there is to ask, and since when the outbox is behind. Nothing of what
    cannot be asked."""
    began = time.monotonic()
    try:
        await db.read(_nothing)
        took = time.monotonic() - began
        lag = await db.read(outbox.lag, now()) if outbox.can_mail(settings) else 0.0
    except Exception as error:
        log.warning("the database does not answer: %s", error)
        return {}
    return {"database_seconds": took, "outbox_lag": lag}


def _nothing(session: Session) -> None:
    session.connection().execute(text("select 1"))
