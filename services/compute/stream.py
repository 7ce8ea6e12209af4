"""The task stream: who ran what and when."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from services.compute.endpoint import Endpoint
from services.compute.readings import integer, items, mapping, number, text
from services.compute.watch import dask_version, has_extension, load_extension
from services.compute.wire import Unreachable, linked

MAX_STEPS = 3000  # steps kept


@dataclass(frozen=True, slots=True)
class Step:
    """Part of a task's life. `action` is Dask's word: compute, transfer, disk-read, disk-write, deserialize."""

    worker: str  # address
    thread: str
    prefix: str
    action: str
    start: float  # unix seconds
    stop: float
    erred: bool


class TaskStream:
    """Who ran what and when, for as long as it is read: the scheduler stops noting it 15 s after the last read.

    One for all viewers.
    """

    def __init__(self) -> None:
        self._cursor = 0
        self._steps: deque[Step] = deque(maxlen=MAX_STEPS)
        self._scheduler = ""
        self._reading = asyncio.Lock()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The latest steps, in the order in which their tasks ended."""
        return tuple(self._steps)

    async def read(self, endpoint: Endpoint) -> tuple[Step, ...]:
        """The steps since the last call; the first call starts the noting. Raises Unreachable or Refused."""
        async with self._reading:  # two who ask at the same moment would both keep the same steps
            return await self._read(endpoint)

    async def _read(self, endpoint: Endpoint) -> tuple[Step, ...]:
        if endpoint.address != self._scheduler:
            self._scheduler, self._cursor = endpoint.address, 0
            self._steps.clear()
        async with linked(endpoint) as link:
            if not await has_extension(link) and not await load_extension(link, await dask_version(link)):
                raise Unreachable("compute.reason.versions", detail="")
            answer = mapping(await link.call("keepai_task_stream", since=self._cursor, plain=True))
        cursor = integer(answer.get("cursor"))
        if cursor < self._cursor:  # another scheduler behind the same address
            self._steps.clear()
        self._cursor = cursor
        fresh = read_steps(items(answer.get("rows")))
        self._steps.extend(fresh)
        return fresh


def read_steps(rows: Iterable[object]) -> tuple[Step, ...]:
    """Rows of our part inside the scheduler as steps; what is none is left out."""
    found: list[Step] = []
    for row in rows:
        if not isinstance(row, (list, tuple)) or len(row) != 7:
            continue
        worker, thread, prefix, action, start, stop, state = row
        found.append(
            Step(
                worker=text(worker),
                thread=text(thread, 32),
                prefix=text(prefix),
                action=text(action, 32),
                start=number(start),
                stop=max(number(start), number(stop)),
                erred=state == "erred",
            )
        )
    return tuple(found[-MAX_STEPS:])
