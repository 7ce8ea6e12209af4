"""What happened to workers, kept as long as the coarsest samples."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, tuple_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from models import WorkerEvent
from services.compute.inventory import WorkerChange
from services.history import HOUR, KEEP
from services.history.series import moment

MOST = 500


def add(db: Session, compute_id: UUID, changes: Iterable[WorkerChange]) -> None:
    """Remember changes of the inventory."""
    for change in changes:
        event = WorkerEvent(
            at=moment(change.at),
            compute_id=compute_id,
            worker_id=UUID(change.worker_id),
            worker_name=change.worker_name[:300],
            kind=change.kind,
            by=(change.by or "")[:254],
            detail=change.detail[:500],
        )
        db.add(event)
    db.flush()


def latest(
    db: Session, compute_id: UUID, limit: int = 50, before: tuple[datetime, UUID] | None = None
) -> list[WorkerEvent]:
    """The latest events of a compute, newest first; `before` is (at, id) of the last one already seen."""
    query = select(WorkerEvent).where(WorkerEvent.compute_id == compute_id)
    return _newest(db, query, limit, before)


def of_worker(
    db: Session, worker_id: UUID, limit: int = 50, before: tuple[datetime, UUID] | None = None
) -> list[WorkerEvent]:
    """The latest events of one worker, newest first."""
    return _newest(db, select(WorkerEvent).where(WorkerEvent.worker_id == worker_id), limit, before)


def between(
    db: Session, compute_id: UUID, start: datetime, end: datetime, limit: int = MOST
) -> list[WorkerEvent]:
    """The events of [start, end), oldest first; of more than `limit` the newest. For the marks on plots."""
    query = select(WorkerEvent).where(
        WorkerEvent.compute_id == compute_id, WorkerEvent.at >= start, WorkerEvent.at < end
    )
    return _newest(db, query, limit, None)[::-1]


def prune(db: Session, now: datetime) -> int:
    """Forget what is older than the oldest samples. Returns how many."""
    outcome = db.execute(delete(WorkerEvent).where(col(WorkerEvent.at) < now - KEEP[HOUR]))
    return int(outcome.rowcount)  # type: ignore[attr-defined]


def _newest(
    db: Session, query: SelectOfScalar[WorkerEvent], limit: int, before: tuple[datetime, UUID] | None
) -> list[WorkerEvent]:
    if before is not None:
        query = query.where(tuple_(col(WorkerEvent.at), col(WorkerEvent.id)) < before)
    order = (col(WorkerEvent.at).desc(), col(WorkerEvent.id).desc())
    return list(db.exec(query.order_by(*order).limit(max(0, min(limit, MOST)))))
