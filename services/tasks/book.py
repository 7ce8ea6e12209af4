"""Tasks as people make, change and end them: each in one transaction with its line of history, its place in the index
and its row in the audit log, which never has what people wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import update
from sqlmodel import Session, col, func, or_, select

from models import Account, Alert, RoleGrant, Task, TaskEvent, Worker
from models.base import new_id
from services import index, sharing
from services.alerts import book as alerts_book
from services.audit import Actor, record
from services.errors import Conflict, Invalid, NotFound
from services.identity.permissions import PLATFORM
from services.index import fold
from services.sharing import Reader
from services.tasks import repeat
from services.tasks.access import KIND, is_for_team, note_of, seen_by, share
from services.tasks.when import Due, local_of, moved, next_due

STATES = ("open", "doing", "done", "dropped")
OPEN = ("open", "doing")
PRIORITIES = ("low", "normal", "high", "urgent")
REPEAT_FROM = ("due", "done")
ABOUT = ("alert", "worker")
LONGEST_TITLE, LONGEST_TEXT, LONGEST_ITEM, LONGEST_COMMENT = 200, 20_000, 200, 4000
MOST_ITEMS = 100
IN_TRASH = timedelta(days=30)
MOST_LINES = 300  # of a history


@dataclass(frozen=True, slots=True)
class Draft:
    """A task as somebody wants it. `zone` is the one in which its due date is meant; `team` shows it to the whole
    team; `checklist` are texts."""

    title: str
    zone: str
    text: str = ""
    due: Due | None = None
    remind_at: datetime | None = None
    until_done: bool = False
    repeat: str = ""
    repeat_from: str = "due"
    assignee_id: UUID | None = None
    priority: str = "normal"
    state: str = "open"
    team: bool = False
    note_id: UUID | None = None
    about_kind: str = ""
    about_id: UUID | None = None
    checklist: Sequence[str] = field(default=())


# What `change` takes.
FIELDS = frozenset(Draft.__dataclass_fields__) - {"about_kind", "about_id", "checklist"}


def draft_of(db: Session, task: Task) -> Draft:
    """A task as it is kept."""
    return Draft(
        title=task.title,
        zone=task.zone,
        text=task.text,
        due=due_of(task),
        remind_at=task.remind_at,
        until_done=task.until_done,
        repeat=task.repeat,
        repeat_from=task.repeat_from,
        assignee_id=task.assignee_id,
        priority=task.priority,
        state=task.state,
        team=is_for_team(db, task.id),
        note_id=task.note_id,
        about_kind=task.about_kind,
        about_id=task.about_id,
    )


def due_of(task: Task) -> Due | None:
    """When it is due."""
    return Due(task.due_on, task.due_time) if task.due_on else None


def check(draft: Draft) -> dict[str, str]:
    """What is wrong with it: field -> message key."""
    wrong: dict[str, str] = {}
    if not draft.title.strip():
        wrong["title"] = "tasks.error.title"
    elif len(draft.title.strip()) > LONGEST_TITLE:
        wrong["title"] = "tasks.error.title_long"
    if len(draft.text) > LONGEST_TEXT:
        wrong["text"] = "tasks.error.text_long"
    for name, choices in (("priority", PRIORITIES), ("state", STATES), ("repeat_from", REPEAT_FROM)):
        if getattr(draft, name) not in choices:
            wrong[name] = "errors.field.choice"
    if draft.repeat:
        try:
            repeat.parse(draft.repeat)
        except Invalid as error:
            wrong |= error.fields
    if draft.until_done and draft.remind_at is None:
        wrong["remind_at"] = "tasks.error.until_done"
    if len(draft.checklist) > MOST_ITEMS or any(
        not 0 < len(one.strip()) <= LONGEST_ITEM for one in draft.checklist
    ):
        wrong["checklist"] = "tasks.error.item"
    return wrong


# -- found ------------------------------------------------------------------------------------------------------


def get(db: Session, now: datetime, reader: Reader, task_id: UUID, *, trash: bool = False) -> Task:
    """One task that the reader may see; with `trash` one that was thrown away. Raises NotFound."""
    return _one(db, now, reader, task_id, trash=trash)


def writable(db: Session, now: datetime, reader: Reader, task_id: UUID) -> bool:
    """Whether the reader may change it."""
    query = select(Task.id).where(Task.id == task_id, seen_by(reader, now, "write"))
    return db.exec(query).first() is not None


def history(db: Session, task_id: UUID) -> list[TaskEvent]:
    """What happened to a task and what was written, the oldest first; of very much the newest."""
    query = (
        select(TaskEvent)
        .where(TaskEvent.task_id == task_id)
        .order_by(col(TaskEvent.at).desc(), col(TaskEvent.id).desc())
    )
    return list(db.exec(query.limit(MOST_LINES)))[::-1]


# -- done -------------------------------------------------------------------------------------------------------


def create(db: Session, now: datetime, reader: Reader, draft: Draft, by: Actor) -> Task:
    """A new task of the reader. One that repeats and has no date begins with the first day of its rule. Raises Invalid,
    NotFound for a note, an alert or a worker that they do not see, Forbidden for a note that they may only read."""
    draft = _complete(draft, now)
    _refuse(db, draft)
    if draft.note_id:
        note_of(db, reader, now, draft.note_id, "write")
    task = Task(
        id=new_id(),
        owner_id=reader.account_id,
        title="",
        zone=draft.zone,
        place=-now.timestamp(),
        about_kind=draft.about_kind,
        about_id=draft.about_id,
        about_name=_about_name(db, draft),
        checklist=[{"id": new_id().hex, "text": one.strip(), "done": False} for one in draft.checklist],
        created_at=now,
        updated_at=now,
    )
    _put(task, draft)
    if draft.state == "done":
        task.done_at, task.done_by = now, by.id
    task.tell_at = _to_come(draft.remind_at, now)
    db.add(task)
    db.flush()
    share(db, task, draft.team, None, reader.account_id, now)
    _index(db, task)
    _tell(db, task, now, by, "created")
    _note(db, now, by, "task.created", task)
    if task.about_kind == "alert" and task.about_id:
        alerts_book.tasked(db, now, task.about_id, by)
    if task.state == "done" and task.repeat:
        _follow(db, now, task, by)
    return task


def change(
    db: Session,
    now: datetime,
    reader: Reader,
    task_id: UUID,
    by: Actor,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
) -> Task:
    """Change what is given of `FIELDS`. A reminder moves with its due date unless another one is given. To finish one
    that repeats makes the next one; to take it up again takes that away, unless somebody has touched it.

    Raises NotFound, Invalid, Forbidden as `create`, Conflict where `version` is no longer the one there is.
    """
    assert changes.keys() <= FIELDS, changes.keys() - FIELDS
    task = _one(db, now, reader, task_id, write=True)
    if version is not None and version != task.version:
        raise Conflict("tasks.error.changed")
    before = draft_of(db, task)
    draft = replace(before, **changes)
    if (
        before.due
        and draft.due
        and before.due != draft.due
        and "remind_at" not in changes
        and before.remind_at
    ):
        draft = replace(draft, remind_at=moved(before.remind_at, before.due, draft.due, draft.zone))
    if draft.remind_at is None and "until_done" not in changes:
        draft = replace(draft, until_done=False)
    draft = _complete(draft, now)
    if draft == before:
        return task
    _refuse(db, draft, before)
    if draft.note_id and draft.note_id != before.note_id:
        note_of(db, reader, now, draft.note_id, "write")
    _put(task, draft)
    if draft.remind_at != before.remind_at:
        task.tell_at = _to_come(draft.remind_at, now)
    if draft.state != before.state:
        _move(db, now, task, before.state, by)
    task.updated_at, task.version = now, task.version + 1
    db.add(task)
    db.flush()
    if (draft.team, draft.assignee_id) != (before.team, before.assignee_id):
        share(db, task, draft.team, before.assignee_id, reader.account_id, now)
    _index(db, task)
    changed = [name for name in sorted(FIELDS - {"zone"}) if getattr(draft, name) != getattr(before, name)]
    for name in changed:
        _tell_change(db, task, now, by, name, before, draft)
    if draft.state == "done" and before.state != "done" and task.repeat:
        _follow(db, now, task, by)
    action = "task.completed" if draft.state == "done" and before.state != "done" else "task.changed"
    _note(db, now, by, action, task, after={"fields": changed})
    return task


def arrange(
    db: Session,
    now: datetime,
    reader: Reader,
    task_id: UUID,
    by: Actor,
    state: str,
    before: UUID | None = None,
) -> Task:
    """Put it into a column of the board, before another task of the reader's, or at the end. Raises what `change`
    raises."""
    task = _one(db, now, reader, task_id, write=True)
    if state not in STATES:
        raise Invalid(fields={"state": "errors.field.choice"})
    column = (Task.state == state, col(Task.deleted_at).is_(None), Task.id != task_id, seen_by(reader, now))
    if before is None:
        last = db.exec(select(func.max(col(Task.place))).where(*column)).one()
        place = (last or 0.0) + 1.0
    else:
        there = _one(db, now, reader, before).place
        above = db.exec(select(func.max(col(Task.place))).where(*column, col(Task.place) < there)).one()
        place = there - 1.0 if above is None else (above + there) / 2
    task.place = place
    if task.state == state:
        task.updated_at, task.version = now, task.version + 1
        _note(db, now, by, "task.changed", task, after={"fields": ["place"]})
    db.add(task)
    db.flush()
    return change(db, now, reader, task_id, by, {"state": state})


def comment(db: Session, now: datetime, reader: Reader, task_id: UUID, by: Actor, text: str) -> TaskEvent:
    """Write something about it; whoever sees it may. Raises NotFound, Invalid."""
    task = _one(db, now, reader, task_id)
    said = text.strip()
    if not said:
        raise Invalid(fields={"text": "tasks.error.empty"})
    if len(said) > LONGEST_COMMENT:
        raise Invalid(fields={"text": "tasks.error.long"})
    line = _tell(db, task, now, by, "commented", note=said)
    _note(db, now, by, "task.commented", task)
    return line


def add_item(db: Session, now: datetime, reader: Reader, task_id: UUID, by: Actor, text: str) -> Task:
    """One more line of its checklist. Raises NotFound, Invalid."""
    task = _one(db, now, reader, task_id, write=True)
    if not 0 < len(text.strip()) <= LONGEST_ITEM or len(task.checklist) >= MOST_ITEMS:
        raise Invalid(fields={"item": "tasks.error.item"})
    items = [*task.checklist, {"id": new_id().hex, "text": text.strip(), "done": False}]
    return _with_items(db, now, task, items, by)


def check_item(
    db: Session, now: datetime, reader: Reader, task_id: UUID, by: Actor, item_id: str, done: bool
) -> Task:
    """A line of its checklist is done, or not. Raises NotFound."""
    task = _one(db, now, reader, task_id, write=True)
    if all(one["id"] != item_id for one in task.checklist):
        raise NotFound
    items = [{**one, "done": done} if one["id"] == item_id else one for one in task.checklist]
    return _with_items(db, now, task, items, by)


def remove_item(db: Session, now: datetime, reader: Reader, task_id: UUID, by: Actor, item_id: str) -> Task:
    """Take a line off its checklist. Raises NotFound."""
    task = _one(db, now, reader, task_id, write=True)
    items = [one for one in task.checklist if one["id"] != item_id]
    if len(items) == len(task.checklist):
        raise NotFound
    return _with_items(db, now, task, items, by)


def snooze(
    db: Session, now: datetime, reader: Reader, task_id: UUID, by: Actor, until: datetime | None
) -> Task:
    """Remind of it at another moment, once; None: no more. What repeats goes on as it was. Raises NotFound, Invalid."""
    task = _one(db, now, reader, task_id, write=True)
    if until is not None and until <= now:
        raise Invalid(fields={"until": "tasks.error.past"})
    task.tell_at, task.updated_at, task.version = until, now, task.version + 1
    if until is None:
        task.remind_at, task.until_done = None, False
    elif task.remind_at is None:
        task.remind_at = until
    db.add(task)
    db.flush()
    _tell(db, task, now, by, "snoozed", {"to": _plain(until)})
    _note(db, now, by, "task.changed", task, after={"fields": ["remind_at"]})
    return task


def delete(db: Session, now: datetime, reader: Reader, task_id: UUID, by: Actor) -> Task:
    """Throw it into the trash, where it stays for 30 days. Raises NotFound."""
    task = _one(db, now, reader, task_id, write=True)
    task.deleted_at, task.updated_at, task.version = now, now, task.version + 1
    db.add(task)
    db.flush()
    index.drop(db, KIND, task.id)
    _tell(db, task, now, by, "deleted")
    _note(db, now, by, "task.deleted", task)
    return task


def restore(db: Session, now: datetime, reader: Reader, task_id: UUID, by: Actor) -> Task:
    """Take it out of the trash. Raises NotFound."""
    task = _one(db, now, reader, task_id, write=True, trash=True)
    task.deleted_at, task.updated_at, task.version = None, now, task.version + 1
    db.add(task)
    db.flush()
    _index(db, task)
    _tell(db, task, now, by, "restored")
    _note(db, now, by, "task.restored", task)
    return task


def prune(db: Session, now: datetime) -> int:
    """Delete for good what has been in the trash for 30 days. Returns how many."""
    old = db.exec(select(Task).where(col(Task.deleted_at) < now - IN_TRASH).limit(500)).all()
    for task in old:
        _erase(db, task)
    db.flush()
    return len(old)


def of_person(db: Session, account_id: UUID) -> list[dict[str, Any]]:
    """What a person wrote down, and what was given to them, as it is taken along."""
    query = select(Task).where(or_(col(Task.owner_id) == account_id, col(Task.assignee_id) == account_id))
    return [one.model_dump(mode="json", exclude={"folded"}) for one in db.exec(query.order_by(col(Task.id)))]


def forget(db: Session, account_id: UUID) -> None:
    """A person leaves: their own tasks go with them. What they made for somebody else becomes that person's, and what
    they made for the team an admin's; their name is on none any more."""
    mine = select(Task).where(Task.owner_id == account_id)
    admin = db.exec(
        select(RoleGrant.account_id)
        .where(RoleGrant.role == "admin", RoleGrant.scope == PLATFORM, RoleGrant.account_id != account_id)
        .order_by(col(RoleGrant.id))
    ).first()
    for task in db.exec(mine).all():
        other = task.assignee_id if task.assignee_id != account_id else None
        heir = other or (admin if is_for_team(db, task.id) else None)
        if heir is None:
            _erase(db, task)
            continue
        task.owner_id = heir
        db.add(task)
        db.flush()
        if task.deleted_at is None:
            _index(db, task)
    db.execute(update(TaskEvent).where(col(TaskEvent.actor_id) == account_id).values(actor="", actor_id=None))
    db.flush()


