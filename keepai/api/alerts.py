"""Alerts and rules, for programs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import requires
from keepai.api.files import attachment, encode
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, Place, chosen, cut, id_of, page, place_of
from keepai.web.scope import actor_of, locale_of
from models import Alert, AlertEvent, AlertRule, Silence
from services import alerts, db, measures
from services.alerts import preview, rule_file, rules, silences, triage, words
from services.clock import now, rfc3339
from services.errors import Invalid
from services.format import UTC_ZONE
from services.i18n import translate

router = APIRouter(prefix="/api/v1", tags=["alerts"])

COLUMNS = (
    *("id", "title", "fact", "state", "severity", "worst", "value", "measure", "labels", "subject"),
    *("rule_id", "rule", "started_at", "fired_at", "since", "resolved_at", "resolved_by"),
    *("acknowledged_at", "acknowledged_by", "acknowledged_until", "assignee", "last_note"),
    *("flaps", "silenced_until"),
)
RULE_COLUMNS = (
    *("id", "name", "builtin", "enabled", "measure", "unit", "matchers", "above", "summary", "window"),
    *("warning_fire", "warning_clear", "critical_fire", "critical_clear", "pending", "keep", "hits", "of"),
    *("no_data", "runbook", "owner", "created_at", "updated_at", "error"),
)
YAML = "application/yaml"
SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["version", "rules"],
    "properties": {"version": {"const": 1}, "rules": {"type": "array", "items": {"type": "object"}}},
}
StateName = Literal["open", "firing", "pending", "recovering", "no_data", "resolved"]
AlertId = Annotated[str, Path(max_length=64, description="`id` of the alert, as the list has it.")]
RuleId = Annotated[str, Path(max_length=64, description="`id` of the rule, as the list has it.")]
Note = Annotated[str, Field(max_length=4000, pattern=NO_NUL)]
Seconds = Annotated[float, Field(description="Seconds.", allow_inf_nan=False)]
Threshold = Annotated[float | None, Field(description="In the unit of the measure.", allow_inf_nan=False)]


class Given(BaseModel):
    """Whatever is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Acknowledgement(Given):
    """Somebody says "mine"."""

    note: Note = ""
    until: datetime | None = Field(None, description="Only for so long.", examples=["2027-01-31T12:00:00Z"])


class Assignment(Given):
    """Whose it is; null: nobody's."""

    user_id: UUID | None


class Comment(Given):
    """What somebody writes about it."""

    text: Note


class Resolution(Given):
    """Somebody says that it is over. It is silent until the value has been clear."""

    note: Note = ""


class Hush(Given):
    """Nobody is told of it until then."""

    until: datetime = Field(description="At most 30 days from now.", examples=["2027-01-31T12:00:00Z"])
    reason: Annotated[str, Field(max_length=1000, pattern=NO_NUL)]


class RuleChange(Given):
    """A rule, or what is to change of one. `above` says on which side of its thresholds it is bad."""

    name: Annotated[str, Field(max_length=200, pattern=NO_NUL)] | None = None
    enabled: bool | None = None
    measure: Annotated[str, Field(max_length=80, examples=["worker.memory_share"])] | None = None
    matchers: (
        Annotated[
            dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=260, pattern=NO_NUL)]],
            Field(max_length=8, description="Labels that a subject must have."),
        ]
        | None
    ) = None
    above: bool | None = None
    summary: Literal["last", "mean", "min", "max", "unusual"] | None = None
    window: Seconds | None = None
    warning_fire: Threshold = None
    warning_clear: Threshold = None
    critical_fire: Threshold = None
    critical_clear: Threshold = None
    pending: Seconds | None = None
    keep: Seconds | None = None
    hits: Annotated[int, Field(ge=-1000, le=1000)] | None = None
    of: Annotated[int, Field(ge=-1000, le=1000)] | None = None
    no_data: Literal["keep", "alert", "ok"] | None = None
    runbook: Annotated[str, Field(max_length=10_000, pattern=NO_NUL)] | None = None


