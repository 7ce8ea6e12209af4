"""Figures from history: what the plots, sparklines and tables of a range show."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlmodel import Session

from models import Alert, AlertRule, WorkerEvent
from services import db, format, history, measures, worker_events
from services.alerts import words
from services.alerts.rules import Draft
from services.i18n import translate
from services.snapshot import Snapshot, compute_samples, subject_samples

RANGES: Mapping[str, int] = {"15m": 900, "1h": 3600, "24h": 86_400, "7d": 604_800}
# How often a plot of this range is drawn anew, in seconds: about the width of two of its points.
REFRESH: Mapping[str, float] = {"15m": 5.0, "1h": 15.0, "24h": 120.0, "7d": 600.0}
POINTS = 240
SPARK_SECONDS, SPARK_POINTS, TREND_POINTS = 3600, 60, 40
TABLE_ROWS = 12
GIB = 2**30
MARKED = ("lost", "paused", "restarted", "retired", "joined")
MOST_MARKS = 12


class Trace(TypedDict):
    """A line: values from `start` (unix seconds) on, `every` so many seconds, None where nothing was measured. Their
    times would be half of what a dashboard is sent. `color` is a token."""

    name: str
    color: str
    start: int
    every: int
    y: list[float | None]
    fill: bool
    stack: bool
    step: bool


class Mark(TypedDict):
    """An event: a thin line at `x` (unix seconds) with words, in the colour of its state."""

    x: float
    label: str
    state: str


class Limit(TypedDict):
    """A threshold: a dashed line with words."""

    y: float
    label: str
    state: str


class Stretch(TypedDict):
    """A shaded stretch of time."""

    x: float
    to: float
    state: str


class TableRow(TypedDict):
    """One line of a plot as a table."""

    at: float
    values: list[str]


class Figure(TypedDict):
    """One plot, and the same as a table of a few lines. `top` is the upper end of the axis, 0 for by the data."""

    key: str
    title: str
    caption: str
    unit: str
    digits: int
    label: str
    series: list[Trace]
    marks: list[Mark]
    limits: list[Limit]
    top: float
    heads: list[str]
    table: list[TableRow]


class Series(TypedDict):
    """What a plot draws of one metric: `factor` turns stored values into the unit shown."""

    metric: str
    words: str
    colour: str
    factor: float
    fill: bool
    stacked: bool


# The last minutes as this process saw them: history is written every quarter of a minute or later, and a plot
# of fifteen minutes should not lag behind its own tiles.
_recent = history.Recorder()


def remember(snapshot: Snapshot) -> None:
    """Keep the newest samples until they are in the database."""
    at, compute = snapshot["at"], snapshot["compute"]["id"]
    if snapshot["compute"]["state"] != "live":
        return
    _recent.add(at, labels(compute), compute_samples(snapshot["totals"], snapshot["compute"]["took"]))
    for worker, values in subject_samples(snapshot["workers"][:RECENT_WORKERS]).items():
        _recent.add(at, labels(compute, worker), values)
    _recent.drop(at - 150.0)


RECENT_WORKERS = 64


def labels(compute: str, worker: str = "") -> dict[str, str]:
    """The labels of the series of the compute, or of one of its workers."""
    if worker:
        return {"kind": "worker", "compute": compute, "worker": worker}
    return {"kind": "compute", "compute": compute}


async def sparks(compute: str) -> dict[str, str]:
    """The path of each tile's sparkline, over the last hour."""
    end = time.time()
    metrics = ("workers", "executing", "memory", "cpu", "queued", "limit", "threads")
    plot = await _query(labels(compute), metrics, end - SPARK_SECONDS, end, SPARK_POINTS)
    ollama = await _query(
        {"kind": "probe", "probe": "ollama"}, ("latency",), end - SPARK_SECONDS, end, SPARK_POINTS
    )

    def path(metric: str, *, high: float | None = None, step: bool = False) -> str:
        values = plot.bands[metric].mean
        return format.spark_path(values, low=0, high=high, step=step)

    return {
        "workers": path("workers", step=True),
        "threads": path("executing", high=_top(plot.bands["threads"].max)),
        "memory": path("memory", high=_top(plot.bands["limit"].max)),
        "cpu": path("cpu", high=100),
        "tasks": path("queued"),
        "services": format.spark_path(ollama.bands["latency"].mean, low=0),
    }


async def probe_sparks(names: Sequence[str]) -> dict[str, str]:
    """The latency of each probe over the last hour, as a path by its name."""
    end = time.time()
    found: dict[str, str] = {}
    for name in names:
        subject = {"kind": "probe", "probe": name}
        plot = await _query(subject, ("latency",), end - SPARK_SECONDS, end, SPARK_POINTS)
        found[name] = format.spark_path(plot.bands["latency"].mean, low=0)
    return found


