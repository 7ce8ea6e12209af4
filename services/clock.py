"""The present moment, and instants as programs read them. Decisions take the moment as an argument; only edges ask
for it."""

from datetime import UTC, datetime
from functools import cache
from typing import overload
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


@cache
def zone_called(name: str) -> ZoneInfo:
    """The zone of that name; an unknown one (a browser may know more than we do) is UTC."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@overload
def rfc3339(moment: datetime) -> str: ...
@overload
def rfc3339(moment: datetime | float | None) -> str | None: ...
def rfc3339(moment: datetime | float | None) -> str | None:
    """An instant, given as such or in seconds since 1970, as RFC 3339 in UTC: 2026-01-31T12:00:00Z. None for none, and
    for seconds that no calendar has: some come from other people's clocks."""
    if isinstance(moment, datetime) and moment.tzinfo is UTC:  # as the database gives them
        return f"{moment.isoformat()[:-6]}Z"
    try:
        at = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else moment
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
    except (ValueError, OverflowError, OSError):
        return None
