"""Whether the tasks of a compute end, and end well: from the counts of its workers, second by second."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.compute.inventory import WorkerEntry

OVER = 300.0  # s over which erred tasks are counted
ENOUGH = 10  # tasks that ended in that time, before a share of them says anything
# One that retires finishes what it has, which may take as long as it likes.
WORKING = ("running", "paused", "restarted")


@dataclass(frozen=True, slots=True)
class Figures:
    """`stalled` is for how many seconds a worker has had tasks that run while none of them ended, by its id;
    `error_share` percent of the tasks that ended lately, None where those were few."""

    stalled: dict[str, float] = field(default_factory=dict)
    error_share: float | None = None


@dataclass(slots=True)
class _Seen:
    address: str
    ended: int
    erred: int
    since: float


class Progress:
    """Belongs to one loop."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._ended: deque[tuple[float, int, int]] = deque()

    def add(self, at: float, entries: Iterable[WorkerEntry]) -> Figures:
        """The workers as they were read at unix second `at`."""
        ended = erred = 0
        stalled, seen = {}, {}
        for entry in entries:
            reading = entry.reading
            if reading is None or reading.ended is None or entry.state not in WORKING:
                continue
            before = self._seen.get(entry.id)
            now = seen[entry.id] = _Seen(reading.address, reading.ended, reading.erred, at)
            # Another process, or a scheduler that started anew, counts from the beginning.
            if before is None or before.address != now.address or now.ended < before.ended:
                stalled[entry.id] = 0.0
                continue
            ended += now.ended - before.ended
            erred += max(0, now.erred - before.erred)
            if now.ended == before.ended and reading.tasks.get("executing"):
                now.since = before.since
            stalled[entry.id] = at - now.since
        self._seen = seen
        return Figures(stalled, self._share(at, ended, erred))

    def _share(self, at: float, ended: int, erred: int) -> float | None:
        if ended:
            self._ended.append((at, ended, erred))
        while self._ended and self._ended[0][0] <= at - OVER:
            self._ended.popleft()
        lately = sum(count for _, count, _ in self._ended)
        return 100 * sum(count for _, _, count in self._ended) / lately if lately >= ENOUGH else None
