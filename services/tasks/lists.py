"""Lists of tasks, as far as the reader may see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, not_, tuple_
from sqlmodel import Session, col, func, or_, select

from models import Account, Alert, Note, Task, TaskEvent, Worker
from services import sharing
from services.alerts import board as alerts_board
from services.identity import accounts
from services.index import fold
from services.sharing import Reader
from services.tasks.access import for_team, seen_by
from services.tasks.book import OPEN, STATES
from services.tasks.when import local_of

SHOWS = ("list", "board", "today", "trash")
GROUPS = ("overdue", "today", "week", "later", "undated", "done")
WEIGHT = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
MOST = 500  # that a list or a board shows
MOST_DONE = 50  # of a column of the board that only grows, and of those done today
ME, NOBODY = "me", "nobody"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks. Without `states` in any; `nobody` for those that are given to nobody; `about` is a kind and an
    id."""

    states: Sequence[str] = ()
    assignee_id: UUID | None = None
    nobody: bool = False
    due_before: datetime | None = None
    note_id: UUID | None = None
    about: tuple[str, UUID] | None = None
    text: str = ""
    trash: bool = False


def conditions(reader: Reader, now: datetime, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The same as conditions on tasks."""
    trash = col(Task.deleted_at).is_not(None) if wanted.trash else col(Task.deleted_at).is_(None)
    found: list[ColumnElement[bool]] = [seen_by(reader, now), trash]
    if wanted.states:
        found.append(col(Task.state).in_(wanted.states))
    if wanted.assignee_id:
        # What nobody was given is done by who wrote it down, unless it is for the team.
        own = col(Task.assignee_id).is_(None) & (col(Task.owner_id) == wanted.assignee_id)
        found.append(or_(col(Task.assignee_id) == wanted.assignee_id, own & not_(for_team())))
    if wanted.nobody:
        found.append(col(Task.assignee_id).is_(None))
    if wanted.due_before:
        found.append(col(Task.due_at) < wanted.due_before)
    if wanted.note_id:
        found.append(col(Task.note_id) == wanted.note_id)
    if wanted.about:
        found += [col(Task.about_kind) == wanted.about[0], col(Task.about_id) == wanted.about[1]]
    if wanted.text:
        found += [col(Task.folded).contains(word, autoescape=True) for word in fold(wanted.text).split()]
    return found


def find(
    db: Session,
    reader: Reader,
    now: datetime,
    wanted: Wanted,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
) -> list[Task]:
    """Tasks, the newest first; `before` is when the last one that is known was made, and its id."""
    query = select(Task).where(*conditions(reader, now, wanted))
    if before:
        query = query.where(tuple_(col(Task.created_at), col(Task.id)) < tuple_(*before))
    return list(db.exec(query.order_by(col(Task.created_at).desc(), col(Task.id).desc()).limit(limit)))


# -- the view of the page ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskView:
    """What one tab wants to see. `assignee` is empty, "me", "nobody" or an id."""

    show: str = SHOWS[0]
    text: str = ""
    assignee: str = ""
    priority: str = ""
    selected: str = ""

    @property
    def filter(self) -> str:
        """The part of the address that says which tasks are shown, and how."""
        return _query({"show": self._show, "q": self.text, "who": self.assignee, "priority": self.priority})

    @property
    def query(self) -> str:
        """The whole of it, behind `view=tasks`."""
        return "&".join(part for part in ("view=tasks", self.filter, _query({"task": self.selected})) if part)

    @property
    def narrowed(self) -> bool:
        """Whether the filter may leave something out."""
        return bool(self.text or self.assignee or self.priority)

    @property
    def _show(self) -> str:
        return "" if self.show == SHOWS[0] else self.show


def parse_view(query: Mapping[str, str]) -> TaskView:
    """The view that an address asks for; what makes no sense is left out."""
    show, who = query.get("show", ""), query.get("who", "")
    return TaskView(
        show=show if show in SHOWS else SHOWS[0],
        text=query.get("q", "").strip()[:100],
        assignee=who if who in (ME, NOBODY) else _hex(who),
        priority=query.get("priority", "") if query.get("priority", "") in WEIGHT else "",
        selected=_hex(query.get("task", "")),
    )


@dataclass(frozen=True, slots=True)
class Around:
    """What is said of tasks beside themselves: how people are called, titles of notes that the reader may read, alerts
    and workers that they are about, how many comments there are, and which are for the team."""

    people: Mapping[UUID, str] = field(default_factory=dict)
    notes: Mapping[UUID, str] = field(default_factory=dict)
    alerts: Mapping[UUID, Alert] = field(default_factory=dict)
    workers: Mapping[UUID, str] = field(default_factory=dict)
    comments: Mapping[UUID, int] = field(default_factory=dict)
    team: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Listed:
    """Tasks by group (`GROUPS`) or by column (`STATES`), in order; how many there are in all, and what is around."""

    groups: Mapping[str, list[Task]]
    total: int
    around: Around


def listed(db: Session, reader: Reader, now: datetime, zone: str, view: TaskView) -> Listed:
    """What the list, "today", the board or the trash shows."""
    wanted = conditions(reader, now, _wanted(reader, view))
    if view.priority:
        wanted.append(col(Task.priority) == view.priority)
    if view.show == "board":
        groups = {state: _column(db, wanted, state) for state in STATES}
    elif view.show == "trash":
        query = select(Task).where(*wanted).order_by(col(Task.deleted_at).desc()).limit(MOST)
        groups = {"trash": list(db.exec(query))}
    else:
        groups = grouped(_open(db, wanted), now, zone)
        groups["done"] = _done_today(db, wanted, now, zone)
        if view.show == "today":
            groups = {name: groups[name] for name in ("overdue", "today", "done")}
    shown = [task for tasks in groups.values() for task in tasks]
    total = db.exec(
        select(func.count())
        .select_from(Task)
        .where(*conditions(reader, now, Wanted(trash=view.show == "trash")))
    ).one()
    return Listed(groups, total, around(db, reader, now, shown))


def beside_note(db: Session, reader: Reader, now: datetime, zone: str, note_id: UUID | None) -> Listed:
    """What stands beside a note: its own tasks, and what is due today or late of the others of the reader's."""
    own: list[Task] = []
    if note_id:
        wanted = conditions(reader, now, Wanted(note_id=note_id))
        own = sorted(
            db.exec(select(Task).where(*wanted, Task.state != "dropped").limit(MOST_DONE)),
            key=lambda task: (task.state == "done", order(task)),
        )
    mine = conditions(reader, now, Wanted(states=OPEN, assignee_id=reader.account_id))
    groups = grouped(_open(db, mine), now, zone)
    due = [
        task for task in (*groups["overdue"], *groups["today"]) if note_id is None or task.note_id != note_id
    ]
    shown = [*own, *due]
    return Listed({"note": own, "due": due}, len(shown), around(db, reader, now, shown))


def about(db: Session, reader: Reader, now: datetime, kind: str, object_id: UUID) -> Listed:
    """What the reader sees of the tasks about an alert or a worker, those that are open first."""
    query = select(Task).where(*conditions(reader, now, Wanted(about=(kind, object_id))))
    found = sorted(
        db.exec(query.order_by(col(Task.id).desc()).limit(MOST_DONE)),
        key=lambda task: (task.state not in OPEN, order(task)),
    )
    return Listed({"about": found}, len(found), around(db, reader, now, found))


def grouped(tasks: Iterable[Task], now: datetime, zone: str) -> dict[str, list[Task]]:
    """Open tasks by when they are due, seen in that zone. A week ends on Sunday."""
    today = local_of(now, zone).date()
    sunday = today + timedelta(days=6 - today.weekday())
    groups: dict[str, list[Task]] = {name: [] for name in GROUPS}
    for task in sorted(tasks, key=order):
        day = day_of(task, zone)
        if day is None:
            name = "undated"
        elif is_late(task, now, zone):
            name = "overdue"
        else:
            name = "today" if day <= today else "week" if day <= sunday else "later"
        groups[name].append(task)
    return groups


def day_of(task: Task, zone: str) -> date | None:
    """The day on which it is due, as the reader's calendar has it; a whole day is the same one everywhere."""
    if task.due_time and task.due_at:
        return local_of(task.due_at, zone).date()
    return task.due_on


def is_late(task: Task, now: datetime, zone: str) -> bool:
    """Whether it should be done already."""
    if task.state not in OPEN or task.due_at is None:
        return False
    if task.due_time:
        return task.due_at <= now
    return task.due_on is not None and task.due_on < local_of(now, zone).date()


def order(task: Task) -> tuple[bool, datetime | None, int, float]:
    """What is due first, of the same moment what is more urgent; what has no date last."""
    at = task.due_at or task.created_at
    return task.due_at is None, at, WEIGHT[task.priority], task.place


def _wanted(reader: Reader, view: TaskView) -> Wanted:
    person = reader.account_id if view.assignee == ME else None
    if view.assignee and view.assignee not in (ME, NOBODY):
        person = UUID(view.assignee)
    return Wanted(
        assignee_id=person, nobody=view.assignee == NOBODY, text=view.text, trash=view.show == "trash"
    )


def _open(db: Session, wanted: Sequence[ColumnElement[bool]]) -> list[Task]:
    query = select(Task).where(*wanted, col(Task.state).in_(OPEN))
    return list(db.exec(query.order_by(col(Task.due_at).is_(None), col(Task.due_at)).limit(MOST)))


def _done_today(db: Session, wanted: Sequence[ColumnElement[bool]], now: datetime, zone: str) -> list[Task]:
    here = local_of(now, zone)
    midnight = now - timedelta(hours=here.hour, minutes=here.minute, seconds=here.second)
    query = select(Task).where(*wanted, Task.state == "done", col(Task.done_at) >= midnight)
    return list(db.exec(query.order_by(col(Task.done_at).desc()).limit(MOST_DONE)))


def _column(db: Session, wanted: Sequence[ColumnElement[bool]], state: str) -> list[Task]:
    query = select(Task).where(*wanted, Task.state == state)
    if state in OPEN:
        return list(db.exec(query.order_by(col(Task.place), col(Task.id)).limit(MOST)))
    return list(db.exec(query.order_by(col(Task.updated_at).desc()).limit(MOST_DONE)))


def around(db: Session, reader: Reader, now: datetime, tasks: Sequence[Task]) -> Around:
    """What is said beside these tasks."""
    if not tasks:
        return Around()
    ids = [task.id for task in tasks]
    note_ids = {task.note_id for task in tasks if task.note_id}
    about_ids = {
        kind: {one.about_id for one in tasks if one.about_kind == kind} for kind in ("alert", "worker")
    }
    notes = select(Note.id, Note.title).where(
        col(Note.id).in_(note_ids),
        col(Note.deleted_at).is_(None),
        sharing.allowed(reader, now, kind="note", object_id=col(Note.id), owner_id=col(Note.owner_id)),
    )
    comments = (
        select(TaskEvent.task_id, func.count())
        .where(col(TaskEvent.task_id).in_(ids), TaskEvent.kind == "commented")
        .group_by(col(TaskEvent.task_id))
    )
    of_team = select(Task.id).where(col(Task.id).in_(ids), for_team())
    alerts = select(Alert).where(col(Alert.id).in_(about_ids["alert"]))
    workers = select(Worker.id, Worker.name).where(col(Worker.id).in_(about_ids["worker"]))
    return Around(
        people=names(db, tasks),
        notes=dict(db.exec(notes).all()) if note_ids else {},
        alerts={one.id: one for one in db.exec(alerts)} if about_ids["alert"] else {},
        workers=dict(db.exec(workers).all()) if about_ids["worker"] else {},
        comments=dict(db.exec(comments).all()),
        team=frozenset(db.exec(of_team).all()),
    )


def names(db: Session, tasks: Iterable[Task]) -> dict[UUID, str]:
    """How the people are called who have to do with these tasks."""
    wanted = {
        person for task in tasks for person in (task.owner_id, task.assignee_id, task.done_by) if person
    }
    return {account.id: account.name or account.email for account in accounts.many(db, wanted)}


def people_called(db: Session, text: str) -> list[Account]:
    """Who may be meant by a name behind "@": who is called just so first, then whose names begin so."""
    wanted = fold(text)
    if not wanted:
        return []
    found: list[tuple[int, Account]] = []
    for one in alerts_board.team(db):
        words = fold(one.name).split()
        mail = fold(one.email.partition("@")[0])
        if wanted in (fold(one.name).replace(" ", ""), mail) or wanted == fold(one.email):
            found.append((0, one))
        elif wanted in words:
            found.append((1, one))
        elif any(word.startswith(wanted) for word in words):
            found.append((2, one))
    best = min((rank for rank, _ in found), default=0)
    return [one for rank, one in found if rank == best]


def _hex(text: str) -> str:
    try:
        return UUID(text).hex if text else ""
    except ValueError:
        return ""


def _query(parts: Mapping[str, str]) -> str:
    return urlencode({name: value for name, value in parts.items() if value})
