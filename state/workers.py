"""What the workers page shows, and what its buttons do."""

import asyncio
from dataclasses import replace
from typing import Any

import reflex as rx

from services import actions, db, worker_events, workers
from services.clock import now
from services.errors import NotFound
from services.i18n import translate
from services.snapshot import Snapshot, WorkerRow
from state import plots, views
from state.dashboard import live_channel
from state.guard import principal, requires, tell
from state.live import Channel, Looks, broadcaster
from state.session import enter
from state.views import WorkerCell
from state.worker_table import STATES, WorkerView, counts, parse, scrolled, select, window

PANEL_TABS = ("overview", "running", "logs", "stack", "profile", "events")


class WorkerRows(rx.State):
    """The visible window of the table; written only by the broadcast."""

    ready: bool = False
    rows: list[WorkerCell] = []
    offset: int = 0
    found: int = 0
    all: int = 0
    counts: dict[str, int] = dict.fromkeys(STATES, 0)
    totals: dict[str, str] = dict.fromkeys(("workers", "cpu", "memory", "threads", "tasks", "network"), "")
    limit: str = ""


def rows_channel(view: WorkerView, locale: str) -> Channel:
    """One window of the table; tabs that look at the same window share it."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        if snapshot is None:
            return {"ready": False}
        found = select(snapshot["workers"], view)
        offset, visible = window(found, view)
        return {
            "ready": True,
            "rows": [views.worker_cell(row, offset + place, locale) for place, row in enumerate(visible)],
            "offset": offset,
            "found": len(found),
            "all": len(snapshot["workers"]),
            "counts": counts(snapshot["workers"]),
            **views.table_totals(snapshot["totals"], locale),
        }

    return Channel(f"rows|{view.key}|{locale}", WorkerRows, build)
