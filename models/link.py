"""Links that work once: invitations, and new passwords."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class OneTimeLink(SQLModel, table=True):
    """`kind` is invitation (for an address that has no account yet, with the role it will hold) or password_reset.

    Only the SHA-256 of its token is kept. `by` is who made it, as people know them.
    """

    __tablename__ = "one_time_link"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(max_length=16)
    token_hash: str = Field(unique=True, max_length=64)
    account_id: UUID | None = Field(default=None, foreign_key="account.id", index=True, ondelete="CASCADE")
    email: str = Field(default="", index=True, max_length=254)
    role: str = Field(default="", max_length=16)
    scope: str = Field(default="platform", max_length=64)
    by: str = Field(default="", max_length=254)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
