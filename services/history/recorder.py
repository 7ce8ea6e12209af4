"""Takes samples in memory, second by second, and writes them as one block per subject and minute."""

import asyncio
from array import array
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session

from services import db as database
from services.history import blocks
from services.history.blocks import Block
from services.history.codec import LARGEST, Columns, decode, empty, encode
from services.history.series import RAW, SPAN, Labels, chunks, floor, key_of, make_subjects, moment

MINUTE_SPAN = SPAN[RAW]
# A minute is written this many seconds after its end, so that a reading that took long is still in it.
GRACE = 2.0
# While there are few subjects, the running minute is saved as well, every so many seconds.
PARTIAL_EVERY = 15.0
FEW = 64
# Minutes kept in memory while the database does not answer.
BACKLOG = 15

Minute = dict[str, dict[str, "array[float]"]]


class Recorder:
    """The samples that are not in the database yet. Belongs to one event loop."""

    def __init__(self) -> None:
        self._minutes: dict[int, Minute] = {}
        self._keys: dict[tuple[tuple[str, str], ...], str] = {}
        self._subjects: dict[str, int] = {}
        self._partial_at = 0.0
        self._one_at_a_time = asyncio.Lock()

    def add(self, at: float, labels: Labels, values: Mapping[str, float]) -> None:
        """One reading of one subject at unix second `at`; the last one in a second counts.

        Values that are not finite are left out: they are missing, not zero.
        """
        start = floor(at, MINUTE_SPAN)
        slot = int(at - start)
        columns = self._minutes.setdefault(start, {}).setdefault(self._key(labels), {})
        for metric, value in values.items():
            column = columns.get(metric)
            if column is None:
                column = columns[metric] = empty(MINUTE_SPAN)
            if -LARGEST < value < LARGEST:
                column[slot] = value

    def unsaved(self, labels: Labels) -> dict[int, Columns]:
        """The raw columns of one subject, by unix second of the minute, that wait to be written."""
        key = self._key(labels)
        return {
            start: {metric: [column[:]] for metric, column in minute[key].items()}
            for start, minute in self._minutes.items()
            if key in minute
        }

    def drop(self, before: float) -> None:
        """Give up the minutes that ended before unix second `before`: somebody else writes them."""
        for start in [start for start in self._minutes if start + MINUTE_SPAN <= before]:
            del self._minutes[start]

    async def flush(self, now: float, *, everything: bool = False) -> int:
        """Write what is due at unix second `now`; with `everything`, on an orderly stop, all there is.

        Returns how many blocks were written. When the database fails, its error is raised and the minutes
        are kept for the next call, the oldest being given up after a quarter of an hour.
        """
        async with self._one_at_a_time:
            for start in sorted(self._minutes)[:-BACKLOG]:
                del self._minutes[start]
            over = [start for start in self._minutes if start + MINUTE_SPAN + GRACE <= now]
            due = list(self._minutes) if everything or self._partial_due(now) else over
            written = 0
            for start in sorted(due):
                written += await self._write(start, now)
                if start in over:
                    self._minutes.pop(start, None)
            if due or not self._minutes:
                self._partial_at = now
            return written

    async def _write(self, start: int, now: float) -> int:
        minute = {key: dict(columns) for key, columns in self._minutes[start].items()}
        encoded = await asyncio.to_thread(_encode, minute)
        # After a failure the ids are looked up anew: the database may be another one by then.
        known, self._subjects = self._subjects, {}
        self._subjects = await database.write(store, start, encoded, moment(now), known)
        return len(encoded)

    def _partial_due(self, now: float) -> bool:
        few = sum(map(len, self._minutes.values())) <= FEW
        return few and now - self._partial_at >= PARTIAL_EVERY

    def _key(self, labels: Labels) -> str:
        """The key of the labels; remembered, since making it for each worker each second adds up."""
        items = tuple(labels.items())
        key = self._keys.get(items)
        if key is None:
            if len(self._keys) > 20_000:
                self._keys.clear()
            key = self._keys[items] = key_of(labels)
        return key


def store(
    db: Session, start: int, encoded: Mapping[str, bytes], now: datetime, known: Mapping[str, int]
) -> dict[str, int]:
    """Write the raw blocks of one minute, by key of their subject.

    A block that is there already, because of a restart within the minute, is merged and not replaced.
    `known` are subject ids from the call before; returns those of the subjects of this one.
    """
    ids = {key: known[key] for key in encoded if key in known}
    ids |= make_subjects(db, encoded.keys() - ids.keys(), now)
    data = {ids[key]: block for key, block in encoded.items()}
    for some in chunks(list(data), 500):
        for old in blocks.load(db, some, RAW, moment(start), moment(start + 1)):
            merged = merge(decode(old.data), decode(data[old.subject_id]))
            data[old.subject_id] = encode(merged)
    blocks.save(db, (Block(subject, RAW, start, block) for subject, block in data.items()))
    return ids


def write(db: Session, at: datetime, samples: Iterable[tuple[Labels, Mapping[str, float]]]) -> None:
    """Write samples of one instant at once, for what is measured seldom."""
    recorder = Recorder()
    for labels, values in samples:
        if values:
            recorder.add(at.timestamp(), labels, values)
    for start, minute in recorder._minutes.items():
        store(db, start, _encode(minute), at, {})


def merge(old: Columns, new: Columns) -> Columns:
    """The raw samples of both; where both have one, the newer counts."""
    merged = {metric: [column[:]] for metric, (column,) in old.items()}
    for metric, (column,) in new.items():
        target = merged.setdefault(metric, [column])[0]
        for slot, value in enumerate(column):
            if value == value:
                target[slot] = value
    return merged


def _encode(minute: Minute) -> dict[str, bytes]:
    return {
        key: encode({metric: [column] for metric, column in columns.items()})
        for key, columns in minute.items()
    }
