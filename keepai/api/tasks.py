"""Tasks, for programs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.alerts import moment_of
from keepai.api.files import encode
from keepai.api.lists import (
    NO_NUL,
    USUAL,
    Cursor,
    Fields,
    Limit,
    Place,
    chosen,
    id_of,
    moment,
    page,
    place_of,
)
from keepai.web.scope import actor_of
from models import Task, TaskEvent
from services import db, tasks
from services.alerts import words
from services.clock import now, rfc3339
from services.errors import Invalid
from services.identity.permissions import Principal
from services.sharing import Reader
from services.tasks import Draft, Due, Wanted, desk, lists
from services.tasks.book import OPEN
from services.tasks.lists import Around, people_called

router = APIRouter(prefix="/api/v1", tags=["tasks"])

COLUMNS = (
    *(
        "id",
        "title",
        "text",
        "state",
        "priority",
        "due",
        "zone",
        "overdue",
        "remind_at",
        "reminds_at",
        "until_done",
    ),
    *("repeat", "repeat_from", "assignee_id", "assignee", "author_id", "author", "team", "note_id", "note"),
    *("about_kind", "about_id", "about", "checklist", "comments", "version"),
    *("created_at", "updated_at", "done_at", "deleted_at"),
)
# Beside a rule as RFC 5545 writes it.
REPEATS = {
    "daily": "FREQ=DAILY",
    "workdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "weekly": "FREQ=WEEKLY",
    "monthly": "FREQ=MONTHLY",
    "yearly": "FREQ=YEARLY",
}
TaskId = Annotated[str, Path(max_length=64, description="`id` of the task, as the list has it.")]
ItemId = Annotated[str, Path(max_length=64, description="`id` of the line of its checklist.")]
Title = Annotated[str, Field(max_length=400, pattern=NO_NUL)]
Words = Annotated[str, Field(max_length=20_000, pattern=NO_NUL, description="Markdown.")]
When = Annotated[
    str,
    Field(
        max_length=40,
        pattern=NO_NUL,
        description="A day, or a moment; without an offset on the clock of `zone`.",
        examples=["2027-01-31", "2027-01-31T09:00"],
    ),
]
Who = Annotated[
    str,
    Field(
        max_length=254, pattern=NO_NUL, description="An id, `me`, or how somebody is called.", examples=["me"]
    ),
]
Repeat = Annotated[
    str,
    Field(
        max_length=120,
        pattern=NO_NUL,
        description="`daily`, `workdays`, `weekly`, `monthly`, `yearly`, or a rule as RFC 5545 writes it: FREQ with "
        "INTERVAL, BYDAY of weeks, BYMONTHDAY and BYMONTH.",
        examples=["FREQ=WEEKLY;BYDAY=MO,TH"],
    ),
]
Priority = Literal["low", "normal", "high", "urgent"]
StateName = Literal["open", "doing", "done", "dropped"]


class Given(BaseModel):
    """Whatever is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")


class TaskChange(Given):
    """What is to be; null takes a date, a reminder, a person or a note away. `zone` is that of the account unless it is
    given. `team` shows it to the whole team."""

    title: Title | None = None
    text: Words | None = None
    due: When | None = None
    zone: Annotated[str, Field(max_length=64, pattern=NO_NUL, examples=["America/Sao_Paulo"])] | None = None
    remind_at: datetime | None = Field(None, examples=["2027-01-31T12:00:00Z"])
    until_done: bool | None = Field(None, description="Remind again each day until it is done.")
    repeat: Repeat | None = None
    repeat_from: Literal["due", "done"] | None = None
    assignee: Who | None = None
    priority: Priority | None = None
    state: StateName | None = None
    team: bool | None = None
    note_id: UUID | None = None


class NewTask(TaskChange):
    """A task. One that is about an alert or a worker is for the team unless `team` says otherwise."""

    title: Title
    about_kind: Literal["alert", "worker"] | None = None
    about_id: UUID | None = None
    checklist: Annotated[
        list[Annotated[str, Field(max_length=400, pattern=NO_NUL)]], Field(max_length=100)
    ] = []


class ChangedTask(TaskChange):
    """What is to change. With `version` only if nothing has changed since."""

    version: int | None = Field(None, ge=1, le=2**31)