# -- how --------------------------------------------------------------------------------------------------------


def _one(
    db: Session, now: datetime, reader: Reader, task_id: UUID, *, write: bool = False, trash: bool = False
) -> Task:
    """Who writes, locks the row: of two who finish it at the same moment one finds it done."""
    thrown = col(Task.deleted_at).is_not(None) if trash else col(Task.deleted_at).is_(None)
    query = select(Task).where(Task.id == task_id, thrown, seen_by(reader, now, "write" if write else "read"))
    found = db.exec(query.with_for_update(of=Task) if write else query).first()
    if found is None:
        raise NotFound
    return found


def _complete(draft: Draft, now: datetime) -> Draft:
    """What is left open: the rule in full, and the first day of one without a date."""
    draft = replace(draft, title=" ".join(draft.title.split()), text=draft.text.replace("\x00", ""))
    if not draft.repeat:
        return replace(draft, repeat_from="due")
    try:
        rule = repeat.parse(draft.repeat)
    except Invalid:
        return draft  # `check` says it
    due = draft.due or Due(repeat.first(rule, local_of(now, draft.zone).date()))
    return replace(draft, due=due, repeat=repeat.text_of(repeat.anchored(rule, due.day)))


def _refuse(db: Session, draft: Draft, before: Draft | None = None) -> None:
    wrong = check(draft)
    if draft.assignee_id and (before is None or draft.assignee_id != before.assignee_id):
        account = db.get(Account, draft.assignee_id)
        if account is None or account.deactivated_at is not None:
            wrong["assignee"] = "tasks.error.assignee"
    if bool(draft.about_kind) != bool(draft.about_id) or draft.about_kind not in ("", *ABOUT):
        wrong["about"] = "errors.field.choice"
    if wrong:
        raise Invalid(fields=wrong)


