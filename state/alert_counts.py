"""What the frame of every page shows of alerts: how many nobody has acknowledged, and how many somebody has not read
of those that they were told of."""

from typing import Any
from uuid import UUID

import reflex as rx

from services import alerts, bell, db
from services.clock import now
from services.snapshot import Snapshot
from state.job_counts import job_broadcast
from state.live import Broadcast, Looks

EVERY = 5.0  # s; the bus brings what changes at once, this is for what it did not bring


class AlertCounts(rx.State):
    """Open alerts that are not only pending, and not acknowledged; written only by the broadcast."""

    critical: int = 0
    warning: int = 0


class BellCount(rx.State):
    """What this person was told of and has not read; written only by the broadcast."""

    unread: int = 0
    shown: str = ""


def counts_broadcast() -> Broadcast:
    """The same for everybody who may see alerts."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        found = await db.read(alerts.counts, now())
        return {severity: found[severity] for severity in alerts.SEVERITIES}

    return Broadcast("alert-counts", AlertCounts, build, period=EVERY, permission="alerts:read")


def bell_broadcast(account_id: UUID) -> Broadcast:
    """Of one person, the same in all of their tabs."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        count = await db.read(bell.unread, account_id, now())
        return {"unread": count, "shown": str(count) if count <= bell.MOST else f"{bell.MOST}+"}

    return Broadcast(f"bell|{account_id.hex}", BellCount, build, period=EVERY, permission="alerts:read")


def framed(looks: Looks, account_id: UUID) -> Looks:
    """What a page looks at, and what its frame shows besides."""
    return lambda locale: [
        *looks(locale),
        counts_broadcast(),
        bell_broadcast(account_id),
        job_broadcast(account_id, locale),
    ]
