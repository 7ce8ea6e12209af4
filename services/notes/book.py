"""Every change of a note, in the transaction of whoever calls."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, or_, update
from sqlmodel import Session, col, select

from models import Note, NoteAbout, NotePin, NoteTag, NoteVersion, RoleGrant, Share
from models.base import new_id
from services import index, markdown, sharing
from services.audit import Actor, record
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identity.permissions import PLATFORM
from services.index import fold
from services.notes import KIND, links
from services.sharing import Given, Level, Reader

LONGEST_TITLE = 200
LONGEST_BODY = 300_000  # characters; a message to a tab may have 1 MB
LONGEST_FOLDER = 200
LONGEST_TAG = 40
MOST_TAGS = 20
TOGETHER = timedelta(minutes=10)  # what one person writes for so long is one version in the history
TRASH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Draft:
    """A note as somebody wants it."""

    title: str = ""
    body: str = ""
    folder: str = ""
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody typed: from which `version` on, and in which tab (`editor`, empty for programs). What is None stays
    as it is."""

    version: int
    title: str | None = None
    body: str | None = None
    editor: str = ""


class Stale(Conflict):
    """Somebody else changed the note meanwhile; `note` is as they left it."""

    key = "notes.error.stale"

    def __init__(self, note: Note) -> None:
        super().__init__()
        self.note = note


# -- found ------------------------------------------------------------------------------------------------------


def get(db: Session, reader: Reader, note_id: UUID, now: datetime, *, level: Level = "read") -> Note:
    """A note that this person may read, or change; one in the trash only for its owner. Raises NotFound for what they
    may not read, Forbidden for what they may read alone."""
    may = {
        one: db.exec(
            select(Note).where(
                Note.id == note_id,
                sharing.allowed(
                    reader, now, kind=KIND, object_id=col(Note.id), owner_id=col(Note.owner_id), level=one
                ),
            )
        ).first()
        for one in dict.fromkeys(("read", level))
    }
    note = may["read"]
    if note is None or (note.deleted_at and note.owner_id != reader.account_id):
        raise NotFound
    if may[level] is None:
        raise Forbidden
    return note


def own(db: Session, reader: Reader, note_id: UUID, now: datetime) -> Note:
    """A note of this person's own. Raises NotFound, and Forbidden for one that is only shared with them."""
    note = get(db, reader, note_id, now)
    if note.owner_id != reader.account_id:
        raise Forbidden
    return note


# -- written ----------------------------------------------------------------------------------------------------


def create(
    db: Session, reader: Reader, draft: Draft, by: Actor, now: datetime, number: UUID | None = None
) -> Note:
    """A new note of this person's. With a `number` of the caller's own it is made once, however often it is asked for.
    Raises Invalid, and Conflict for a number that is taken."""
    title, body = _title(draft.title), _body(draft.body)
    if number is not None and (there := db.get(Note, number)):
        if there.owner_id != reader.account_id:
            raise Conflict
        return there
    note = Note(
        id=number or new_id(),
        owner_id=reader.account_id,
        title=title or first_line(body),
        body=body,
        folder=folder_path(draft.folder),
        created_at=now,
        updated_at=now,
        updated_by=reader.account_id,
    )
    db.add(note)
    db.flush()
    _tag(db, note, draft.tags)
    _keep(db, note, by, now, "edit")
    _written(db, reader, note, now)
    # Neither title nor text is in the audit log: whoever reads that may not read the note.
    _note(db, now, by, "note.created", note)
    return note


def save(db: Session, reader: Reader, note_id: UUID, text: Text, by: Actor, now: datetime) -> Note:
    """Take what somebody typed. Raises NotFound, Forbidden, Invalid, and `Stale` where another person, or another tab,
    changed the note since that version. The same text again changes nothing."""
    note = get(db, reader, note_id, now, level="write")
    if note.deleted_at:
        raise Conflict("notes.error.trashed")
    title = note.title if text.title is None else _title(text.title)
    body = note.body if text.body is None else _body(text.body)
    if (title, body) == (note.title, note.body):
        return note
    if not _follows(note, text):
        raise Stale(note)
    return _change(db, reader, note, title, body, by, now, editor=text.editor)


def keep_conflict(
    db: Session, reader: Reader, note_id: UUID, text: Text, by: Actor, now: datetime
) -> NoteVersion:
    """Keep what somebody typed while somebody else changed the note, until they have chosen between the two. What they
    type on goes into the same one."""
    note = get(db, reader, note_id, now, level="write")
    title = note.title if text.title is None else _title(text.title)
    body = note.body if text.body is None else _body(text.body)
    row = db.exec(
        select(NoteVersion).where(
            NoteVersion.note_id == note.id,
            NoteVersion.kind == "conflict",
            NoteVersion.author_id == reader.account_id,
            NoteVersion.number == text.version,
            col(NoteVersion.settled_at).is_(None),
        )
    ).first()
    if row is None:
        row = NoteVersion(
            at=now,
            note_id=note.id,
            number=text.version,
            kind="conflict",
            author_id=reader.account_id,
            author=by.label,
            began_at=now,
        )
    row.title, row.body = title, body
    db.add(row)
    db.flush()
    return row


