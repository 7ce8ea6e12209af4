"""The one index: what is searched, in pieces that an answer can cite."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime


class Passage(SQLModel, table=True):
    """One piece of a note, task, chat or file. Made of the thing itself and made anew whenever that changes.

    `number` is a time in microseconds (`services.index.passages.number`): later ones are larger, and SQLite's full-text
    index needs a number. Who may read it is its owner, and whoever `access_kind` and `access_id` are shared with: the
    thing itself, or the note that a task or a file belongs to. `folded` is what is compared.
    """

    __tablename__ = "passage"
    __table_args__ = (
        Index("ix_passage_object", "kind", "object_id"),
        Index("ix_passage_access", "access_id", "access_kind"),
    )

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str = Field(max_length=8)
    object_id: UUID
    part: int = 0
    owner_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    access_kind: str = Field(max_length=8)
    access_id: UUID
    title: str = Field(default="", max_length=300)
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    folded_title: str = Field(default="", sa_column=Column(Text, nullable=False))
    folded: str = Field(default="", sa_column=Column(Text, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
