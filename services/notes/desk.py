"""What people do with notes: written down, then told to every screen. The database keeps it; the bus only makes it
quick."""

from collections.abc import Sequence
from uuid import UUID

from models import Note
from services import db
from services.audit import Actor
from services.bus import Bus
from services.clock import now
from services.notes import book
from services.notes.book import Draft, Stale, Text
from services.sharing import Given, Reader

TOPIC = "notes"  # a note changed
_bus: Bus | None = None


def configure(bus: Bus) -> None:
    """Say where to tell. Once per process."""
    global _bus
    _bus = bus


async def create(reader: Reader, draft: Draft, by: Actor, number: UUID | None = None) -> Note:
    """A new note. Raises what `book.create` raises."""
    return _told(await db.write(book.create, reader, draft, by, now(), number))


async def save(reader: Reader, note_id: UUID, text: Text, by: Actor, *, keep: bool = False) -> Note:
    """Take what somebody typed. Raises what `book.save` raises; with `keep` what came too late is kept before."""
    try:
        return _told(await db.write(book.save, reader, note_id, text, by, now()))
    except Stale as error:
        if keep:
            await db.write(book.keep_conflict, reader, note_id, text, by, now())
            _tell(error.note.id)
        raise


async def settle(reader: Reader, conflict_id: UUID, text: Text | None, by: Actor) -> Note:
    """Somebody chose between two texts. Raises what `book.settle` raises."""
    return _told(await db.write(book.settle, reader, conflict_id, text, by, now()))


async def restore_version(reader: Reader, version_id: UUID, by: Actor) -> Note:
    """As it was in an earlier version. Raises what `book.restore_version` raises."""
    return _told(await db.write(book.restore_version, reader, version_id, by, now()))


async def check_off(reader: Reader, note_id: UUID, number: int, version: int, by: Actor) -> Note:
    """Turn a box of the text. Raises what `book.check_off` raises."""
    return _told(await db.write(book.check_off, reader, note_id, number, version, by, now()))


async def file_under(
    reader: Reader, note_id: UUID, *, folder: str | None = None, tags: Sequence[str] | None = None
) -> Note:
    """Where it lies. Raises what `book.file_under` raises."""
    return _told(await db.write(book.file_under, reader, note_id, now(), folder=folder, tags=tags))


async def tie(reader: Reader, title: str, kind: str, about_id: UUID, by: Actor) -> Note:
    """A note of this title is about something. Raises what `book.tie` raises."""
    return _told(await db.write(book.tie, reader, title, kind, about_id, by, now()))


async def untie(reader: Reader, note_id: UUID, kind: str, about_id: UUID) -> Note:
    """It is not about that any more. Raises what `book.untie` raises."""
    return _told(await db.write(book.untie, reader, note_id, kind, about_id, now()))


async def pin(reader: Reader, note_id: UUID, wanted: bool) -> Note:
    """Whether it stands first in this person's list. Raises NotFound."""
    return _told(await db.write(book.pin, reader, note_id, wanted, now()))


async def archive(reader: Reader, note_id: UUID, wanted: bool) -> Note:
    """Out of the list, or back. Raises NotFound, Forbidden."""
    return _told(await db.write(book.archive, reader, note_id, wanted, now()))


async def trash(reader: Reader, note_id: UUID, by: Actor) -> Note:
    """Into the trash. Raises NotFound, Forbidden."""
    return _told(await db.write(book.trash, reader, note_id, by, now()))


async def take_back(reader: Reader, note_id: UUID, by: Actor) -> Note:
    """Out of the trash. Raises NotFound, Forbidden."""
    return _told(await db.write(book.take_back, reader, note_id, by, now()))


async def delete_for_good(reader: Reader, note_id: UUID, by: Actor) -> None:
    """With all its versions. Raises what `book.delete_for_good` raises."""
    await db.write(book.delete_for_good, reader, note_id, by, now())
    _tell(note_id)


async def share(reader: Reader, note_id: UUID, given: Sequence[Given], by: Actor) -> None:
    """With these, and nobody else. Raises what `book.share` raises."""
    await db.write(book.share, reader, note_id, given, by, now())
    _tell(note_id)


def _told(note: Note) -> Note:
    _tell(note.id)
    return note


def _tell(number: UUID) -> None:
    if _bus:
        _bus.publish(TOPIC, {"id": number.hex})
