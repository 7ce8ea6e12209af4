"""Where notifications go, who is told of which alerts, and how people want to be told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class Channel(SQLModel, table=True):
    """A place that several people read: a mail address, phone numbers, a room of a chat, a program's address.

    `kind` is mail, sms, chat or webhook; `config` the fields of that kind (services/channels/kinds.py) as sealed JSON,
    since an address may be a secret. What is sent there is written in `locale`, with times of `zone`.
    """

    __tablename__ = "channel"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(max_length=16)
    name: str = Field(max_length=120, unique=True)
    enabled: bool = True
    config: str = Field(sa_column=Column(Text(), nullable=False))
    locale: str = Field(max_length=16)
    zone: str = Field(max_length=64)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class AlertRoute(SQLModel, table=True):
    """Who is told of which alerts: the first one, by `position`, that an alert fits.

    An alert fits when it is at least as bad as `severity`, has all `matchers`, and comes within `hours`
    (`{"days": [0…6], "from": "08:00", "to": "18:00", "zone": …}`, Monday is 0; None: always). `steps` are
    `{"after": seconds, "targets": [{"kind": person | role | channel, "id": …}]}`, the later ones for what nobody
    acknowledged until then.
    """

    __tablename__ = "alert_route"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    position: int = Field(index=True)
    name: str = Field(max_length=120)
    enabled: bool = True
    severity: str = Field(max_length=16)
    matchers: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    hours: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    steps: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class NoticePreference(SQLModel, table=True):
    """How one person wants to be told: from which severity on by mail, by SMS and on their devices (all, critical,
    none), and from when to when warnings wait (both empty: never). `phone` is sealed. `bell` is what the bell shows of
    it all, and `bell_read_at` up to when they have read it. `jobs` is by what they are told that
    long work of theirs ended (all: the bell, and their devices where it took long; bell; none). `tasks` is by what they
    are reminded of tasks (all: the bell, their devices and mail; push: without mail; bell)."""

    __tablename__ = "notice_preference"

    account_id: UUID = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    mail: str = Field(default="all", max_length=16)
    sms: str = Field(default="critical", max_length=16)
    push: str = Field(default="all", max_length=16, sa_column_kwargs={"server_default": "all"})
    phone: str = Field(default="", sa_column=Column(Text(), nullable=False))
    bell: str = Field(default="all", max_length=16, sa_column_kwargs={"server_default": "all"})
    bell_read_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    jobs: str = Field(default="all", max_length=16, sa_column_kwargs={"server_default": "all"})
    tasks: str = Field(default="all", max_length=16, sa_column_kwargs={"server_default": "all"})
    quiet_from: str = Field(default="", max_length=5)
    quiet_to: str = Field(default="", max_length=5)
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
