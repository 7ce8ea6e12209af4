"""What the tasks view shows, and what its buttons do.

The view (list, board, today, trash; filter, open task) is in the address: buttons change the address, and loading it
shows it. Lists and the open task are live: what somebody changes is seen in every tab that may see it.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import reflex as rx
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from models import Task
from services import db, tasks
from services.alerts import board as alerts_board
from services.clock import now
from services.errors import Conflict, Invalid, KeepAIError, NotFound
from services.i18n import translate
from services.sharing import Reader
from services.snapshot import Snapshot
from services.tasks import Draft, Due, desk, lists
from services.tasks.lists import ME, NOBODY, Listed, TaskView, parse_view, people_called
from services.tasks.when import instant, local_of
from state import task_views
from state.address import id_of
from state.dashboard import live_broadcast
from state.guard import actor, offer_undo, principal, requires, tell, untell
from state.live import Broadcast, Looks, broadcaster
from state.session import enter
from state.task_links import LinkedTasks
from state.task_views import NO_TASK, RULES, TaskChip, TaskFacts, TaskGroup, TaskLine, TaskPerson
from state.toasts import MOST as MOST_TOASTS

log = logging.getLogger(__name__)

EVERY = 15.0  # s; the bus brings what changes at once, this is for what becomes late by itself
BEFORE = 15  # minutes of the reminder that is offered
MORNING = 9  # o'clock, when a day begins that somebody is reminded on
FIELDS = ("title", "text", "day", "time", "remind", "repeat", "repeat_from", "assignee", "priority")


class TaskRows(rx.State):
    """The tasks that the view shows, in groups or columns; written only by the broadcast."""

    ready: bool = False
    failed: bool = False
    show: str = ""
    groups: list[TaskGroup] = []
    found: int = 0
    total: int = 0


def rows_broadcast(view: TaskView, account_id: UUID, locale: str, zone: str) -> Broadcast:
    """The list of one person, the same in all of their tabs with the same filter."""
    view = replace(view, selected="")

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        at = now()
        try:
            found = await db.read(_listed, account_id, at, zone, view)
        except SQLAlchemyError:
            log.exception("tasks could not be read")
            return {"ready": True, "failed": True, "show": view.show, "groups": [], "found": 0, "total": 0}
        words = task_views.columns if view.show == "board" else task_views.groups
        return {
            "ready": True,
            "failed": False,
            "show": view.show,
            "groups": words(found, locale, zone, at),
            "found": sum(len(some) for some in found.groups.values()),
            "total": found.total,
        }

    room = f"tasks|{account_id.hex}|{view.filter}|{locale}|{zone}"
    return Broadcast(room, TaskRows, build, period=EVERY, permission="tasks:read")


class TaskPanel(rx.State):
    """The task that is open; written only by the broadcast."""

    id: str = ""
    ready: bool = False
    found: bool = False
    task: TaskFacts = NO_TASK
    story: list[TaskLine] = []


def panel_broadcast(task_id: str, account_id: UUID, locale: str, zone: str) -> Broadcast:
    """One task with its history, as one person sees it."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        at = now()
        try:
            return {
                "id": task_id,
                "ready": True,
                **await db.read(_opened, account_id, task_id, at, locale, zone),
            }
        except NotFound:
            return {"id": task_id, "ready": True, "found": False, "task": NO_TASK, "story": []}

    room = f"task|{account_id.hex}|{task_id}|{locale}|{zone}"
    return Broadcast(room, TaskPanel, build, period=EVERY, permission="tasks:read")


class NoteTasks(rx.State):
    """What stands beside a note: its tasks, and what is due today; written only by the broadcast."""

    note: str = ""
    ready: bool = False
    groups: list[TaskGroup] = []


