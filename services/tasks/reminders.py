"""Reminding people of their tasks: by the bell, on their devices and by mail, as they want it.

Whoever has it is reminded: whom it is given to, else who wrote it down. Telling and noting that it was told are one
transaction, so that a restart neither forgets one nor tells it twice.
"""

import contextlib
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from models import Account, Task
from services import bell, outbox
from services.alerts import preferences
from services.errors import Conflict, Forbidden
from services.outbox import TaskReminder
from services.settings import Settings
from services.tasks import words
from services.tasks.book import OPEN
from services.tasks.when import instant, local_of

AT_ONCE = 100  # in one transaction


def is_due(db: Session, now: datetime) -> bool:
    """Whether there is anybody to remind: asked often, without keeping others from writing."""
    return db.exec(select(Task.id).where(*_due(now)).limit(1)).first() is not None


def remind(db: Session, settings: Settings, now: datetime) -> int:
    """Remind of what is due, the earliest first. Returns of how many tasks."""
    query = select(Task).where(*_due(now)).order_by(col(Task.tell_at), col(Task.id)).limit(AT_ONCE)
    due = db.exec(query.with_for_update(skip_locked=True)).all()
    for task in due:
        account = db.get(Account, task.assignee_id or task.owner_id)
        if account is not None and account.deactivated_at is None:
            _tell(db, settings, now, task, account)
        task.tell_at = _again(task, now)
        db.add(task)
    db.flush()
    return len(due)


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (col(Task.tell_at) <= now, col(Task.state).in_(OPEN), col(Task.deleted_at).is_(None))


def _tell(db: Session, settings: Settings, now: datetime, task: Task, account: Account) -> None:
    page = f"/notes?view=tasks&task={task.id.hex}"
    assert task.tell_at is not None
    bell.ring(db, account.id, now, "task", "tasks.bell", {"title": task.title}, tone="info", href=page)
    due = words.due_words(task, account.locale, account.zone, now)
    letter = TaskReminder(link=f"{settings.address}{page}", title=task.title, due=due)
    for to in preferences.ways_of_tasks(db, account):
        where = to.address if to.via == "push" else to.via
        key = f"task:{task.id.hex}:{task.tell_at.timestamp():.0f}:{where}"
        with contextlib.suppress(
            Conflict, Forbidden
        ):  # nothing to send it with, or nobody who may get it any more
            outbox.put(db, settings, now, to, letter, key=key)


def _again(task: Task, now: datetime) -> datetime | None:
    """When to remind of it again: on the next day at the same time, where it is to be until it is done."""
    if not task.until_done or task.remind_at is None:
        return None
    clock, here = local_of(task.remind_at, task.zone).time(), local_of(now, task.zone)
    coming = instant(datetime.combine(here.date(), clock), task.zone)
    if coming <= now:
        coming = instant(datetime.combine(here.date() + timedelta(days=1), clock), task.zone)
    return coming
