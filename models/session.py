"""Sign-ins of people. The database's own sessions are called `db` everywhere."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class AccountSession(SQLModel, table=True):
    """One sign-in on one device. Only the SHA-256 of its token is kept."""

    __tablename__ = "session"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    token_hash: str = Field(unique=True, max_length=64)
    scope: str = Field(default="platform", max_length=64)
    user_agent: str = Field(default="", max_length=300)
    address: str = Field(default="", max_length=64)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
