"""Blocks in the database: written in one go, read by subject and time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from models import SampleBlock
from services.history.series import SPAN, moment


@dataclass(frozen=True, slots=True)
class Block:
    """The encoded samples of one subject from unix second `start` on, for the span of its resolution."""

    subject_id: int
    resolution: int
    start: int
    data: bytes


def save(db: Session, blocks: Iterable[Block]) -> None:
    """Insert the blocks; one that is there already is replaced."""
    rows = [
        {
            "start": moment(block.start),
            "subject_id": block.subject_id,
            "resolution": block.resolution,
            "span": SPAN[block.resolution],
            "data": block.data,
        }
        for block in blocks
    ]
    if not rows:
        return
    insert = postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(SampleBlock)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["start", "subject_id", "resolution"], set_={"data": statement.excluded.data}
        ),
        rows,
    )


def load(
    db: Session, subjects: Sequence[int], resolution: int, start: datetime, end: datetime
) -> Iterator[Block]:
    """The blocks of these subjects that begin in [start, end), in order of time."""
    query = (
        select(col(SampleBlock.subject_id), col(SampleBlock.start), col(SampleBlock.data))
        .where(
            col(SampleBlock.subject_id).in_(subjects),
            col(SampleBlock.resolution) == resolution,
            col(SampleBlock.start) >= start,
            col(SampleBlock.start) < end,
        )
        .order_by(col(SampleBlock.start))
    )
    for subject, began, data in db.execute(query):
        yield Block(subject, resolution, int(began.timestamp()), data)
