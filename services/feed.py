"""What was measured, on its way from the loops that measure to those that decide, inside the background role.

The bus drops what it cannot deliver, which is right for screens and wrong for alerts; this is a plain call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.history.series import Labels


@dataclass(frozen=True, slots=True)
class Reading:
    """One subject as it was measured: its labels, how people call it, its values by the names of their measures."""

    labels: Labels
    name: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was measured at unix second `at`. Of the kinds in `whole` these are all subjects there are: others of them
    are no more."""

    at: float
    readings: Sequence[Reading]
    whole: frozenset[str] = field(default_factory=frozenset)


Taker = Callable[[Batch], None]


class Feed:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._takers: list[Taker] = []

    @property
    def taken(self) -> bool:
        """Whether anybody takes what comes."""
        return bool(self._takers)

    def publish(self, batch: Batch) -> None:
        """Hand it to everybody who takes it."""
        for taker in self._takers:
            taker(batch)

    def subscribe(self, taker: Taker) -> None:
        """Call `taker` with each batch from now on."""
        self._takers.append(taker)

    def unsubscribe(self, taker: Taker) -> None:
        """No longer."""
        self._takers.remove(taker)
