"""The present moment. Decisions take it as an argument; only edges ask for it."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)
