"""Times during which nobody is told of alerts: once, or every week."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class Silence(SQLModel, table=True):
    """Nobody is told of alerts that have all of these labels, and are of this rule where one is named.

    `author` stays as it was when it was made. `ended_at` is set when somebody ended it before `ends_at`.
    """

    __tablename__ = "silence"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    matchers: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    rule_id: UUID | None = Field(default=None, foreign_key="alert_rule.id", ondelete="CASCADE")
    starts_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    ends_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False, index=True))
    author_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    author: str = Field(default="", max_length=254)
    reason: str = Field(max_length=300)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    ended_by: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")


class MaintenanceWindow(SQLModel, table=True):
    """The same on some days of every week, between two times of the clock of a zone.

    `days` are the numbers of the days of the week, Monday 1: "12345". `begins` and `ends` are "22:00"; where the end is
    not later it is on the next day. `until` is the last day on which it begins.
    """

    __tablename__ = "maintenance_window"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    matchers: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    rule_id: UUID | None = Field(default=None, foreign_key="alert_rule.id", ondelete="CASCADE")
    days: str = Field(max_length=7)
    begins: str = Field(max_length=5)
    ends: str = Field(max_length=5)
    zone: str = Field(max_length=64)
    until: date = Field(index=True)
    author_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    author: str = Field(default="", max_length=254)
    reason: str = Field(max_length=300)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    ended_by: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