class RulePreview(RuleChange):
    """A rule, and over how much of the past it is looked at."""

    span: Literal["2h", "24h", "7d"] = "24h"


@router.get("/alerts", dependencies=[requires("alerts:read")], **shapes.told(shapes.Page[shapes.Alert]))
async def listed(
    request: Request,
    state: Annotated[StateName, Query(description="`open` is all but resolved.")] = "open",
    severity: Annotated[Literal["", "warning", "critical"], Query()] = "",
    q: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="A part of what it is about.")] = "",
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
) -> Response:
    """Alerts, the newest first."""
    wanted = chosen(fields, COLUMNS)
    states = alerts.OPEN if state == "open" else (state,)
    before = place_of(cursor)

    def read(session: Session) -> tuple[list[Alert], dict[UUID, str], list[Silence]]:
        rows = alerts.find(session, states=states, severity=severity, text=q, limit=limit + 1, before=before)
        return rows, alerts.names(session, rows), silences.running(session, now())

    found, people, silent = await db.read(read)
    more = Place(found[limit - 1].started_at, found[limit - 1].id) if len(found) > limit else None
    locale = locale_of(request.scope)
    return page((_row(one, people, silent, locale) for one in found[:limit]), wanted, more)


@router.get("/alerts/{id}", dependencies=[requires("alerts:read")], response_model=shapes.AlertWithStory)
async def one(request: Request, id: AlertId) -> Response:
    """One alert with its story, the oldest line first."""
    return await _answer(request, id_of(id))


@router.post(
    "/alerts/{id}/acknowledge", dependencies=[requires("alerts:act")], response_model=shapes.AlertWithStory
)
async def acknowledge(request: Request, id: AlertId, given: Acknowledgement) -> Response:
    """Say "mine": nobody else is called, and it is the caller's unless it is somebody's already."""
    by = actor_of(request.scope)
    until = moment_of(given.until, "until") if given.until else None
    await triage.acknowledge(id_of(id), by, note=given.note, until=until)
    return await _answer(request, id_of(id))


@router.post(
    "/alerts/{id}/assign", dependencies=[requires("alerts:act")], response_model=shapes.AlertWithStory
)
async def assign(request: Request, id: AlertId, given: Assignment) -> Response:
    """Make it somebody's."""
    await triage.assign(id_of(id), actor_of(request.scope), given.user_id)
    return await _answer(request, id_of(id))


@router.post(
    "/alerts/{id}/comment", dependencies=[requires("alerts:act")], response_model=shapes.AlertWithStory
)
async def comment(request: Request, id: AlertId, given: Comment) -> Response:
    """Write something about it."""
    await triage.comment(id_of(id), actor_of(request.scope), given.text)
    return await _answer(request, id_of(id))


@router.post(
    "/alerts/{id}/resolve", dependencies=[requires("alerts:act")], response_model=shapes.AlertWithStory
)
async def resolve(request: Request, id: AlertId, given: Resolution) -> Response:
    """Say that it is over."""
    await triage.resolve(id_of(id), actor_of(request.scope), note=given.note)
    return await _answer(request, id_of(id))


@router.post(
    "/alerts/{id}/silence", dependencies=[requires("alerts:act")], response_model=shapes.AlertWithStory
)
async def silence(request: Request, id: AlertId, given: Hush) -> Response:
    """Tell nobody of it until then, nor of what else is wrong with the same. What is still critical is told then."""
    until = moment_of(given.until, "until")
    await triage.silence(id_of(id), actor_of(request.scope), until=until, reason=given.reason)
    return await _answer(request, id_of(id))


