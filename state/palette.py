"""What the command palette finds beside the pages."""

from typing import TypedDict

import reflex as rx

from services import db, index, live, notes
from services.clock import now
from services.i18n import translate
from services.sharing import Reader
from services.worker_table import WorkerView, select
from state.guard import principal, requires

MOST = 8


class PaletteRow(TypedDict):
    """Something to go to."""

    id: str
    group: str
    icon: str
    text: str
    note: str
    href: str


class PaletteState(rx.State):
    """The rows of this tab's palette."""

    rows: list[PaletteRow] = []

    @rx.event
    @requires("profile:write")
    async def search(self, text: str):
        """Workers whose name or host has this text, without text the first ones; and notes with these words."""
        rows = [*_workers(text), *await _notes(text)]
        if rows != self.rows:
            self.rows = rows


async def _notes(text: str) -> list[PaletteRow]:
    person = principal()
    if not text.strip() or not person.may("notes:read"):
        return []
    found = await db.read(index.find, Reader.of(person), text[:100], now(), kinds=[notes.KIND], limit=MOST)
    return [
        PaletteRow(
            id=hit.object_id.hex,
            group=translate(person.locale, "frame.notes"),
            icon="notebook-pen",
            text=hit.title or translate(person.locale, "notes.untitled"),
            note="",
            href=f"/notes/{hit.object_id.hex}",
        )
        for hit in found
    ]


def _workers(text: str) -> list[PaletteRow]:
    locale = principal().locale
    snapshot = live.latest() if principal().may("compute:read") else None
    found = select(snapshot["workers"], WorkerView(text=text[:100])) if snapshot else []
    return [
        PaletteRow(
            id=row["id"],
            group=translate(locale, "workers.title"),
            icon="server",
            text=row["name"],
            note=translate(locale, f"states.{row['state']}").lower(),
            href=f"/workers?worker={row['id']}",
        )
        for row in found[:MOST]
    ]
