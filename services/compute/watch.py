"""An established watch over one scheduler: asks it for readings and hears what it tells."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from services.compute import extension
from services.compute.endpoint import Endpoint
from services.compute.readings import (
    ComputeEvent,
    ComputeReading,
    GroupReading,
    KnownWorkers,
    WorkerReading,
    compute_event,
    compute_reading,
    group_reading,
    integer,
    mapping,
    number,
    prefix_states,
    worker_readings,
)
from services.compute.wire import CALL_TIMEOUT, Link, Refused, Unreachable, connect

READ_WITHIN = 4.0  # s for one answer; after that the scheduler counts as silent
OLDEST = (2022, 1)  # the oldest Dask that has what we call
COUNTING_SHARE = 0.02  # of the scheduler's time for counting tasks by prefix and group
READ_ALL_EVERY = 60.0  # s after which workers are read whole, whether or not they were heard from
FINISHED_SHOWN = 10.0  # s for which a finished group stays in the readings
# News of a changed list of workers travel on the other connection; the scheduler batches them for 2 ms.
NEWS_ARRIVE = 0.02
TOPICS = ("all", "scheduler", "worker-restart-memory", "worker-fail-hard")


class Watch:
    """Two connections to one scheduler: one to ask, one to listen. Made by `begin`."""

    def __init__(self, link: Link, stream: Link, on_event: Callable[[ComputeEvent], None]) -> None:
        self._link, self._stream, self._on_event = link, stream, on_event
        self._name = f"keepai-{uuid4().hex}"
        self._addresses: frozenset[str] = frozenset()
        self._known = KnownWorkers()
        self._all_read = time.monotonic()
        self._prefixes: Mapping[str, Mapping[str, int]] = {}
        self._running: tuple[GroupReading, ...] = ()
        self._count_again = 0.0  # by the monotonic clock
        self._cursor: int | None = None
        self._finished: deque[tuple[float, GroupReading]] = deque()
        self.extended = False  # whether our part runs inside the scheduler

    @classmethod
    async def begin(
        cls, endpoint: Endpoint, on_event: Callable[[ComputeEvent], None], *, extend: bool
    ) -> "Watch":
        """Connect and learn how this scheduler is to be asked. Raises Unreachable or Refused."""
        link = await connect(endpoint)
        try:
            stream = await connect(endpoint)
            try:
                watch = cls(link, stream, on_event)
                await watch._introduce(extend=extend)
                return watch
            except BaseException:
                stream.abort()
                raise
        except BaseException:
            link.abort()
            raise

    async def read(self) -> ComputeReading:
        """The compute as it is now. Raises Unreachable, Refused or ValueError; it is of no use after that."""
        began = time.monotonic()
        identity, workers = await self._ask_workers()
        at = time.time()
        await self._count_tasks()
        reading = compute_reading(
            identity,
            workers,
            at=at,
            prefixes=self._prefixes,
            groups=self._running + self._lately_finished(),
            via="rpc",
            took=time.monotonic() - began,
        )
        addresses = frozenset(worker.address for worker in reading.workers)
        if addresses != self._addresses:
            self._addresses = addresses
            await asyncio.sleep(NEWS_ARRIVE)
        return reading

    async def listen(self) -> None:
        """Pass on events until the connection ends; raises Unreachable then."""
        while True:
            messages = await self._stream.receive()
            for message in messages if isinstance(messages, tuple) else (messages,):
                if isinstance(message, dict) and message.get("op") == "event":
                    event = compute_event(str(message.get("topic")), message.get("event"))
                    if event:
                        self._on_event(event)

    def abandon(self) -> None:
        """Drop both connections; `listen` ends."""
        self._stream.abort()
        self._link.abort()

    async def close(self) -> None:
        """Leave the scheduler."""
        with contextlib.suppress(Unreachable):
            # First no more news: the scheduler would tell us, too, that we left, and complain that we are gone.
            await self._topics("unsubscribe-topic")
            await self._stream.send([{"op": "close-stream"}])
        await asyncio.gather(self._stream.close(), self._link.close())

    async def _introduce(self, *, extend: bool) -> None:
        version = await dask_version(self._link)
        if version < OLDEST:
            raise Unreachable("compute.reason.versions", detail=".".join(map(str, version)))
        await self._subscribe()
        self.extended = await has_extension(self._link)
        if not self.extended and extend:
            self.extended = await load_extension(self._link, version)

    async def _subscribe(self) -> None:
        await self._stream.send(
            {"op": "register-client", "client": self._name, "reply": False, "versions": {}}
        )
        await self._stream.receive()  # stream-start
        await self._topics("subscribe-topic")

    async def _topics(self, op: str) -> None:
        await self._stream.send([{"op": op, "topic": topic, "client": self._name} for topic in TOPICS])

    async def _ask_workers(self) -> tuple[Mapping[str, Any], tuple[WorkerReading, ...]]:
        """What the scheduler says of itself, and its workers. All of them travel only now and then."""
        if not self.extended:
            identity = await ask_identity(self._link, READ_WITHIN)
            return identity, worker_readings(identity)
        if time.monotonic() - self._all_read > READ_ALL_EVERY:
            self._known = KnownWorkers()
            self._all_read = time.monotonic()
        while True:
            answer = await self._call("keepai_workers", plain=True, since=self._known.since)
            workers = self._known.update(answer)
            if workers is not None:
                return answer, workers

    async def _count_tasks(self) -> None:
        """Count by prefix and group, less often where that takes the scheduler long: it walks over them all."""
        began = time.monotonic()
        if began < self._count_again:
            return
        if self.extended:
            answer = mapping(await self._call("keepai_groups", plain=True, since=self._cursor))
            self._prefixes = prefix_states(answer.get("prefixes"))
            self._running = _rows(answer.get("running"))
            self._cursor = integer(answer.get("cursor"))
            self._finished.extend((time.time(), group) for group in _rows(answer.get("finished")))
            took = number(answer.get("took"))
        else:
            # Dask's own count leaves out tasks that are queued or have no worker.
            self._prefixes = prefix_states(await self._call("get_task_prefix_states", plain=True))
            took = time.monotonic() - began
        self._count_again = began + took / COUNTING_SHARE

    def _lately_finished(self) -> tuple[GroupReading, ...]:
        while self._finished and time.time() - self._finished[0][0] > FINISHED_SHOWN:
            self._finished.popleft()
        return tuple(group for _, group in self._finished)

    async def _call(self, op: str, *, plain: bool = False, **message: Any) -> Any:
        return await self._link.call(op, within=READ_WITHIN, plain=plain, **message)


def _rows(rows: object) -> tuple[GroupReading, ...]:
    found = (group_reading(row) for row in rows) if isinstance(rows, tuple) else ()
    return tuple(group for group in found if group)


async def ask_identity(link: Link, within: float = CALL_TIMEOUT) -> Mapping[str, Any]:
    """What the scheduler says of itself and of all its workers; a mapping without them if it is none.

    Before 2025.4 it takes no number and names all; since then it may name a few unless told otherwise.
    """
    identity = mapping(await link.call("identity", within=within, plain=True))
    if len(mapping(identity.get("workers"))) < integer(identity.get("n_workers")):
        identity = mapping(await link.call("identity", within=within, plain=True, n_workers=-1))
    return identity


async def has_extension(link: Link) -> bool:
    """Whether our part, in this version, runs inside the scheduler."""
    found = await link.call("get_metadata", keys=[extension.NAME], default=0)
    return bool(found == extension.version())


async def load_extension(link: Link, version: tuple[int, ...]) -> bool:
    """Load our part into a scheduler of that Dask version. False where that is too old or forbids plugins."""
    if version < extension.SINCE:
        return False
    try:
        await link.call(
            "register_scheduler_plugin",
            plugin=extension.as_plugin(),
            name=extension.NAME,
            idempotent=False,
        )
    except Refused:
        return False
    return await has_extension(link)


async def dask_version(link: Link) -> tuple[int, ...]:
    """The scheduler's version of Dask, like (2026, 8, 0). Raises Unreachable when it names none."""
    answer = await link.call("versions")
    packages = answer.get("packages") if isinstance(answer, dict) else None
    # Long ago packages stood in groups of (name, version) pairs.
    version = packages.get("distributed") if isinstance(packages, dict) else None
    numbers = str(version or "").split("+")[0].split(".")[:3]
    try:
        return tuple(int(number) for number in numbers)
    except ValueError:
        raise Unreachable("compute.reason.versions", detail=str(version)[:100]) from None