def _put(task: Task, draft: Draft) -> None:
    task.title, task.text, task.zone = draft.title, draft.text, draft.zone
    task.due_on, task.due_time = (draft.due.day, draft.due.time) if draft.due else (None, "")
    task.due_at = draft.due.late_from(draft.zone) if draft.due else None
    task.remind_at, task.until_done = draft.remind_at, draft.until_done
    task.repeat, task.repeat_from = draft.repeat, draft.repeat_from
    task.assignee_id, task.priority, task.state = draft.assignee_id, draft.priority, draft.state
    task.note_id = draft.note_id
    task.folded = fold(f"{task.title} {task.text}")


def _to_come(at: datetime | None, now: datetime) -> datetime | None:
    """Nobody is reminded at once of what they set a moment ago."""
    return at if at is not None and at > now else None


def _move(db: Session, now: datetime, task: Task, before: str, by: Actor) -> None:
    if task.state == "done":
        task.done_at, task.done_by = now, by.id
    elif before == "done":
        task.done_at, task.done_by = None, None
        _take_back(db, task)


def _follow(db: Session, now: datetime, task: Task, by: Actor) -> None:
    """The next one of a task that repeats, unless there is one."""
    if db.exec(select(Task.id).where(Task.follows == task.id)).first() is not None:
        return
    due = due_of(task) or Due(local_of(now, task.zone).date())
    coming = next_due(due, repeat.parse(task.repeat), task.repeat_from, task.zone, now)
    remind_at = moved(task.remind_at, due, coming, task.zone) if task.remind_at else None
    following = Task(
        **{name: getattr(task, name) for name in COPIED},
        id=new_id(),
        state="open",
        due_on=coming.day,
        due_time=coming.time,
        due_at=coming.late_from(task.zone),
        remind_at=remind_at,
        tell_at=_to_come(remind_at, now),
        follows=task.id,
        checklist=[{**one, "id": new_id().hex, "done": False} for one in task.checklist],
        created_at=now,
        updated_at=now,
    )
    db.add(following)
    db.flush()
    given = [
        sharing.Given(one.level, one.account_id, one.role, one.until)  # type: ignore[arg-type]
        for one in sharing.of(db, KIND, task.id)
    ]
    sharing.replace(db, KIND, following.id, given, by.id or task.owner_id, now)
    _index(db, following)
    _tell(db, following, now, by, "followed")


