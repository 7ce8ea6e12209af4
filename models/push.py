"""Browsers that take notifications while no page of ours is open (web push)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class PushSubscription(SQLModel, table=True):
    """One browser on one device of a person, in which they signed in with that session.

    `endpoint_hash` is the SHA-256 of the address at which the browser's push service takes messages for it; the address
    itself, with the keys for which messages are encrypted, is `sealed` JSON. `seen_at` is when the browser last said
    that it still has it, `sent_at` when the push service last took a message.
    """

    __tablename__ = "push_subscription"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    session_id: UUID = Field(foreign_key="session.id", index=True, ondelete="CASCADE")
    endpoint_hash: str = Field(unique=True, max_length=64)
    sealed: str = Field(sa_column=Column(Text(), nullable=False))
    user_agent: str = Field(default="", max_length=300)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
