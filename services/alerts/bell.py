"""The bell: what a person was told of, by whatever way, and up to when they have read it.

It shows each alert once, by the newest that they were told of it. There is one moment up to which all is read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, false, true
from sqlmodel import Session, col, func, select

from models import Alert, AlertNotice, NoticePreference
from services.alerts.notices import BELL

SHOWN = 30
LOOKED_AT = 300  # notices; of one alert there may be several
MOST = 99  # that are counted
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rung:
    """The newest that somebody was told of an alert, and by which ways; where all of them wait, until when."""

    alert: Alert
    notice: AlertNotice
    ways: tuple[str, ...]
    waits_until: datetime | None
    is_read: bool


def listed(db: Session, account_id: UUID, now: datetime) -> list[Rung]:
    """What they were told or will be, the newest first."""
    kept = db.get(NoticePreference, account_id)
    query = (
        select(AlertNotice, Alert)
        .join(Alert, col(Alert.id) == AlertNotice.alert_id)
        .where(AlertNotice.account_id == account_id, AlertNotice.at > now - KEPT, _shown(kept))
        .order_by(col(AlertNotice.at).desc(), col(AlertNotice.id).desc())
    )
    told: dict[UUID, list[AlertNotice]] = {}
    alerts: dict[UUID, Alert] = {}
    for notice, alert in db.exec(query.limit(LOOKED_AT)).all():
        told.setdefault(alert.id, []).append(notice)
        alerts[alert.id] = alert
    read_at = kept.bell_read_at if kept else None
    return [_rung(alerts[alert_id], notices, read_at) for alert_id, notices in list(told.items())[:SHOWN]]


def unread(db: Session, account_id: UUID, now: datetime) -> int:
    """Of how many alerts they were told since they read; of very many, one more than are counted."""
    kept = db.get(NoticePreference, account_id)
    since = max(now - KEPT, kept.bell_read_at) if kept and kept.bell_read_at else now - KEPT
    query = (
        select(AlertNotice.alert_id)
        .where(AlertNotice.account_id == account_id, AlertNotice.at > since, _shown(kept))
        .distinct()
        .limit(MOST + 1)
    )
    return db.exec(select(func.count()).select_from(query.subquery())).one()


def read(db: Session, account_id: UUID, now: datetime) -> None:
    """They have read all that is there."""
    kept = db.get(NoticePreference, account_id) or NoticePreference(account_id=account_id, updated_at=now)
    kept.bell_read_at = now
    db.add(kept)
    db.flush()


def _rung(alert: Alert, notices: list[AlertNotice], read_at: datetime | None) -> Rung:
    """`notices` are of one alert, the newest first; those of the same moment are the ways of one."""
    newest = notices[0]
    same = [one for one in notices if (one.at, one.kind) == (newest.at, newest.kind)]
    waits = None if any(one.told_at for one in same) else min(one.due_at for one in same)
    ways = tuple(sorted({one.channel for one in same}))
    return Rung(alert, newest, ways, waits, read_at is not None and newest.at <= read_at)


def _shown(kept: NoticePreference | None) -> ColumnElement[bool]:
    """What they want to find there; what only the bell told them is never left out."""
    level = kept.bell if kept else "all"
    if level == "all":
        return true()
    wanted = col(AlertNotice.severity) == "critical" if level == "critical" else false()
    return wanted | (col(AlertNotice.channel) == BELL)
