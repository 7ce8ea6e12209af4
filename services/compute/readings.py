"""What the scheduler says, as frozen values. Pure: parsing of its answers, and nothing else.

Everything read here was written by workers and by people's code, so names are cut, numbers are made finite,
and what has the wrong type counts as absent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

MAX_NAME = 200  # characters of a worker, prefix or group name
MAX_EXTRA = 30  # further metrics kept per worker
MAX_PREFIXES = 1000
MAX_ITEMS = 20  # items of a list inside an event; longer ones are counted instead

# Metrics that have a field of their own, or that are no figure of the worker's. They stand in scheduler_side as well,
# which goes alone into foreign schedulers and can import nothing of ours.
_KNOWN = frozenset(
    {
        "task_counts",
        "bandwidth",
        "digests_total_since_heartbeat",
        "managed_bytes",
        "spilled_bytes",
        "transfer",
        "event_loop_interval",
        "cpu",
        "memory",
        "time",
        "host_net_io",
        "host_disk_io",
        "num_fds",
    }
)
# Before 2022.10 the counts stood beside the other metrics, under these names.
_OLD_COUNTS = {"executing": "executing", "ready": "ready", "in_memory": "memory", "in_flight": "flight"}


@dataclass(frozen=True, slots=True)
class WorkerReading:
    """One worker as the scheduler lists it. Bytes, bytes a second, seconds; `cpu` is percent of ONE core."""

    address: str
    name: str
    host: str
    nanny: str | None
    status: str  # dask's word: init running paused closing closing_gracefully ...
    nthreads: int
    memory_limit: int  # 0 = none
    memory: int
    managed: int
    spilled: int
    cpu: float
    last_seen: float  # unix seconds by the scheduler's clock
    tasks: Mapping[str, int]  # executing, ready, waiting, memory, error, ...: only those above zero
    net_read: float  # of the host
    net_write: float
    disk_read: float
    disk_write: float
    event_loop: float  # seconds between ticks
    fds: int
    extra: Mapping[str, float]  # other scalar metrics: gpu_utilization, gpu_memory_used, ...
    directory: str = (
        ""  # the folder of this process, another for each: tells one run of a worker from the next
    )
    ended: int | None = (
        None  # tasks that ended there since our part runs in the scheduler; None where it does not
    )
    erred: int = 0  # of them those with an error


@dataclass(frozen=True, slots=True)
class GroupReading:
    """One task group. `duration` is the sum over its tasks; `start` and `stop` are 0 before the first one ends."""

    name: str
    states: Mapping[str, int]
    nbytes: int
    duration: float
    start: float
    stop: float


@dataclass(frozen=True, slots=True)
class ComputeReading:
    """The whole compute at one moment."""

    at: float  # unix seconds, our clock
    scheduler_id: str
    address: str
    started: float  # unix seconds, the scheduler's clock
    workers: tuple[WorkerReading, ...]
    prefixes: Mapping[
        str, Mapping[str, int]
    ]  # task prefix -> state -> count; over HTTP only "" with the sums
    groups: tuple[GroupReading, ...]  # running ones and those that ended lately; empty over HTTP
    via: Literal["rpc", "http"]
    took: float  # seconds the read took


@dataclass(frozen=True, slots=True)
class ComputeEvent:
    """Something the scheduler noted. `at` is its clock; `detail` is JSON-safe and short."""

    at: float
    topic: str
    action: str
    worker: str | None  # address
    detail: Mapping[str, Any]


def compute_reading(
    identity: Mapping[str, Any],
    workers: tuple[WorkerReading, ...],
    *,
    at: float,
    prefixes: Mapping[str, Mapping[str, int]],
    groups: tuple[GroupReading, ...],
    via: Literal["rpc", "http"],
    took: float,
) -> ComputeReading:
    """A reading of the scheduler that says `identity` of itself."""
    return ComputeReading(
        at=at,
        scheduler_id=text(identity.get("id")),
        address=text(identity.get("address")),
        started=number(identity.get("started")),
        workers=workers,
        prefixes=prefixes,
        groups=groups,
        via=via,
        took=took,
    )


def worker_readings(identity: object) -> tuple[WorkerReading, ...]:
    """The workers of the scheduler's `identity`. Raises ValueError when it is none."""
    workers = identity.get("workers") if isinstance(identity, Mapping) else None
    if not isinstance(workers, Mapping):
        raise ValueError("not the identity of a Dask scheduler")
    return tuple(
        worker_reading(text(address), worker)
        for address, worker in workers.items()
        if isinstance(worker, Mapping)
    )


