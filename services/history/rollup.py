"""Coarser levels from finer ones, once their span is over; and forgetting what has been kept long enough."""

import asyncio
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import mul

from sqlalchemy import delete, exists, func, select
from sqlmodel import Session, col

from models import SampleBlock, Subject
from services import db as database
from services.history import blocks
from services.history.blocks import Block
from services.history.codec import Columns, decode, empty, encode
from services.history.series import FINER, HOUR, KEEP, MINUTE, RESOLUTIONS, SPAN, chunks, floor, moment

# Nothing more is written to a span this long after its end.
SETTLED = timedelta(minutes=2)
# Subjects per step, and the pause after each: a thousand workers are done in a minute, and no write to the
# database nor any other thread waits longer than a few dozen milliseconds for it.
STEP = 10
PAUSE = 0.25


@dataclass(frozen=True, slots=True)
class Due:
    """A span of one level that is over, and the subjects that have finer blocks in it but no block of it."""

    resolution: int
    start: int
    subjects: tuple[int, ...]


async def roll_up(now: datetime, *, pause: float = PAUSE) -> int:
    """Make every block that is due. Returns how many. May be ended at any time and called again."""
    made = 0
    for resolution in (MINUTE, HOUR):
        for due in await database.read(find_due, resolution, now):
            for subjects in chunks(due.subjects, STEP):
                coarse = await database.read(make_coarse, due, subjects)
                await database.write(blocks.save, coarse)
                made += len(coarse)
                await asyncio.sleep(pause)
    return made


def find_due(db: Session, resolution: int, now: datetime) -> list[Due]:
    """What can be rolled up to this level, oldest first."""
    finer, span = FINER[resolution], SPAN[resolution]
    end = floor((now - SETTLED).timestamp(), span)
    due: list[Due] = []
    oldest = _oldest(db, finer, moment(0))
    while oldest is not None and (start := floor(oldest.timestamp(), span)) < end:
        if subjects := _subjects_due(db, resolution, start):
            due.append(Due(resolution, start, subjects))
        oldest = _oldest(db, finer, moment(start + span))
    return due


def make_coarse(db: Session, due: Due, subjects: Sequence[int]) -> list[Block]:
    """The blocks of these subjects for a span that is due, from the finer ones."""
    finer = FINER[due.resolution]
    start, end = moment(due.start), moment(due.start + SPAN[due.resolution])
    by_subject: dict[int, list[Block]] = defaultdict(list)
    for block in blocks.load(db, subjects, finer, start, end):
        by_subject[block.subject_id].append(block)
    return [
        Block(subject, due.resolution, due.start, encode(coarse_columns(due, some)))
        for subject, some in by_subject.items()
    ]


def summarise(columns: Columns, per_point: int) -> Columns:
    """Every `per_point` points as one: min, mean, max and count of each metric.

    Takes raw columns (one per metric) as well as coarse ones (four), whose counts weigh their means.
    """
    return {metric: _summarise(group, per_point) for metric, group in columns.items()}


def coarse_columns(due: Due, some: Iterable[Block]) -> Columns:
    """The points of a span that is due, from the finer blocks of one subject."""
    points = SPAN[due.resolution] // due.resolution
    columns: Columns = {}
    for block in some:
        fine = decode(block.data)
        at = (block.start - due.start) // due.resolution
        for metric, group in summarise(fine, due.resolution // FINER[due.resolution]).items():
            target = columns.setdefault(metric, [empty(points) for _ in group])
            for column, part in zip(target, group, strict=True):
                column[at : at + len(part)] = part
    return columns


def _summarise(group: Sequence["array[float]"], per_point: int) -> list["array[float]"]:
    points = len(group[0]) // per_point
    summed = [empty(points) for _ in range(4)]
    for point in range(points):
        parts = [column[point * per_point : (point + 1) * per_point] for column in group]
        total = sum(parts[-1])
        if total != total:  # some are missing
            known = [place for place, value in enumerate(parts[-1]) if value == value]
            if not known:
                continue
            parts = [array("f", [part[place] for place in known]) for part in parts]
        for column, value in zip(summed, _sums(parts), strict=True):
            column[point] = value
    return summed


def _sums(parts: Sequence["array[float]"]) -> tuple[float, float, float, float]:
    """Min, mean, max and count of raw points, or of coarse ones. None of them is missing."""
    if len(parts) == 1:
        (raw,) = parts
        low, high, count, total = min(raw), max(raw), float(len(raw)), sum(raw)
    else:
        low, high, count = min(parts[0]), max(parts[2]), sum(parts[3])
        total = sum(map(mul, parts[1], parts[3]))
    # Rounding must not put the mean beside its band.
    return low, min(max(total / count, low), high), high, count


def prune(db: Session, now: datetime) -> int:
    """Forget blocks that are past their time, but none that still has to be rolled up. Returns how many."""
    gone = 0
    for resolution in RESOLUTIONS:
        cut = now - KEEP[resolution]
        for coarser, finer in FINER.items():
            if finer == resolution:
                cut = min([cut, *(moment(due.start) for due in find_due(db, coarser, now))])
        # Naming the subjects lets the database use the index by subject instead of reading the whole table.
        outcome = db.execute(
            delete(SampleBlock).where(
                col(SampleBlock.subject_id).in_(select(col(Subject.id))),
                col(SampleBlock.resolution) == resolution,
                col(SampleBlock.start) < cut,
            )
        )
        gone += outcome.rowcount  # type: ignore[attr-defined]
    db.execute(
        delete(Subject).where(
            col(Subject.created_at) < now - KEEP[HOUR],
            ~exists().where(col(SampleBlock.subject_id) == col(Subject.id)),
        )
    )
    return gone


def _oldest(db: Session, resolution: int, since: datetime) -> datetime | None:
    """When the first block of a level at or after `since` begins, looked up subject by subject in the index."""
    first = (
        select(func.min(col(SampleBlock.start)))
        .where(
            col(SampleBlock.subject_id) == col(Subject.id),
            col(SampleBlock.resolution) == resolution,
            col(SampleBlock.start) >= since,
        )
        .scalar_subquery()
    )
    oldest: datetime | None = db.execute(select(func.min(first)).select_from(Subject)).scalar_one()
    return oldest


def _subjects_due(db: Session, resolution: int, start: int) -> tuple[int, ...]:
    """Subjects with finer blocks in the span that begins at `start`, but without the block itself."""
    fine = select(col(SampleBlock.subject_id)).where(
        col(SampleBlock.start) >= moment(start),
        col(SampleBlock.start) < moment(start + SPAN[resolution]),
        col(SampleBlock.resolution) == FINER[resolution],
    )
    made = select(col(SampleBlock.subject_id)).where(
        col(SampleBlock.start) == moment(start), col(SampleBlock.resolution) == resolution
    )
    return tuple(sorted(db.execute(fine.except_(made)).scalars()))
