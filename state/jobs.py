"""What the page of one's own jobs shows, and what its buttons do."""

from typing import Any, TypedDict
from uuid import UUID

import reflex as rx

from models import Job
from services import db, jobs
from services.clock import now
from services.i18n import translate
from services.jobs import words
from services.snapshot import Snapshot
from state.address import id_of
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.job_counts import JobCount
from state.live import Broadcast, broadcaster
from state.session import enter

EVERY = 5.0  # s; the bus brings what changes at once
LOOKS = {
    "queued": "pending",
    "running": "info",
    "done": "ok",
    "failed": "critical",
    "cancelled": "unknown",
}


class JobRow(TypedDict):
    """One job in the reader's words. `look` is the name of a state, `at` unix seconds of when it was asked for or
    ended; `known` says whether `percent` is."""

    id: str
    title: str
    state: str
    word: str
    look: str
    active: bool
    known: bool
    percent: int
    figure: str
    detail: str
    said: str
    error: str
    href: str
    download: bool
    at: float
    may_cancel: bool
    may_retry: bool


class JobList(rx.State):
    """One's own jobs; written only by the broadcast."""

    rows: list[JobRow] = []
    ready: bool = False


class JobsState(rx.State):
    """The buttons of the page."""

    @rx.event
    @requires("jobs:read")
    async def load(self):
        """Look at one's own jobs as they go."""
        account_id = principal().account_id
        await enter(self, lambda locale: [live_broadcast(locale), list_broadcast(account_id, locale)])

    @rx.event
    @requires("jobs:write")
    async def cancel(self, job_id: str):
        """Give one up."""
        person = principal()
        job = await db.write(jobs.cancel, now(), person.account_id, id_of(job_id), by=actor())
        over = job.state == "cancelled"
        await tell(self, "ok", translate(person.locale, "jobs.cancelled" if over else "jobs.cancelling"))
        await _renew(person.account_id)

    @rx.event
    @requires("jobs:write")
    async def retry(self, job_id: str):
        """Begin one again that failed or was given up."""
        person = principal()
        await db.write(jobs.retry, now(), person.account_id, id_of(job_id), by=actor())
        await _renew(person.account_id)

    @rx.event
    @requires("jobs:write")
    async def remove(self, job_id: str):
        """Take one that is over off the list."""
        person = principal()
        await db.write(jobs.remove, now(), person.account_id, id_of(job_id), by=actor())
        await _renew(person.account_id)


def list_broadcast(account_id: UUID, locale: str) -> Broadcast:
    """The jobs of one person in one language."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        found = await db.read(jobs.listed, account_id)
        return {"rows": [row(one, locale) for one in found], "ready": True}

    return Broadcast(f"jobs|{account_id.hex}|{locale}", JobList, build, period=EVERY, permission="jobs:read")


def row(job: Job, locale: str) -> JobRow:
    """A job in the reader's words."""
    percent = words.percent(job)
    detail = [words.step(locale, job), words.rest(locale, job, now())]
    return JobRow(
        id=job.id.hex,
        title=words.title(locale, job),
        state=job.state,
        word=translate(locale, f"jobs.state.{job.state}"),
        look=LOOKS[job.state],
        active=job.state in jobs.ACTIVE,
        known=percent is not None,
        percent=percent or 0,
        figure=f"{percent} %" if percent is not None else "",
        detail=" · ".join(part for part in detail if part),
        said=words.result(locale, job),
        error=words.error(locale, job),
        href=words.leads(job, now()),
        download=bool(job.result.get("download")),
        at=(job.ended_at or job.created_at).timestamp(),
        may_cancel=job.state in jobs.ACTIVE and job.cancellable and not job.wants_cancel,
        may_retry=job.state in ("failed", "cancelled"),
    )


async def _renew(account_id: UUID) -> None:
    for state, room in ((JobList, "jobs"), (JobCount, "job")):
        await broadcaster().renew(state, f"{room}|{account_id.hex}")
