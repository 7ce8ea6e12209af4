"""Who sees a task: its author, whom it is given to, whom it is shared with (the role "*" is the whole team), and of a
task of a note whoever reads that note. Nobody else; an admin neither."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select

from models import Note, Share, Task
from services import sharing
from services.errors import Forbidden, NotFound
from services.sharing import EVERYBODY, Given, Level, Reader

KIND = "task"


def seen_by(reader: Reader, now: datetime, level: Level = "read") -> ColumnElement[bool]:
    """The condition that the reader may see a task, or at the level "write" change it."""
    note = exists().where(
        col(Note.id) == col(Task.note_id),
        col(Note.deleted_at).is_(None),
        sharing.allowed(
            reader, now, kind="note", object_id=col(Note.id), owner_id=col(Note.owner_id), level=level
        ),
    )
    return or_(
        col(Task.owner_id) == reader.account_id,
        col(Task.assignee_id) == reader.account_id,
        sharing.shared(reader, now, kind=KIND, object_id=col(Task.id), level=level),
        note,
    )


def note_of(db: Session, reader: Reader, now: datetime, note_id: UUID, level: Level = "read") -> Note:
    """A note that the reader may read, or write. Raises NotFound, Forbidden."""

    def found(wanted: Level) -> Note | None:
        query = select(Note).where(
            Note.id == note_id,
            col(Note.deleted_at).is_(None),
            sharing.allowed(
                reader, now, kind="note", object_id=note_id, owner_id=col(Note.owner_id), level=wanted
            ),
        )
        return db.exec(query).first()

    note = found("read")
    if note is None:
        raise NotFound
    if level == "write" and found("write") is None:
        raise Forbidden
    return note


def share(db: Session, task: Task, team: bool, before: UUID | None, by: UUID, now: datetime) -> None:
    """Share it with whom it is given to, who may do it, and with the team or not; whomever else it was shared with
    keeps it. `before` is whose it was until now."""
    mine = (before, task.assignee_id)
    kept = [
        Given(one.level, one.account_id, one.role, one.until)  # type: ignore[arg-type]
        for one in sharing.of(db, KIND, task.id)
        if one.role != EVERYBODY and not (one.account_id and one.account_id in mine)
    ]
    if task.assignee_id and task.assignee_id != task.owner_id:
        kept.append(Given("write", account_id=task.assignee_id))
    if team:
        kept.append(Given("write", role=EVERYBODY))
    sharing.replace(db, KIND, task.id, kept, by, now)


def for_team() -> ColumnElement[bool]:
    """The condition that the whole team sees a task."""
    return exists().where(
        col(Share.kind) == KIND, col(Share.object_id) == col(Task.id), col(Share.role) == EVERYBODY
    )


def is_for_team(db: Session, task_id: UUID) -> bool:
    """Whether the whole team sees it."""
    return any(one.role == EVERYBODY for one in sharing.of(db, KIND, task_id))
