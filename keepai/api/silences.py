"""Silences, for programs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import requires
from keepai.api.alerts import moment_of
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.web.scope import actor_of, locale_of
from models import AlertRule, Silence
from services import db
from services.alerts import silences, triage, words
from services.clock import now, rfc3339

router = APIRouter(prefix="/api/v1", tags=["silences"])

COLUMNS = (
    *("id", "state", "matchers", "rule_id", "rule", "starts_at", "ends_at", "author", "reason"),
    *("created_at", "ended_at"),
)
SilenceId = Annotated[str, Path(max_length=64, description="`id` of the silence, as the list has it.")]


class Wanted(BaseModel):
    """A silence. At least one label, or a rule. Without `starts_at` it begins now."""

    model_config = ConfigDict(extra="forbid")

    matchers: Annotated[
        dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=260, pattern=NO_NUL)]],
        Field(max_length=8, description="Labels that an alert must have.", examples=[{"probe": "redis"}]),
    ] = {}
    rule_id: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime = Field(
        description="At most 30 days after it begins.", examples=["2027-01-31T12:00:00Z"]
    )
    reason: Annotated[str, Field(max_length=1000, pattern=NO_NUL)]


@router.get("/silences", dependencies=[requires("alerts:read")], **shapes.told(shapes.Page[shapes.Silence]))
async def listed(
    request: Request, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """Those that run, those to come, and those that were over in the last 30 days."""
    wanted = chosen(fields, COLUMNS)

    def read(session: Session) -> tuple[list[Silence], dict[UUID, AlertRule]]:
        found = silences.listed(session, now())
        return found, silences.rules(session, found)

    found, rules = await db.read(read)
    some, more = cut(found, limit, cursor, lambda one: one.id.hex)
    locale = locale_of(request.scope)
    return page((_row(one, rules, locale) for one in some), wanted, more)


@router.post(
    "/silences", status_code=201, dependencies=[requires("alerts:act")], response_model=shapes.Silence
)
async def create(request: Request, given: Wanted) -> dict[str, Any]:
    """Tell nobody of what it covers. What is still critical when it is over is told then."""
    draft = silences.Draft(
        ends_at=moment_of(given.ends_at, "ends_at"),
        reason=given.reason,
        matchers=given.matchers,
        rule_id=given.rule_id,
        starts_at=moment_of(given.starts_at, "starts_at") if given.starts_at else None,
    )
    return await _answer(request, await triage.create_silence(draft, actor_of(request.scope)))


@router.delete("/silences/{id}", dependencies=[requires("alerts:act")], response_model=shapes.Silence)
async def end(request: Request, id: SilenceId) -> dict[str, Any]:
    """End it before its time. It stays in the list of those that are over."""
    return await _answer(request, await triage.end_silence(id_of(id), actor_of(request.scope)))


async def _answer(request: Request, silence: Silence) -> dict[str, Any]:
    return _row(silence, await db.read(silences.rules, [silence]), locale_of(request.scope))


def _row(silence: Silence, rules: Mapping[UUID, AlertRule], locale: str) -> dict[str, Any]:
    rule = rules.get(silence.rule_id) if silence.rule_id else None
    return {
        "id": silence.id.hex,
        "state": silences.state_of(silence, now()),
        "matchers": silence.matchers,
        "rule_id": silence.rule_id.hex if silence.rule_id else None,
        "rule": words.rule_name(locale, rule.builtin or "", rule.name) if rule else "",
        "starts_at": rfc3339(silence.starts_at),
        "ends_at": rfc3339(silence.ends_at),
        "author": silence.author,
        "reason": silence.reason,
        "created_at": rfc3339(silence.created_at),
        "ended_at": rfc3339(silence.ended_at),
    }