def settle(
    db: Session, reader: Reader, conflict_id: UUID, text: Text | None, by: Actor, now: datetime
) -> Note:
    """Somebody chose: this text, or (None) to leave the note as the other one left it. Both stay in the history.
    Raises NotFound, Forbidden, Invalid, and `Stale` where the note was changed once more."""
    row = _conflict(db, reader, conflict_id)
    row.settled_at = now
    db.add(row)
    if text is None:
        return get(db, reader, row.note_id, now, level="write")
    return save(db, reader, row.note_id, text, by, now)


def restore_version(db: Session, reader: Reader, version_id: UUID, by: Actor, now: datetime) -> Note:
    """The note as it was in an earlier version; that is a version of its own. Raises NotFound, Forbidden."""
    row = db.exec(select(NoteVersion).where(NoteVersion.id == version_id)).first()
    if row is None or (row.kind == "conflict" and row.author_id != reader.account_id):
        raise NotFound
    note = get(db, reader, row.note_id, now, level="write")
    if (row.title, row.body) == (note.title, note.body):
        return note
    return _change(db, reader, note, row.title, row.body, by, now, kind="restore")


def check_off(
    db: Session, reader: Reader, note_id: UUID, number: int, version: int, by: Actor, now: datetime
) -> Note:
    """Turn the box with this number (from 0) of the text. Raises NotFound, Forbidden, `Stale`."""
    note = get(db, reader, note_id, now, level="write")
    at = markdown.box_at(note.body, number)
    if at is None:
        raise NotFound
    mark = " " if note.body[at] in "xX" else "x"
    body = f"{note.body[:at]}{mark}{note.body[at + 1 :]}"
    return save(db, reader, note_id, Text(version=version, body=body), by, now)


def file_under(
    db: Session,
    reader: Reader,
    note_id: UUID,
    now: datetime,
    *,
    folder: str | None = None,
    tags: Sequence[str] | None = None,
) -> Note:
    """Where it lies and how it is tagged. That is no new version of the text. Raises NotFound, Forbidden, Invalid."""
    note = get(db, reader, note_id, now, level="write")
    if folder is not None:
        note.folder = folder_path(folder)
    if tags is not None:
        _tag(db, note, tags)
    db.add(note)
    _found_as(db, note)
    db.flush()
    return note


def tie(db: Session, reader: Reader, title: str, kind: str, about_id: UUID, by: Actor, now: datetime) -> Note:
    """Say that a note of this title is about something: one that this person may change, else a new one for the whole
    team. Raises Invalid, and NotFound for what a note cannot be about."""
    flat = _title(title)
    if kind not in ABOUT:
        raise NotFound
    if not flat:
        raise Invalid(fields={"title": "notes.about.error.title"})
    found = links.called(db, reader, fold(flat)[:LONGEST_TITLE], now)
    if found is None:
        note = create(db, reader, Draft(title=flat), by, now)
        share(db, reader, note.id, [Given("write", role=sharing.EVERYBODY)], by, now)
    else:
        note = get(db, reader, found, now, level="write")
    if db.get(NoteAbout, (kind, about_id, note.id)) is None:
        db.add(NoteAbout(kind=kind, about_id=about_id, note_id=note.id))
    db.flush()
    return note


def untie(db: Session, reader: Reader, note_id: UUID, kind: str, about_id: UUID, now: datetime) -> Note:
    """It is not about that any more. Raises NotFound, Forbidden."""
    note = get(db, reader, note_id, now, level="write")
    if row := db.get(NoteAbout, (kind, about_id, note.id)):
        db.delete(row)
        db.flush()
    return note


ABOUT = ("rule", "worker")


def pin(db: Session, reader: Reader, note_id: UUID, wanted: bool, now: datetime) -> Note:
    """Whether it stands first in this person's list."""
    note = get(db, reader, note_id, now)
    there = db.get(NotePin, (reader.account_id, note.id))
    if wanted and there is None:
        db.add(NotePin(account_id=reader.account_id, note_id=note.id))
    elif there is not None and not wanted:
        db.delete(there)
    db.flush()
    return note


def archive(db: Session, reader: Reader, note_id: UUID, wanted: bool, now: datetime) -> Note:
    """Out of the list, but still found."""
    note = get(db, reader, note_id, now, level="write")
    note.archived_at = (note.archived_at or now) if wanted else None
    db.add(note)
    db.flush()
    return note


