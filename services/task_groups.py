"""Task groups that ended: noticed between two readings, remembered with their figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, tuple_
from sqlmodel import Session, col, select

from models import TaskGroupRun
from services.compute.readings import GroupReading
from services.history import HOUR, KEEP
from services.history.series import moment

# The states of tasks that still have something to do.
OPEN = ("processing", "waiting", "queued", "no-worker")
MOST = 500
# What an integer column of PostgreSQL holds; figures come from outside.
MOST_TASKS = 2**31 - 1
MOST_BYTES = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FinishedGroup:
    """One run of a task group. `seconds` is summed over its tasks; `started_at` is None if none of them ran."""

    finished_at: datetime
    started_at: datetime | None
    name: str
    tasks: int
    errors: int
    seconds: float
    nbytes: int


def finished(
    previous: Sequence[GroupReading], present: Sequence[GroupReading], at: float
) -> tuple[FinishedGroup, ...]:
    """The runs that ended between two readings, the present one of unix second `at`.

    A reading lists the groups that still have work and, for a while, the runs that lately ended. A group that
    is listed no more was cancelled, or the scheduler was restarted: it did not finish.
    """
    new = Counter(map(_identity, filter(_has_ended, present)))
    new.subtract(map(_identity, filter(_has_ended, previous)))
    found = []
    for group in filter(_has_ended, present):
        if new[_identity(group)] > 0:
            new[_identity(group)] -= 1
            found.append(_finished(group, at))
    return tuple(found)


def add(db: Session, compute_id: UUID, groups: Iterable[FinishedGroup]) -> None:
    """Remember runs that ended."""
    for group in groups:
        run = TaskGroupRun(
            finished_at=group.finished_at,
            compute_id=compute_id,
            name=group.name[:300],
            started_at=group.started_at,
            tasks=min(group.tasks, MOST_TASKS),
            errors=min(group.errors, MOST_TASKS),
            seconds=group.seconds,
            nbytes=min(group.nbytes, MOST_BYTES),
        )
        db.add(run)
    db.flush()


def latest(
    db: Session,
    compute_id: UUID,
    limit: int = 50,
    since: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
) -> list[TaskGroupRun]:
    """The runs that ended last (after `since`, if given), newest first; `before` is (finished_at, id) of the
    last one already seen."""
    query = select(TaskGroupRun).where(TaskGroupRun.compute_id == compute_id)
    if since is not None:
        query = query.where(TaskGroupRun.finished_at >= since)
    if before is not None:
        query = query.where(tuple_(col(TaskGroupRun.finished_at), col(TaskGroupRun.id)) < before)
    order = (col(TaskGroupRun.finished_at).desc(), col(TaskGroupRun.id).desc())
    return list(db.exec(query.order_by(*order).limit(max(0, min(limit, MOST)))))


def prune(db: Session, now: datetime) -> int:
    """Forget what is older than the oldest samples. Returns how many."""
    outcome = db.execute(delete(TaskGroupRun).where(col(TaskGroupRun.finished_at) < now - KEEP[HOUR]))
    return int(outcome.rowcount)  # type: ignore[attr-defined]


def _has_ended(group: GroupReading) -> bool:
    return any(group.states.values()) and not any(group.states.get(state, 0) for state in OPEN)


def _identity(group: GroupReading) -> tuple[str, float, float, int]:
    return group.name, group.start, group.stop, sum(group.states.values())


def _finished(group: GroupReading, at: float) -> FinishedGroup:
    return FinishedGroup(
        finished_at=moment(group.stop if group.stop > 0 else at),
        started_at=moment(group.start) if group.start > 0 else None,
        name=group.name,
        tasks=sum(group.states.values()),
        errors=group.states.get("erred", 0),
        seconds=group.duration,
        nbytes=group.nbytes,
    )
