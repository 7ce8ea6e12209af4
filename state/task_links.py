"""Tasks about an alert or a worker, in the panel of that: which there are, and one more."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import reflex as rx
from sqlmodel import Session

from models import Worker
from services import db, tasks
from services.alerts import board as alerts_board
from services.alerts import book as alerts_book
from services.alerts import words
from services.clock import now
from services.errors import Invalid, NotFound
from services.i18n import translate
from services.sharing import Reader
from services.snapshot import Snapshot
from services.tasks import Draft, desk, lists
from services.tasks.lists import Listed
from state import task_views
from state.address import id_of
from state.guard import actor, principal, requires, tell
from state.live import Broadcast, broadcaster
from state.task_views import TaskPerson, TaskRow

Kind = Literal["alert", "worker"]
EVERY = 15.0
FIELDS = ("title", "due", "assignee")


class LinkedTasks(rx.State):
    """The tasks about what is open; written only by the broadcast."""

    about: str = ""
    ready: bool = False
    rows: list[TaskRow] = []


def linked_broadcast(kind: Kind, object_id: str, account_id: UUID, locale: str, zone: str) -> Broadcast:
    """The tasks about one alert or worker that one person sees."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        at = now()
        rows: list[TaskRow] = []
        if number := task_views.note_id_of(object_id):
            found = await db.read(_about, account_id, at, kind, number)
            rows = [task_views.row(one, found.around, locale, zone, at) for one in found.groups["about"]]
        return {"about": object_id, "ready": True, "rows": rows}

    room = f"tasks-about|{account_id.hex}|{kind}|{object_id}|{locale}|{zone}"
    return Broadcast(room, LinkedTasks, build, period=EVERY, permission="tasks:read")


class TaskLinksState(rx.State):
    """The form that makes a task of what is open; `asked` is the id of that while it is there."""

    asked: str = ""
    title: str = ""
    team: list[TaskPerson] = []
    first: str = ""
    errors: dict[str, str] = dict.fromkeys(FIELDS, "")
    _kind: str = ""

    @rx.event
    @requires("tasks:write")
    async def ask(self, kind: Kind, object_id: str):
        """Open the form, or close it."""
        self.errors = dict.fromkeys(FIELDS, "")
        if self.asked == object_id:
            self.asked = ""
            return
        person = principal()
        needed = desk.ABOUT_NEEDS[kind]
        title = await db.read(_title, kind, id_of(object_id), person.locale) if person.may(needed) else ""
        self.team = [task_views.person(one) for one in await db.read(alerts_board.team)]
        self.title, self._kind, self.asked = title, kind, object_id

    @rx.event
    @requires("tasks:write")
    async def create(self, form: dict[str, Any]):
        """A task about it, for the team."""
        person, kind = principal(), self._kind
        who, day = str(form.get("assignee") or ""), str(form.get("due") or "")
        try:
            draft = Draft(
                str(form.get("title") or ""),
                person.zone,
                due=tasks.due_of(day, person.zone) if day else None,
                assignee_id=id_of(who) if who else None,
                team=True,
                about_kind=kind,
                about_id=id_of(self.asked),
            )
            await desk.create(person, draft, actor())
        except Invalid as wrong:
            said = {name: translate(person.locale, key) for name, key in wrong.fields.items()}
            self.errors = {name: said.get(name, "") for name in FIELDS}
            return
        self.asked = ""
        await broadcaster().renew(LinkedTasks)
        await tell(self, "ok", translate(person.locale, "tasks.created"))


def _about(session: Session, account_id: UUID, at: datetime, kind: str, number: UUID) -> Listed:
    return lists.about(session, Reader.called(session, account_id), at, kind, number)


def _title(session: Session, kind: str, number: UUID, locale: str) -> str:
    """How the task is called at first. Raises NotFound."""
    if kind == "alert":
        return words.title(locale, alerts_book.get(session, number))
    worker = session.get(Worker, number)
    if worker is None:
        raise NotFound
    return translate(locale, "tasks.of_worker", name=worker.name)
