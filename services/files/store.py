"""The contents of files, in a store behind fsspec: written piece by piece, read piece by piece, and taken away."""

import asyncio
import contextlib
import hashlib
import os
import struct
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import fsspec
from fsspec.implementations.dirfs import DirFileSystem

from models import StoredFile
from models.base import new_id
from services import db, vault
from services.errors import Invalid, NotFound
from services.files import book
from services.files.kinds import HEAD, sniff, tidy_name
from services.settings import Settings
from services.vault import Vault

FOLDER = "files"
MOST = 50 * 1024 * 1024  # bytes of one that comes from outside
PIECE = 256 * 1024
# A content younger than this may belong to a row that is about to be written.
GRACE = timedelta(hours=2)
MARK = b"KPF1"  # an encrypted content begins with it, then pieces, each after its length
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_LENGTH = struct.Struct(">I")
_END = 1 << 31  # set in the length of the last piece, so that one that was cut off is known as such


@dataclass(frozen=True, slots=True)
class Content:
    """What was written: where it lies, its plain size in bytes, its SHA-256, its type by its first bytes, and the name
    as it may be kept."""

    place: str
    size: int
    digest: str
    type: str
    name: str
    encrypted: bool


class Writer:
    """Writes one new content, from a thread. Leaving it before `finish` leaves nothing behind.

    `most` is how many bytes it may have (None: as many as there are); `box` encrypts it.
    """

    def __init__(
        self,
        settings: Settings,
        account_id: UUID,
        name: str,
        *,
        most: int | None = MOST,
        box: Vault | None = None,
    ) -> None:
        self._store, self._most, self._box = _store(settings.data_dir), most, box
        self.place = f"{account_id.hex}/{new_id().hex}"
        self._name = tidy_name(name)
        self._head, self._size, self._digest = b"", 0, hashlib.sha256()
        self._waits, self._pieces = bytearray(), 0
        self._content: Content | None = None
        self._store.makedirs(account_id.hex, exist_ok=True)
        self._file: Any = self._store.open(self.place, "wb")
        if box is not None:
            self._file.write(MARK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._content is None:
            self.abandon()

    def write(self, data: bytes) -> int:
        """Take the next bytes. Raises Invalid when they are too many."""
        self._size += len(data)
        if self._most is not None and self._size > self._most:
            raise Invalid("files.error.large", fields={"file": "files.error.large"}, most=self._most // 2**20)
        if len(self._head) < HEAD:
            self._head += data[: HEAD - len(self._head)]
        self._digest.update(data)
        if self._box is None:
            self._file.write(data)
        else:
            self._waits += data
            while len(self._waits) > PIECE:
                self._seal(bytes(self._waits[:PIECE]), 0)
                del self._waits[:PIECE]
        return len(data)

    def flush(self) -> None:
        """For those who write archives; everything is on the disk only after `finish`."""

    def finish(self) -> Content:
        """All is written."""
        if self._box is not None:
            self._seal(bytes(self._waits), _END)
        self._file.flush()
        with contextlib.suppress(AttributeError, OSError):  # a store that is no disk
            os.fsync(self._file.fileno())
        self._file.close()
        kind = sniff(self._head, self._name)
        self._content = Content(
            self.place, self._size, self._digest.hexdigest(), kind, self._name, self._box is not None
        )
        return self._content

    def abandon(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError, ValueError):
            self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self._store.rm_file(self.place)

    def _seal(self, piece: bytes, end: int) -> None:
        assert self._box is not None
        sealed = self._box.seal_bytes(piece, _piece(self.place, self._pieces, end))
        self._file.write(_LENGTH.pack(len(sealed) | end) + sealed)
        self._pieces += 1


async def receive(
    settings: Settings, account_id: UUID, name: str, pieces: AsyncIterator[bytes], *, encrypt: bool = False
) -> Content:
    """Write what comes, as it comes. Raises Invalid when it is too much, and whatever `pieces` raises; then nothing is
    left of it."""
    box = vault.of(settings) if encrypt else None
    writer = await asyncio.to_thread(Writer, settings, account_id, name, box=box)
    try:
        waits = bytearray()
        async for piece in pieces:
            waits += piece
            if len(waits) >= PIECE:
                await asyncio.to_thread(writer.write, bytes(waits))
                waits.clear()
        await asyncio.to_thread(writer.write, bytes(waits))
        return await asyncio.to_thread(writer.finish)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(writer.abandon))
        raise


def chunks(settings: Settings, file: StoredFile) -> Iterator[bytes]:
    """The content, piece by piece, from a thread. Raises NotFound at once when it is not there, OtherKey or Altered on
    the way when it is not what was written."""
    try:
        opened = _store(settings.data_dir).open(file.place, "rb")
    except FileNotFoundError:
        raise NotFound("files.error.gone") from None
    return _opened(opened, vault.of(settings), file.place) if file.encrypted else _plain(opened)


async def take_away(settings: Settings, places: Collection[str]) -> int:
    """Delete the contents at those places that no row names any more. Returns how many."""
    gone = [place for place in places if place not in await db.read(book.named, [place])]
    for place in gone:
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(_store(settings.data_dir).rm_file, place)
    return len(gone)


async def sweep(settings: Settings, now: datetime) -> int:
    """Delete all contents that no row names and that are not just being written. Returns how many."""
    found = await asyncio.to_thread(_places, settings.data_dir)
    return await take_away(settings, [place for place in found if _made_at(place) < now - GRACE])


@lru_cache(maxsize=8)
def _store(data_dir: Path) -> DirFileSystem:
    """The store of this installation: a folder of the data folder."""
    folder = (data_dir / FOLDER).absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return DirFileSystem(path=str(folder), fs=fsspec.filesystem("file"))


def _places(data_dir: Path) -> list[str]:
    return [str(place) for place in _store(data_dir).find("")]


def _made_at(place: str) -> datetime:
    """When the content was begun: its name is a UUIDv7, whose first 48 bits are milliseconds. What is none is not ours,
    and counts as of a time that never comes."""
    try:
        return datetime.fromtimestamp((UUID(place.rpartition("/")[2]).int >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return NEVER


def _plain(opened: Any) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(PIECE):
            yield piece


def _opened(opened: Any, box: Vault, place: str) -> Iterator[bytes]:
    with opened:
        if opened.read(len(MARK)) != MARK:
            raise vault.Altered
        number, end = 0, 0
        while not end:
            word = opened.read(_LENGTH.size)
            if len(word) < _LENGTH.size:
                raise vault.Altered
            (length,) = _LENGTH.unpack(word)
            end = length & _END
            piece = box.open_bytes(opened.read(length & ~_END), _piece(place, number, end))
            number += 1
            if piece:
                yield piece


def _piece(place: str, number: int, end: int) -> str:
    return f"file:{place}:{number}:{'end' if end else 'more'}"
