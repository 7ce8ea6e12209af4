"""What comes and goes all the time: told less and less often, and said to flap.

The same rule and subject that fired `OFTEN` times within `WITHIN` flaps. Twice may be chance, as when a worker is
restarted to mend what was wrong; three times in half an hour is more often than whoever looks after it would end it.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from models import Alert, AlertNotice

OFTEN = 3
WITHIN = timedelta(minutes=30)
FIRST = timedelta(seconds=30)
LONGEST = timedelta(minutes=30)


def times(db: Session, pair_key: str, at: datetime) -> int:
    """How often a rule and a subject fire too often: this time and those in the half hour before it. 0: they do not
    flap."""
    query = select(func.count()).where(
        Alert.pair_key == pair_key, col(Alert.fired_at) > at - WITHIN, col(Alert.fired_at) < at
    )
    fired = db.exec(query).one() + 1
    return fired if fired >= OFTEN else 0


def flap_wait(times: int) -> timedelta:
    """How long a warning waits that fired so often: half a minute, a minute, two, and half an hour at most."""
    if times < OFTEN:
        return timedelta()
    return min(LONGEST, FIRST * (1 << min(times - OFTEN, 16)))


def waits(alert: Alert, severity: str) -> bool:
    """Whether people are told of it later than of others. What is critical, or was, waits for nothing."""
    return bool(alert.flaps) and severity != "critical" and alert.worst != "critical"


def due_at(alert: Alert, severity: str, now: datetime) -> datetime:
    """When people may be told of it."""
    if not waits(alert, severity):
        return now
    return max(now, (alert.fired_at or now) + flap_wait(alert.flaps))


def joined(db: Session, whose: ColumnElement[bool], alert: Alert) -> bool:
    """Whether somebody is about to be told that the same flaps: then that message tells of this time, and not of the
    one before."""
    before = select(Alert.id).where(Alert.pair_key == alert.pair_key, Alert.id != alert.id)
    untold = db.exec(
        select(AlertNotice).where(
            whose,
            col(AlertNotice.told_at).is_(None),
            AlertNotice.severity == "warning",
            col(AlertNotice.alert_id).in_(before),
        )
    ).all()
    for notice in untold:
        notice.alert_id = alert.id
        db.add(notice)
    db.flush()
    return bool(untold)
