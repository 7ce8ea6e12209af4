"""What was measured and what happened, for programs and as files."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, col, select

from keepai.api.access import requires
from keepai.api.files import Format, attachment, csv_file, table
from keepai.api.lists import USUAL, Cursor, Fields, Limit, Place, chosen, page, place_of
from keepai.api.lists import moment as moment_of
from models import Compute, TaskGroupRun, WorkerEvent
from services import db, history, live, task_groups, task_stream, worker_events
from services.clock import now
from services.compute.stream import Step
from services.errors import Invalid, NotFound
from services.snapshot import COMPUTE_METRICS, WorkerRow

router = APIRouter(prefix="/api/v1", tags=["history"], dependencies=[requires("compute:read")])

RANGES = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
METRIC = re.compile(r"[a-z][a-z0-9_]{0,39}")
SUBJECT = re.compile(r"compute|worker:[0-9a-f]{32}|probe:[a-z][a-z0-9_-]{0,39}")
MOST_METRICS = 20
MOST_ROWS = 10_000
METRICS: Mapping[str, Sequence[str]] = {
    "compute": (*COMPUTE_METRICS, "read_seconds"),
    "worker": (
        *("cpu", "memory", "managed", "spilled", "executing", "ready", "event_loop"),
        *("net_read", "net_write", "disk_read", "disk_write", "gpu", "gpu_memory"),
    ),
    "probe": ("latency",),
}
EVENT_COLUMNS = ("at", "worker_id", "worker_name", "kind", "by", "detail")
GROUP_COLUMNS = ("finished_at", "started_at", "name", "tasks", "errors", "seconds", "nbytes")
STEP_COLUMNS = (
    *("start", "stop", "seconds", "worker_id", "worker_name", "address", "thread"),
    *("prefix", "action", "erred"),
)

Span = Literal["15m", "1h", "24h", "7d"]
Window = Literal["1m", "5m", "30m"]
Moment = Annotated[str, Query(max_length=40, description="ISO 8601 or seconds since 1970.")]
As = Annotated[Format, Query(alias="format")]


@router.get("/history", response_class=Response)
async def samples(
    subject: Annotated[
        str, Query(max_length=80, description="compute, worker:ID or probe:NAME.")
    ] = "compute",
    metric: Annotated[list[str] | None, Query(max_length=MOST_METRICS, description="All by default.")] = None,
    span: Annotated[
        Span, Query(alias="range", description="The time until now, without start and end.")
    ] = "1h",
    start: Moment = "",
    end: Moment = "",
    resolution: Annotated[
        Literal["1", "60", "3600"] | None, Query(description="Seconds between points.")
    ] = None,
    points: Annotated[int, Query(ge=1, le=5000)] = 500,
    form: As = "json",
) -> Response:
    """Mean, least and most of each metric in equal buckets of time; empty where nothing was measured."""
    labels = await _labels(subject)
    moment = now()
    begin, stop = _between(start, end, span, moment)
    plot = await db.read(
        history.query,
        labels,
        _metrics(metric, labels["kind"]),
        begin,
        stop,
        now=moment,
        points=points,
        resolution=int(resolution) if resolution else None,
    )
    name = f"keepai-{subject.replace(':', '-')}"
    if form == "csv":
        return csv_file(history.to_csv([plot]), name)
    return Response(
        history.to_json([plot]), media_type="application/json", headers=attachment(f"{name}.json")
    )


@router.get("/worker-events", response_class=Response)
async def events(
    worker: Annotated[str, Query(pattern="^([0-9a-f]{32})?$", description="Of one worker alone.")] = "",
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
    form: As = "json",
) -> Response:
    """What happened to workers, newest first. As CSV everything there is, up to 10,000 rows."""
    find: Finder
    if worker:
        find = _finder(worker_events.of_worker, UUID(worker))
    else:
        find = _finder(worker_events.latest, await _compute_id())
    return await _answer(find, _event, EVENT_COLUMNS, "worker-events", limit, cursor, fields, form)


@router.get("/task-groups", response_class=Response)
async def groups(
    limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = "", form: As = "json"
) -> Response:
    """Task groups that ended, newest first. As CSV everything there is, up to 10,000 rows."""
    find = _finder(task_groups.latest, await _compute_id())
    return await _answer(find, _group, GROUP_COLUMNS, "task-groups", limit, cursor, fields, form)


@router.get("/task-stream", response_class=Response)
async def stream(
    window: Window = task_stream.DEFAULT_WINDOW, fields: Fields = "", form: As = "json"
) -> Response:
    """Who ran what in the last minutes, oldest first. The scheduler notes it only while somebody looks or asks."""
    wanted = chosen(fields, STEP_COLUMNS)
    snapshot = live.latest()
    workers = {row["address"]: row for row in (snapshot["workers"] if snapshot else [])}
    rows = [_step(step, workers.get(step.worker)) for step in await task_stream.within(window, time.time())]
    return table(rows, wanted, "keepai-task-stream", form)


Row = WorkerEvent | TaskGroupRun
Finder = Callable[[Session, int, tuple[datetime, UUID] | None], list[Any]]


def _finder(find: Callable[..., list[Any]], owner: UUID) -> Finder:
    return lambda session, limit, before: find(session, owner, limit, before=before)


async def _answer(
    find: Finder,
    as_row: Callable[[Any], dict[str, Any]],
    columns: Sequence[str],
    name: str,
    limit: int,
    cursor: str,
    fields: str,
    form: Format,
) -> Response:
    wanted = chosen(fields, columns)
    before = place_of(cursor)
    if form == "csv":
        return table(map(as_row, await _all(find, before)), wanted, f"keepai-{name}", "csv")
    found = await db.read(find, limit + 1, before)
    more = _place(found[limit - 1]) if len(found) > limit else None
    return page(map(as_row, found[:limit]), wanted, more)


async def _all(find: Finder, before: tuple[datetime, UUID] | None) -> list[Any]:
    """Every row from there on, page after page, so that no single read is long."""
    rows: list[Any] = []
    while len(rows) < MOST_ROWS:
        some = await db.read(find, worker_events.MOST, before)
        rows += some
        if len(some) < worker_events.MOST:
            break
        place = _place(some[-1])
        before = (place.at, place.id)
    return rows[:MOST_ROWS]


def _place(row: Row) -> Place:
    return Place(row.finished_at if isinstance(row, TaskGroupRun) else row.at, row.id)


def _event(event: WorkerEvent) -> dict[str, Any]:
    worker = event.worker_id.hex if event.worker_id else ""
    return {
        **{name: getattr(event, name) for name in EVENT_COLUMNS},
        "at": _iso(event.at),
        "worker_id": worker,
    }


def _group(run: TaskGroupRun) -> dict[str, Any]:
    times = {name: _iso(getattr(run, name)) for name in ("finished_at", "started_at")}
    return {**{name: getattr(run, name) for name in GROUP_COLUMNS}, **times}


def _step(step: Step, worker: WorkerRow | None) -> dict[str, Any]:
    """A stretch of work; a worker that left the list is known by its address alone."""
    return {
        "start": step.start,  # seconds since 1970, as the worker's clock has them
        "stop": step.stop,
        "seconds": round(step.stop - step.start, 6),
        "worker_id": worker["id"] if worker else "",
        "worker_name": worker["name"] if worker else "",
        "address": step.worker,
        "thread": step.thread,
        "prefix": step.prefix,
        "action": step.action,
        "erred": step.erred,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


async def _labels(subject: str) -> dict[str, str]:
    """The labels a subject is recorded under. Raises Invalid."""
    if not SUBJECT.fullmatch(subject):
        raise Invalid(fields={"subject": "errors.field.wrong"})
    kind, _, name = subject.partition(":")
    if kind == "probe":
        return {"kind": "probe", "probe": name}
    labels = {"kind": kind, "compute": str(await _compute_id())}
    return {**labels, "worker": name} if kind == "worker" else labels


async def _compute_id() -> UUID:
    """The compute that is watched now, else the one made last. Raises NotFound before there is any."""
    snapshot = live.latest()
    return UUID(snapshot["compute"]["id"]) if snapshot else await db.read(_last_compute)


def _last_compute(session: Session) -> UUID:
    found = session.exec(select(Compute.id).order_by(col(Compute.created_at).desc()).limit(1)).first()
    if found is None:
        raise NotFound
    return found


def _metrics(given: Sequence[str] | None, kind: str) -> Sequence[str]:
    if not given:
        return METRICS[kind]
    if any(not METRIC.fullmatch(name) for name in given):
        raise Invalid(fields={"metric": "errors.field.wrong"})
    return list(dict.fromkeys(given))


def _between(start: str, end: str, span: Span, moment: datetime) -> tuple[datetime, datetime]:
    """The range asked for. Raises Invalid for moments that are none, or in the wrong order."""
    stop = min(moment_of("end", end), moment) if end else moment
    begin = moment_of("start", start) if start else stop - RANGES[span]
    if begin >= stop:
        raise Invalid(fields={"start": "errors.field.range"})
    return begin, stop
