"""Silences as the page shows them, in the reader's words."""

from datetime import datetime, timedelta

from services import format
from services.i18n import translate


def moment(locale: str, at: datetime, zone: str, now: datetime) -> str:
    """A moment to come, as people say it: "11:42", "amanhã às 08:00", "02/12 08:00"."""
    clock, day = format.clock(locale, at, zone), format.day(locale, at, zone)
    if day == format.day(locale, now, zone):
        return clock
    if day == format.day(locale, now + timedelta(days=1), zone):
        return translate(locale, "silences.tomorrow_at", clock=clock)
    return format.day_and_clock(locale, at, zone)
