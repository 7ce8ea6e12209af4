"""Series read back: equal buckets with min, mean and max, and nothing where nothing was measured."""

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count

from sqlmodel import Session

from services.history import blocks
from services.history.codec import Columns, decode, empty
from services.history.rollup import summarise
from services.history.series import (
    FINER,
    HOUR,
    KEEP,
    RAW,
    RESOLUTIONS,
    SPAN,
    Labels,
    find_subjects,
    floor,
    key_of,
    moment,
)
from services.measures import HOST_EVERY, PROBES_EVERY

MOST_POINTS = 500
# Widths of a bucket in seconds that read well on an axis.
STEPS = (1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800)
# A reading comes every so many seconds, by kind of subject. Narrower buckets than three of them would show
# a gap wherever one reading was a little late.
EVERY = {"probe": PROBES_EVERY, "host": HOST_EVERY}
READINGS_PER_BUCKET = 3

Values = list[float | None]
Unsaved = Mapping[int, Columns]


@dataclass(frozen=True, slots=True)
class Band:
    """What was measured in each bucket; None where nothing was."""

    min: Values
    mean: Values
    max: Values


@dataclass(frozen=True, slots=True)
class Plot:
    """Series of one subject over [start, end) in buckets of `step` seconds, from points `resolution` apart.

    `times` are the unix seconds at which the buckets begin. Every metric asked for has a band.
    """

    labels: dict[str, str]
    start: float
    end: float
    step: int
    resolution: int
    times: list[int]
    bands: dict[str, Band]


def query(
    db: Session,
    labels: Labels,
    metrics: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    points: int = MOST_POINTS,
    resolution: int | None = None,
    unsaved: Unsaved | None = None,
) -> Plot:
    """One plot of the range, cut where it lies in the future or before what is kept.

    `resolution` (1, 60 or 3600) asks for that level, in buckets as narrow as `points` allows; else it follows
    from the range. `unsaved` are the samples of `Recorder.unsaved`, to be shown as well.
    """
    start = min(max(start, now - KEEP[resolution or HOUR]), now)
    end = max(start, min(end, now))
    step, level = choose(labels, start, end, now, points=points, resolution=resolution)
    first = floor(start.timestamp(), step)
    buckets = max(1, math.ceil((end.timestamp() - first) / step))
    key = key_of(labels)
    subject = find_subjects(db, [key]).get(key)
    reader = _Reader(db, subject, metrics, unsaved or {}, now.timestamp())
    columns = reader.read(level, first, first + buckets * step)
    return Plot(
        dict(labels),
        start.timestamp(),
        end.timestamp(),
        step,
        level,
        [first + index * step for index in range(buckets)],
        {metric: _band(group, step // level) for metric, group in columns.items()},
    )


def query_many(
    db: Session,
    subjects: Sequence[Labels],
    metrics: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    points: int = MOST_POINTS,
    resolution: int | None = None,
) -> list[Plot]:
    """The same range and metrics of several subjects, in their order, on the same buckets where they are of
    the same kind."""
    return [
        query(db, labels, metrics, start, end, now=now, points=points, resolution=resolution)
        for labels in subjects
    ]


def choose(
    labels: Labels,
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    points: int = MOST_POINTS,
    resolution: int | None = None,
) -> tuple[int, int]:
    """(width of a bucket, resolution of the points it is made of), both in seconds."""
    if resolution is not None:
        return _step(start, end, points, resolution), resolution
    every = EVERY.get(labels.get("kind", ""), 1)
    step = _step(start, end, points, READINGS_PER_BUCKET * every)
    kept = [level for level in RESOLUTIONS if start >= now - KEEP[level]] or [HOUR]
    level = max([level for level in kept if level <= step], default=kept[0])
    return max(step, level), level


def _step(start: datetime, end: datetime, points: int, least: int) -> int:
    """The narrowest bucket, at least `least` seconds wide, with at most `points` of them in the range.

    Two are always allowed: however wide buckets are, a short range may lie across the edge between two.
    """
    for step in chain((step for step in STEPS if step >= least), _widths(max(least, HOUR))):
        if math.ceil(end.timestamp() / step) - floor(start.timestamp(), step) // step <= max(points, 2):
            return step
    raise AssertionError("unreachable")


def _widths(least: int) -> Iterator[int]:
    """Ever wider buckets, each a whole number of hours."""
    hours = chain((1, 2, 3, 6, 12), (24 * 2**power for power in count()))
    return (n * HOUR for n in hours if n * HOUR >= least)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one subject at any level; what has not been rolled up yet comes from the finer levels."""

    db: Session
    subject: int | None
    metrics: Sequence[str]
    unsaved: Unsaved
    now: float

    def read(self, level: int, start: int, end: int) -> Columns:
        """Columns of [start, end), both multiples of `level`: raw ones, or min, mean, max and count."""
        width = 1 if level == RAW else 4
        slots = (end - start) // level
        columns = {metric: [empty(slots) for _ in range(width)] for metric in self.metrics}
        settled = start
        for begin, part in self._stored(level, start, end):
            _put(columns, part, (begin - start) // level)
            settled = max(settled, begin + SPAN[level])
        if level == RAW:
            for begin, part in self.unsaved.items():
                _put(columns, part, begin - start, over=False)
            return columns
        finer = FINER[level]
        # A subject that is gone has no newer points; nothing finer is kept from before this.
        settled = max(settled, floor(self.now - KEEP[finer].total_seconds(), SPAN[level]))
        if settled < end:
            tail = summarise(self.read(finer, settled, end), level // finer)
            _put(columns, tail, (settled - start) // level)
        return columns

    def _stored(self, level: int, start: int, end: int) -> list[tuple[int, Columns]]:
        if self.subject is None:
            return []
        from_block = moment(floor(start, SPAN[level]))
        found = blocks.load(self.db, [self.subject], level, from_block, moment(end))
        return [(block.start, decode(block.data, self.metrics)) for block in found]


def _put(columns: Columns, part: Columns, at: int, *, over: bool = True) -> None:
    """Lay `part` over the columns from point `at` on (it may begin before them and end after them).

    With `over=False` points that `part` misses stay as they are.
    """
    for metric, group in part.items():
        for target, column in zip(columns.get(metric, ()), group, strict=False):
            low, high = max(0, -at), min(len(column), len(target) - at)
            if over and low < high:
                target[at + low : at + high] = column[low:high]
            elif low < high:
                for slot in range(low, high):
                    if column[slot] == column[slot]:
                        target[at + slot] = column[slot]


def _band(group: Sequence["array[float]"], per_bucket: int) -> Band:
    if len(group) == 1 and per_bucket == 1:
        same = _values(group[0])
        return Band(same, same, same)
    low, mean, high, _ = summarise({"": list(group)}, per_bucket)[""] if per_bucket > 1 else group
    return Band(_values(low), _values(mean), _values(high))


def _values(column: "array[float]") -> Values:
    return [value if value == value else None for value in column]
