"""The rows of long work: put, claimed by an UPDATE that must change exactly one of them, kept alive, ended, told.

Who runs one writes under a name of its own (`runner`), and every write of it says so: whoever was taken for gone and is
not finds that the row is no longer theirs, and stops.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete as sql_delete
from sqlalchemy import event, or_, update
from sqlmodel import Session, col, func, select

from models import Account, Job
from services import audit
from services.audit import Actor
from services.bus import Bus
from services.errors import Conflict, NotFound
from services.jobs import notices
from services.jobs.kinds import Result
from services.settings import Settings

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled")
ACTIVE: tuple[State, ...] = ("queued", "running")
TOPIC = "jobs"  # on the bus: there is something to begin, or somebody gave one up
TOPIC_PROGRESS = "job_progress"  # on the bus: the jobs of this person changed
AGAIN = 3  # times that one is begun again whose process or task is gone
LOST_AFTER = timedelta(seconds=30)  # without a beat of whoever runs it
PAUSES = (2.0, 10.0, 30.0)  # s before it is begun again
MOST_OF_ONE = 20  # of one person, waiting or running
KEPT = timedelta(days=30)
SHOWN = 100
_bus: tuple[Bus, asyncio.AbstractEventLoop] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of a job ended: done with its result, failed with a message key, or cancelled."""

    state: Literal["done", "failed", "cancelled"]
    result: Result = field(default_factory=Result)
    error: str = ""
    error_params: Mapping[str, Any] = field(default_factory=dict)


def configure(bus: Bus) -> None:
    """Say where to tell what happened. Called on the event loop on which the bus lives."""
    global _bus
    _bus = (bus, asyncio.get_running_loop())


def enqueue(
    db: Session,
    now: datetime,
    account_id: UUID,
    kind: str,
    params: Mapping[str, Any] | None = None,
    *,
    by: Actor,
    cancellable: bool = True,
) -> Job:
    """Have it done for that person once this transaction is committed. Raises Conflict when too many of theirs wait."""
    db.exec(select(Account.id).where(Account.id == account_id).with_for_update()).first()
    mine = (
        select(func.count()).select_from(Job).where(Job.account_id == account_id, col(Job.state).in_(ACTIVE))
    )
    if db.exec(mine).one() >= MOST_OF_ONE:
        raise Conflict("jobs.error.too_many", most=MOST_OF_ONE)
    job = Job(
        account_id=account_id,
        kind=kind,
        params=dict(params or {}),
        cancellable=cancellable,
        created_at=now,
        due_at=now,
    )
    db.add(job)
    db.flush()
    _note(db, now, by, "job.started", job)
    _tell(db, account_id, TOPIC)
    return job


def listed(db: Session, account_id: UUID) -> Sequence[Job]:
    """The jobs of a person: those that are not over, then the newest."""
    over = col(Job.state).not_in(ACTIVE)
    query = select(Job).where(Job.account_id == account_id).order_by(over, col(Job.id).desc())
    return db.exec(query.limit(SHOWN)).all()


def active(db: Session, account_id: UUID) -> Sequence[Job]:
    """Those that are not over, the oldest first."""
    query = select(Job).where(Job.account_id == account_id, col(Job.state).in_(ACTIVE))
    return db.exec(query.order_by(col(Job.id))).all()


def get(db: Session, account_id: UUID, job_id: UUID) -> Job:
    """One job of that person. Raises NotFound."""
    job = db.get(Job, job_id)
    if job is None or job.account_id != account_id:
        raise NotFound
    return job


def cancel(db: Session, now: datetime, account_id: UUID, job_id: UUID, *, by: Actor) -> Job:
    """Give it up: one that waits at once, one that runs as soon as whoever runs it hears of it. Raises NotFound, or
    Conflict for one that is over or cannot be given up."""
    job = _mine(db, account_id, job_id)
    if job.state not in ACTIVE:
        raise Conflict("jobs.error.over")
    if not job.cancellable:
        raise Conflict("jobs.error.not_cancellable")
    if not job.wants_cancel:
        _note(db, now, by, "job.cancelled", job)
    if job.state == "queued":
        job.state, job.ended_at = "cancelled", now
    job.wants_cancel = True
    db.add(job)
    db.flush()
    _tell(db, account_id, TOPIC)
    return job


