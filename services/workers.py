"""The list of workers as it is kept in the database, so that it is the same after a restart."""

from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col, select

from models import Compute, Worker
from models.base import new_id
from services import worker_events
from services.compute.inventory import KEEP_LOST, WorkerEntry, WorkerState, put_back, remove
from services.compute.readings import WorkerReading
from services.errors import Conflict, NotFound
from services.history.series import chunks, moment


def ensure_compute(db: Session, key: str, now: datetime) -> UUID:
    """The id of the compute with this key (`embedded` or an address); made when it is new."""
    upsert = postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    row = upsert(Compute).values(id=new_id(), key=key, created_at=now)
    db.execute(row.on_conflict_do_nothing(index_elements=["key"]))
    return db.exec(select(Compute.id).where(Compute.key == key)).one()


def load(db: Session, compute_id: UUID) -> tuple[WorkerEntry, ...]:
    """The workers of a compute as they were saved last, in the order in which they came."""
    query = select(Worker).where(Worker.compute_id == compute_id).order_by(col(Worker.id))
    return tuple(map(to_entry, db.exec(query)))


def save(db: Session, compute_id: UUID, entries: Iterable[WorkerEntry], *, readings: bool = False) -> None:
    """Make the stored list equal to `entries`.

    Of workers in which nothing changed but their figures, those are written only with `readings` (on an
    orderly stop): a lost worker's last figures are written with the news that it is lost.
    """
    wanted = {UUID(entry.id): entry for entry in entries}
    stored = {row.id: row for row in db.exec(select(Worker).where(Worker.compute_id == compute_id))}
    for some in chunks(list(stored.keys() - wanted.keys()), 500):
        db.execute(delete(Worker).where(col(Worker.id).in_(some)))
    new = [_values(entry, compute_id) for number, entry in wanted.items() if number not in stored]
    if new:
        db.execute(insert(Worker), new)
    for number, entry in wanted.items():
        row = stored.get(number)
        if row is not None and (readings or _differs(row, entry)):
            db.execute(update(Worker).where(col(Worker.id) == number).values(_values(entry, compute_id)))


def forget(db: Session, compute_id: UUID, worker_id: str, by: str, now: datetime) -> WorkerEntry:
    """Take a lost worker off the list by hand, remember who did, and return it as it was.

    Raises NotFound, or Conflict if it is not lost.
    """
    row = db.get(Worker, _key(worker_id))
    if row is None or row.compute_id != compute_id:
        raise NotFound
    entry = to_entry(row)
    _, change = remove((entry,), row.id.hex, by, now.timestamp())
    if change is None:
        raise Conflict("workers.forget.not_lost")
    db.delete(row)
    worker_events.add(db, compute_id, [change])
    return entry


def restore(db: Session, compute_id: UUID, entries: Iterable[WorkerEntry], by: str, now: datetime) -> None:
    """Put workers back on the list that were taken off by hand, as they were, and remember who did."""
    back, changes = put_back((), entries, by, now.timestamp())
    for entry in back:
        db.merge(Worker(**_values(entry, compute_id)))
    worker_events.add(db, compute_id, changes)


def prune(db: Session, now: datetime) -> int:
    """Forget workers that have been lost for a day, also those of computes no longer watched. Returns how many."""
    too_long_ago = moment(now.timestamp() - KEEP_LOST)
    lost = delete(Worker).where(col(Worker.state) == "lost", col(Worker.since) < too_long_ago)
    return int(db.execute(lost).rowcount)  # type: ignore[attr-defined]


def to_entry(row: Worker) -> WorkerEntry:
    """A stored worker as the inventory knows it."""
    return WorkerEntry(
        id=row.id.hex,
        name=row.name,
        host=row.host,
        address=row.address,
        nanny=row.nanny,
        state=cast(WorkerState, row.state),
        since=row.since.timestamp(),
        reading=_reading(row.reading),
        first_seen=row.first_seen.timestamp(),
        restarts=row.restarts,
    )


def to_message(entry: WorkerEntry) -> dict[str, Any]:
    """A worker as it travels between processes."""
    return asdict(entry)


def from_message(message: dict[str, Any]) -> WorkerEntry:
    """The same worker at the other end."""
    return WorkerEntry(**{**message, "reading": _reading(message["reading"] or {})})


def _values(entry: WorkerEntry, compute_id: UUID) -> dict[str, Any]:
    """The columns of a worker."""
    return {
        "id": UUID(entry.id),
        "compute_id": compute_id,
        "name": entry.name[:300],
        "host": entry.host[:300],
        "address": entry.address[:300],
        "nanny": entry.nanny[:300] if entry.nanny else None,
        "state": entry.state,
        "since": moment(entry.since),
        "first_seen": moment(entry.first_seen),
        "restarts": entry.restarts,
        "reading": asdict(entry.reading) if entry.reading else {},
    }


def _differs(row: Worker, entry: WorkerEntry) -> bool:
    values = _values(replace(entry, reading=None), row.compute_id)
    return any(getattr(row, name) != value for name, value in values.items() if name != "reading")


def _reading(stored: dict[str, Any]) -> WorkerReading | None:
    """The last figures of a worker, or None when another version of KeepAI stored them in another shape."""
    names = {field.name for field in fields(WorkerReading)}
    try:
        return WorkerReading(**{name: value for name, value in stored.items() if name in names})
    except TypeError:
        return None


def _key(worker_id: str) -> UUID:
    """The id in the database. Raises NotFound for a text that is none."""
    try:
        return UUID(hex=worker_id)
    except ValueError:
        raise NotFound from None