class Line(Given):
    """One typed line."""

    text: Annotated[str, Field(max_length=500, pattern=NO_NUL, examples=["tomorrow 9am call supplier !high"])]
    locale: Literal["pt-BR", "en"] | None = None


class Said(Given):
    """What somebody writes."""

    text: Annotated[str, Field(max_length=4000, pattern=NO_NUL)]


class Snooze(Given):
    """When to remind of it again; null: no more."""

    until: datetime | None = Field(examples=["2027-01-31T12:00:00Z"])


class Ticked(Given):
    """Whether a line of the checklist is done."""

    done: bool


@router.get("/tasks", dependencies=[requires("tasks:read")], **shapes.told(shapes.Page[shapes.Task]))
async def listed(
    request: Request,
    state: Annotated[
        Literal["all", "active", "open", "doing", "done", "dropped", "trash"],
        Query(description="`active` is open and doing; `trash` what was deleted in the last 30 days."),
    ] = "all",
    assignee: Annotated[str, Query(max_length=64, description="`me`, `nobody` or an id.")] = "",
    due_before: Annotated[str, Query(max_length=40, description="RFC 3339.")] = "",
    note_id: Annotated[str, Query(max_length=64)] = "",
    about: Annotated[
        str,
        Query(max_length=80, description="`alert:` or `worker:` and an id.", examples=["worker:0192f0c0"]),
    ] = "",
    q: Annotated[str, Query(max_length=100, pattern=NO_NUL, description="Words of title and text.")] = "",
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
) -> Response:
    """Tasks that the caller may see, the newest first."""
    columns = chosen(fields, COLUMNS)
    person = person_of(request)
    mine = person.account_id if assignee == "me" else None
    wanted = Wanted(
        states={"all": (), "trash": (), "active": OPEN}.get(state, (state,)),
        assignee_id=mine or (_id(assignee, "assignee") if assignee not in ("", "me", "nobody") else None),
        nobody=assignee == "nobody",
        due_before=moment("due_before", due_before) if due_before else None,
        note_id=_id(note_id, "note_id") if note_id else None,
        about=_about(about),
        text=q,
        trash=state == "trash",
    )
    before, reader = place_of(cursor), Reader.of(person)

    def read(session: Session) -> tuple[list[Task], Around]:
        rows = tasks.find(session, reader, now(), wanted, limit + 1, before)
        return rows, lists.around(session, reader, now(), rows)

    found, around = await db.read(read)
    more = Place(found[limit - 1].created_at, found[limit - 1].id) if len(found) > limit else None
    return page((_row(one, around, person) for one in found[:limit]), columns, more)


@router.post(
    "/tasks", status_code=201, dependencies=[requires("tasks:write")], response_model=shapes.TaskWithHistory
)
async def create(request: Request, given: NewTask) -> Response:
    """A new task of the caller."""
    person = person_of(request)
    draft = Draft(title=given.title, zone=given.zone or person.zone)
    fields = await _changes(given, person, draft.zone)
    linked = given.about_kind is not None or given.about_id is not None
    draft = Draft(
        **{
            "team": linked,
            **fields,
            "title": given.title,
            "zone": draft.zone,
            "about_kind": given.about_kind or "",
            "about_id": given.about_id,
            "checklist": tuple(given.checklist),
        }
    )
    task = await desk.create(person, draft, actor_of(request.scope))
    return await _answer(person, task.id, 201)


@router.post("/tasks/parse", dependencies=[requires("tasks:read")], response_model=shapes.ParsedTask)
async def parse(request: Request, given: Line) -> dict[str, Any]:
    """What one typed line says, in the language and the zone of the account. Nothing is kept."""
    person = person_of(request)
    said = tasks.parse(given.text, given.locale or person.locale, person.zone, now())
    people = await db.read(people_called, said.assignee) if said.assignee else []
    return {
        "title": said.title,
        "due": _due(said.due, person.zone),
        "remind_at": rfc3339(said.remind_at(person.zone)),
        "repeat": said.repeat,
        "repeat_from": said.repeat_from,
        "priority": said.priority or "normal",
        "assignee": said.assignee,
        "assignee_id": people[0].id.hex if len(people) == 1 else None,
        "parts": [{"kind": one.kind, "text": one.text} for one in said.parts],
    }