def retry(db: Session, now: datetime, account_id: UUID, job_id: UUID, *, by: Actor) -> Job:
    """Begin one again that failed or was given up, from its last stored step. Raises NotFound or Conflict."""
    job = _mine(db, account_id, job_id)
    if job.state not in ("failed", "cancelled"):
        raise Conflict("jobs.error.not_over")
    _note(db, now, by, "job.retried", job)
    job.state, job.due_at, job.tries, job.wants_cancel = "queued", now, 0, False
    job.error, job.error_params, job.ended_at, job.started_at, job.runner = "", {}, None, None, ""
    db.add(job)
    db.flush()
    _tell(db, account_id, TOPIC)
    return job


def remove(db: Session, now: datetime, account_id: UUID, job_id: UUID, *, by: Actor) -> None:
    """Take one that is over off the list. Raises NotFound or Conflict."""
    job = _mine(db, account_id, job_id)
    if job.state in ACTIVE:
        raise Conflict("jobs.error.not_over")
    _note(db, now, by, "job.removed", job)
    db.delete(job)
    db.flush()
    _tell(db, account_id)


def is_due(db: Session, now: datetime) -> bool:
    """Whether there is anything to claim: asked often, without keeping others from writing."""
    return db.exec(select(Job.id).where(_due(now)).limit(1)).first() is not None


def claim(db: Session, settings: Settings, now: datetime, runner: str, most: int) -> list[Job]:
    """Take up to `most` that are due or whose runner is gone. `runner` is the name under which each is run, with the
    number of the try after it. One that was begun too often has failed, one that was given up is over."""
    taken = []
    for job in db.exec(select(Job).where(_due(now)).order_by(col(Job.due_at), col(Job.id)).limit(most)).all():
        known = (Job.id == job.id, Job.state == job.state, Job.runner == job.runner, Job.tries == job.tries)
        values: dict[str, Any] = {"runner": f"{runner}:{job.tries + 1}", "beat_at": now}
        if not job.wants_cancel and job.tries <= AGAIN:
            values |= {"state": "running", "tries": job.tries + 1, "started_at": job.started_at or now}
        changed = db.execute(update(Job).where(*known).values(**values))  # type: ignore[arg-type]
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            continue  # somebody else was quicker
        db.refresh(job)
        if job.wants_cancel:
            _end(db, settings, now, job, Ended("cancelled"))
        elif "state" not in values:
            _end(db, settings, now, job, Ended("failed", error="jobs.error.gone"))
        else:
            taken.append(job)
        _tell(db, job.account_id)
    return taken


def beat(db: Session, now: datetime, runners: Mapping[UUID, str]) -> dict[UUID, Literal["lost", "cancel"]]:
    """Say that these are still being run (job -> the name it runs under). Returns what is no longer so: those that are
    no longer ours, and those that somebody gave up."""
    said: dict[UUID, Literal["lost", "cancel"]] = {}
    for job_id, runner in runners.items():
        mine = (Job.id == job_id, Job.runner == runner, Job.state == "running")
        changed = db.execute(update(Job).where(*mine).values(beat_at=now))  # type: ignore[arg-type]
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            said[job_id] = "lost"
        elif db.exec(select(Job.wants_cancel).where(Job.id == job_id)).one():
            said[job_id] = "cancel"
    return said


def note(db: Session, /, job_id: UUID, runner: str, account_id: UUID, **values: Any) -> bool:
    """Write what whoever runs it says of it. False when it is no longer theirs."""
    mine = (Job.id == job_id, Job.runner == runner, Job.state == "running")
    changed = db.execute(update(Job).where(*mine).values(**values))  # type: ignore[arg-type]
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        return False
    _tell(db, account_id)
    return True


def finish(db: Session, settings: Settings, now: datetime, job_id: UUID, runner: str, ended: Ended) -> bool:
    """Note how it ended and tell the person, in one transaction. False when it was no longer that runner's to say."""
    job = _run_by(db, job_id, runner)
    if job is None:
        return False
    _end(db, settings, now, job, ended)
    _tell(db, job.account_id)
    return True


