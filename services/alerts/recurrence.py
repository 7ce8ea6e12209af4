"""When a maintenance window recurs: pure, with the time passed in.

A window is at the same time of the clock on the wall each time, so in the nights in which the clock changes it is an
hour longer or shorter. A time that there is twice begins the first and ends the second time; one that there is not is
taken as the clock would have shown it without the change.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from sqlmodel import Session, col, or_, select

from models import MaintenanceWindow, Silence
from services.clock import zone_called

DAY = timedelta(days=1)


def occurrences(
    window: MaintenanceWindow, after: datetime, before: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """From when until when it runs, each time that is over later than `after` and begins earlier than `before`. In
    order."""
    zone = zone_called(window.zone)
    day = max(after.astimezone(zone).date() - 2 * DAY, window.created_at.astimezone(zone).date() - DAY)
    last = min(window.until, before.astimezone(zone).date() + DAY)
    begins, ends = time.fromisoformat(window.begins), time.fromisoformat(window.ends)
    while day <= last:
        if str(day.isoweekday()) in window.days:
            start = _instant(day, begins, window.zone)
            end = _instant(day if ends > begins else day + DAY, ends, window.zone, last=True)
            start = max(start, window.created_at)
            end = min(end, window.ended_at or end)
            if after < end and start < before and start < end:
                yield start, end
        day += DAY


def _instant(day: date, clock: time, zone: str, *, last: bool = False) -> datetime:
    """When the clock on the wall shows this; of two such moments the first, or the `last`."""
    there = datetime.combine(day, clock, zone_called(zone))
    first, second = there.replace(fold=0).astimezone(UTC), there.replace(fold=1).astimezone(UTC)
    return max(first, second) if last and second > first else first


def occurring(window: MaintenanceWindow, now: datetime) -> Silence | None:
    """The silence that it is now, if it runs. Not kept anywhere."""
    for start, end in occurrences(window, now, now + timedelta(microseconds=1)):
        return _silence(window, start, end)
    return None


def following(window: MaintenanceWindow, now: datetime) -> datetime | None:
    """When it begins next; None when it does not any more."""
    for start, _ in occurrences(window, now, now + 8 * DAY):
        if start > now:
            return start
    return None


def state_of(window: MaintenanceWindow, now: datetime) -> Literal["running", "coming", "over"]:
    """How it is with it."""
    if occurring(window, now):
        return "running"
    return "coming" if following(window, now) else "over"


def listed(db: Session, now: datetime, lately: timedelta) -> list[MaintenanceWindow]:
    """Those that run, those to come by when they do, then what was over a short while ago."""
    order = {"running": 0, "coming": 1, "over": 2}

    def place(window: MaintenanceWindow) -> tuple[int, datetime, UUID]:
        state = state_of(window, now)
        at = following(window, now) if state == "coming" else None
        return order[state], at or window.created_at, window.id

    return sorted(_alive(db, now - lately), key=place)


def running(db: Session, now: datetime) -> list[Silence]:
    """What recurs and runs now."""
    return [found for window in _alive(db, now) if (found := occurring(window, now))]


def since(db: Session, at: datetime, now: datetime) -> list[Silence]:
    """Each time between these instants, as a silence."""
    return [
        _silence(window, start, end)
        for window in _alive(db, at)
        for start, end in occurrences(window, at, now)
    ]


def _alive(db: Session, at: datetime) -> Iterable[MaintenanceWindow]:
    """Those that may run at this instant or later. Their last day is that of their zone, and may end on the next."""
    return db.exec(
        select(MaintenanceWindow).where(
            col(MaintenanceWindow.until) >= at.date() - 3 * DAY,
            or_(col(MaintenanceWindow.ended_at).is_(None), col(MaintenanceWindow.ended_at) > at),
        )
    )


def _silence(window: MaintenanceWindow, start: datetime, end: datetime) -> Silence:
    return Silence(
        id=window.id,
        matchers=dict(window.matchers),
        rule_id=window.rule_id,
        starts_at=start,
        ends_at=end,
        author_id=window.author_id,
        author=window.author,
        reason=window.reason,
        created_at=window.created_at,
    )