@router.get("/tasks/{id}", dependencies=[requires("tasks:read")], response_model=shapes.TaskWithHistory)
async def one(request: Request, id: TaskId) -> Response:
    """One task with its history and comments, the oldest line first."""
    return await _answer(person_of(request), id_of(id))


@router.patch("/tasks/{id}", dependencies=[requires("tasks:write")], response_model=shapes.TaskWithHistory)
async def change(request: Request, id: TaskId, given: ChangedTask) -> Response:
    """Change what is given, leave the rest. To finish one that repeats makes the next one."""
    person, number = person_of(request), id_of(id)
    zone = given.zone
    if zone is None:
        zone = (await db.read(tasks.get, now(), Reader.of(person), number)).zone
    changes = await _changes(given, person, zone)
    await desk.act(tasks.change, person, number, actor_of(request.scope), changes, version=given.version)
    return await _answer(person, number)


@router.delete(
    "/tasks/{id}", status_code=204, dependencies=[requires("tasks:write")], response_class=Response
)
async def remove(request: Request, id: TaskId) -> None:
    """Throw it into the trash, where it stays for 30 days."""
    await desk.act(tasks.delete, person_of(request), id_of(id), actor_of(request.scope))


@router.post(
    "/tasks/{id}/restore", dependencies=[requires("tasks:write")], response_model=shapes.TaskWithHistory
)
async def restore(request: Request, id: TaskId) -> Response:
    """Take it out of the trash."""
    person, number = person_of(request), id_of(id)
    await desk.act(tasks.restore, person, number, actor_of(request.scope))
    return await _answer(person, number)


@router.post(
    "/tasks/{id}/snooze", dependencies=[requires("tasks:write")], response_model=shapes.TaskWithHistory
)
async def snooze(request: Request, id: TaskId, given: Snooze) -> Response:
    """Remind of it at another moment, once."""
    person, number = person_of(request), id_of(id)
    until = moment_of(given.until, "until") if given.until else None
    await desk.act(tasks.snooze, person, number, actor_of(request.scope), until)
    return await _answer(person, number)


@router.post(
    "/tasks/{id}/comments",
    status_code=201,
    dependencies=[requires("tasks:write")],
    response_model=shapes.TaskWithHistory,
)
async def comment(request: Request, id: TaskId, given: Said) -> Response:
    """Write something about it."""
    person, number = person_of(request), id_of(id)
    await desk.act(tasks.comment, person, number, actor_of(request.scope), given.text)
    return await _answer(person, number, 201)


@router.post(
    "/tasks/{id}/checklist",
    status_code=201,
    dependencies=[requires("tasks:write")],
    response_model=shapes.TaskWithHistory,
)
async def add_item(request: Request, id: TaskId, given: Said) -> Response:
    """One more line of its checklist."""
    person, number = person_of(request), id_of(id)
    await desk.act(tasks.add_item, person, number, actor_of(request.scope), given.text)
    return await _answer(person, number, 201)


@router.patch(
    "/tasks/{id}/checklist/{item}",
    dependencies=[requires("tasks:write")],
    response_model=shapes.TaskWithHistory,
)
async def check_item(request: Request, id: TaskId, item: ItemId, given: Ticked) -> Response:
    """A line of its checklist is done, or not."""
    person, number = person_of(request), id_of(id)
    await desk.act(tasks.check_item, person, number, actor_of(request.scope), item, given.done)
    return await _answer(person, number)


@router.delete(
    "/tasks/{id}/checklist/{item}",
    dependencies=[requires("tasks:write")],
    response_model=shapes.TaskWithHistory,
)
async def remove_item(request: Request, id: TaskId, item: ItemId) -> Response:
    """Take a line off its checklist."""
    person, number = person_of(request), id_of(id)
    await desk.act(tasks.remove_item, person, number, actor_of(request.scope), item)
    return await _answer(person, number)


