"""What was measured and what happened, for programs and as files."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session, col, select

from keepai.api import shapes
from keepai.api.access import requires
from keepai.api.files import Format, attachment, csv_file, encode, table
from keepai.api.kept import kept
from keepai.api.lists import (
    NO_NUL,
    USUAL,
    Cursor,
    Fields,
    Limit,
    Place,
    Spot,
    chosen,
    cut,
    number_of,
    page,
    place_of,
)
from keepai.api.lists import moment as moment_of
from models import Compute, TaskGroupRun, WorkerEvent
from services import db, history, live, measures, task_groups, task_stream, worker_events
from services.clock import now, rfc3339
from services.compute.stream import Step
from services.errors import Invalid, NotFound
from services.snapshot import WorkerRow

router = APIRouter(prefix="/api/v1", tags=["history"], dependencies=[requires("compute:read")])

RANGES = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
METRIC = re.compile(r"[a-z][a-z0-9_]{0,39}")
SUBJECT = re.compile(r"compute|host|worker:[0-9a-f]{32}|probe:[a-z][a-z0-9_-]{0,39}")
MOST_METRICS = 20
MOST_ROWS = 10_000
EVENT_COLUMNS = ("at", "id", "worker_id", "worker_name", "kind", "by", "detail")
GROUP_COLUMNS = ("finished_at", "started_at", "name", "tasks", "errors", "seconds", "nbytes")
STEP_COLUMNS = (
    *("start", "stop", "seconds", "worker_id", "worker_name", "address", "thread"),
    *("prefix", "action", "erred"),
)

Span = Literal["15m", "1h", "24h", "7d"]
Window = Literal["1m", "5m", "30m"]
Moment = Annotated[str, Query(max_length=40, description="ISO 8601 or seconds since 1970.")]
Resolution = Annotated[Literal["1", "60", "3600"] | None, Query(description="Seconds between points.")]
As = Annotated[Format, Query(alias="format")]
LABEL = "label."
LABELS = [
    {
        "name": f"{LABEL}{name}",
        "in": "query",
        "required": False,
        "description": "Only of subjects with this label; other labels are asked for in the same way.",
        "schema": {"type": "string", "maxLength": 200, "pattern": NO_NUL},
    }
    for name in ("kind", "compute", "worker", "probe")
]
MOST_LABELS = 8


@router.get("/history", **shapes.told(shapes.History, csv=True))
async def samples(
    request: Request,
    subject: Annotated[
        str, Query(max_length=80, description="compute, host, worker:ID or probe:NAME.")
    ] = "compute",
    metric: Annotated[list[str] | None, Query(max_length=MOST_METRICS, description="All by default.")] = None,
    span: Annotated[
        Span, Query(alias="range", description="The time until now, without start and end.")
    ] = "1h",
    start: Moment = "",
    end: Moment = "",
    resolution: Resolution = None,
    points: Annotated[int, Query(ge=1, le=5000)] = 500,
    form: As = "json",
) -> Response:
    """Mean, least and most of each metric in equal buckets of time; empty where nothing was measured."""
    labels = await _labels(subject)
    metrics = _metrics(metric, labels["kind"])
    moment = now()
    begin, stop = _between(start, end, span, moment)

    async def plot() -> history.Plot:
        level = int(resolution) if resolution else None
        return await db.read(
            history.query, labels, metrics, begin, stop, now=moment, points=points, resolution=level
        )

    async def make() -> bytes:
        return history.to_json([await plot()]).encode()

    name = f"keepai-{subject.replace(':', '-')}"
    if form == "csv":
        return csv_file(history.to_csv([await plot()]), name)
    return await kept(request, make, attachment(f"{name}.json"))


@router.get("/metrics/query", **shapes.told(shapes.Page[shapes.Series]), openapi_extra={"parameters": LABELS})
async def metrics_query(
    request: Request,
    metric: Annotated[
        str, Query(pattern=f"^{METRIC.pattern}$", description="Its name, as `cpu` or `memory`.")
    ],
    start: Annotated[Moment, Query(alias="from")] = "",
    end: Annotated[Moment, Query(alias="to")] = "",
    resolution: Resolution = None,
    points: Annotated[int, Query(ge=1, le=5000)] = 500,
    limit: Limit = USUAL,
    cursor: Cursor = "",
) -> Response:
    """One metric of every subject that has these labels, in the order in which they were first measured.

    `label.kind` is `compute`, `worker`, `probe` or `host`; `label.worker` and `label.probe` name one of them. Without
    `from` it is the last hour.
    """
    labels = _asked_labels(request)
    moment = now()
    begin, stop = _between(start, end, "1h", moment, names=("from", "to"))
    after = number_of(cursor)
    level = int(resolution) if resolution else None

    async def make() -> bytes:
        found = await db.read(history.find_labels, labels, limit + 1, after=after)
        plots = await db.read(
            history.query_many,
            [of for _, of in found[:limit]],
            [metric],
            begin,
            stop,
            now=moment,
            points=points,
            resolution=level,
        )
        more = Spot(found[limit - 1][0], "") if len(found) > limit else None
        series = [one for plot in plots if (one := _series(plot, metric))["points"]]
        return encode({"items": series, "next_cursor": str(more) if more else None})

    return await kept(request, make)


@router.get("/events", **shapes.told(shapes.Page[shapes.WorkerEventInfo], csv=True))
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


@router.get("/task-groups", **shapes.told(shapes.Page[shapes.GroupRun], csv=True))
async def groups(
    limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = "", form: As = "json"
) -> Response:
    """Task groups that ended, newest first. As CSV everything there is, up to 10,000 rows."""
    find = _finder(task_groups.latest, await _compute_id())
    return await _answer(find, _group, GROUP_COLUMNS, "task-groups", limit, cursor, fields, form)


@router.get("/task-stream", **shapes.told(shapes.Page[shapes.StepInfo], csv=True))
async def stream(
    window: Window = task_stream.DEFAULT_WINDOW,
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
    form: As = "json",
) -> Response:
    """Who ran what in the last minutes, oldest first. The scheduler notes it only while somebody looks or asks.
    As CSV all of it at once."""
    wanted = chosen(fields, STEP_COLUMNS)
    rows = await _steps(window)
    if form == "csv":
        return table(rows, wanted, "keepai-task-stream", form)
    some, more = cut(rows, limit, cursor, lambda row: f"{row['start']} {row['address']} {row['thread']}")
    return page(some, wanted, more)


@router.get("/task-stream.{form}", include_in_schema=False)
async def stream_file(
    form: Format, window: Window = task_stream.DEFAULT_WINDOW, fields: Fields = ""
) -> Response:
    """All of it, as a file."""
    return table(await _steps(window), chosen(fields, STEP_COLUMNS), "keepai-task-stream", form)


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


async def _steps(window: Window) -> list[dict[str, Any]]:
    snapshot = live.latest()
    workers = {row["address"]: row for row in (snapshot["workers"] if snapshot else [])}
    return [_step(step, workers.get(step.worker)) for step in await task_stream.within(window, time.time())]


def _event(event: WorkerEvent) -> dict[str, Any]:
    worker = event.worker_id.hex if event.worker_id else ""
    return {
        **{name: getattr(event, name) for name in EVENT_COLUMNS},
        "at": rfc3339(event.at),
        "id": event.id.hex,
        "worker_id": worker,
    }


def _group(run: TaskGroupRun) -> dict[str, Any]:
    times = {name: rfc3339(getattr(run, name)) for name in ("finished_at", "started_at")}
    return {**{name: getattr(run, name) for name in GROUP_COLUMNS}, **times}


def _step(step: Step, worker: WorkerRow | None) -> dict[str, Any]:
    """A stretch of work; a worker that left the list is known by its address alone."""
    return {
        "start": rfc3339(step.start),  # as the worker's clock has it
        "stop": rfc3339(step.stop),
        "seconds": round(step.stop - step.start, 6),
        "worker_id": worker["id"] if worker else "",
        "worker_name": worker["name"] if worker else "",
        "address": step.worker,
        "thread": step.thread,
        "prefix": step.prefix,
        "action": step.action,
        "erred": step.erred,
    }


def _series(plot: history.Plot, metric: str) -> dict[str, Any]:
    band = plot.bands[metric]
    measured = zip(plot.times, band.mean, band.min, band.max, strict=True)
    return {
        "metric": metric,
        "labels": plot.labels,
        "step_seconds": plot.step,
        "points": [
            {"at": rfc3339(at), "mean": mean, "min": low, "max": high}
            for at, mean, low, high in measured
            if mean is not None
        ],
    }


def _asked_labels(request: Request) -> dict[str, str]:
    """The labels that a query asks for. Raises Invalid."""
    given = {
        name.removeprefix(LABEL): value
        for name, value in request.query_params.items()
        if name.startswith(LABEL)
    }
    wrong = {
        LABEL + name[:40]: "errors.field.wrong"
        for name, value in given.items()
        if not METRIC.fullmatch(name) or not re.fullmatch(NO_NUL, value) or len(value) > 200
    }
    if wrong or len(given) > MOST_LABELS:
        raise Invalid(fields=wrong or {LABEL: "errors.field.long"})
    return given


async def _labels(subject: str) -> dict[str, str]:
    """The labels a subject is recorded under. Raises Invalid."""
    if not SUBJECT.fullmatch(subject):
        raise Invalid(fields={"subject": "errors.field.wrong"})
    kind, _, name = subject.partition(":")
    if kind == "host":
        return {"kind": "host"}
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
        return measures.names(kind)
    if any(not METRIC.fullmatch(name) for name in given):
        raise Invalid(fields={"metric": "errors.field.wrong"})
    return list(dict.fromkeys(given))


def _between(
    start: str, end: str, span: Span, moment: datetime, names: tuple[str, str] = ("start", "end")
) -> tuple[datetime, datetime]:
    """The range asked for. Raises Invalid for moments that are none, or in the wrong order."""
    first, last = names
    stop = min(moment_of(last, end), moment) if end else moment
    begin = moment_of(first, start) if start else stop - RANGES[span]
    if begin >= stop:
        raise Invalid(fields={first: "errors.field.range"})
    return begin, stop
