"""What the command palette finds beside the pages."""

from typing import TypedDict

import reflex as rx

from services import live
from services.i18n import translate
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
    @requires("compute:read")
    async def search(self, text: str):
        """Workers whose name or host has this text; without text the first ones."""
        locale = principal().locale
        snapshot = live.latest()
        found = select(snapshot["workers"], WorkerView(text=text[:100])) if snapshot else []
        rows = [
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
        if rows != self.rows:
            self.rows = rows
