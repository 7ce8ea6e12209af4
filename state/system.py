"""What the system page shows, and its one button."""

import os
import time
from datetime import timedelta
from typing import Any, TypedDict
from uuid import UUID

import reflex as rx

from services import about, db, format, history, host, lease, operations, task_groups, task_stream
from services.clock import now
from services.compute import insight
from services.compute.asking import ask
from services.compute.packages import Mismatch, Versions
from services.compute.stream import Step
from services.i18n import translate, translate_count
from services.snapshot import Snapshot
from services.task_stream import DEFAULT_WINDOW, WINDOWS
from services.worker_table import SORTS
from state import worker_insight
from state.dashboard import live_broadcast
from state.guard import principal, requires, tell
from state.live import Broadcast, Looks, broadcaster
from state.outbox import outbox_broadcast
from state.plots import probe_sparks
from state.session import enter
from state.worker_insight import LineView

PARTS = {"1m": 4, "5m": 5, "30m": 3}  # of the axis, so that its marks are whole
MOST_LANES, MOST_BOXES = 60, 1500
COLOURS = 6
LOG_LINES = 100
GROUPS = 50


class Pair(TypedDict):
    """A named value."""

    name: str
    value: str


class Kept(TypedDict):
    """How much one resolution of the history takes."""

    name: str
    value: str
    share: float
    colour: str


class GroupRun(TypedDict):
    """A task group that ended."""

    key: str
    name: str
    tasks: str
    typical: str
    total: str
    bytes: str
    errors: str
    failed: bool
    short: str
    at: float


class SystemLive(rx.State):
    """Host, history and finished groups; written only by the broadcast."""

    ready: bool = False
    hostname: str = ""
    host: list[Pair] = []
    groups: list[GroupRun] = []
    sparks: dict[str, str] = {}


def system_broadcast(locale: str) -> Broadcast:
    """What changes slowly, every five seconds."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        figures = await host.figures()
        holder = await db.read(lease.holder_of, "background", now())
        compute = UUID(snapshot["compute"]["id"]) if snapshot else None
        runs = (
            await db.read(task_groups.latest, compute, GROUPS, now() - timedelta(hours=24)) if compute else []
        )
        return {
            "ready": True,
            "hostname": figures.name,
            "host": _host(figures, holder, locale),
            "groups": [_run(run, locale) for run in runs],
            "sparks": await probe_sparks([probe["name"] for probe in snapshot["probes"]] if snapshot else []),
        }

    return Broadcast(f"system|{locale}", SystemLive, build, period=5.0, permission="system:read")


class Storage(rx.State):
    """How much room the history takes; written only by the broadcast."""

    kept: list[Kept] = []
    total: str = ""


def storage_broadcast(locale: str) -> Broadcast:
    """The sizes, every two minutes: the whole table is read for them."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        return _kept(await db.read(history.sizes), locale)

    return Broadcast(f"storage|{locale}", Storage, build, period=120.0, permission="system:read")


class Asked(rx.State):
    """Versions and the scheduler's log: asked for only while somebody looks."""

    state: str = "asking"
    differences: list[Pair] = []
    mismatch: str = ""
    same: str = ""
    lines: list[LineView] = []


def asked_broadcast(locale: str) -> Broadcast:
    """Versions and log, every ten seconds."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        versions = await ask(insight.versions)
        lines = await ask(lambda target: insight.scheduler_logs(target, LOG_LINES))
        if versions is None or lines is None:
            return {"state": "failed"}
        return {"state": "answered", "lines": worker_insight.lines(lines), **_versions(versions, locale)}

    return Broadcast(f"asked|{locale}", Asked, build, period=10.0, permission="system:read")


class BoxView(TypedDict):
    """A stretch of work in the task stream, in percent of the window."""

    id: str
    x: float
    width: float
    series: str
    title: str


class LaneView(TypedDict):
    """One worker of the task stream."""

    id: str
    name: str
    state: str
    busy: str
    gone: str
    gone_x: float
    boxes: list[BoxView]


class Tick(TypedDict):
    """A mark on the axis, `ago` seconds before now."""

    x: float
    text: str


class LegendView(TypedDict):
    """What a colour of the stream means."""

    name: str
    series: str


class Stream(rx.State):
    """The task stream; written only by the broadcast. `state` is asking, answered or failed."""

    state: str = "asking"
    window: str = DEFAULT_WINDOW
    lanes: list[LaneView] = []
    ticks: list[Tick] = []
    legend: list[LegendView] = []


def stream_broadcast(window: str, locale: str) -> Broadcast:
    """Who ran what in the last minutes, every two seconds."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        steps = await task_stream.fresh()
        if steps is None:
            return {"window": window, "state": "failed"}
        return {
            "window": window,
            "state": "answered",
            **lay_out(steps, snapshot, window, time.time(), locale),
        }

    return Broadcast(f"stream|{window}|{locale}", Stream, build, period=2.0)