async def of_compute(compute: str, span: str, locale: str) -> dict[str, Any]:
    """The three plots of the dashboard."""
    end = time.time()
    start = end - RANGES[span]
    metrics = ("cpu", "managed", "unmanaged", "spilled", "limit", "executing", "queued")
    plot = await _query(labels(compute), metrics, start, end, POINTS)
    marks = await _marks(UUID(compute), start, end, locale)
    words = translate(locale, f"dashboard.range.title.{span}")
    limit = _top(plot.bands["limit"].max)
    figures = [
        _figure(
            plot,
            "cpu",
            words,
            locale,
            title="dashboard.plot.cpu",
            caption="dashboard.plot.cpu_unit",
            unit="%",
            top=100.0,
            series=[_series("cpu", "dashboard.plot.cpu", "c1", fill=True)],
            marks=marks,
        ),
        _memory(plot, words, locale, limit, marks),
        _figure(
            plot,
            "tasks",
            words,
            locale,
            title="dashboard.plot.tasks",
            caption="dashboard.plot.tasks_unit",
            unit="",
            series=[
                _series("executing", "dashboard.plot.executing", "c3", fill=True, stacked=True),
                _series("queued", "dashboard.plot.queued", "c2", fill=True, stacked=True),
            ],
            marks=marks,
        ),
    ]
    return {"ready": True, "empty": _is_empty(plot), "span": [start, end], "figures": figures}


async def of_worker(compute: str, worker: str, span: str, locale: str, threads: int) -> dict[str, Any]:
    """Memory and CPU of one worker; CPU in percent of its threads, as its other figures."""
    end = time.time()
    start = end - RANGES[span]
    metrics = ("cpu", "managed", "memory", "spilled")
    plot = await _query(labels(compute, worker), metrics, start, end, POINTS)
    unmanaged = [
        None if whole is None or part is None else max(0.0, whole - part)
        for whole, part in zip(plot.bands["memory"].mean, plot.bands["managed"].mean, strict=True)
    ]
    plot.bands["unmanaged"] = history.Band(min=unmanaged, mean=unmanaged, max=unmanaged)
    marks = await _marks(UUID(compute), start, end, locale, worker)
    words = translate(locale, f"dashboard.range.title.{span}")
    figures = [
        _memory(plot, words, locale, 0.0, marks),
        _figure(
            plot,
            "cpu",
            words,
            locale,
            title="dashboard.plot.cpu",
            caption="workers.plot.cpu_unit",
            unit="%",
            top=100.0,
            series=[_series("cpu", "dashboard.plot.cpu", "c1", factor=1 / max(1, threads), fill=True)],
            marks=marks,
        ),
    ]
    return {"ready": True, "empty": _is_empty(plot), "span": [start, end], "figures": figures}


# What is drawn where the measure of an alert is only yes or no: what people look at next.
BESIDE_FLAG = {"worker.up": "worker.cpu", "worker.paused": "worker.memory_share"}
ALERT_SECONDS, AROUND, MOST_ALERT_SECONDS = 1800.0, 600.0, 86_400.0


async def of_alert(alert: Alert, rule: AlertRule | None, locale: str) -> dict[str, Any]:
    """What was measured in the last half hour of an alert, or around one that is over; with its thresholds."""
    end = time.time()
    if alert.resolved_at is not None:
        end = min(end, alert.resolved_at.timestamp() + AROUND)
    start = min(end - ALERT_SECONDS, alert.started_at.timestamp() - AROUND if alert.resolved_at else end)
    start = max(start, end - MOST_ALERT_SECONDS)
    key = BESIDE_FLAG.get(alert.measure, alert.measure)
    measure = measures.by_key().get(key)
    if measure is None or measure.unit == "flag":
        return {"ready": True, "empty": True, "span": [start, end], "figures": []}
    subject = {name: str(value) for name, value in alert.labels.items()}
    plot = await _query(subject, (measure.name,), start, end, POINTS)
    factor, unit = _scale(measure.unit, _top(plot.bands[measure.name].max))
    figure = _figure(
        plot,
        measure.key,
        translate(locale, "alerts.plot.range"),
        locale,
        title=f"measures.{measure.key}",
        caption="",
        unit=unit,
        series=[_series(measure.name, "alerts.plot.value", "c1", factor=factor, fill=True)],
        marks=[],
    )
    fire = getattr(rule, f"{alert.severity}_fire", None) if rule and rule.measure == key else None
    if rule and rule.summary == "unusual":  # its thresholds are not in the unit of what is drawn
        fire = None
    if fire is not None:
        word = translate(locale, f"alerts.severity.{alert.severity}")
        figure["limits"] = [Limit(y=fire * factor, label=word, state=alert.severity)]
    return {"ready": True, "empty": _is_empty(plot), "span": [start, end], "figures": [figure]}


