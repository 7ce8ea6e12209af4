"""How many alerts nobody has acknowledged: what the frame of every page shows."""

from typing import Any

import reflex as rx

from services import alerts, db
from services.clock import now
from services.snapshot import Snapshot
from state.live import Broadcast, Looks

EVERY = 5.0  # s; the bus brings what changes at once, this is for what it did not bring


class AlertCounts(rx.State):
    """Open alerts that are not only pending, and not acknowledged; written only by the broadcast."""

    critical: int = 0
    warning: int = 0


def counts_broadcast() -> Broadcast:
    """The same for everybody who may see alerts."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        found = await db.read(alerts.counts, now())
        return {severity: found[severity] for severity in alerts.SEVERITIES}

    return Broadcast("alert-counts", AlertCounts, build, period=EVERY, permission="alerts:read")


def framed(looks: Looks) -> Looks:
    """What a page looks at, and what its frame shows besides."""
    return lambda locale: [*looks(locale), counts_broadcast()]
