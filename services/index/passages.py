"""What is searched, cut into passages."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from models import Passage
from services.index.folding import fold

LONGEST = 1200  # characters of a passage
MOST = 400  # passages of one thing
LONGEST_TITLE = 300
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")

_lock = Lock()
_last = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be found. `access` is what must be shared with a reader who is not its owner: ("note", its id) for
    a task of a note; without it the thing itself. `more` are words that count like those of the title."""

    kind: str
    object_id: UUID
    owner_id: UUID
    title: str
    text: str
    updated_at: datetime
    access: tuple[str, UUID] | None = None
    more: str = ""


def put(db: Session, entry: Entry) -> None:
    """Have it found as it is now. What has not changed keeps its passages."""
    kind, object_id = entry.access or (entry.kind, entry.object_id)
    title = entry.title[:LONGEST_TITLE]
    pieces = list(cut(entry.text))[:MOST] or [""]
    there = db.exec(
        select(Passage)
        .where(Passage.kind == entry.kind, Passage.object_id == entry.object_id)
        .order_by(col(Passage.part))
    ).all()
    folded_title = fold(f"{title} {entry.more}")
    for part, text in enumerate(pieces):
        row = there[part] if part < len(there) else None
        if row is None:
            row = Passage(
                number=number(),
                kind=entry.kind,
                object_id=entry.object_id,
                part=part,
                owner_id=entry.owner_id,
                access_kind=kind,
                access_id=object_id,
                updated_at=entry.updated_at,
            )
        if row.text != text or not row.folded:
            row.text, row.folded = text, fold(text)
        row.owner_id, row.access_kind, row.access_id = entry.owner_id, kind, object_id
        row.title, row.folded_title, row.updated_at = title, folded_title, entry.updated_at
        db.add(row)
    for row in there[len(pieces) :]:
        db.delete(row)
    db.flush()


def drop(db: Session, kind: str, object_id: UUID) -> None:
    """Have it found no more."""
    db.execute(delete(Passage).where(col(Passage.kind) == kind, col(Passage.object_id) == object_id))


def cut(text: str) -> Iterator[str]:
    """The passages of a Markdown text: paragraphs together up to LONGEST characters, a new one at each heading once
    there is something to say before it; what is longer is cut at a space."""
    held = ""
    for block in re.split(r"\n\s*\n", text):
        block = block.strip()
        if not block:
            continue
        begins = bool(HEADING.match(block.split("\n", 1)[0]))
        if held and (len(held) + len(block) + 2 > LONGEST or (begins and len(held) > LONGEST // 3)):
            yield held
            held = ""
        while len(block) > LONGEST:
            at = block.rfind(" ", LONGEST // 2, LONGEST)
            at = at if at > 0 else LONGEST
            yield block[:at].strip()
            block = block[at:].strip()
        held = f"{held}\n\n{block}" if held else block
    if held:
        yield held


def number() -> int:
    """A number for a passage: the time in microseconds, never twice in this process, with six bits of its own against
    another process that writes in the same one."""
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1000)
        return (_last << 6) | _OWN


_OWN = time.monotonic_ns() % 64