class KnownWorkers:
    """The workers as last read, brought up to date by answers that name only what changed."""

    def __init__(self) -> None:
        self._readings: dict[str, WorkerReading] = {}
        self.since: float | None = None  # what to ask for next; None asks for all

    def update(self, answer: object) -> tuple[WorkerReading, ...] | None:
        """All workers after an answer of `keepai_workers`, or None when it takes one that names all.

        Raises ValueError when it is no such answer.
        """
        said = mapping(answer)
        if not isinstance(said.get("statuses"), Mapping):
            raise ValueError("not an answer about workers")
        changed = mapping(said.get("workers"))
        readings: dict[str, WorkerReading] = {}
        for address, status in mapping(said.get("statuses")).items():
            reading = self._readings.get(address)
            if address in changed:
                reading = worker_row(text(address), text(status), changed[address])
            elif reading is None:
                self.since = None
                return None
            readings[address] = reading if reading.status == status else replace(reading, status=text(status))
        self._readings, self.since = readings, number(said.get("now")) or None
        return tuple(readings.values())


def worker_reading(address: str, worker: Mapping[str, Any]) -> WorkerReading:
    """One entry of `identity["workers"]`."""
    metrics = mapping(worker.get("metrics"))
    spilled = mapping(metrics.get("spilled_bytes"))
    net, disk = mapping(metrics.get("host_net_io")), mapping(metrics.get("host_disk_io"))
    nanny = worker.get("nanny")
    return WorkerReading(
        address=address,
        name=text(worker.get("name", worker.get("id", address))),
        host=text(worker.get("host")),
        nanny=text(nanny) if nanny else None,
        status=text(worker.get("status") or "running"),
        nthreads=integer(worker.get("nthreads")),
        memory_limit=integer(worker.get("memory_limit")),
        memory=integer(metrics.get("memory")),
        managed=integer(metrics.get("managed_bytes")),
        spilled=integer(spilled.get("disk")),
        cpu=number(metrics.get("cpu")),
        last_seen=number(worker.get("last_seen")),
        tasks=_task_counts(metrics),
        net_read=number(net.get("read_bps")),
        net_write=number(net.get("write_bps")),
        disk_read=number(disk.get("read_bps")),
        disk_write=number(disk.get("write_bps")),
        event_loop=number(metrics.get("event_loop_interval")),
        fds=integer(metrics.get("num_fds")),
        extra=_extra(metrics),
        directory=text(worker.get("local_directory")),
    )


def worker_row(address: str, status: str, row: object) -> WorkerReading:
    """One row of our scheduler plugin. Raises ValueError when it is none."""
    if not isinstance(row, (list, tuple)) or len(row) != 21:
        raise ValueError("not a row about a worker")
    name, host, nanny, nthreads, limit, memory, managed, spilled, cpu, last_seen, tasks = row[:11]
    net_read, net_write, disk_read, disk_write, event_loop, fds, more, directory, ended, erred = row[11:]
    return WorkerReading(
        address=address,
        name=text(address if name is None else name),
        host=text(host),
        nanny=text(nanny) if nanny else None,
        status=status,
        nthreads=integer(nthreads),
        memory_limit=integer(limit),
        memory=integer(memory),
        managed=integer(managed),
        spilled=integer(spilled),
        cpu=number(cpu),
        last_seen=number(last_seen),
        tasks=_counts(tasks),
        net_read=number(net_read),
        net_write=number(net_write),
        disk_read=number(disk_read),
        disk_write=number(disk_write),
        event_loop=number(event_loop),
        fds=integer(fds),
        extra=_extra(more) if more else {},
        directory=text(directory),
        ended=integer(ended),
        erred=integer(erred),
    )


