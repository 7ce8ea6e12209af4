"""Notes as they are looked for and read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, func, select

from models import (
    Account,
    AlertRule,
    Note,
    NoteAbout,
    NotePin,
    NoteTag,
    NoteVersion,
    SavedSearch,
    Share,
    Worker,
)
from services import index, sharing
from services.errors import Conflict, Invalid, NotFound
from services.index import Snippet, fold
from services.notes import KIND, book, links
from services.sharing import Reader

Shelf = Literal["active", "archived", "trash"]
SHELVES: tuple[Shelf, ...] = ("active", "archived", "trash")
FOUND = 300  # by words; beyond that nobody reads on
NEARBY = 200
MOST_SAVED = 30


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for. `folder` is that and all below it, `tags` all of them, `shared` what others share with
    them (True) or their own (False)."""

    text: str = ""
    folder: str = ""
    tags: Sequence[str] = ()
    shelf: Shelf = "active"
    shared: bool | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One note of a list, with what is shown of it."""

    note: Note
    pinned: bool
    owner: str
    snippet: Snippet
    shared: bool  # with others, or by another


@dataclass(frozen=True, slots=True)
class Opened:
    """One note with all that its page shows."""

    note: Note
    owner: str
    writer: str
    pinned: bool
    may_write: bool
    is_own: bool
    shares: list[Share]
    names: dict[UUID, str]
    targets: dict[str, UUID]
    backlinks: list[Note]
    conflict: NoteVersion | None
    versions: int
    rules: list[AlertRule]
    workers: list[Worker]


@dataclass(frozen=True, slots=True)
class Shelves:
    """What there is to filter by: folders and tags of the notes that this person may read, with how many notes."""

    folders: list[tuple[str, int]] = field(default_factory=list)
    tags: list[tuple[str, int]] = field(default_factory=list)


def find(
    db: Session, reader: Reader, query: Query, now: datetime, *, limit: int, offset: int = 0
) -> list[Found]:
    """Notes: by words the best first, else pinned first and then the last changed."""
    if index.terms_of(query.text):
        return _by_words(db, reader, query, now)[offset : offset + limit]
    pinned = exists().where(
        col(NotePin.note_id) == col(Note.id), col(NotePin.account_id) == reader.account_id
    )
    notes = db.exec(
        select(Note)
        .where(*_conditions(reader, query, now))
        .order_by(pinned.desc(), col(Note.updated_at).desc(), col(Note.id).desc())
        .limit(limit)
        .offset(offset)
    ).all()
    return _shown(db, reader, [(note, index.snippet(_plain(note), ())) for note in notes])


def after(
    db: Session,
    reader: Reader,
    query: Query,
    now: datetime,
    *,
    limit: int,
    place: tuple[datetime, UUID] | None,
) -> list[Found]:
    """Notes for programs: without words by when they were changed, from a place on."""
    conditions = _conditions(reader, query, now)
    if place:
        at, number = place
        conditions.append(
            or_(col(Note.updated_at) < at, and_(col(Note.updated_at) == at, col(Note.id) < number))
        )
    notes = db.exec(
        select(Note)
        .where(*conditions)
        .order_by(col(Note.updated_at).desc(), col(Note.id).desc())
        .limit(limit)
    ).all()
    return _shown(db, reader, [(note, index.snippet(_plain(note), ())) for note in notes])


def count(db: Session, reader: Reader, query: Query, now: datetime) -> int:
    """How many there are; by words how many of the best."""
    if index.terms_of(query.text):
        return len(_by_words(db, reader, query, now))
    return db.exec(select(func.count()).select_from(Note).where(*_conditions(reader, query, now))).one()


def opened(db: Session, reader: Reader, note_id: UUID, now: datetime) -> Opened:
    """One note. Raises NotFound."""
    note = book.get(db, reader, note_id, now)
    own = note.owner_id == reader.account_id
    may_write = own or bool(
        db.exec(select(sharing.shared(reader, now, kind=KIND, object_id=note.id, level="write"))).one()
    )
    shares = sharing.of(db, KIND, note.id) if own else []
    people = _names(db, [note.owner_id, note.updated_by])
    conflict = db.exec(
        select(NoteVersion)
        .where(
            NoteVersion.note_id == note.id,
            NoteVersion.kind == "conflict",
            NoteVersion.author_id == reader.account_id,
            col(NoteVersion.settled_at).is_(None),
        )
        .order_by(col(NoteVersion.at).desc())
        .limit(1)
    ).first()
    kept = select(func.count()).select_from(NoteVersion).where(NoteVersion.note_id == note.id)
    return Opened(
        note=note,
        owner=people.get(note.owner_id, ""),
        writer=people.get(note.updated_by, "") if note.updated_by else "",
        pinned=db.get(NotePin, (reader.account_id, note.id)) is not None,
        may_write=may_write and note.deleted_at is None,
        is_own=own,
        shares=shares,
        names=sharing.names(db, shares),
        targets=links.targets(db, reader, note.id, now),
        backlinks=links.backlinks(db, reader, note.id, now),
        conflict=conflict,
        versions=db.exec(kept.where(NoteVersion.kind != "conflict")).one(),
        rules=list(db.exec(_tied(AlertRule, "rule", note.id))),
        workers=list(db.exec(_tied(Worker, "worker", note.id))),
    )


def shown(db: Session, reader: Reader, note: Note) -> Found:
    """A note as lists show it."""
    return _shown(db, reader, [(note, index.snippet(_plain(note), ()))])[0]


def versions(db: Session, reader: Reader, note_id: UUID, now: datetime) -> list[NoteVersion]:
    """Its history, the newest first: of what lost against another version only what this person wrote. Raises
    NotFound."""
    note = book.get(db, reader, note_id, now)
    return list(
        db.exec(
            select(NoteVersion)
            .where(
                NoteVersion.note_id == note.id,
                or_(col(NoteVersion.kind) != "conflict", col(NoteVersion.author_id) == reader.account_id),
            )
            .order_by(col(NoteVersion.at).desc(), col(NoteVersion.number).desc())
            .limit(NEARBY)
        )
    )


def shelves(db: Session, reader: Reader, now: datetime) -> Shelves:
    """What there is to filter by."""
    conditions = _conditions(reader, Query(), now)
    folders = db.exec(
        select(Note.folder, func.count())
        .where(*conditions, Note.folder != "")
        .group_by(Note.folder)
        .order_by(Note.folder)
        .limit(NEARBY)
    ).all()
    tags = db.exec(
        select(func.max(NoteTag.name), func.count())
        .join(Note, col(Note.id) == NoteTag.note_id)
        .where(*conditions)
        .group_by(NoteTag.folded)
        .order_by(func.count().desc(), NoteTag.folded)
        .limit(NEARBY)
    ).all()
    return Shelves([(name, number) for name, number in folders], [(name, number) for name, number in tags])


def about(db: Session, reader: Reader, kind: str, about_id: UUID, now: datetime) -> list[Note]:
    """The notes about something that this person may read, by title."""
    return list(
        db.exec(
            select(Note)
            .join(NoteAbout, col(NoteAbout.note_id) == Note.id)
            .where(
                NoteAbout.kind == kind,
                NoteAbout.about_id == about_id,
                *_conditions(reader, Query(), now),
            )
            .order_by(Note.folded_title, col(Note.id))
            .limit(NEARBY)
        )
    )


# -- searches that are kept ---------------------------------------------------------------------------------------


def saved(db: Session, account_id: UUID) -> list[SavedSearch]:
    """The searches this person keeps, by name."""
    return list(
        db.exec(select(SavedSearch).where(SavedSearch.account_id == account_id).order_by(SavedSearch.name))
    )


def keep_search(
    db: Session, account_id: UUID, name: str, query: dict[str, Any], now: datetime
) -> SavedSearch:
    """Keep a search under a name. Raises Invalid, and Conflict for a name there is already."""
    flat = " ".join(name.replace("\x00", "").split())
    if not flat or len(flat) > 60:
        raise Invalid(fields={"name": "notes.error.search_name"})
    there = saved(db, account_id)
    if any(fold(one.name) == fold(flat) for one in there):
        raise Conflict("notes.error.search_taken")
    if len(there) >= MOST_SAVED:
        raise Conflict("notes.error.searches")
    row = SavedSearch(account_id=account_id, name=flat, query=query, created_at=now)
    db.add(row)
    db.flush()
    return row


def forget_search(db: Session, account_id: UUID, search_id: UUID) -> None:
    """Keep it no more. Raises NotFound."""
    row = db.get(SavedSearch, search_id)
    if row is None or row.account_id != account_id:
        raise NotFound
    db.delete(row)
    db.flush()


# -- parts --------------------------------------------------------------------------------------------------------


def _tied(table: Any, kind: str, note_id: UUID) -> Any:
    return (
        select(table)
        .join(NoteAbout, col(NoteAbout.about_id) == table.id)
        .where(NoteAbout.kind == kind, NoteAbout.note_id == note_id)
    )


def _by_words(db: Session, reader: Reader, query: Query, now: datetime) -> list[Found]:
    hits = index.find(db, reader, query.text, now, kinds=[KIND], limit=FOUND)
    order = {hit.object_id: hit for hit in hits}
    if not order:
        return []
    notes = db.exec(select(Note).where(col(Note.id).in_(order), *_conditions(reader, query, now))).all()
    place = {number: at for at, number in enumerate(order)}
    notes = sorted(notes, key=lambda note: place[note.id])
    return _shown(db, reader, [(note, order[note.id].snippet) for note in notes])


def _conditions(reader: Reader, query: Query, now: datetime) -> list[ColumnElement[bool]]:
    mine = col(Note.owner_id) == reader.account_id
    conditions = [
        sharing.allowed(reader, now, kind=KIND, object_id=col(Note.id), owner_id=col(Note.owner_id))
    ]
    if query.shelf == "trash":
        conditions += [mine, col(Note.deleted_at).is_not(None)]
    else:
        conditions.append(col(Note.deleted_at).is_(None))
        archived = col(Note.archived_at)
        conditions.append(archived.is_not(None) if query.shelf == "archived" else archived.is_(None))
    if query.folder:
        below = col(Note.folder).startswith(f"{query.folder}/", autoescape=True)
        conditions.append(or_(col(Note.folder) == query.folder, below))
    for tag in query.tags:
        conditions.append(
            exists().where(col(NoteTag.note_id) == col(Note.id), col(NoteTag.folded) == fold(tag)[:80])
        )
    if query.shared is not None:
        conditions.append(~mine if query.shared else mine)
    return conditions


def _shown(db: Session, reader: Reader, notes: Sequence[tuple[Note, Snippet]]) -> list[Found]:
    ids = [note.id for note, _ in notes]
    pins = set(
        db.exec(
            select(NotePin.note_id).where(
                NotePin.account_id == reader.account_id, col(NotePin.note_id).in_(ids)
            )
        )
    )
    given = set(db.exec(select(Share.object_id).where(Share.kind == KIND, col(Share.object_id).in_(ids))))
    people = _names(db, [note.owner_id for note, _ in notes])
    return [
        Found(note, note.id in pins, people.get(note.owner_id, ""), snippet, note.id in given)
        for note, snippet in notes
    ]


def _names(db: Session, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = {one for one in ids if one}
    rows = db.exec(select(Account).where(col(Account.id).in_(wanted)))
    return {one.id: one.name or one.email for one in rows}


def _plain(note: Note) -> str:
    """The beginning of the text for a list, without the title where that is its first line."""
    text = note.body[:600].strip()
    first, _, rest = text.partition("\n")
    return index.plain(rest if book.first_line(first) == note.title else text)
