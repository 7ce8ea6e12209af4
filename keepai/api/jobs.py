"""Long work of the caller: how far it is, and giving it up."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.lists import USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.web.scope import actor_of, locale_of
from models import Job
from services import db, jobs
from services.clock import now, rfc3339
from services.jobs import words

router = APIRouter(prefix="/api/v1", tags=["jobs"])

COLUMNS = (
    *("id", "kind", "title", "state", "done", "total", "step", "error", "result", "tries", "cancellable"),
    *("created_at", "started_at", "ended_at"),
)
JobId = Annotated[str, Path(max_length=64, description="`id` of the job.")]


@router.get("/jobs", dependencies=[requires("jobs:read")], **shapes.told(shapes.Page[shapes.Job]))
async def listed(
    request: Request, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """The caller's own jobs: those that are not over, then the newest."""
    wanted, locale = chosen(fields, COLUMNS), locale_of(request.scope)
    found = await db.read(jobs.listed, person_of(request).account_id)
    some, more = cut(found, limit, cursor, lambda one: one.id.hex)
    return page((row(one, locale) for one in some), wanted, more)


@router.get("/jobs/{id}", dependencies=[requires("jobs:read")], response_model=shapes.Job)
async def get(request: Request, id: JobId) -> Mapping[str, Any]:
    """One of the caller's own jobs."""
    job = await db.read(jobs.get, person_of(request).account_id, id_of(id))
    return row(job, locale_of(request.scope))


@router.post("/jobs/{id}/cancel", dependencies=[requires("jobs:write")], response_model=shapes.Job)
async def cancel(request: Request, id: JobId) -> Mapping[str, Any]:
    """Give one up. One that runs is over a moment later."""
    owner, by = person_of(request).account_id, actor_of(request.scope)
    job = await db.write(jobs.cancel, now(), owner, id_of(id), by=by)
    return row(job, locale_of(request.scope))


def row(job: Job, locale: str) -> dict[str, Any]:
    """A job as programs read it."""
    return {
        "id": job.id.hex,
        "kind": job.kind,
        "title": words.title(locale, job),
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "step": words.step(locale, job),
        "error": words.error(locale, job),
        "result": {"text": words.result(locale, job), "href": words.leads(job, now())} if job.result else {},
        "tries": job.tries,
        "cancellable": job.cancellable,
        "created_at": rfc3339(job.created_at),
        "started_at": rfc3339(job.started_at),
        "ended_at": rfc3339(job.ended_at),
    }
