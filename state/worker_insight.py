"""A closer look at the open worker: built only while its tab is open somewhere, once for all who look."""

import itertools
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypedDict
from uuid import UUID

import reflex as rx

from services import db, format, live, worker_events
from services.compute import insight
from services.compute.asking import ask
from services.compute.flame import SAMPLE, Frame
from services.compute.logs import LogLine
from services.i18n import translate
from services.snapshot import Snapshot, WorkerRow, event_row
from state import views
from state.live import Broadcast
from state.views import EventView

LOG_LINES = 200
PROFILE_SECONDS = 900
EVENTS = 50
HASH = re.compile(r"[a-f]{8}")
PERIODS = {"running": 2.0, "stack": 2.0, "logs": 5.0, "profile": 5.0, "events": 2.0}


class TaskView(TypedDict):
    """A task that runs, and its stack."""

    key: str
    group: str
    time: str
    stack: str


class LineView(TypedDict):
    """A line of a log."""

    key: str
    at: float
    level: str
    text: str


class FrameView(TypedDict):
    """A box of a flame graph, in percent of the whole."""

    id: str
    x: float
    width: float
    depth: int
    name: str
    tone: int
    title: str


class WorkerInsight(rx.State):
    """What the open tab shows; written only by the broadcast. `state` is asking, answered or failed."""

    about: str = ""
    state: str = "asking"
    tasks: list[TaskView] = []
    lines: list[LineView] = []
    frames: list[FrameView] = []
    depth: int = 0
    samples: str = ""
    events: list[EventView] = []


Answer = dict[str, Any] | None
Look = Callable[[WorkerRow, str], Awaitable[Answer]]


def broadcast(tab: str, worker_id: str, locale: str) -> Broadcast:
    """One tab of one worker."""
    look = LOOKS[tab]

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        snapshot = live.latest()
        row = next((row for row in snapshot["workers"] if row["id"] == worker_id), None) if snapshot else None
        answer = await look(row, locale) if row else None
        about = f"{worker_id}|{tab}"
        if answer is None:
            return {"about": about, "state": "failed"}
        return {"about": about, "state": "answered", **answer}

    return Broadcast(f"insight|{tab}|{worker_id}|{locale}", WorkerInsight, build, period=PERIODS[tab])


async def _tasks(row: WorkerRow, locale: str) -> Answer:
    found = await ask(lambda target: insight.executing(target, row["address"]))
    if found is None:
        return None
    return {
        "tasks": [
            TaskView(
                key=task.key,
                group=group_of(task.key),
                time=format.duration(locale, task.seconds) if task.seconds is not None else "",
                stack="\n".join(task.stack),
            )
            for task in found
        ]
    }


async def _logs(row: WorkerRow, _locale: str) -> Answer:
    found = await ask(lambda target: insight.worker_logs(target, row["address"], LOG_LINES))
    return None if found is None else {"lines": lines(found)}


async def _profile(row: WorkerRow, locale: str) -> Answer:
    found = await ask(lambda target: insight.profile(target, row["address"], PROFILE_SECONDS))
    if found is None:
        return None
    return {
        "frames": [_frame(place, frame, locale) for place, frame in enumerate(found.frames)],
        "depth": max((frame.depth + 1 for frame in found.frames), default=0),
        "samples": translate(
            locale,
            "workers.profile.samples",
            count=format.number(locale, found.seconds / SAMPLE),
            time=format.duration(locale, PROFILE_SECONDS),
        ),
    }


async def _events(row: WorkerRow, locale: str) -> Answer:
    found = await db.read(worker_events.of_worker, UUID(row["id"]), EVENTS)
    return {"events": [views.event(event_row(event), locale) for event in found]}


LOOKS: dict[str, Look] = {
    "running": _tasks,
    "stack": _tasks,
    "logs": _logs,
    "profile": _profile,
    "events": _events,
}


def lines(found: tuple[LogLine, ...]) -> list[LineView]:
    """Log lines for the page, newest first."""
    return [
        LineView(key=f"{len(found) - place}", at=line.at, level=line.level.lower(), text=line.text)
        for place, line in enumerate(found)
    ]


def group_of(key: str) -> str:
    """The group in which Dask counts a task, by its key: `("name-abc", 0, 1)` in `name-abc`, `name-<hash>-7` in
    `name`."""
    if key.startswith("("):
        return key.split(",", 1)[0].strip("()\"'")
    first, *rest = key.split("-")
    said = itertools.takewhile(lambda word: word.isalpha() and not HASH.fullmatch(word), rest)
    return "-".join([first, *said])


def _frame(place: int, frame: Frame, locale: str) -> FrameView:
    where = f"{frame.file.rsplit('/', 1)[-1]}:{frame.line}"
    spent = format.duration(locale, frame.seconds)
    return FrameView(
        id=str(place),
        x=round(100 * frame.left, 3),
        width=round(100 * frame.width, 3),
        depth=frame.depth,
        name=frame.name,
        tone=sum(map(ord, frame.name)) % 3,
        title=f"{frame.name} · {where} · {spent} · {format.percent(locale, 100 * frame.width, 1)}",
    )
