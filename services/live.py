"""The newest snapshot of the compute in this process, for readers that are not pages (the API, /metrics)."""

from services.snapshot import Snapshot

_latest: Snapshot | None = None


def publish(snapshot: Snapshot | None) -> None:
    """Make this the newest snapshot (None: there is none). Nobody may change it afterwards.

    May be called from any thread.
    """
    global _latest
    _latest = snapshot


def latest() -> Snapshot | None:
    """The newest snapshot, or None before the first one."""
    return _latest
