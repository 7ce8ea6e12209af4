"""Files that people or KeepAI itself put away; their contents lie in the store of files (services/files)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class StoredFile(SQLModel, table=True):
    """One file of a person. `place` is where its content lies in the store; equal contents of one person share it.

    `type` is what the first bytes say it is, `size` in bytes and `digest` (SHA-256) are those of the plain content,
    also where it lies there `encrypted`. It may be attached to one thing, by `object_kind` and `object_id`: whoever may
    read that may read the file. With `expires_at` it goes by itself."""

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_object", "object_kind", "object_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    name: str = Field(max_length=200)
    type: str = Field(max_length=100)
    size: int = Field(sa_column=Column(BigInteger(), nullable=False))
    digest: str = Field(max_length=64)
    encrypted: bool = False
    place: str = Field(max_length=100, index=True)
    object_kind: str = Field(default="", max_length=32)
    object_id: UUID | None = None
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