class Trend(TypedDict):
    """A sparkline of the last hour, and what stands beside it in words."""

    path: str
    said: str


async def trends(found: Sequence[tuple[Alert, AlertRule | None]], locale: str) -> dict[str, Trend]:
    """What was measured of each alert in the last hour, by the id of the alert; nothing for those whose measure is
    only yes or no. All are read at once."""
    end = time.time()
    known = measures.by_key()
    drawn = [
        (alert, rule, measure, {name: str(value) for name, value in alert.labels.items()})
        for alert, rule in found
        if (measure := known.get(alert.measure)) is not None and measure.unit != "flag"
    ]
    unsaved = [_recent.unsaved(subject) for *_, subject in drawn]

    def read(session: Session) -> list[history.Plot]:
        start, now = _moment(end - SPARK_SECONDS), _moment(end)
        return [
            history.query(
                session, subject, (measure.name,), start, now, now=now, points=TREND_POINTS, unsaved=new
            )
            for (_, _, measure, subject), new in zip(drawn, unsaved, strict=True)
        ]

    made: dict[str, Trend] = {}
    for (alert, rule, measure, _), plot in zip(drawn, await db.read(read), strict=True):
        values = plot.bands[measure.name].mean
        seen = [value for value in values if value is not None]
        if len(seen) < 2:
            continue
        unit = measure.unit
        said = translate(
            locale,
            "alerts.trend",
            measure=words.measure_name(locale, measure.key),
            low=words.value(locale, unit, min(seen)),
            high=words.value(locale, unit, max(seen)),
        )
        levels = [
            f"{translate(locale, f'alerts.severity.{severity}')}: {level}"
            for severity in ("critical", "warning")
            if rule and rule.measure == alert.measure and (level := words.level(locale, rule, severity))
        ]
        made[alert.id.hex] = Trend(path=format.spark_path(values), said=" · ".join([said, *levels]))
    return made


async def of_rule(
    draft: Draft, subject: Mapping[str, str], start: float, end: float, locale: str, words: str
) -> Figure:
    """What was measured of one subject, with the thresholds of a rule. A rule that looks at single samples is shown the
    worst of each stretch of time, since that is what it would have seen."""
    measure = measures.by_key()[draft.measure]
    plot = await _query(subject, (measure.name,), start, end, POINTS)
    band = plot.bands[measure.name]
    unusual = draft.summary == "unusual"  # whose thresholds are not in the unit of what is drawn
    worst = "mean" if draft.summary in ("mean", "unusual") else "max" if draft.above else "min"
    values = getattr(band, worst)
    plot.bands[measure.name] = history.Band(min=values, mean=values, max=values)
    levels = {name: getattr(draft, f"{name}_fire") for name in ("critical", "warning")}
    known = (
        {}
        if measure.unit == "flag" or unusual
        else {name: at for name, at in levels.items() if at is not None}
    )
    factor, unit = _scale(measure.unit, _top([*values, *known.values()]))
    figure = _figure(
        plot,
        measure.key,
        words,
        locale,
        title=f"measures.{measure.key}",
        caption="",
        unit=unit,
        series=[_series(measure.name, "alerts.plot.value", "c1", factor=factor, fill=True)],
        marks=[],
        top=1.0 if measure.unit == "flag" else None,
    )
    if plot.step > measure.every:
        every = format.duration(locale, plot.step)
        said = translate(locale, f"alert_rule.plot.{worst}", every=every)
        figure["caption"] = f"{unit}, {said}" if unit else said
    figure["limits"] = [
        Limit(
            y=at * factor,
            label=f"{translate(locale, f'alerts.severity.{name}')} {_short(locale, at * factor)}",
            state=name,
        )
        for name, at in known.items()
    ]
    return figure


def _short(locale: str, value: float) -> str:
    return format.number(locale, value, 0 if value == int(value) else 1)


def _scale(unit: str, top: float) -> tuple[float, str]:
    """What turns stored values into those that are drawn, and their unit."""
    if unit == "percent":
        return 1.0, "%"
    if unit in ("bytes", "bytes_per_second"):
        size, name = (GIB, "GiB") if top >= GIB else (2**20, "MiB")
        return 1 / size, name if unit == "bytes" else f"{name}/s"
    if unit == "seconds":
        return (1.0, "s") if top >= 1 else (1000.0, "ms")
    return 1.0, ""


