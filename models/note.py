"""What people write down: notes, every version of them, and how they point at each other."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class Note(SQLModel, table=True):
    """A note in Markdown. `version` is raised by every change of title or body, and named by whoever wants to change
    them. `editor` is the tab that made the version, where one says so, and `run_from` the first of the versions that
    it made one after the other. `folder` is a path, "Operations/Rack 2"; empty is none. `deleted_at` is when it was
    thrown into the trash. Links between notes are compared by `folded_title`."""

    __tablename__ = "note"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    title: str = Field(default="", max_length=200)
    folded_title: str = Field(default="", max_length=200, index=True)
    body: str = Field(default="", sa_column=Column(Text, nullable=False))
    folder: str = Field(default="", max_length=200)
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    version: int = 1
    editor: str = Field(default="", max_length=64)
    run_from: int = 1
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False, index=True))
    updated_by: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    deleted_at: datetime | None = Field(
        default=None, sa_column=Column(UtcDateTime(), nullable=True, index=True)
    )


class NoteVersion(SQLModel, table=True):
    """How a note was after somebody had written at it for a while, from `began_at` to `at`. `kind` is "edit",
    "restore", or "conflict": then it is what somebody typed while somebody else changed the note, `number` is the
    version that they had before them, and `settled_at` is when somebody chose between the two."""

    __tablename__ = "note_version"

    at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    note_id: UUID = Field(foreign_key="note.id", index=True, ondelete="CASCADE")
    number: int
    kind: str = Field(default="edit", max_length=8)
    title: str = Field(default="", max_length=200)
    body: str = Field(default="", sa_column=Column(Text, nullable=False))
    author_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    author: str = Field(default="", max_length=254)
    began_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class NoteTag(SQLModel, table=True):
    """A note has a tag. `folded` is how tags are compared, `name` how it was written."""

    __tablename__ = "note_tag"

    folded: str = Field(primary_key=True, max_length=80)
    name: str = Field(max_length=40)
    note_id: UUID = Field(foreign_key="note.id", primary_key=True, index=True, ondelete="CASCADE")


class NoteAbout(SQLModel, table=True):
    """A note is about a rule of alerts or a worker (`kind` and `about_id`): a runbook, what was found out."""

    __tablename__ = "note_about"

    kind: str = Field(primary_key=True, max_length=8)
    about_id: UUID = Field(primary_key=True)
    note_id: UUID = Field(foreign_key="note.id", primary_key=True, index=True, ondelete="CASCADE")


class NotePin(SQLModel, table=True):
    """Somebody wants a note first in their list."""

    __tablename__ = "note_pin"

    account_id: UUID = Field(foreign_key="account.id", primary_key=True, ondelete="CASCADE")
    note_id: UUID = Field(foreign_key="note.id", primary_key=True, index=True, ondelete="CASCADE")


class NoteLink(SQLModel, table=True):
    """A note names another as [[title]]. `folded` is that title as it is compared; `target_id` the note that was found
    by it, which stays when that one gets another title."""

    __tablename__ = "note_link"

    note_id: UUID = Field(foreign_key="note.id", primary_key=True, ondelete="CASCADE")
    folded: str = Field(primary_key=True, max_length=200)
    target_id: UUID | None = Field(default=None, foreign_key="note.id", index=True, ondelete="SET NULL")


class SavedSearch(SQLModel, table=True):
    """A search somebody wants again, under a name of theirs. `query` is what the address of the page has."""

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", ondelete="CASCADE")
    name: str = Field(max_length=60)
    query: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
