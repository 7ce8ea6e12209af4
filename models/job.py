"""Long work that somebody asked for, and what they are told when it ends."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class Job(SQLModel, table=True):
    """One piece of long work of a person. `state` is queued, running, done, failed or cancelled.

    `done` of `total` is how far it is (a total of 0 is not known yet); `step_key` with `step_params` says what it does
    just now, as a message key. `step` is what the kind stored to go on from; `result` what came of it; `error` with
    `error_params` a message key again, empty when all is well. `tries` counts how often it was begun. `runner` is who
    runs it; whose `beat_at` is too old is taken for gone. Before `due_at` it is not begun."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "state", "due_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    kind: str = Field(max_length=32)
    state: str = Field(default="queued", max_length=16)
    params: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    step: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    done: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False))
    total: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False))
    step_key: str = Field(default="", max_length=64)
    step_params: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    result: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    error: str = Field(default="", max_length=64)
    error_params: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    tries: int = 0
    cancellable: bool = True
    wants_cancel: bool = False
    runner: str = Field(default="", max_length=160)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    due_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    started_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    beat_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class BellNotice(SQLModel, table=True):
    """Something that the bell tells a person and that is no alert.

    `kind` says what it is of (job); `key` with `params` is what it says, as a message key, where a parameter that is a
    dict is itself such a message ({"key": …}); `tone` is the name of a state, and `href` where it leads.
    """

    __tablename__ = "bell_notice"

    at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    kind: str = Field(max_length=32)
    key: str = Field(max_length=64)
    params: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    tone: str = Field(max_length=16)
    href: str = Field(max_length=300)
