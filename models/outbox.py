"""Everything that leaves the building, from when it is decided until it is sent or given up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class OutboxMessage(SQLModel, table=True):
    """One message to one recipient. `state` is waiting, sending, sent or dead.

    `address` and `body` are encrypted, and wiped as soon as it is sent. `due_at` is when it is tried next, and while
    it is being sent, when whoever sends it is taken for gone. `error` is a message key, empty when all is well;
    `detail` is what the other side said last. `channel` is the kind of it (mail, sms, push, chat, webhook).
    `outside_id` is the other side's name for it, and `delivery` what it said later of how it arrived, at `delivery_at`.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "due_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    channel: str = Field(max_length=16)
    purpose: str = Field(max_length=32)
    recipient_kind: str = Field(max_length=16)
    recipient_id: UUID | None = Field(default=None, index=True)
    address: str = Field(sa_column=Column(Text(), nullable=False))
    template: str = Field(max_length=32)
    locale: str = Field(max_length=16)
    body: str = Field(sa_column=Column(Text(), nullable=False))
    key: str = Field(max_length=128, unique=True)
    message_id: str = Field(max_length=320)
    state: str = Field(default="waiting", max_length=16)
    tries: int = 0
    due_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    error: str = Field(default="", max_length=64)
    detail: str = Field(default="", max_length=300)
    outside_id: str = Field(default="", max_length=64, index=True)
    delivery: str = Field(default="", max_length=32)
    delivery_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