def note_broadcast(note_id: UUID | None, account_id: UUID, locale: str, zone: str) -> Broadcast:
    """The pane beside a note, or without one only what is due."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        at = now()
        found = await db.read(_beside, account_id, at, zone, note_id)
        groups = task_views.groups(found, locale, zone, at)
        return {"note": note_id.hex if note_id else "", "ready": True, "groups": groups}

    room = f"note-tasks|{account_id.hex}|{note_id.hex if note_id else ''}|{locale}|{zone}"
    return Broadcast(room, NoteTasks, build, period=EVERY, permission="tasks:read")


async def renew() -> None:
    """Show at once what changed."""
    for state in (TaskRows, TaskPanel, NoteTasks, LinkedTasks):
        await broadcaster().renew(state)


class TasksState(rx.State):
    """The view of this tab, and the buttons of the page."""

    shown: bool = False
    show: str = lists.SHOWS[0]
    text: str = ""
    assignee: str = ""
    priority: str = ""
    narrowed: bool = False
    selected: str = ""
    link: str = "/notes?view=tasks&task="
    search_key: int = 0
    team: list[TaskPerson] = []
    line_key: int = 0
    line: str = ""
    line_error: str = ""
    chips: list[TaskChip] = []
    offers: bool = False  # a reminder, for what is due at a time
    offered: bool = False
    errors: dict[str, str] = dict.fromkeys((*FIELDS, "item", "comment"), "")
    panel_key: int = 0
    comment_key: int = 0
    item_key: int = 0
    _typed: list[str] = []
    _added: str = ""
    _undo: dict[str, tuple[str, str]] = {}

    @rx.event
    @requires("tasks:read")
    async def load(self):
        """Show the view of the address, where that is tasks; else there are notes."""
        shown = self.router.url.query_parameters.get("view") == "tasks"
        if self.shown != shown:
            self.shown = shown
        if shown:
            await enter(self, self._looks(await self._view()))

    @rx.event
    @requires("tasks:read")
    async def retry(self):
        """Read them again."""
        await broadcaster().renew(TaskRows)

    # -- what is shown ------------------------------------------------------------------------------------------

    @rx.event
    @requires("tasks:read")
    async def look(self, show: str):
        """The list, the board, today, or the trash."""
        view = parse_view(self.router.url.query_parameters)
        return _go(replace(view, show=show if show in lists.SHOWS else lists.SHOWS[0], selected=""))

    @rx.event
    @requires("tasks:read")
    async def search(self, text: str):
        """Only tasks that have these words."""
        view = replace(parse_view(self.router.url.query_parameters), text=text.strip()[:100])
        self._typed = [*self._typed, view.text][-10:]
        return _go(view)

    @rx.event
    @requires("tasks:read")
    async def narrow(self, who: str):
        """Only one's own, or nobody's; the same again shows all."""
        view = parse_view(self.router.url.query_parameters)
        wanted = who if who in (ME, NOBODY) and who != view.assignee else ""
        return _go(replace(view, assignee=wanted))

    @rx.event
    @requires("tasks:read")
    async def weigh(self, priority: str):
        """Only tasks of this priority; the same again shows all."""
        view = parse_view(self.router.url.query_parameters)
        return _go(replace(view, priority="" if priority == view.priority else priority))

    @rx.event
    @requires("tasks:read")
    async def clear(self):
        """All tasks."""
        self._typed = []
        view = parse_view(self.router.url.query_parameters)
        return _go(replace(view, text="", assignee="", priority=""))

    @rx.event
    @requires("tasks:read")
    async def close(self):
        """Close the open task."""
        return _go(replace(parse_view(self.router.url.query_parameters), selected=""))

    # -- the quick line -----------------------------------------------------------------------------------------

    @rx.event
    @requires("tasks:write")
    async def typed(self, text: str):
        """Say what is understood of the line so far."""
        if text.strip() and text == self._added:  # it comes late: the line is kept already
            return
        self._added = ""
        person, at = principal(), now()
        said = tasks.parse(text, person.locale, person.zone, at)
        people = await db.read(people_called, said.assignee) if said.assignee else []
        shown = task_views.chips(said, people, person.locale, person.zone, at)
        offers = said.due is not None and bool(said.due.time) and said.remind_before is None
        for name, value in (("chips", shown), ("offers", offers), ("line_error", "")):
            if getattr(self, name) != value:
                setattr(self, name, value)

    @rx.event
    @requires("tasks:write")
    async def offer(self):
        """Take the reminder that is offered, or leave it."""
        self.offered = not self.offered

    @rx.event
    @requires("tasks:write")
    async def add(self, form: dict[str, Any]):
        """Keep the line as a task; beside a note as one of that note."""
        line, note = str(form.get("line") or ""), task_views.note_id_of(str(form.get("note") or ""))
        person, at = principal(), now()
        said = tasks.parse(line, person.locale, person.zone, at)
        people = await db.read(people_called, said.assignee) if said.assignee else []
        remind_at = said.remind_at(person.zone)
        if remind_at is None and self.offered and said.due and said.due.time:
            remind_at = said.due.late_from(person.zone) - timedelta(minutes=BEFORE)
        try:
            if said.assignee and len(people) != 1:
                raise Invalid(fields={"assignee": "tasks.error.assignee"})
            draft = Draft(
                said.title,
                person.zone,
                due=said.due,
                remind_at=remind_at,
                repeat=said.repeat,
                repeat_from=said.repeat_from,
                assignee_id=people[0].id if people else None,
                priority=said.priority or "normal",
                note_id=note,
            )
            await desk.create(person, draft, actor())
        except Invalid as wrong:
            self.line, self.line_error, self.line_key = line, _why(wrong), self.line_key + 1
            return
        if self.line:  # the field begins with what was wrong before
            self.line, self.line_key = "", self.line_key + 1
        self._added = line
        self.chips, self.offers, self.offered, self.line_error = [], False, False, ""
        await renew()

    # -- one task -----------------------------------------------------------------------------------------------

    @rx.event
    @requires("tasks:write")
    async def tick(self, task_id: str, done: bool):
        """It is done, or not after all; the message about it offers to undo that."""
        await self._act(task_id, state="done" if done else "open")
        if done:
            await self._offer_undo("tasks.done", "open", task_id)

    @rx.event
    @requires("tasks:write")
    async def move(self, task_id: str, state: str):
        """Into another column of the board."""
        before = await db.read(tasks.get, now(), Reader.of(principal()), id_of(task_id))
        await self._do(tasks.arrange, id_of(task_id), actor(), state)
        if state in ("done", "dropped"):
            await self._offer_undo(f"tasks.{state}", before.state, task_id)

    @rx.event
    @requires("tasks:write")
    async def shift(self, task_id: str, by: int):
        """One place up or down in its column."""
        person, view = principal(), parse_view(self.router.url.query_parameters)
        shown = await db.read(_listed, person.account_id, now(), person.zone, replace(view, show="board"))
        for state, column in shown.groups.items():
            ids = [one.id for one in column]
            if id_of(task_id) in ids:
                at = ids.index(id_of(task_id))
                to = at - 1 if by < 0 else at + 2
                if 0 <= to <= len(ids):
                    before = ids[to] if to < len(ids) else None
                    await self._do(tasks.arrange, id_of(task_id), actor(), state, before)

    @rx.event
    @requires("tasks:write")
    async def put(self, name: str, value: str):
        """Keep one field of the open task as soon as it is left. What is wrong is said beside it."""
        if name not in FIELDS or not self.selected:
            return
        try:
            changes = await self._changes(name, value)
            if changes:
                await self._act(self.selected, **changes)
        except Invalid as wrong:
            self.errors = {**self.errors, name: _why(wrong)}
            return
        if self.errors[name]:
            self.errors = {**self.errors, name: ""}

    @rx.event
    @requires("tasks:write")
    async def switch(self, name: str, on: bool):
        """For the team or not; remind until it is done or only once."""
        if name in ("team", "until_done"):
            await self._act(self.selected, **{name: on})

    @rx.event
    @requires("tasks:write")
    async def snooze(self, until: str):
        """Remind of it in an hour, tomorrow morning, or no more."""
        person, at = principal(), now()
        tomorrow = local_of(at, person.zone).replace(hour=MORNING, minute=0, second=0, microsecond=0)
        moments: dict[str, datetime | None] = {
            "hour": at + timedelta(hours=1),
            "tomorrow": instant(tomorrow + timedelta(days=1), person.zone),
            "none": None,
        }
        if until in moments:
            await self._do(tasks.snooze, id_of(self.selected), actor(), moments[until])

    @rx.event
    @requires("tasks:write")
    async def remove(self, task_id: str):
        """Throw it into the trash; the message about it offers to undo that."""
        await self._do(tasks.delete, id_of(task_id), actor())
        await self._offer_undo("tasks.deleted", "restore", task_id)
        return _go(replace(parse_view(self.router.url.query_parameters), selected=""))

    @rx.event
    @requires("tasks:write")
    async def restore(self, task_id: str):
        """Take it out of the trash."""
        await self._do(tasks.restore, id_of(task_id), actor())
        await tell(self, "ok", translate(principal().locale, "tasks.restored"))

    @rx.event
    @requires("tasks:write")
    async def undo(self, toast_id: str):
        """As it was before what a message tells of."""
        how, task_id = self._undo.get(toast_id, ("", ""))
        if not how:
            raise Conflict("common.undo.too_late")
        self._undo = {name: one for name, one in self._undo.items() if name != toast_id}
        if how == "restore":
            await self._do(tasks.restore, id_of(task_id), actor())
        else:
            await self._act(task_id, state=how)
        await untell(self, toast_id)

    @rx.event
    @requires("tasks:write")
    async def comment(self, form: dict[str, Any]):
        """Write something about the open task."""
        try:
            await self._do(tasks.comment, id_of(self.selected), actor(), str(form.get("text") or ""))
        except Invalid as wrong:
            self.errors = {**self.errors, "comment": _why(wrong)}
            return
        self.errors = {**self.errors, "comment": ""}
        self.comment_key += 1

    @rx.event
    @requires("tasks:write")
    async def add_item(self, form: dict[str, Any]):
        """One more line of its checklist."""
        try:
            await self._do(tasks.add_item, id_of(self.selected), actor(), str(form.get("item") or ""))
        except Invalid as wrong:
            self.errors = {**self.errors, "item": _why(wrong)}
            return
        if self.errors["item"]:
            self.errors = {**self.errors, "item": ""}

    @rx.event
    @requires("tasks:write")
    async def check_item(self, item_id: str, done: bool):
        """A line of its checklist is done, or not."""
        await self._do(tasks.check_item, id_of(self.selected), actor(), item_id, done)

    @rx.event
    @requires("tasks:write")
    async def remove_item(self, item_id: str):
        """Take a line off its checklist."""
        await self._do(tasks.remove_item, id_of(self.selected), actor(), item_id)

    # -- how ----------------------------------------------------------------------------------------------------

    async def _act(self, task_id: str, **changes: Any) -> None:
        await self._do(tasks.change, id_of(task_id), actor(), changes)

    async def _do(self, fn: Any, *args: Any) -> None:
        await desk.act(fn, principal(), *args)
        await renew()

    async def _offer_undo(self, key: str, how: str, task_id: str) -> None:
        toast_id = await offer_undo(self, translate(principal().locale, key), "task")
        newest = list(self._undo.items())[1 - MOST_TOASTS :]
        self._undo = {**dict(newest), toast_id: (how, task_id)}

    async def _changes(self, name: str, value: str) -> dict[str, Any]:
        """What a field says, as `tasks.change` takes it; nothing where it says what is there. Raises Invalid."""
        person = principal()
        task: Task = await db.read(tasks.get, now(), Reader.of(person), id_of(self.selected))
        kept = task_views.facts(task, lists.Around(), person.locale, person.zone, now(), may=True)
        if name == "assignee":
            return {"assignee_id": id_of(value) if value else None}
        if name == "repeat":
            return {} if value == "own" else {"repeat": RULES.get(value, "")}
        if name in ("priority", "repeat_from"):
            return {name: value}
        if str(kept[name]) == value:  # type: ignore[literal-required]
            return {}
        if name == "remind":
            at = tasks.moment_of(value, person.zone) if value else None
            return {"remind_at": at}
        if name in ("day", "time"):
            day, time = (value, kept["time"]) if name == "day" else (kept["day"], value[:5])
            if not day and time and name == "time":  # a time without a day is today's, or tomorrow's
                here = local_of(now(), person.zone)
                day = (here + timedelta(days=time <= f"{here:%H:%M}")).date().isoformat()
            due: Due | None = tasks.due_of(f"{day}T{time}" if time else day, person.zone) if day else None
            return {"due": due, "zone": person.zone, **({} if due else {"repeat": ""})}
        return {name: value}

    async def _view(self) -> TaskView:
        """The view of the address; only what changed is set, since setting is sending."""
        view = parse_view(self.router.url.query_parameters)
        if view.text != self.text and view.text not in self._typed:
            self.search_key += 1
        base = replace(view, selected="").query
        shown: dict[str, Any] = {
            "show": view.show,
            "text": view.text,
            "assignee": view.assignee,
            "priority": view.priority,
            "narrowed": view.narrowed,
            "link": f"/notes?{base}&task=",
        }
        if view.selected != self.selected:
            errors = dict.fromkeys(self.errors, "")
            shown |= {"selected": view.selected, "errors": errors, "panel_key": self.panel_key + 1}
        if view.selected:
            team = [task_views.person(one) for one in await db.read(alerts_board.team)]
            shown["team"] = team
        for name, value in shown.items():
            if getattr(self, name) != value:
                setattr(self, name, value)
        return view

    def _looks(self, view: TaskView) -> Looks:
        return looks(view, principal().account_id, principal().zone)


def looks(view: TaskView, account_id: UUID, zone: str) -> Looks:
    """What a tab looks at that shows this view."""

    def seen(locale: str) -> list[Broadcast]:
        found = [live_broadcast(locale), rows_broadcast(view, account_id, locale, zone)]
        if view.selected:
            found.append(panel_broadcast(view.selected, account_id, locale, zone))
        return found

    return seen


def _listed(session: Session, account_id: UUID, at: datetime, zone: str, view: TaskView) -> Listed:
    return lists.listed(session, Reader.called(session, account_id), at, zone, view)


def _beside(session: Session, account_id: UUID, at: datetime, zone: str, note_id: UUID | None) -> Listed:
    return lists.beside_note(session, Reader.called(session, account_id), at, zone, note_id)


def _opened(
    session: Session, account_id: UUID, task_id: str, at: datetime, locale: str, zone: str
) -> dict[str, Any]:
    reader, number = Reader.called(session, account_id), UUID(task_id)
    task = tasks.get(session, at, reader, number)
    around = lists.around(session, reader, at, [task])
    may = tasks.writable(session, at, reader, number)
    return {
        "found": True,
        "task": task_views.facts(task, around, locale, zone, at, may=may),
        "story": task_views.story(tasks.history(session, number), locale, zone),
    }


def _why(wrong: KeepAIError) -> str:
    """What is wrong, in the reader's words."""
    fields = wrong.fields if isinstance(wrong, Invalid) else {}
    return translate(principal().locale, next(iter(fields.values()), wrong.key), **wrong.params)


def _go(view: TaskView):
    return rx.redirect(f"/notes?{view.query}", replace=True)
