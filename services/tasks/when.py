"""Days and times of tasks, in the zone of who set them. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.clock import zone_called
from services.errors import Invalid
from services.tasks import repeat
from services.tasks.repeat import Rule

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class Due:
    """A day, and "09:00" on it, or empty for the whole day."""

    day: date
    time: str = ""

    def local(self) -> datetime:
        """Where the clock stands then, without a zone; of a whole day its beginning."""
        return datetime.combine(self.day, time.fromisoformat(self.time) if self.time else time())

    def late_from(self, zone: str) -> datetime:
        """The instant from which it is late: that moment, or the end of that day."""
        local = self.local() if self.time else self.local() + timedelta(days=1)
        return instant(local, zone)


def instant(local: datetime, zone: str) -> datetime:
    """The instant at which the clock of a zone stands so. What a change to summer time leaves out is as much later; of
    what there is twice it is the first."""
    return local.replace(tzinfo=zone_called(zone)).astimezone(UTC)


def local_of(at: datetime, zone: str) -> datetime:
    """How the clock of a zone stands at that instant, without a zone."""
    return at.astimezone(zone_called(zone)).replace(tzinfo=None)


def due_of(text: str, zone: str) -> Due:
    """A due date as programs and fields give it: "2026-12-05", "2026-12-05T09:00" on the clock of the zone, or an
    instant with an offset of its own. Raises Invalid."""
    text = text.strip()
    try:
        if DAY.fullmatch(text):
            found = Due(date.fromisoformat(text))
        else:
            given = datetime.fromisoformat(text)
            there = local_of(given, zone) if given.tzinfo else given
            found = Due(there.date(), f"{there:%H:%M}")
        if found.day.year not in YEARS:
            raise ValueError
    except (ValueError, OverflowError):
        raise Invalid(fields={"due": "tasks.error.due"}) from None
    return found


def moment_of(text: str, zone: str, field: str = "remind_at") -> datetime:
    """An instant as programs and fields give it; without an offset on the clock of the zone. Raises Invalid."""
    try:
        given = datetime.fromisoformat(text.strip())
        found = given.astimezone(UTC) if given.tzinfo else instant(given, zone)
        if found.year not in YEARS:
            raise ValueError
    except (ValueError, OverflowError):
        raise Invalid(fields={field: "tasks.error.moment"}) from None
    return found


def next_due(due: Due, rule: Rule, repeat_from: str, zone: str, done_at: datetime) -> Due:
    """When a task that comes back is due next, once it was done at that instant.

    Counted from the due date it is the first time of the series that lies ahead, so that what was forgotten for a week
    does not come back seven times; a whole day that has begun still lies ahead.
    """
    here = local_of(done_at, zone)
    if repeat_from == "done":
        return Due(repeat.after_done(rule, here.date()), due.time)
    before = here.date() - timedelta(days=1)
    found = Due(repeat.following(rule, due.day, before), due.time)
    if due.time and found.late_from(zone) <= done_at:
        found = Due(repeat.following(rule, due.day, here.date()), due.time)
    return found


def moved(at: datetime, before: Due, after: Due, zone: str) -> datetime:
    """A reminder that moves with its due date: as long before it on the clock."""
    return instant(local_of(at, zone) + (after.local() - before.local()), zone)