def trash(db: Session, reader: Reader, note_id: UUID, by: Actor, now: datetime) -> Note:
    """Into the trash, from where its owner can take it back for 30 days."""
    note = own(db, reader, note_id, now)
    if note.deleted_at is None:
        note.deleted_at = now
        db.add(note)
        index.drop(db, KIND, note.id)
        _note(db, now, by, "note.trashed", note)
        db.flush()
    return note


def take_back(db: Session, reader: Reader, note_id: UUID, by: Actor, now: datetime) -> Note:
    """Out of the trash."""
    note = own(db, reader, note_id, now)
    if note.deleted_at is not None:
        note.deleted_at = None
        db.add(note)
        _found_as(db, note)
        _note(db, now, by, "note.restored", note)
        db.flush()
    return note


def delete_for_good(db: Session, reader: Reader, note_id: UUID, by: Actor, now: datetime) -> None:
    """With all its versions. Only from the trash. Raises Conflict for one that is not there."""
    note = own(db, reader, note_id, now)
    if note.deleted_at is None:
        raise Conflict("notes.error.not_trashed")
    _note(db, now, by, "note.deleted", note)
    _erase(db, [note.id])


def prune(db: Session, now: datetime) -> int:
    """Delete what has been in the trash for 30 days, and notes that somebody began yesterday and left empty. Returns
    how many."""
    empty = and_(
        col(Note.version) == 1,
        col(Note.title) == "",
        col(Note.body) == "",
        col(Note.created_at) < now - timedelta(days=1),
    )
    old = col(Note.deleted_at) < now - TRASH
    ids = list(db.exec(select(Note.id).where(or_(old, empty)).limit(500)))
    _erase(db, ids)
    return len(ids)


def of_person(db: Session, account_id: UUID) -> list[dict[str, Any]]:
    """What a person wrote, as it is taken along."""
    query = select(Note).where(Note.owner_id == account_id).order_by(col(Note.id))
    return [one.model_dump(mode="json", exclude={"folded_title", "editor"}) for one in db.exec(query)]


def forget(db: Session, account_id: UUID) -> None:
    """A person leaves: their notes go with them, but what they shared with all of a role becomes an admin's."""
    shared = select(Share.object_id).where(Share.kind == KIND, col(Share.account_id).is_(None))
    heir = db.exec(
        select(RoleGrant.account_id)
        .where(RoleGrant.role == "admin", RoleGrant.scope == PLATFORM, RoleGrant.account_id != account_id)
        .order_by(col(RoleGrant.id))
    ).first()
    for note in db.exec(select(Note).where(Note.owner_id == account_id, col(Note.id).in_(shared))):
        if heir and note.deleted_at is None:
            note.owner_id = heir
            db.add(note)
            _found_as(db, note)
    db.flush()
    _erase(db, list(db.exec(select(Note.id).where(Note.owner_id == account_id))))
    said = update(NoteVersion).where(col(NoteVersion.author_id) == account_id).values(author="")
    db.execute(said)


def share(
    db: Session, reader: Reader, note_id: UUID, given: Sequence[Given], by: Actor, now: datetime
) -> list[Share]:
    """Share it with these people and roles, and with nobody else. Only its owner may. Raises NotFound, Forbidden,
    Invalid."""
    note = own(db, reader, note_id, now)
    if any(one.account_id == note.owner_id for one in given):
        raise Invalid(fields={"shares": "notes.error.own"})
    rows = sharing.replace(db, KIND, note.id, given, reader.account_id, now)
    whom = [one.role or str(one.account_id) for one in rows]
    _note(db, now, by, "note.shared", note, after={"shared": ", ".join(whom)})
    return rows


# -- parts ------------------------------------------------------------------------------------------------------


def first_line(body: str) -> str:
    """What a note without title is called: its first line, without marks."""
    for line in body.split("\n"):
        if plain := MARKS.sub("", line).strip():
            return plain[:80].strip()
    return ""


MARKS = re.compile(r"^(?:\s*(?:#{1,6}\s|>|[-*+]\s(?:\s*\[[ xX]\]\s)?|\d+[.)]\s))*")


def folder_path(folder: str) -> str:
    """A folder's path, "A/B", without empty parts. Raises Invalid for one that is too long."""
    path = "/".join(part for part in (" ".join(one.split()) for one in folder.split("/")) if part)
    if len(path) > LONGEST_FOLDER:
        raise Invalid(fields={"folder": "notes.error.folder"})
    return _storable("folder", path)


def tag_names(tags: Sequence[str]) -> list[str]:
    """Tags as they are kept: without "#", each once. Raises Invalid."""
    found: dict[str, str] = {}
    for tag in tags:
        name = " ".join(_storable("tags", tag).replace("#", " ").replace(",", " ").split())
        if not name:
            continue
        if len(name) > LONGEST_TAG or not fold(name):
            raise Invalid(fields={"tags": "notes.error.tag"})
        found.setdefault(fold(name), name)
    if len(found) > MOST_TAGS:
        raise Invalid(fields={"tags": "notes.error.tags"})
    return list(found.values())


