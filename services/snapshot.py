"""What is known about the compute at one moment: the message that the background role publishes each second.

Pure: it is made from the inventory, the latest reading and what the loops know, with the time passed in.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

from models import WorkerEvent
from services.compute.inventory import WorkerChange, WorkerEntry
from services.compute.readings import ComputeReading, GroupReading
from services.measures import CONNECTED, of_kind, samples

ComputeState = Literal["live", "out_of_reach"]
# States of tasks that still have work before them. `no-worker` and `queued` wait for a place to run.
WAITING = ("waiting", "queued", "no-worker")
OPEN = (*WAITING, "processing")


class WorkerRow(TypedDict):
    """One worker as pages show it. Bytes, seconds, percent of one core, bytes a second."""

    id: str
    name: str
    host: str
    address: str
    state: str
    since: float
    nanny: bool
    restarts: int
    threads: int
    cpu: float
    memory: int
    managed: int
    unmanaged: int
    spilled: int
    limit: int
    executing: int
    ready: int
    stored: int
    erred: int
    tasks: dict[str, int]
    net_read: float
    net_write: float
    disk_read: float
    disk_write: float
    event_loop: float
    fds: int
    gpu: float | None
    gpu_memory: float | None
    last_seen: float


class Totals(TypedDict):
    """Sums over the workers that are connected. `cpu` is percent of all threads."""

    workers: int
    known: int
    running: int
    lost: int
    paused: int
    restarted: int
    threads: int
    executing: int
    memory: int
    managed: int
    unmanaged: int
    spilled: int
    limit: int
    cpu: float
    queued: int
    processing: int
    erred: int
    net: float


class GroupRow(TypedDict):
    """A task group with work before it. `left` is the estimated rest in seconds, or None."""

    name: str
    done: int
    total: int
    erred: int
    nbytes: int
    left: float | None


class ComputeInfo(TypedDict):
    """Which compute this is and whether it answers; `since` is when that state began."""

    id: str
    embedded: bool
    address: str
    state: ComputeState
    since: float
    reason: str
    via: str
    scheduler_id: str
    took: float


class Snapshot(TypedDict):
    """One second of the compute."""

    at: float
    compute: ComputeInfo
    workers: list[WorkerRow]
    totals: Totals
    groups: list[GroupRow]
    events: list[dict[str, Any]]
    probes: list[dict[str, Any]]
    host: NotRequired[dict[str, Any]]


def worker_row(entry: WorkerEntry) -> WorkerRow:
    """What is shown of one worker; a lost or unknown one keeps its last values."""
    reading = entry.reading
    tasks = dict(reading.tasks) if reading else {}
    extra = reading.extra if reading else {}
    memory, managed = (reading.memory, reading.managed) if reading else (0, 0)
    return WorkerRow(
        id=entry.id,
        name=entry.name,
        host=entry.host,
        address=entry.address,
        state=entry.state,
        since=entry.since,
        nanny=bool(entry.nanny),
        restarts=entry.restarts,
        threads=reading.nthreads if reading else 0,
        cpu=reading.cpu if reading else 0.0,
        memory=memory,
        managed=min(managed, memory),
        unmanaged=max(0, memory - managed),
        spilled=reading.spilled if reading else 0,
        limit=reading.memory_limit if reading else 0,
        executing=tasks.get("executing", 0) + tasks.get("long-running", 0),
        ready=tasks.get("ready", 0) + tasks.get("waiting", 0) + tasks.get("constrained", 0),
        stored=tasks.get("memory", 0),
        erred=tasks.get("error", 0),
        tasks=tasks,
        net_read=reading.net_read if reading else 0.0,
        net_write=reading.net_write if reading else 0.0,
        disk_read=reading.disk_read if reading else 0.0,
        disk_write=reading.disk_write if reading else 0.0,
        event_loop=reading.event_loop if reading else 0.0,
        fds=reading.fds if reading else 0,
        gpu=extra.get("gpu_utilization"),
        gpu_memory=extra.get("gpu_memory_used"),
        last_seen=reading.last_seen if reading else entry.since,
    )


def totals(rows: Sequence[WorkerRow], prefixes: Mapping[str, Mapping[str, int]]) -> Totals:
    """Sums over the connected workers, and the tasks of the whole compute."""
    here = [row for row in rows if row["state"] in CONNECTED]
    threads = sum(row["threads"] for row in here)
    executing = sum(row["executing"] for row in here)
    states: dict[str, int] = {}
    for counts in prefixes.values():
        for state, count in counts.items():
            states[state] = states.get(state, 0) + count
    processing = states.get("processing", 0) if prefixes else executing + sum(row["ready"] for row in here)
    waiting = sum(states.get(state, 0) for state in WAITING)
    return Totals(
        workers=len(here),
        known=len(rows),
        running=sum(row["state"] in ("running", "restarted") for row in here),
        lost=sum(row["state"] == "lost" for row in rows),
        paused=sum(row["state"] == "paused" for row in rows),
        restarted=sum(row["state"] == "restarted" for row in rows),
        threads=threads,
        executing=executing,
        memory=sum(row["memory"] for row in here),
        managed=sum(row["managed"] for row in here),
        unmanaged=sum(row["unmanaged"] for row in here),
        spilled=sum(row["spilled"] for row in here),
        limit=sum(row["limit"] for row in here),
        cpu=sum(row["cpu"] for row in here) / threads if threads else 0.0,
        queued=waiting + max(0, processing - executing),
        processing=processing,
        erred=states.get("erred", 0),
        net=sum(row["net_read"] + row["net_write"] for row in here),
    )


def group_row(group: GroupReading, now: float) -> GroupRow:
    """Progress of one task group; the rest is estimated from the pace since its first task started."""
    total = sum(count for state, count in group.states.items() if state != "forgotten")
    total += group.states.get("forgotten", 0)
    still = sum(group.states.get(state, 0) for state in OPEN)
    done = total - still
    elapsed = now - group.start if group.start > 0 else 0.0
    left = elapsed / done * still if done > 0 and elapsed > 1 else None
    return GroupRow(
        name=group.name,
        done=done,
        total=total,
        erred=group.states.get("erred", 0),
        nbytes=group.nbytes,
        left=left,
    )


def running_groups(reading: ComputeReading, now: float, most: int = 50) -> list[GroupRow]:
    """The groups that still have tasks to run, the largest rest first."""
    rows = [
        group_row(group, now) for group in reading.groups if any(group.states.get(state, 0) for state in OPEN)
    ]
    return sorted(rows, key=lambda row: row["done"] - row["total"])[:most]


OF_WORKER, OF_COMPUTE = of_kind("worker"), of_kind("compute")


def subject_samples(
    rows: Iterable[WorkerRow], stalled: Mapping[str, float] | None = None
) -> dict[str, dict[str, float]]:
    """What is recorded for each worker: id -> measure -> value. Of a lost one only that it is not there. `stalled` is
    for how long each has not finished a task, where that is known."""
    known = stalled or {}
    return {
        row["id"]: values
        for row in rows
        if (values := samples(OF_WORKER, {**row, "stalled": known.get(row["id"])}))
    }


def compute_samples(total: Totals, took: float, error_share: float | None = None) -> dict[str, float]:
    """What is recorded for the compute as a whole while it answers."""
    return samples(OF_COMPUTE, {**total, "read_seconds": took, "error_share": error_share, "up": 1.0})


def change_row(change: WorkerChange) -> dict[str, Any]:
    """An event as pages show it."""
    return {
        "at": change.at,
        "worker_id": change.worker_id,
        "worker": change.worker_name,
        "kind": change.kind,
        "by": change.by or "",
        "detail": change.detail,
    }


def event_row(event: WorkerEvent) -> dict[str, Any]:
    """A stored event in the same shape."""
    return {
        "at": event.at.timestamp(),
        "worker_id": event.worker_id.hex if event.worker_id else "",
        "worker": event.worker_name,
        "kind": event.kind,
        "by": event.by,
        "detail": event.detail,
    }