def run_again(
    db: Session,
    settings: Settings,
    now: datetime,
    job_id: UUID,
    runner: str,
    error: str,
    params: Mapping[str, Any] | None = None,
) -> bool:
    """Its task is gone, or what it needs is away for now: begin it again from its last stored step after a pause, or
    note that it failed for this reason when that was tried often enough."""
    job = _run_by(db, job_id, runner)
    if job is None:
        return False
    if job.wants_cancel:
        _end(db, settings, now, job, Ended("cancelled"))
    elif job.tries > AGAIN:
        _end(db, settings, now, job, Ended("failed", error=error, error_params=dict(params or {})))
    else:
        job.state, job.runner, job.beat_at = "queued", "", None
        job.due_at = now + timedelta(seconds=PAUSES[min(job.tries, len(PAUSES)) - 1])
        db.add(job)
        db.flush()
    _tell(db, job.account_id)
    return True


def release(db: Session, now: datetime, job_id: UUID, runner: str) -> None:
    """Whoever runs it ends in order: another begins it at once, and that does not count as a try."""
    job = _run_by(db, job_id, runner)
    if job is not None:
        job.state, job.runner, job.beat_at, job.due_at, job.tries = "queued", "", None, now, job.tries - 1
        db.add(job)
        db.flush()
        _tell(db, job.account_id)


def of_person(db: Session, account_id: UUID) -> list[dict[str, Any]]:
    """The jobs of a person, as they are taken along."""
    query = select(Job).where(Job.account_id == account_id).order_by(col(Job.id).desc())
    return [job.model_dump(mode="json", exclude={"runner", "step"}) for job in db.exec(query)]


def prune(db: Session, now: datetime) -> int:
    """Forget what was over a month ago. Returns how many."""
    old = sql_delete(Job).where(col(Job.state).not_in(ACTIVE), col(Job.ended_at) < now - KEPT)
    return int(db.execute(old).rowcount)  # type: ignore[attr-defined]


def _due(now: datetime) -> Any:
    waits = (col(Job.state) == "queued") & (col(Job.due_at) <= now)
    lost = (col(Job.state) == "running") & or_(
        col(Job.beat_at).is_(None), col(Job.beat_at) < now - LOST_AFTER
    )
    return waits | lost


def _mine(db: Session, account_id: UUID, job_id: UUID) -> Job:
    query = select(Job).where(Job.id == job_id, Job.account_id == account_id).with_for_update()
    job = db.exec(query.execution_options(populate_existing=True)).one_or_none()
    if job is None:
        raise NotFound
    return job


def _run_by(db: Session, job_id: UUID, runner: str) -> Job | None:
    query = (
        select(Job).where(Job.id == job_id, Job.runner == runner, Job.state == "running").with_for_update()
    )
    return db.exec(query).one_or_none()


def _end(db: Session, settings: Settings, now: datetime, job: Job, ended: Ended) -> None:
    job.state, job.ended_at, job.runner = ended.state, now, ""
    job.result = {name: value for name, value in asdict(ended.result).items() if value}
    job.error, job.error_params = ended.error, dict(ended.error_params)
    if ended.state == "done":
        job.done = job.total = max(job.total, job.done)
        job.step_key, job.step_params = "", {}
    db.add(job)
    db.flush()
    notices.tell(db, settings, now, job)


def _note(db: Session, now: datetime, by: Actor, action: str, job: Job) -> None:
    audit.record(
        db,
        now,
        by,
        action,
        object_kind="job",
        object_id=job.id.hex,
        object=job.kind,
        after={"kind": job.kind},
    )


def _tell(db: Session, account_id: UUID, *topics: str) -> None:
    """Say on the bus that a person's jobs changed, as soon as others can see it."""

    def tell(_: Any) -> None:
        if _bus:
            bus, loop = _bus
            with contextlib.suppress(RuntimeError):  # that loop has ended
                for topic in (*topics, TOPIC_PROGRESS):
                    loop.call_soon_threadsafe(bus.publish, topic, {"account": account_id.hex})

    event.listen(db, "after_commit", tell)