COPIED = (
    *("owner_id", "assignee_id", "title", "text", "folded", "priority", "zone", "until_done", "repeat"),
    *("repeat_from", "place", "note_id", "about_kind", "about_id", "about_name"),
)


def _take_back(db: Session, task: Task) -> None:
    """The repetition that came of it, as long as nobody has touched it."""
    made = db.exec(select(Task).where(Task.follows == task.id)).first()
    if made is not None and (made.version, made.state) == (1, "open") and not _spoken_of(db, made):
        _erase(db, made)
        db.flush()


def _spoken_of(db: Session, task: Task) -> bool:
    query = select(TaskEvent.id).where(TaskEvent.task_id == task.id, TaskEvent.kind == "commented")
    return db.exec(query).first() is not None


def _erase(db: Session, task: Task) -> None:
    index.drop(db, KIND, task.id)
    sharing.forget(db, KIND, task.id)
    db.execute(delete_rows(TaskEvent).where(col(TaskEvent.task_id) == task.id))
    db.delete(task)


def _with_items(db: Session, now: datetime, task: Task, items: list[dict[str, Any]], by: Actor) -> Task:
    task.checklist, task.updated_at, task.version = items, now, task.version + 1
    db.add(task)
    db.flush()
    _index(db, task)
    done = sum(bool(one["done"]) for one in items)
    _tell(db, task, now, by, "checklist", {"done": done, "all": len(items)})
    _note(db, now, by, "task.changed", task, after={"fields": ["checklist"]})
    return task


