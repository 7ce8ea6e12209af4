"""The bell: what a person was told, of alerts and of other things, and up to when they have read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from models import BellNotice, NoticePreference
from services.alerts import bell as of_alerts
from services.alerts.bell import KEPT, MOST, SHOWN, Rung, read

__all__ = ["KEPT", "MOST", "SHOWN", "Entry", "Rung", "listed", "prune", "read", "ring", "unread"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of it: what was said of an alert, or of something else."""

    at: datetime
    is_read: bool
    rung: Rung | None = None
    notice: BellNotice | None = None


def ring(
    db: Session,
    account_id: UUID,
    now: datetime,
    kind: str,
    key: str,
    params: Mapping[str, Any],
    *,
    tone: str,
    href: str,
) -> BellNotice:
    """Tell a person something by the bell; the arguments are those of `BellNotice`."""
    notice = BellNotice(
        at=now, account_id=account_id, kind=kind, key=key, params=dict(params), tone=tone, href=href
    )
    db.add(notice)
    db.flush()
    return notice


def listed(db: Session, account_id: UUID, now: datetime) -> list[Entry]:
    """What they were told, the newest first."""
    kept = db.get(NoticePreference, account_id)
    read_at = kept.bell_read_at if kept else None
    query = (
        select(BellNotice)
        .where(BellNotice.account_id == account_id, col(BellNotice.at) > now - KEPT)
        .order_by(col(BellNotice.at).desc(), col(BellNotice.id).desc())
        .limit(SHOWN)
    )
    found = [Entry(one.at, read_at is not None and one.at <= read_at, notice=one) for one in db.exec(query)]
    found += [Entry(one.notice.at, one.is_read, rung=one) for one in of_alerts.listed(db, account_id, now)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:SHOWN]


def unread(db: Session, account_id: UUID, now: datetime) -> int:
    """How much of it they have not read; of very much, one more than is counted."""
    kept = db.get(NoticePreference, account_id)
    since = max(now - KEPT, kept.bell_read_at) if kept and kept.bell_read_at else now - KEPT
    query = select(BellNotice.id).where(BellNotice.account_id == account_id, col(BellNotice.at) > since)
    others = db.exec(select(func.count()).select_from(query.limit(MOST + 1).subquery())).one()
    return min(others + of_alerts.unread(db, account_id, now), MOST + 1)


def prune(db: Session, now: datetime) -> int:
    """Forget what is too old to be shown. Returns how many."""
    return int(db.execute(delete(BellNotice).where(col(BellNotice.at) <= now - KEPT)).rowcount)  # type: ignore[attr-defined]
