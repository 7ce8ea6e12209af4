"""What is measured, and at which steps it is kept."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col, select

from models import Subject

T = TypeVar("T")

# Seconds between two points. Each level is made from the one before it.
RAW, MINUTE, HOUR = 1, 60, 3600
RESOLUTIONS = (RAW, MINUTE, HOUR)
FINER = {MINUTE: RAW, HOUR: MINUTE}
# How many seconds one block of a level covers, and for how long its points are kept.
SPAN = {RAW: 60, MINUTE: 3600, HOUR: 86_400}
KEEP = {RAW: timedelta(hours=2), MINUTE: timedelta(hours=200), HOUR: timedelta(days=400)}

Labels = Mapping[str, str]


def key_of(labels: Labels) -> str:
    """The one text that stands for a set of labels. Raises ValueError when it does not fit its column."""
    key = json.dumps(dict(sorted(labels.items())), separators=(",", ":"), ensure_ascii=False)
    if len(key) > 500:
        raise ValueError("labels are too long")
    return key


def find_subjects(db: Session, keys: Iterable[str]) -> dict[str, int]:
    """The ids of the subjects that exist, by key."""
    found: dict[str, int] = {}
    for some in chunks(list(keys), 500):
        rows = db.exec(select(Subject.key, Subject.id).where(col(Subject.key).in_(some)))
        found.update((key, number) for key, number in rows if number is not None)
    return found


def find_labels(
    db: Session, wanted: Labels, limit: int, *, after: int = 0
) -> list[tuple[int, dict[str, str]]]:
    """Subjects that have all these labels, with their ids, in the order they were made; from `after` on."""
    query = select(Subject).where(col(Subject.id) > after)
    for pair in ({name: value} for name, value in wanted.items()):
        # The canonical text of the labels has each pair exactly so, on every database.
        query = query.where(col(Subject.key).contains(key_of(pair)[1:-1], autoescape=True))
    rows = db.exec(query.order_by(col(Subject.id)).limit(limit))
    return [(row.id, dict(row.labels)) for row in rows if row.id is not None]


def make_subjects(db: Session, keys: Iterable[str], now: datetime) -> dict[str, int]:
    """The ids of these subjects, by key; those that do not exist are made."""
    wanted = list(keys)
    found = find_subjects(db, wanted)
    missing = [key for key in wanted if key not in found]
    if not missing:
        return found
    insert = postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    db.execute(
        insert(Subject).on_conflict_do_nothing(),
        [{"key": key, "labels": json.loads(key), "created_at": now} for key in missing],
    )
    return found | find_subjects(db, missing)


def moment(seconds: float) -> datetime:
    """Unix seconds as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def floor(seconds: float, step: int) -> int:
    """The last multiple of `step` that is not after `seconds`."""
    return int(seconds // step) * step


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`."""
    return (items[first : first + size] for first in range(0, len(items), size))
