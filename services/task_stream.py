"""Who ran what in the last minutes: one task stream for all who look at it or ask for it."""

from services.compute.asking import ask
from services.compute.stream import Step, TaskStream

WINDOWS = {"1m": 60, "5m": 300, "30m": 1800}  # s
DEFAULT_WINDOW = "5m"
_stream = TaskStream()


async def fresh() -> tuple[Step, ...] | None:
    """What is known, the newest included; None when the compute does not answer."""
    return None if await ask(_stream.read) is None else _stream.steps


async def within(window: str, at: float) -> list[Step]:
    """What is known of a window that ends at `at` (unix seconds), the newest as far as the compute answers."""
    await ask(_stream.read)
    return [step for step in _stream.steps if step.stop > at - WINDOWS[window]]
