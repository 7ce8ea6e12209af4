"""The audit log, for programs and as a file."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from keepai.api import shapes
from keepai.api.access import requires
from keepai.api.files import Format, table
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, Place, chosen, moment, page, place_of
from keepai.web.scope import actor_of
from models import AuditDetail, AuditEvent
from services import audit, db
from services.clock import now
from services.errors import Invalid

router = APIRouter(prefix="/api/v1", tags=["audit"], dependencies=[requires("audit:read")])

COLUMNS = (
    *("at", "id", "number", "actor_kind", "actor_id", "actor", "scope", "action"),
    *("object_kind", "object_id", "object", "outcome", "reason", "address", "agent"),
    *("before", "after", "request_id", "erased"),
)
MOST_ROWS = 100_000  # of a file

Wanted = Annotated[str, Query(max_length=200, pattern=NO_NUL)]
Moment = Annotated[str, Query(max_length=40, description="ISO 8601 or seconds since 1970.")]
As = Annotated[Format, Query(alias="format")]


@router.get("/audit", **shapes.told(shapes.Page[shapes.AuditRow], csv=True))
async def events(
    request: Request,
    actor: Wanted = "",
    action: Wanted = "",
    object: Wanted = "",
    outcome: Wanted = "",
    start: Annotated[Moment, Query(alias="from")] = "",
    end: Annotated[Moment, Query(alias="to")] = "",
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
    form: As = "json",
) -> Response:
    """What was done, newest first. As CSV everything there is, up to 100,000 rows; that it was taken is noted."""
    wanted = chosen(fields, COLUMNS)
    if outcome not in ("", *audit.OUTCOMES):
        raise Invalid(fields={"outcome": "errors.field.choice"})
    asked: dict[str, Any] = {
        "actor": actor,
        "action": action,
        "object": object,
        "outcome": outcome,
        "start": moment("from", start) if start else None,
        "end": moment("to", end) if end else None,
    }
    before = place_of(cursor)
    if form == "csv":
        rows = await _all(asked, before)
        given = {name: value for name, value in asked.items() if value}
        await db.write(audit.record, now(), actor_of(request.scope), "audit.exported", after=given)
        return table(map(_flat, rows), wanted, "keepai-audit", "csv")
    found = await db.read(audit.find, limit + 1, before=before, **asked)
    more = Place(found[limit - 1][0].at, found[limit - 1][0].id) if len(found) > limit else None
    return page((audit.as_row(*one) for one in found[:limit]), wanted, more)


async def _all(
    asked: Mapping[str, Any], before: tuple[datetime, UUID] | None
) -> list[tuple[AuditEvent, AuditDetail | None]]:
    """Every row from there on, page after page, so that no single read is long."""
    rows: list[tuple[AuditEvent, AuditDetail | None]] = []
    while len(rows) < MOST_ROWS:
        some = await db.read(audit.find, audit.MOST, before=before, **asked)
        rows += some
        if len(some) < audit.MOST:
            break
        before = (some[-1][0].at, some[-1][0].id)
    return rows[:MOST_ROWS]


def _flat(one: tuple[AuditEvent, AuditDetail | None]) -> dict[str, Any]:
    """A row whose cells are texts."""
    row = audit.as_row(*one)
    return {
        **row,
        **{
            name: json.dumps(row[name], ensure_ascii=False) if row[name] else ""
            for name in ("before", "after")
        },
    }