def _memory(plot: history.Plot, words: str, locale: str, limit: float, marks: list[Mark]) -> Figure:
    top = max(limit, _top(plot.bands["managed"].max) + _top(plot.bands["unmanaged"].max))
    factor, unit = (GIB, "GiB") if top >= GIB else (2**20, "MiB")
    figure = _figure(
        plot,
        "memory",
        words,
        locale,
        title="dashboard.plot.memory",
        caption="",
        unit=unit,
        top=top * 1.1 / factor if limit else None,
        series=[
            _series("managed", "dashboard.plot.managed", "c1", factor=1 / factor, fill=True, stacked=True),
            _series(
                "unmanaged", "dashboard.plot.unmanaged", "c6", factor=1 / factor, fill=True, stacked=True
            ),
            _series("spilled", "dashboard.plot.spilled", "c2", factor=1 / factor),
        ],
        marks=marks,
    )
    if limit:
        text = translate(locale, "dashboard.plot.memory_limit", total=format.bytes_binary(locale, limit))
        figure["limits"] = [Limit(y=limit / factor, label=text, state="unknown")]
    return figure


def _series(
    metric: str, words: str, colour: str, *, factor: float = 1.0, fill: bool = False, stacked: bool = False
) -> Series:
    return Series(metric=metric, words=words, colour=colour, factor=factor, fill=fill, stacked=stacked)


def _figure(
    plot: history.Plot,
    key: str,
    range_words: str,
    locale: str,
    *,
    title: str,
    caption: str,
    unit: str,
    series: Sequence[Series],
    marks: list[Mark],
    top: float | None = None,
) -> Figure:
    drawn = [_trace(plot, one, locale) for one in series]
    first = [value for value in drawn[0]["y"] if value is not None]
    digits = 0 if unit == "" else 1

    def say(value: float) -> str:
        return format.with_unit(locale, value, unit, digits) if unit else format.number(locale, value)

    label = translate(
        locale,
        "dashboard.plot.description",
        name=translate(locale, title),
        range=range_words,
        low=say(min(first)) if first else "–",
        high=say(max(first)) if first else "–",
        last=say(first[-1]) if first else "–",
    )
    return Figure(
        key=key,
        title=translate(locale, title),
        caption=translate(locale, caption) if caption else unit,
        unit=unit,
        label=label,
        digits=digits,
        series=drawn,
        marks=marks,
        limits=[],
        top=top or 0.0,
        heads=[trace["name"] for trace in drawn],
        table=_table(plot, drawn, locale, digits),
    )


def _trace(plot: history.Plot, series: Series, locale: str) -> Trace:
    values = [
        None if value is None else round(value * series["factor"], 3)
        for value in plot.bands[series["metric"]].mean
    ]
    return Trace(
        name=translate(locale, series["words"]),
        color=f"--k-{series['colour']}",
        start=plot.times[0],
        every=plot.step,
        y=values,
        fill=series["fill"],
        stack=series["stacked"],
        step=False,
    )


def _table(plot: history.Plot, drawn: Sequence[Trace], locale: str, digits: int) -> list[TableRow]:
    """About a dozen lines, evenly spaced, the newest first."""
    every = max(1, len(plot.times) // TABLE_ROWS)
    places = list(range(len(plot.times) - 1, -1, -every))[:TABLE_ROWS]
    return [
        TableRow(
            at=float(plot.times[place]),
            values=[format.number(locale, trace["y"][place], digits) for trace in drawn],
        )
        for place in places
    ]


def _is_empty(plot: history.Plot) -> bool:
    return all(value is None for band in plot.bands.values() for value in band.mean)


def _top(values: Sequence[float | None]) -> float:
    return max((value for value in values if value is not None), default=0.0)


async def _marks(compute: UUID, start: float, end: float, locale: str, worker: str = "") -> list[Mark]:
    events = await db.read(worker_events.between, compute, _moment(start), _moment(end))
    chosen = [
        event
        for event in events
        if event.kind in MARKED and (not worker or (event.worker_id and event.worker_id.hex == worker))
    ]
    return [_mark(event, locale) for event in chosen[-MOST_MARKS:]]


def _mark(event: WorkerEvent, locale: str) -> Mark:
    word = f"states.{event.kind}" if event.kind in ("lost", "paused", "restarted") else f"events.{event.kind}"
    state = event.kind if event.kind in ("lost", "paused") else "info"
    return Mark(
        x=event.at.timestamp(), label=f"{event.worker_name} {translate(locale, word).lower()}", state=state
    )


async def _query(
    subject: Mapping[str, str], metrics: Sequence[str], start: float, end: float, points: int
) -> history.Plot:
    return await db.read(
        history.query,
        subject,
        metrics,
        _moment(start),
        _moment(end),
        now=_moment(end),
        points=points,
        unsaved=_recent.unsaved(subject),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
