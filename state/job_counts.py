"""What the frame of every page shows of long work: how far one's own is, in each tab, as it goes."""

import asyncio
from typing import Any
from uuid import UUID

import reflex as rx

from services import db, jobs
from services.i18n import translate, translate_count
from services.jobs import words
from services.snapshot import Snapshot
from state.live import Broadcast, broadcaster

EVERY = 5.0  # s; the bus brings what changes at once, this is for what it did not bring
CALM = 0.5  # s between two looks at what the bus brought


class JobCount(rx.State):
    """One's own jobs that are not over; written only by the broadcast. `percent` is -1 while it is not known."""

    count: int = 0
    percent: int = -1
    shown: str = ""
    label: str = ""


def job_broadcast(account_id: UUID, locale: str) -> Broadcast:
    """Of one person in one language, the same in all of their tabs."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        found = await db.read(jobs.active, account_id)
        if not found:
            return {"count": 0, "percent": -1, "shown": "", "label": ""}
        # Of several the one of which most is known.
        first = max(found, key=lambda one: (one.state == "running", words.percent(one) is not None))
        percent = words.percent(first)
        shown = f"{percent} %" if percent is not None else ""
        title = words.title(locale, first)
        label = ", ".join(part for part in (title, shown) if part)
        if len(found) > 1:
            label = f"{label} · {translate_count(locale, 'jobs.more', len(found) - 1)}"
        return {
            "count": len(found),
            "percent": -1 if percent is None else percent,
            "shown": shown or translate(locale, "jobs.short"),
            "label": label,
        }

    return Broadcast(f"job|{account_id.hex}|{locale}", JobCount, build, period=EVERY, permission="jobs:read")


class Renewals:
    """Shows what changed of whose jobs, twice a second at most however much that is."""

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def soon(self, account: str) -> None:
        """The jobs of this person changed. Called on the event loop."""
        self._wanted.add(account)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        from state.alert_counts import BellCount
        from state.jobs import JobList

        while self._wanted:
            wanted, self._wanted = self._wanted, set()
            for account in wanted:
                for state, room in ((JobCount, "job"), (JobList, "jobs"), (BellCount, "bell")):
                    await broadcaster().renew(state, f"{room}|{account}")
            await asyncio.sleep(CALM)