def _title(title: str) -> str:
    flat = " ".join(_storable("title", title).split())
    if len(flat) > LONGEST_TITLE:
        raise Invalid(fields={"title": "notes.error.title"})
    return flat


def _body(body: str) -> str:
    if len(body) > LONGEST_BODY:
        raise Invalid(fields={"body": "notes.error.body"})
    return _storable("body", body.replace("\r\n", "\n"))


def _storable(field: str, text: str) -> str:
    """Without what PostgreSQL keeps in no text. Raises Invalid for half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(fields={field: "errors.field.wrong"}) from None
    return text.replace("\x00", "")


def _follows(note: Note, text: Text) -> bool:
    """Whether that text was typed knowing what the note says now: from its version on, or in the tab that made all
    versions since. The answer to a save may be lost, what was saved is not."""
    if text.version == note.version:
        return True
    mine = bool(text.editor) and secrets.compare_digest(text.editor.encode(), note.editor.encode())
    return mine and note.run_from - 1 <= text.version < note.version


def _change(
    db: Session,
    reader: Reader,
    note: Note,
    title: str,
    body: str,
    by: Actor,
    now: datetime,
    *,
    editor: str = "",
    kind: str = "edit",
) -> Note:
    before = note.version
    # Two that write at once: on PostgreSQL both have read the same version. The second finds no such row.
    changed = db.execute(
        update(Note).where(col(Note.id) == note.id, col(Note.version) == before).values(version=before + 1)
    )
    db.refresh(note)
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Stale(note)
    goes_on = bool(editor) and note.editor == editor
    note.title, note.body = title, body
    note.editor, note.run_from = editor, note.run_from if goes_on else note.version
    note.updated_at, note.updated_by = now, reader.account_id
    db.add(note)
    _keep(db, note, by, now, kind)
    _written(db, reader, note, now)
    return note


def _keep(db: Session, note: Note, by: Actor, now: datetime, kind: str) -> None:
    """The history: what one person writes within ten minutes is one version."""
    last = db.exec(
        select(NoteVersion)
        .where(NoteVersion.note_id == note.id, NoteVersion.kind != "conflict")
        .order_by(col(NoteVersion.number).desc())
        .limit(1)
    ).first()
    if (
        last is not None
        and kind == last.kind == "edit"
        and last.author_id == by.id
        and now - last.began_at < TOGETHER
        and last.number > 1
    ):
        last.number, last.title, last.body = note.version, note.title, note.body
        db.add(last)
        return
    db.add(
        NoteVersion(
            at=now,
            note_id=note.id,
            number=note.version,
            kind=kind,
            title=note.title,
            body=note.body,
            author_id=by.id,
            author=by.label,
            began_at=now,
        )
    )


def _written(db: Session, reader: Reader, note: Note, now: datetime) -> None:
    note.folded_title = fold(note.title)[:LONGEST_TITLE]
    links.point(db, reader, note, now)
    _found_as(db, note)
    db.flush()


def _found_as(db: Session, note: Note) -> None:
    if note.deleted_at:  # what is in the trash is found there alone
        return
    index.put(
        db,
        index.Entry(
            kind=KIND,
            object_id=note.id,
            owner_id=note.owner_id,
            title=note.title,
            more=" ".join(note.tags),
            text=note.body,
            updated_at=note.updated_at,
        ),
    )


def _tag(db: Session, note: Note, tags: Sequence[str]) -> None:
    note.tags = tag_names(tags)
    db.execute(delete(NoteTag).where(col(NoteTag.note_id) == note.id))
    for tag in note.tags:
        db.add(NoteTag(note_id=note.id, folded=fold(tag)[:80], name=tag))
    db.flush()


def _conflict(db: Session, reader: Reader, conflict_id: UUID) -> NoteVersion:
    row = db.exec(
        select(NoteVersion).where(
            NoteVersion.id == conflict_id,
            NoteVersion.kind == "conflict",
            NoteVersion.author_id == reader.account_id,
            col(NoteVersion.settled_at).is_(None),
        )
    ).first()
    if row is None:
        raise NotFound
    return row


def _erase(db: Session, ids: Sequence[UUID]) -> None:
    for note_id in ids:
        index.drop(db, KIND, note_id)
        sharing.forget(db, KIND, note_id)
    if ids:
        db.execute(delete(Note).where(col(Note.id).in_(ids)))
    db.flush()


def _note(db: Session, now: datetime, by: Actor, action: str, note: Note, **more: object) -> None:
    record(db, now, by, action, object_kind=KIND, object_id=note.id.hex, **more)  # type: ignore[arg-type]
