"""Everything that is measured: one entry each, from which it is recorded, asked for over HTTP, drawn and watched by
alert rules.

A measure belongs to a kind of subject (the label `kind` of its series) and reads its value from what the loops know of
one such subject. A new one is an entry in `MEASURES` and its words as `measures.<kind>.<name>` in both languages; of a
kind that is new, also its words as `measures.kind.<kind>`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["compute", "worker", "probe", "host"]
# What a number of it means. A flag is 1 or 0; percent of one core for `cpu` of a worker.
Unit = Literal["percent", "bytes", "bytes_per_second", "seconds", "count", "flag"]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of one kind of subject.

    `read` takes the row of a subject and gives the value, or None where there is none just now. `every` is how many
    seconds lie between two readings.
    """

    kind: Kind
    name: str
    unit: Unit
    read: Callable[[Row], float | None]
    every: float = 1.0

    @property
    def key(self) -> str:
        """How rules and words call it."""
        return f"{self.kind}.{self.name}"


def field(name: str) -> Callable[[Row], float | None]:
    """Reads one field; what is missing or None is no value."""

    def read(row: Row) -> float | None:
        value = row.get(name)
        return None if value is None else float(value)

    return read


def share(part: str, whole: str) -> Callable[[Row], float | None]:
    """Reads one field in percent of another; nothing where there is no whole."""

    def read(row: Row) -> float | None:
        return 100 * row[part] / row[whole] if row.get(whole) else None

    return read


CONNECTED = ("running", "paused", "retiring", "restarted")


def _up(row: Row) -> float | None:
    """Of a worker: 1 while it is there, 0 when it was lost, nothing while nobody knows."""
    return 1.0 if row["state"] in CONNECTED else 0.0 if row["state"] == "lost" else None


def _paused(row: Row) -> float | None:
    return float(row["state"] == "paused") if row["state"] in CONNECTED else None


def _while_connected(read: Callable[[Row], float | None]) -> Callable[[Row], float | None]:
    """A lost worker keeps its last values on the screen, but nothing is measured any more."""
    return lambda row: read(row) if row["state"] in CONNECTED else None


def _worker(name: str, unit: Unit, read: Callable[[Row], float | None] | None = None) -> Measure:
    return Measure("worker", name, unit, _while_connected(read or field(name)))


def _compute(name: str, unit: Unit, read: Callable[[Row], float | None] | None = None) -> Measure:
    return Measure("compute", name, unit, read or field(name))


PROBES_EVERY = 30
HOST_EVERY = 15

MEASURES: tuple[Measure, ...] = (
    Measure("worker", "up", "flag", _up),
    Measure("worker", "paused", "flag", _paused),
    _worker("cpu", "percent"),
    _worker("memory_share", "percent", share("memory", "limit")),
    _worker("memory", "bytes"),
    _worker("managed", "bytes"),
    _worker("spilled", "bytes"),
    _worker("executing", "count"),
    _worker("ready", "count"),
    _worker("net_read", "bytes_per_second"),
    _worker("net_write", "bytes_per_second"),
    _worker("disk_read", "bytes_per_second"),
    _worker("disk_write", "bytes_per_second"),
    _worker("event_loop", "seconds"),
    _worker("stalled", "seconds"),
    _worker("gpu", "percent"),
    _worker("gpu_memory", "bytes"),
    _compute("up", "flag"),
    _compute("workers", "count"),
    _compute("threads", "count"),
    _compute("executing", "count"),
    _compute("memory_share", "percent", share("memory", "limit")),
    _compute("memory", "bytes"),
    _compute("managed", "bytes"),
    _compute("unmanaged", "bytes"),
    _compute("spilled", "bytes"),
    _compute("limit", "bytes"),
    _compute("cpu", "percent"),
    _compute("queued", "count"),
    _compute("processing", "count"),
    _compute("erred", "count"),
    _compute("error_share", "percent"),
    _compute("net", "bytes_per_second"),
    _compute("read_seconds", "seconds"),
    Measure("probe", "up", "flag", field("up"), PROBES_EVERY),
    Measure("probe", "latency", "seconds", field("latency"), PROBES_EVERY),
    Measure("host", "cpu", "percent", field("cpu"), HOST_EVERY),
    Measure("host", "memory_share", "percent", share("memory_used", "memory_total"), HOST_EVERY),
    Measure("host", "disk_share", "percent", share("disk_used", "disk_total"), HOST_EVERY),
    Measure("host", "disk_free", "bytes", field("disk_free"), HOST_EVERY),
    Measure("host", "disk_lasts", "seconds", field("disk_lasts"), HOST_EVERY),
    Measure("host", "outbox_lag", "seconds", field("outbox_lag"), HOST_EVERY),
    Measure("host", "database_seconds", "seconds", field("database_seconds"), HOST_EVERY),
)


def by_key() -> dict[str, Measure]:
    """Every measure by its key."""
    return {measure.key: measure for measure in MEASURES}


def of_kind(kind: str) -> tuple[Measure, ...]:
    """The measures of one kind of subject, in order."""
    return tuple(measure for measure in MEASURES if measure.kind == kind)


def names(kind: str) -> tuple[str, ...]:
    """Their names."""
    return tuple(measure.name for measure in of_kind(kind))


def samples(measures: Iterable[Measure], row: Row) -> dict[str, float]:
    """The values that this row has, by name."""
    values = {}
    for measure in measures:
        value = measure.read(row)
        if value is not None:
            values[measure.name] = value
    return values
