"""Snapshots as programs read them: the same parts, with times in RFC 3339."""

from collections.abc import Mapping, Sequence
from typing import Any

from keepai.api.files import encode
from services.clock import rfc3339
from services.snapshot import Snapshot, WorkerRow

PARTS = ("at", "compute", "totals", "workers", "groups", "events", "probes")
NOTHING: Mapping[str, Any] = dict.fromkeys(PARTS[:3]) | {name: [] for name in PARTS[3:]}
TIMES: Mapping[str, Sequence[str]] = {
    "compute": ("since",),
    "workers": ("since", "last_seen"),
    "events": ("at",),
    "probes": ("since", "checked_at", "succeeded_at"),
}
_encoded: dict[tuple[str, ...], bytes] = {}
_of: Snapshot | None = None


def encoded(snapshot: Snapshot | None, parts: Sequence[str]) -> bytes:
    """These parts of a snapshot as JSON; null or empty before the first one. Made once for all who ask for the same
    of the newest."""
    global _of
    if snapshot is not _of:
        _encoded.clear()
        _of = snapshot
    key = tuple(parts)
    if key not in _encoded:
        _encoded[key] = encode({name: part(snapshot, name) for name in parts})
    return _encoded[key]


def part(snapshot: Snapshot | None, name: str) -> Any:
    """One part of a snapshot."""
    if snapshot is None:
        return NOTHING[name]
    value: Any = snapshot[name]  # type: ignore[literal-required]
    if name == "at":
        return rfc3339(value)
    if name not in TIMES:
        return value
    return _timed(value, name) if isinstance(value, Mapping) else [_timed(row, name) for row in value]


def worker(row: WorkerRow) -> Mapping[str, Any]:
    """One worker."""
    return _timed(row, "workers")


def _timed(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return {**row, **{field: rfc3339(row[field]) for field in TIMES[name] if field in row}}
