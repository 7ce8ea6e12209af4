"""Who besides its owner may read or change a thing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class Share(SQLModel, table=True):
    """A thing (`kind` and `object_id`: "note", "task", "chat") is shared with a person, or with all who hold a role;
    the role "*" is everybody. `level` is "read" or "write"; after `until`, where there is one, it no longer holds."""

    __tablename__ = "share"
    __table_args__ = (
        UniqueConstraint("kind", "object_id", "account_id", "role"),
        Index("ix_share_account", "account_id", "kind"),
        Index("ix_share_role", "role", "kind"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(max_length=8)
    object_id: UUID
    account_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="CASCADE")
    role: str = Field(default="", max_length=16)
    level: str = Field(default="read", max_length=8)
    by: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
