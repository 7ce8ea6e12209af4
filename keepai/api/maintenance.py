"""Maintenance windows, for programs."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import requires
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.web.scope import actor_of, locale_of
from models import AlertRule, MaintenanceWindow
from services import db
from services.alerts import maintenance, recurrence, silences, triage, words
from services.clock import now, rfc3339

router = APIRouter(prefix="/api/v1", tags=["maintenance windows"])

COLUMNS = (
    *("id", "state", "matchers", "rule_id", "rule", "days", "begins", "ends", "zone", "until"),
    *("running_until", "next_at", "author", "reason", "created_at", "ended_at"),
)
WindowId = Annotated[str, Path(max_length=64, description="`id` of the window, as the list has it.")]
Clock = Annotated[str, Field(max_length=5, examples=["22:00"])]


class WantedWindow(BaseModel):
    """A maintenance window. At least one label, or a rule. Where `ends` is not later than `begins`, it is on the next
    day."""

    model_config = ConfigDict(extra="forbid")

    matchers: Annotated[
        dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=260, pattern=NO_NUL)]],
        Field(max_length=8, description="Labels that an alert must have.", examples=[{"probe": "redis"}]),
    ] = {}
    rule_id: UUID | None = None
    days: Annotated[
        list[Annotated[int, Field(ge=1, le=7)]],
        Field(max_length=7, description="Days of the week on which it begins, Monday 1.", examples=[[6, 7]]),
    ]
    begins: Clock
    ends: Clock
    zone: Annotated[str, Field(max_length=64, pattern=NO_NUL, examples=["America/Sao_Paulo"])]
    until: date = Field(
        description="The last day on which it begins, at most a year from now.", examples=["2027-01-31"]
    )
    reason: Annotated[str, Field(max_length=1000, pattern=NO_NUL)]


@router.get(
    "/maintenance-windows",
    dependencies=[requires("alerts:read")],
    **shapes.told(shapes.Page[shapes.MaintenanceWindow]),
)
async def listed(
    request: Request, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """Those that run, those to come, and those that were over in the last 30 days."""
    wanted = chosen(fields, COLUMNS)

    def read(session: Session) -> tuple[list[MaintenanceWindow], dict[UUID, AlertRule]]:
        found = recurrence.listed(session, now(), silences.LISTED)
        return found, silences.rules(session, found)

    found, rules = await db.read(read)
    some, more = cut(found, limit, cursor, lambda one: one.id.hex)
    locale = locale_of(request.scope)
    return page((_row(one, rules, locale) for one in some), wanted, more)


@router.post(
    "/maintenance-windows",
    status_code=201,
    dependencies=[requires("alerts:act")],
    response_model=shapes.MaintenanceWindow,
)
async def create(request: Request, given: WantedWindow) -> dict[str, Any]:
    """Tell nobody of what it covers while it lasts, each week anew. What is still critical afterwards is told then."""
    draft = maintenance.Draft(
        days="".join(map(str, given.days)),
        begins=given.begins,
        ends=given.ends,
        zone=given.zone,
        until=given.until,
        reason=given.reason,
        matchers=given.matchers,
        rule_id=given.rule_id,
    )
    return await _answer(request, await triage.create_window(draft, actor_of(request.scope)))


@router.delete(
    "/maintenance-windows/{id}",
    dependencies=[requires("alerts:act")],
    response_model=shapes.MaintenanceWindow,
)
async def end(request: Request, id: WindowId) -> dict[str, Any]:
    """It does not come back, and is over if it runs."""
    return await _answer(request, await triage.end_window(id_of(id), actor_of(request.scope)))


async def _answer(request: Request, window: MaintenanceWindow) -> dict[str, Any]:
    return _row(window, await db.read(silences.rules, [window]), locale_of(request.scope))


def _row(window: MaintenanceWindow, rules: Mapping[UUID, AlertRule], locale: str) -> dict[str, Any]:
    rule = rules.get(window.rule_id) if window.rule_id else None
    at = now()
    runs = recurrence.occurring(window, at)
    return {
        "id": window.id.hex,
        "state": recurrence.state_of(window, at),
        "matchers": window.matchers,
        "rule_id": window.rule_id.hex if window.rule_id else None,
        "rule": words.rule_name(locale, rule.builtin or "", rule.name) if rule else "",
        "days": [int(day) for day in window.days],
        "begins": window.begins,
        "ends": window.ends,
        "zone": window.zone,
        "until": window.until.isoformat(),
        "running_until": rfc3339(runs.ends_at) if runs else None,
        "next_at": rfc3339(recurrence.following(window, at)),
        "author": window.author,
        "reason": window.reason,
        "created_at": rfc3339(window.created_at),
        "ended_at": rfc3339(window.ended_at),
    }
