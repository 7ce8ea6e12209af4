"""What people owe: tasks, what became of each, and what they were reminded of."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class Task(SQLModel, table=True):
    """Something to be done. `state` is open, doing, done or dropped; `priority` low, normal, high or urgent.

    `due_on` is a day and `due_time` "09:00" on it in `zone`, or empty for the whole day; `due_at` is the instant from
    which it is late: that moment, or the end of that day. `repeat` is a rule as RFC 5545 writes it, `repeat_from` says
    whether the next one is counted from the due date ("due") or from when it was done ("done"); `follows` is the task
    of which this one is the repetition. `remind_at` is when to remind of it, `tell_at` when that is due next: later
    where somebody put it off, and None once they were told. `until_done` has them told again each day.

    `note_id` is the note it belongs to; `about_kind` and `about_id` name what it is about (alert, worker), `about_name`
    how that was called then. `place` orders the board. `checklist` are `{"id", "text", "done"}`. `folded` is what a
    filter compares. `deleted_at` is when it was thrown into the trash.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_about", "about_id", "about_kind"),
        Index("ix_task_state", "state", "due_at"),
        UniqueConstraint("follows"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    assignee_id: UUID | None = Field(default=None, foreign_key="account.id", index=True, ondelete="SET NULL")
    title: str = Field(max_length=200)
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    folded: str = Field(default="", sa_column=Column(Text, nullable=False))
    state: str = Field(default="open", max_length=8)
    priority: str = Field(default="normal", max_length=8)
    due_on: date | None = None
    due_time: str = Field(default="", max_length=5)
    zone: str = Field(max_length=64)
    due_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    remind_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    tell_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True, index=True))
    until_done: bool = False
    repeat: str = Field(default="", max_length=120)
    repeat_from: str = Field(default="due", max_length=4)
    follows: UUID | None = None
    place: float = 0.0
    checklist: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    note_id: UUID | None = Field(default=None, foreign_key="note.id", index=True, ondelete="SET NULL")
    about_kind: str = Field(default="", max_length=8)
    about_id: UUID | None = None
    about_name: str = Field(default="", max_length=300)
    version: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    done_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True, index=True))
    done_by: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    deleted_at: datetime | None = Field(
        default=None, sa_column=Column(UtcDateTime(), nullable=True, index=True)
    )


class TaskEvent(SQLModel, table=True):
    """One line of a task's history: what somebody did (services/tasks/book.py), or wrote: then `kind` is "commented"
    and `note` what they wrote. `actor` stays as it was then."""

    __tablename__ = "task_event"
    __table_args__ = (Index("ix_task_event_task", "task_id", "at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    task_id: UUID = Field(foreign_key="task.id", ondelete="CASCADE")
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    kind: str = Field(max_length=16)
    actor_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    actor: str = Field(default="", max_length=254)
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