def prefix_states(answer: object) -> dict[str, dict[str, int]]:
    """The answer of `get_task_prefix_states`: prefix -> state -> count, only counts above zero.

    Of more than MAX_PREFIXES the busiest stay and the rest is summed under "", so that totals stay right.
    """
    rows = {text(name): _counts(states) for name, states in mapping(answer).items()}
    if len(rows) <= MAX_PREFIXES:
        return rows
    names = sorted(rows, key=lambda name: sum(rows[name].values()), reverse=True)
    rest: dict[str, int] = {}
    for name in names[MAX_PREFIXES:]:
        for state, count in rows[name].items():
            rest[state] = rest.get(state, 0) + count
    return {**{name: rows[name] for name in names[:MAX_PREFIXES]}, "": rest}


def group_reading(row: object) -> GroupReading | None:
    """One row of our scheduler plugin: (name, states, nbytes, duration, start, stop)."""
    if not isinstance(row, (list, tuple)) or len(row) != 6:
        return None
    name, states, nbytes, duration, start, stop = row
    return GroupReading(
        text(name), _counts(states), integer(nbytes), number(duration), number(start), number(stop)
    )


def compute_event(topic: str, event: object) -> ComputeEvent | None:
    """One (time, message) pair of a subscribed topic, or None when it is none."""
    if not isinstance(event, (list, tuple)) or len(event) != 2:
        return None
    at, message = event
    detail = mapping(message)
    worker = detail.get("worker")
    return ComputeEvent(
        at=number(at),
        topic=text(topic),
        action=text(detail.get("action") or topic),
        worker=text(worker) if isinstance(worker, str) else None,
        detail={
            text(key): _plain(value)
            for key, value in islice(detail.items(), MAX_ITEMS)
            if key not in ("action", "worker")
        },
    )


def number(value: object) -> float:
    """A finite number, or 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    try:
        result = float(value)
    except OverflowError:
        return 0.0
    return result if math.isfinite(result) else 0.0


def integer(value: object) -> int:
    """A whole number from 0 up, or 0."""
    return max(0, int(number(value)))


def text(value: object, most: int = MAX_NAME) -> str:
    """Text of at most `most` characters without control characters; None is empty."""
    if value is None:
        return ""
    result = value if isinstance(value, str) else str(value)
    if len(result) > most:
        result = result[: most - 1] + "…"
    return result if result.isprintable() else "".join(c if c.isprintable() else " " for c in result)


def mapping(value: object) -> Mapping[Any, Any]:
    """The mapping, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def values(value: object) -> list[Any]:
    """The values of a mapping, or none."""
    return list(mapping(value).values())


def items(value: object) -> list[Any]:
    """The items of a list or tuple, or none."""
    return list(value) if isinstance(value, (list, tuple)) else []


def _counts(value: object) -> dict[str, int]:
    return {text(state): n for state, count in mapping(value).items() if (n := integer(count)) > 0}


def _task_counts(metrics: Mapping[str, Any]) -> dict[str, int]:
    if "task_counts" in metrics:
        return _counts(metrics["task_counts"])
    return {new: n for old, new in _OLD_COUNTS.items() if (n := integer(metrics.get(old))) > 0}


def _extra(metrics: object) -> dict[str, float]:
    rest = (
        (text(name), number(value))
        for name, value in mapping(metrics).items()
        if name not in _KNOWN and isinstance(value, (int, float)) and not isinstance(value, bool)
    )
    return dict(islice(rest, MAX_EXTRA))


def _plain(value: object, depth: int = 2) -> Any:
    """Something JSON can hold, with long lists as their length and unknown things as None."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return number(value) if isinstance(value, float) else max(-(2**53), min(value, 2**53))
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return len(value) if len(value) > MAX_ITEMS or depth == 0 else [_plain(v, depth - 1) for v in value]
    if isinstance(value, Mapping):
        if depth == 0:
            return len(value)
        return {text(k): _plain(v, depth - 1) for k, v in islice(value.items(), MAX_ITEMS)}
    return None