def _index(db: Session, task: Task) -> None:
    """A task of a note is found by who reads that note."""
    lines = "\n".join(f"- {one['text']}" for one in task.checklist)
    index.put(
        db,
        index.Entry(
            kind=KIND,
            object_id=task.id,
            owner_id=task.owner_id,
            title=task.title,
            text="\n\n".join(part for part in (task.text, lines) if part),
            updated_at=task.updated_at,
            access=("note", task.note_id) if task.note_id else None,
        ),
    )


def _about_name(db: Session, draft: Draft) -> str:
    """How what it is about is called, for when that is gone. Raises NotFound."""
    if draft.about_kind == "alert" and draft.about_id:
        alert: Alert = alerts_book.get(db, draft.about_id)
        return alert.subject[:300]
    if draft.about_kind == "worker" and draft.about_id:
        worker = db.get(Worker, draft.about_id)
        if worker is None:
            raise NotFound
        return worker.name[:300]
    return ""


# Of what a change says more than that it was: what it is now.
SAID = frozenset({"state", "priority", "due", "assignee_id", "remind_at", "repeat", "team"})


def _tell_change(
    db: Session, task: Task, now: datetime, by: Actor, name: str, before: Draft, after: Draft
) -> None:
    value = getattr(after, name)
    detail: dict[str, Any] = {}
    if name in SAID:
        detail["to"] = _plain(value)
        detail["from"] = _plain(getattr(before, name))
    if name == "text" and before.text:  # nothing that was written is lost, whoever writes over it
        detail["was"] = before.text
    if name == "assignee_id" and value:
        account = db.get(Account, value)
        detail["name"] = (account.name or account.email) if account else ""
    _tell(db, task, now, by, name.removesuffix("_id"), detail)


def _plain(value: Any) -> Any:
    if isinstance(value, Due):
        return f"{value.day.isoformat()}{'T' + value.time if value.time else ''}"
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex if isinstance(value, UUID) else value


def _tell(
    db: Session,
    task: Task,
    now: datetime,
    by: Actor,
    kind: str,
    detail: Mapping[str, Any] | None = None,
    note: str = "",
) -> TaskEvent:
    line = TaskEvent(
        task_id=task.id,
        at=now,
        kind=kind,
        actor_id=by.id,
        actor=by.label[:254],
        note=note,
        detail=dict(detail or {}),
    )
    db.add(line)
    db.flush()
    return line


def _note(db: Session, now: datetime, by: Actor, action: str, task: Task, **more: Any) -> None:
    """Its title is not told there: admins read the audit log, and not the tasks of others."""
    record(db, now, by, action, object_kind="task", object_id=task.id.hex, **more)