async def _changes(given: TaskChange, person: Principal, zone: str) -> dict[str, Any]:
    """What was given, as `services.tasks` takes it; null takes away what may be away. Raises Invalid."""
    names = given.model_fields_set & TaskChange.model_fields.keys()
    may_be_none = {"due", "remind_at", "assignee", "note_id", "repeat"}
    told = {name: getattr(given, name) for name in names}
    fields = {name: value for name, value in told.items() if value is not None or name in may_be_none}
    if fields.get("due"):
        fields["due"] = tasks.due_of(fields["due"], zone)
    if fields.get("remind_at"):
        fields["remind_at"] = moment_of(fields["remind_at"], "remind_at")
    if "repeat" in fields:
        fields["repeat"] = REPEATS.get(fields["repeat"] or "", fields["repeat"] or "")
    if "zone" in fields:
        fields["zone"] = zone
    if "assignee" in fields:
        fields["assignee_id"] = await _assignee(fields.pop("assignee") or "", person)
    return fields


async def _assignee(who: str, person: Principal) -> UUID | None:
    """Whom somebody names. Raises Invalid where that is nobody, or several."""
    if who in ("", "me"):
        return person.account_id if who else None
    try:
        return UUID(who)
    except ValueError:
        found = await db.read(people_called, who)
    if len(found) != 1:
        raise Invalid(fields={"assignee": "tasks.error.assignee"})
    return found[0].id


def _about(text: str) -> tuple[str, UUID] | None:
    if not text:
        return None
    kind, _, number = text.partition(":")
    if kind not in desk.ABOUT_NEEDS:
        raise Invalid(fields={"about": "errors.field.choice"})
    return kind, _id(number, "about")


def _id(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(fields={field: "errors.field.wrong"}) from None


async def _answer(person: Principal, task_id: UUID, status: int = 200) -> Response:
    reader = Reader.of(person)

    def read(session: Session) -> tuple[Task, Around, Sequence[TaskEvent]]:
        task = tasks.get(session, now(), reader, task_id)
        return task, lists.around(session, reader, now(), [task]), tasks.history(session, task_id)

    task, around, history = await db.read(read)
    row = {**_row(task, around, person), "history": [_line(line) for line in history]}
    return Response(encode(row), status, media_type="application/json")


def _row(task: Task, around: Around, person: Principal) -> dict[str, Any]:
    def called(account_id: UUID | None) -> str:
        return around.people.get(account_id, "") if account_id else ""

    alert = around.alerts.get(task.about_id) if task.about_id else None
    about = words.title(person.locale, alert) if alert and person.may("alerts:read") else task.about_name
    note = task.note_id if task.note_id in around.notes else None
    return {
        "id": task.id.hex,
        "title": task.title,
        "text": task.text,
        "state": task.state,
        "priority": task.priority,
        "due": _due(Due(task.due_on, task.due_time), task.zone) if task.due_on else None,
        "zone": task.zone,
        "overdue": lists.is_late(task, now(), person.zone),
        "remind_at": rfc3339(task.remind_at),
        "reminds_at": rfc3339(task.tell_at),
        "until_done": task.until_done,
        "repeat": task.repeat,
        "repeat_from": task.repeat_from,
        "assignee_id": task.assignee_id.hex if task.assignee_id else None,
        "assignee": called(task.assignee_id),
        "author_id": task.owner_id.hex,
        "author": called(task.owner_id),
        "team": task.id in around.team,
        "note_id": note.hex if note else None,
        "note": around.notes[note] if note else "",
        "about_kind": task.about_kind,
        "about_id": task.about_id.hex if task.about_id else None,
        "about": about,
        "checklist": task.checklist,
        "comments": around.comments.get(task.id, 0),
        "version": task.version,
        "created_at": rfc3339(task.created_at),
        "updated_at": rfc3339(task.updated_at),
        "done_at": rfc3339(task.done_at),
        "deleted_at": rfc3339(task.deleted_at),
    }


def _due(due: Due | None, zone: str) -> str | None:
    """A day, or an instant."""
    if due is None:
        return None
    return rfc3339(due.late_from(zone)) if due.time else due.day.isoformat()


def _line(line: TaskEvent) -> Mapping[str, Any]:
    return {
        "at": rfc3339(line.at),
        "kind": line.kind,
        "actor": line.actor,
        "note": line.note,
        "detail": line.detail,
    }
