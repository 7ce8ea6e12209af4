"""What was done, by whom: rows that a keyed chain links, and their details, which can be erased."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class AuditEvent(SQLModel, table=True):
    """One action. Says nothing about a person but ids; `digest` stands for the rest, which is in AuditDetail.

    `number` (from 1, without gaps) and `link` are given by the loop that links the chain, within seconds.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_actor", "actor_id", "at"),
        Index("ix_audit_event_object", "object_kind", "object_id", "at"),
    )

    at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    actor_kind: str = Field(max_length=16)
    actor_id: UUID | None = None
    scope: str = Field(default="platform", max_length=64)
    action: str = Field(max_length=48)
    object_kind: str = Field(default="", max_length=32)
    object_id: str = Field(default="", max_length=300)
    outcome: str = Field(default="ok", max_length=16)
    request_id: str = Field(default="", max_length=64)
    digest: str = Field(max_length=64)
    number: int | None = Field(default=None, sa_column=Column(BigInteger(), unique=True, nullable=True))
    link: str = Field(default="", max_length=64)


class AuditDetail(SQLModel, table=True):
    """What an event says of people and things. Erasing it leaves the chain whole: that covers only the digest."""

    __tablename__ = "audit_detail"
    __table_args__ = (
        ForeignKeyConstraint(["at", "id"], ["audit_event.at", "audit_event.id"], ondelete="CASCADE"),
    )

    at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(primary_key=True)
    salt: str = Field(max_length=32)
    actor: str = Field(default="", max_length=254)
    address: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=300)
    object: str = Field(default="", max_length=300)
    reason: str = Field(default="", max_length=300)
    before: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    after: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class AuditCheckpoint(SQLModel, table=True):
    """Up to which number events were dropped, the link from which the rest goes on, and the seal on both."""

    __tablename__ = "audit_checkpoint"

    number: int = Field(sa_column=Column(BigInteger(), primary_key=True, autoincrement=False))
    link: str = Field(max_length=64)
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    seal: str = Field(max_length=64)