class SystemState(rx.State):
    """The buttons of the page."""

    window: str = DEFAULT_WINDOW

    @rx.event
    @requires("system:read")
    async def load(self):
        """Show the page, with the window of the address."""
        asked = self.router.url.query_parameters.get("window", "")
        self.window = asked if asked in WINDOWS else DEFAULT_WINDOW
        await enter(self, _looks(self.window, principal().may("system:act")))

    @rx.event
    @requires("system:read")
    async def show_window(self, window: str):
        """Another window of the task stream."""
        return rx.redirect(f"/system?window={window}" if window in WINDOWS else "/system", replace=True)

    @rx.event
    @requires("system:act")
    async def check_probes(self):
        """Ask every service at once instead of waiting for its turn."""
        operations.check_probes()
        await tell(self, "info", translate(principal().locale, "system.services.asked"))


def _looks(window: str, acts: bool) -> Looks:
    return lambda locale: [
        live_broadcast(locale),
        system_broadcast(locale),
        storage_broadcast(locale),
        stream_broadcast(window, locale),
        asked_broadcast(locale),
        *([outbox_broadcast(locale)] if acts else []),
    ]


def lay_out(
    steps: tuple[Step, ...], snapshot: Snapshot | None, window: str, at: float, locale: str
) -> dict[str, Any]:
    """Lanes by worker with their boxes in percent of the window; the newest boxes when there are too many."""
    length = WINDOWS[window]
    start = at - length
    rows = {row["address"]: row for row in (snapshot["workers"] if snapshot else [])[:MOST_LANES]}
    shown = [step for step in steps if step.stop > start and step.worker in rows][-MOST_BOXES:]
    colours = _colours(shown)
    lanes = []
    for address, row in sorted(rows.items(), key=lambda pair: SORTS["name"](pair[1])):
        own = [step for step in shown if step.worker == address]
        lost = row["state"] == "lost"
        busy = (
            sum(min(step.stop, at) - max(step.start, start) for step in own) / length / (row["threads"] or 1)
        )
        lanes.append(
            LaneView(
                id=row["id"],
                name=row["name"],
                state=row["state"],
                busy="" if lost else format.percent(locale, min(100.0, 100 * busy)),
                gone=translate(locale, "system.stream.gone") if lost else "",
                gone_x=max(0.0, round(100 * (row["since"] - start) / length, 2)) if lost else 0.0,
                boxes=[_box(place, step, start, length, colours, locale) for place, step in enumerate(own)],
            )
        )
    legend = [LegendView(name=name, series=series) for name, series in colours.items()]
    marks = [length * part // PARTS[window] for part in range(PARTS[window], 0, -1)]
    ticks = [
        Tick(x=round(100 - 100 * mark / length, 2), text=f"−{format.duration(locale, mark)}")
        for mark in marks
    ]
    return {
        "lanes": lanes,
        "ticks": [*ticks, Tick(x=100.0, text=translate(locale, "common.now"))],
        "legend": legend,
    }


def _colours(steps: list[Step]) -> dict[str, str]:
    """A colour for each task name, the busiest first; what is beyond the colours shares the last one."""
    seconds: dict[str, float] = {}
    for step in steps:
        if step.action == "compute":
            seconds[step.prefix] = seconds.get(step.prefix, 0.0) + step.stop - step.start
    names = sorted(seconds, key=lambda name: -seconds[name])
    return {name: f"c{min(place + 1, COLOURS)}" for place, name in enumerate(names[: COLOURS * 2])}


def _box(
    place: int, step: Step, start: float, length: float, colours: dict[str, str], locale: str
) -> BoxView:
    series = "error" if step.erred else colours.get(step.prefix, f"c{COLOURS}")
    if step.action != "compute":
        series = "transfer"
    begin = max(step.start, start)
    return BoxView(
        id=f"{step.start}-{place}",
        x=round(100 * (begin - start) / length, 3),
        width=max(0.1, round(100 * (step.stop - begin) / length, 3)),
        series=series,
        title=f"{step.prefix} · {step.action} · {format.duration(locale, step.stop - step.start)}",
    )


def _host(figures: host.Figures, holder: str, locale: str) -> list[Pair]:
    up = format.duration(locale, about.uptime())
    size = format.bytes_binary
    memory = translate(
        locale,
        "dashboard.share_of",
        share=size(locale, figures.memory_used),
        total=size(locale, figures.memory_total),
    )
    disk = translate(
        locale,
        "system.host.disk_value",
        free=size(locale, figures.disk_free),
        total=size(locale, figures.disk_total),
    )
    cpu = translate(
        locale,
        "system.host.cpu_value",
        share=format.percent(locale, figures.cpu),
        cores=format.number(locale, figures.cores),
    )
    here = f":{os.getpid()}:" in holder
    loops = "system.host.here" if here else "system.host.elsewhere" if holder else "system.host.nowhere"
    rows = [
        ("keepai", translate(locale, "system.host.version", version=about.VERSION, time=up)),
        ("cpu", cpu),
        ("memory", memory),
        ("disk", disk),
        ("process", size(locale, figures.own_memory)),
        ("tabs", format.number(locale, broadcaster().tabs)),
        ("background", translate(locale, loops, holder=holder.split(":")[0])),
    ]
    return [Pair(name=translate(locale, f"system.host.{name}"), value=value) for name, value in rows]


def _kept(sizes: history.Sizes, locale: str) -> dict[str, Any]:
    looks = {history.RAW: ("raw", "c1"), history.MINUTE: ("minute", "c3"), history.HOUR: ("hour", "c2")}
    whole = sum(level.bytes for level in sizes.levels) or 1
    return {
        "kept": [
            Kept(
                name=translate(locale, f"system.history.{looks[level.resolution][0]}"),
                value=format.bytes_binary(locale, level.bytes),
                share=round(100 * level.bytes / whole, 1),
                colour=looks[level.resolution][1],
            )
            for level in sizes.levels
        ],
        "total": format.bytes_binary(locale, sizes.database),
    }


def _run(run: Any, locale: str) -> GroupRun:
    count = translate_count(locale, "system.groups.count", run.tasks, number=format.number(locale, run.tasks))
    short = translate(locale, "system.groups.short", tasks=count, time=format.duration(locale, run.seconds))
    if run.errors:
        short += " · " + translate(locale, "dashboard.erred", count=format.number(locale, run.errors))
    return GroupRun(
        key=run.id.hex,
        name=run.name,
        tasks=format.number(locale, run.tasks),
        typical=format.duration(locale, run.seconds / run.tasks) if run.tasks else "",
        total=format.duration(locale, run.seconds),
        bytes=format.bytes_binary(locale, run.nbytes),
        errors=format.number(locale, run.errors),
        failed=run.errors > 0,
        short=short,
        at=run.finished_at.timestamp(),
    )


def _versions(versions: Versions, locale: str) -> dict[str, Any]:
    differing = {mismatch.package for mismatch in versions.mismatches}
    same = [f"{name} {version}" for name, version in versions.scheduler.items() if name not in differing]
    count = len(versions.mismatches)
    return {
        "differences": [Pair(name=one.package, value=_where(one, locale)) for one in versions.mismatches],
        "mismatch": translate_count(locale, "system.versions.mismatch", count) if count else "",
        "same": translate(locale, "system.versions.same", list=", ".join(same)) if same else "",
    }


def _where(mismatch: Mismatch, locale: str) -> str:
    parts = [("KeepAI", mismatch.ours), (translate(locale, "probes.scheduler"), mismatch.scheduler)]
    parts += [
        (translate_count(locale, "workers.connected", count, number=format.number(locale, count)), version)
        for version, count in mismatch.workers.items()
    ]
    return ", ".join(
        translate(locale, "system.versions.one", version=version, where=where)
        for where, version in parts
        if version
    )
