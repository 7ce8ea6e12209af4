"""Links between notes: [[title]] in the text of one, and what points back at it."""

import re
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from models import Note, NoteLink
from services import sharing
from services.index import fold
from services.notes import KIND
from services.sharing import Reader

LINK = re.compile(r"\[\[([^\[\]\n]{1,200})\]\]")
MOST = 200


def named(body: str) -> list[str]:
    """The titles that a text names, folded, each once."""
    return list(dict.fromkeys(filter(None, (fold(name)[:200] for name in LINK.findall(body)))))[:MOST]


def point(db: Session, reader: Reader, note: Note, now: datetime) -> None:
    """Note what this note names. What was found before stays found, whatever it is called by now; and notes that
    named this one before there was one find it now."""
    there = {row.folded: row for row in db.exec(select(NoteLink).where(NoteLink.note_id == note.id))}
    wanted = named(note.body)
    for folded, row in there.items():
        if folded not in wanted:
            db.delete(row)
    for folded in wanted:
        row = there.get(folded) or NoteLink(note_id=note.id, folded=folded)
        if row.target_id is None:
            row.target_id = called(db, reader, folded, now)
        db.add(row)
    if note.folded_title:
        waiting = db.exec(
            select(NoteLink, Note)
            .join(Note, col(Note.id) == NoteLink.note_id)
            .where(
                NoteLink.folded == note.folded_title,
                col(NoteLink.target_id).is_(None),
                NoteLink.note_id != note.id,
            )
            .limit(MOST)
        )
        for row, other in waiting:
            if other.owner_id == note.owner_id:
                row.target_id = note.id
                db.add(row)
    db.flush()


def called(db: Session, reader: Reader, folded: str, now: datetime) -> UUID | None:
    """The note of that title that this person may read; of several their own, then the one that was changed last."""
    found = db.exec(
        select(Note)
        .where(
            Note.folded_title == folded,
            col(Note.deleted_at).is_(None),
            sharing.allowed(reader, now, kind=KIND, object_id=col(Note.id), owner_id=col(Note.owner_id)),
        )
        .order_by(col(Note.owner_id) != reader.account_id, col(Note.updated_at).desc())
        .limit(1)
    ).first()
    return found.id if found else None


def backlinks(db: Session, reader: Reader, note_id: UUID, now: datetime) -> list[Note]:
    """The notes that name this one and that this person may read, the last changed first."""
    return list(
        db.exec(
            select(Note)
            .join(NoteLink, col(NoteLink.note_id) == Note.id)
            .where(
                NoteLink.target_id == note_id,
                Note.id != note_id,
                col(Note.deleted_at).is_(None),
                sharing.allowed(reader, now, kind=KIND, object_id=col(Note.id), owner_id=col(Note.owner_id)),
            )
            .order_by(col(Note.updated_at).desc())
            .limit(50)
        )
    )


def targets(db: Session, reader: Reader, note_id: UUID, now: datetime) -> dict[str, UUID]:
    """Where the links of a note lead that this person may follow: folded title to id."""
    rows = db.exec(
        select(NoteLink.folded, Note.id)
        .join(Note, col(Note.id) == NoteLink.target_id)
        .where(
            NoteLink.note_id == note_id,
            col(Note.deleted_at).is_(None),
            sharing.allowed(reader, now, kind=KIND, object_id=col(Note.id), owner_id=col(Note.owner_id)),
        )
    )
    return dict(rows.all())