@router.get(
    "/alert-rules", dependencies=[requires("alerts:read")], **shapes.told(shapes.Page[shapes.AlertRule])
)
async def all_rules(
    request: Request, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """What is watched for: the rules that KeepAI comes with, then the others by name."""
    wanted = chosen(fields, RULE_COLUMNS)
    some, more = cut(await db.read(rules.listed), limit, cursor, lambda rule: rule.id.hex)
    locale = locale_of(request.scope)
    return page((_rule(rule, locale) for rule in some), wanted, more)


@router.post(
    "/alert-rules",
    status_code=201,
    dependencies=[requires("alerts:manage")],
    response_model=shapes.AlertRule,
)
async def create(request: Request, given: RuleChange) -> dict[str, Any]:
    """A new rule, of the caller. Thresholds are beyond which it fires and below which it is clear again."""
    rule = await triage.create_rule(_draft(given, rules.Draft("", "")), actor_of(request.scope))
    return _rule(rule, locale_of(request.scope))


@router.get(
    "/alert-rules.yaml",
    dependencies=[requires("alerts:read")],
    response_class=Response,
    responses={200: {"content": {YAML: {"schema": SHAPE}}}},
)
async def rules_as_file() -> Response:
    """Own rules, and those that KeepAI comes with where they were changed, as a file that can be taken in elsewhere."""
    text = rule_file.text_of(await db.read(rules.listed))
    return Response(text, media_type=f"{YAML}; charset=utf-8", headers=attachment("keepai-rules.yaml"))


@router.post(
    "/alert-rules.yaml",
    dependencies=[requires("alerts:manage")],
    response_model=shapes.RuleImport,
    openapi_extra={"requestBody": {"required": True, "content": {YAML: {"schema": SHAPE}}}},
)
async def rules_from_file(
    request: Request,
    dry_run: Annotated[bool, Query(description="Only say what would be done.")] = False,
    remove: Annotated[
        bool,
        Query(
            description="Rules that the file does not name go; those that KeepAI comes with are as they came."
        ),
    ] = False,
) -> dict[str, Any]:
    """Take rules in from such a file: all of it, or nothing where something is wrong. The same file again changes
    nothing: a rule is known by its id, else by its name."""
    try:
        text = (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise rule_file.BadFile("rule_file.error.yaml", line=1) from error
    if dry_run:
        plan = await db.read(rule_file.plan, text, remove=remove)
    else:
        plan = await triage.import_rules(text, actor_of(request.scope), remove=remove)
    locale = locale_of(request.scope)
    return {
        "applied": not dry_run,
        "created": [draft.name for _, draft in plan.created],
        "changed": [
            {"rule": words.rule_name(locale, one.builtin, one.name), "fields": list(one.fields)}
            for one in plan.changed
        ],
        "removed": [name for _, name in plan.removed],
        "left": plan.left,
    }


@router.patch("/alert-rules/{id}", dependencies=[requires("alerts:manage")], response_model=shapes.AlertRule)
async def change(request: Request, id: RuleId, given: RuleChange) -> dict[str, Any]:
    """Change what is given, leave the rest. A level is taken away by giving null for both of its thresholds."""
    by = actor_of(request.scope)
    rule = await triage.change_rule(id_of(id), lambda kept: _draft(given, kept), by)
    return _rule(rule, locale_of(request.scope))


@router.delete(
    "/alert-rules/{id}",
    status_code=204,
    dependencies=[requires("alerts:manage")],
    response_class=Response,
)
async def remove(request: Request, id: RuleId) -> None:
    """Take a rule away; what is open of it is over. Those that KeepAI comes with can only be switched off."""
    await triage.remove_rule(id_of(id), actor_of(request.scope))


@router.post(
    "/alert-rules/preview", dependencies=[requires("alerts:read")], response_model=shapes.AlertPreview
)
async def try_out(given: RulePreview) -> dict[str, Any]:
    """When a rule would have fired, on what is stored. Nothing is saved."""
    draft = _draft(given, rules.Draft("-", ""))
    found = await db.read(preview.preview, draft, preview.RANGES[given.span], now())
    return {
        "from": rfc3339(found.start),
        "to": rfc3339(found.end),
        "resolution": found.resolution,
        "subjects": found.subjects,
        "warnings": found.count("warning"),
        "criticals": found.count("critical"),
        "per_day": found.per_day,
        "typical": found.typical,
        "episodes": [
            {
                "labels": dict(episode.labels),
                "severity": episode.severity,
                "began_at": rfc3339(episode.began),
                "ended_at": rfc3339(episode.ended),
                "peak": episode.peak,
            }
            for episode in found.episodes
        ],
    }


async def _answer(request: Request, alert_id: UUID) -> Response:
    def read(session: Session) -> tuple[Alert, dict[UUID, str], Sequence[AlertEvent], list[Silence]]:
        alert = alerts.get(session, alert_id)
        people, silent = alerts.names(session, [alert]), silences.running(session, now())
        return alert, people, alerts.story(session, alert_id), silent

    alert, people, story, silent = await db.read(read)
    row = {**_row(alert, people, silent, locale_of(request.scope)), "story": [_line(line) for line in story]}
    return Response(encode(row), media_type="application/json")


def moment_of(given: datetime, field: str) -> datetime:
    """A moment that was given, if it is one everywhere. Raises Invalid."""
    if given.tzinfo is None or not 1970 <= given.year < 2200:
        raise Invalid(fields={field: "errors.field.moment"})
    return given


def _draft(given: RuleChange, kept: rules.Draft) -> rules.Draft:
    """The rule with what was given; thresholds may be given as null, other fields then count as not given."""
    told = given.model_dump(include=given.model_fields_set & rules.Draft.__dataclass_fields__.keys())
    may_be_none = {"warning_fire", "warning_clear", "critical_fire", "critical_clear"}
    fields = {name: value for name, value in told.items() if value is not None or name in may_be_none}
    return rules.Draft(
        **{**{name: getattr(kept, name) for name in rules.Draft.__dataclass_fields__}, **fields}
    )


def _row(alert: Alert, people: Mapping[UUID, str], silent: Sequence[Silence], locale: str) -> dict[str, Any]:
    open_silence = silences.last_of(silent, alert, now()) if alert.state != "resolved" else None

    def called(person: UUID | None) -> str:
        return people.get(person, "") if person else ""

    return {
        "id": alert.id.hex,
        "title": words.title(locale, alert),
        "fact": words.fact(locale, alert, now(), UTC_ZONE),
        "state": alert.state,
        "severity": alert.severity,
        "worst": alert.worst,
        "value": alert.value,
        "measure": alert.measure,
        "labels": alert.labels,
        "subject": alert.subject,
        "rule_id": alert.rule_id.hex if alert.rule_id else None,
        "rule": words.rule_name(locale, alert.rule_builtin, alert.rule_name),
        "started_at": rfc3339(alert.started_at),
        "fired_at": rfc3339(alert.fired_at),
        "since": rfc3339(alert.since),
        "resolved_at": rfc3339(alert.resolved_at),
        "resolved_by": called(alert.resolved_by),
        "acknowledged_at": rfc3339(alert.acknowledged_at),
        "acknowledged_by": called(alert.acknowledged_by),
        "acknowledged_until": rfc3339(alert.acknowledged_until),
        "assignee": called(alert.assignee_id),
        "last_note": alert.last_note,
        "flaps": alert.flaps,
        "silenced_until": rfc3339(silences.end_of(open_silence)) if open_silence else None,
    }


def _line(line: AlertEvent) -> dict[str, Any]:
    return {
        "at": rfc3339(line.at),
        "kind": line.kind,
        "actor": line.actor,
        "note": line.note,
        "detail": line.detail,
    }


def _rule(rule: AlertRule, locale: str) -> dict[str, Any]:
    measure = measures.by_key().get(rule.measure)
    error = rules.error_of(rule)
    kept = {name: getattr(rule, name) for name in RULE_COLUMNS if name in AlertRule.model_fields}
    return {
        **dict.fromkeys(RULE_COLUMNS),
        **kept,
        "id": rule.id.hex,
        "name": words.rule_name(locale, rule.builtin or "", rule.name),
        "unit": rules.unit_of(measure, rule.summary) if measure else "",
        "owner": rule.owner_id.hex if rule.owner_id else None,
        "created_at": rfc3339(rule.created_at),
        "updated_at": rfc3339(rule.updated_at),
        "error": translate(locale, error) if error else "",
    }
