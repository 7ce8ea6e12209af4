"""The bell of the frame: what one was told of, opened from every page."""

from datetime import datetime
from typing import TypedDict

import reflex as rx

from services import bell, db, format
from services.alerts import words
from services.bell import Entry, Rung
from services.clock import now
from services.i18n import has, translate
from services.jobs.words import said
from state.alert_counts import BellCount
from state.guard import principal, requires
from state.live import broadcaster

ICONS = {"resolved": ("s-ok", "ok"), "no_data": ("s-unknown", "unknown")}


class BellRow(TypedDict):
    """One alert, or something else, of which somebody was told. `at` is unix seconds."""

    id: str
    href: str
    icon: str
    look: str
    title: str
    said: str
    at: float
    read: bool


class BellState(rx.State):
    """What the bell holds when it is opened."""

    ready: bool = False
    rows: list[BellRow] = []

    @rx.event
    @requires("alerts:read")
    async def look(self):
        """Show what there is now."""
        await self._read()

    @rx.event
    @requires("alerts:read")
    async def read_all(self):
        """All that is there has been read; it stays so over restarts and on other devices."""
        await db.write(bell.read, principal().account_id, now())
        await self._read()
        await broadcaster().renew(BellCount)

    async def _read(self) -> None:
        person = principal()
        found = await db.read(bell.listed, person.account_id, now())
        self.rows = [_row(one, person.locale, person.zone) for one in found]
        self.ready = True


def _row(entry: Entry, locale: str, zone: str) -> BellRow:
    if entry.rung is not None:
        return _of_alert(entry.rung, locale, zone)
    notice = entry.notice
    assert notice is not None
    return BellRow(
        id=notice.id.hex,
        href=notice.href,
        icon=f"s-{notice.tone}",
        look=notice.tone,
        title=said(locale, notice.key, notice.params),
        said=translate(locale, f"bell.of.{notice.kind}") if has(f"bell.of.{notice.kind}") else "",
        at=notice.at.timestamp(),
        read=entry.is_read,
    )


def _of_alert(one: Rung, locale: str, zone: str) -> BellRow:
    notice = one.notice
    icon, look = ICONS.get(notice.kind, (f"s-{notice.severity}", notice.severity))
    return BellRow(
        id=one.alert.id.hex,
        href=f"/alerts?alert={one.alert.id.hex}",
        icon=icon,
        look=look,
        title=words.title(locale, one.alert),
        said=f"{_what(one, locale)} · {_how(one.ways, one.waits_until, locale, zone)}",
        at=notice.at.timestamp(),
        read=one.is_read,
    )


def _what(one: Rung, locale: str) -> str:
    """What they were told."""
    kind = one.notice.kind
    if kind == "fired":
        return translate(locale, f"alerts.story.fired.{one.notice.severity}")
    for key in (f"bell.{kind}", f"alerts.story.{kind}"):
        if has(key):
            return translate(locale, key)
    return translate(locale, "alerts.story.other")


def _how(ways: tuple[str, ...], waits_until: datetime | None, locale: str, zone: str) -> str:
    """By what."""
    named = [translate(locale, f"bell.way.{way}") if has(f"bell.way.{way}") else way for way in ways]
    by = ", ".join(named)
    if waits_until is not None:
        return translate(locale, "bell.waits", by=by, at=format.clock(locale, waits_until, zone))
    return translate(locale, "bell.by", by=by)
