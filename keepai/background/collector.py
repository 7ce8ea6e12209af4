"""The loop that reads the compute once a second, keeps the inventory and the history, and publishes a snapshot."""

import asyncio
import logging
import time
from collections import deque
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services import db, history, probes, task_groups, worker_events, workers
from services.bus import Bus, Message
from services.clock import now
from services.compute import endpoint
from services.compute.inventory import (
    Intent,
    WorkerChange,
    WorkerEntry,
    advance,
    crashed,
    put_back,
    remove,
)
from services.compute.reader import ComputeReader
from services.compute.readings import ComputeReading, GroupReading
from services.feed import Batch, Feed, Reading
from services.progress import Figures, Progress
from services.settings import Settings
from services.snapshot import (
    ComputeInfo,
    Snapshot,
    change_row,
    compute_samples,
    event_row,
    running_groups,
    subject_samples,
    totals,
    worker_row,
)

log = logging.getLogger(__name__)

PERIOD = 1.0
HTTP_PERIOD = 2.0
EVENTS_SHOWN = 20
FLUSH_EVERY = 1.0
STORE_EVERY = 0.5
# Events and groups that wait for a database that is away; beyond this the oldest are given up.
MOST_WAITING = 10_000
INTENT_LASTS = 3600.0


async def run(settings: Settings, bus: Bus, feed: Feed) -> None:
    """Collect until cancelled; what was measured is stored before this returns."""
    await Collector(settings, bus, feed).run()


class Collector:
    """State of the loop between two seconds."""

    def __init__(self, settings: Settings, bus: Bus, feed: Feed) -> None:
        self._settings, self._bus, self._feed = settings, bus, feed
        self._reader = ComputeReader(settings)
        self._recorder = history.Recorder()
        self._progress = Progress()
        self._entries: tuple[WorkerEntry, ...] = ()
        self._intents: list[Intent] = []
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS_SHOWN)
        self._probes: list[dict[str, Any]] = []
        self._groups: tuple[GroupReading, ...] = ()
        self._to_store: deque[WorkerChange] = deque(maxlen=MOST_WAITING)
        self._ended: deque[task_groups.FinishedGroup] = deque(maxlen=MOST_WAITING)
        self._compute_id: UUID
        self._since = time.time()
        self._state = ""
        self._scheduler_id = ""
        # Whoever changed the stored list by hand may have done so in the middle of a write of ours.
        self._store_again = False

    async def run(self) -> None:
        """Read, decide, remember, publish; once a second."""
        await self._load()
        self._bus.subscribe("intent", self._on_intent)
        self._bus.subscribe("forget", self._on_forget)
        self._bus.subscribe("restore", self._on_restore)
        self._bus.subscribe("probes", self._on_probes)
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._collect())
                loops.create_task(self._flush_often())
                loops.create_task(self._store_often())
        finally:
            await asyncio.shield(self._close())

    async def _load(self) -> None:
        key = self._settings.dask_scheduler or "embedded"
        self._compute_id = await db.write(workers.ensure_compute, key, now())
        self._entries = await db.read(workers.load, self._compute_id)
        for event in reversed(await db.read(worker_events.latest, self._compute_id, EVENTS_SHOWN)):
            self._events.append(event_row(event))
        self._probes = [probes.as_row(status) for status in await db.read(probes.latest)]

    async def _collect(self) -> None:
        due = time.monotonic()
        while True:
            reading = await self._read()
            moment = time.time()
            before = self._entries
            changes = self._advance(reading, moment)
            gone = crashed(before, changes) if self._is_the_same(reading) else frozenset()
            snapshot = self._snapshot(reading, moment)
            self._bus.publish("snapshot", snapshot)  # type: ignore[arg-type]
            self._to_store.extend(changes)
            self._record(snapshot, reading, gone)
            if reading:
                self._ended.extend(task_groups.finished(self._groups, reading.groups, reading.at))
                self._groups = reading.groups
            due += HTTP_PERIOD if reading and reading.via == "http" else PERIOD
            due = max(due, time.monotonic() - PERIOD)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _read(self) -> ComputeReading | None:
        reading = await self._reader.read()
        state = "live" if reading else "out_of_reach"
        if state != self._state:
            self._state, self._since = state, time.time()
            self._bus.publish("probe", {})  # what is said of the services shall not contradict this for long
        return reading

    def _advance(self, reading: ComputeReading | None, moment: float) -> tuple[WorkerChange, ...]:
        self._intents = [intent for intent in self._intents if moment - intent.at < INTENT_LASTS]
        events = self._reader.take_events()
        self._entries, changes = advance(self._entries, reading, events, self._intents, moment)
        for change in changes:
            self._events.append(change_row(change))
        return changes

    def _snapshot(self, reading: ComputeReading | None, moment: float) -> Snapshot:
        rows = [worker_row(entry) for entry in self._entries]
        target = endpoint.resolve(self._settings)
        return Snapshot(
            at=moment,
            compute=ComputeInfo(
                id=str(self._compute_id),
                embedded=not self._settings.dask_scheduler,
                address=(target.address if target else "") or self._settings.dask_scheduler,
                state="live" if reading else "out_of_reach",
                since=self._since,
                reason="" if reading else self._reader.reason,
                via=reading.via if reading else "",
                scheduler_id=reading.scheduler_id if reading else "",
                took=reading.took if reading else 0.0,
            ),
            workers=rows,
            totals=totals(rows, reading.prefixes if reading else {}),
            groups=running_groups(reading, moment) if reading else [],
            events=list(reversed(self._events)),
            probes=self._probes,
        )

    def _is_the_same(self, reading: ComputeReading | None) -> bool:
        """Whether the scheduler is the one that was read last."""
        known, self._scheduler_id = self._scheduler_id, reading.scheduler_id if reading else ""
        return reading is not None and reading.scheduler_id == known

    def _record(
        self, snapshot: Snapshot, reading: ComputeReading | None, gone: frozenset[str] = frozenset()
    ) -> None:
        """Remember what was measured, and hand it to those who decide. While the compute is out of reach, that is all
        that is known. `gone` are workers that crashed and are back."""
        compute, at = str(self._compute_id), snapshot["at"]
        figures = self._progress.add(at, self._entries) if reading else Figures()
        about = (
            compute_samples(snapshot["totals"], reading.took, figures.error_share) if reading else {"up": 0.0}
        )
        measured = [Reading({"kind": "compute", "compute": compute}, snapshot["compute"]["address"], about)]
        values = subject_samples(snapshot["workers"], figures.stalled) if reading else {}
        for worker in gone:  # it was not there for a moment, whether or not a reading fell into it
            values[worker] = {**values.get(worker, {}), "up": 0.0}
        for row in snapshot["workers"]:
            labels = {"kind": "worker", "compute": compute, "worker": row["id"]}
            measured.append(Reading(labels, row["name"], values.get(row["id"], {})))
        for one in measured:
            if one.values:
                self._recorder.add(at, one.labels, one.values)
        self._feed.publish(Batch(at, measured, frozenset({"compute", "worker"})))

    async def _store_often(self) -> None:
        """Write what happened. A database that is slow or away delays nobody who watches; it all waits here."""
        while True:
            await asyncio.sleep(STORE_EVERY)
            try:
                await self._store()
            except Exception as error:
                log.warning("events could not be stored yet: %s", error)

    async def _store(self) -> None:
        changes, ended = list(self._to_store), list(self._ended)
        if changes or self._store_again:
            self._store_again = False
            try:
                await db.write(_store_changes, self._compute_id, self._entries, changes)
            except Exception:
                self._store_again = True
                raise
            for _ in changes:
                self._to_store.popleft()
        if ended:
            await db.write(task_groups.add, self._compute_id, ended)
            for _ in ended:
                self._ended.popleft()

    async def _flush_often(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            try:
                await self._recorder.flush(time.time())
            except (
                Exception
            ) as error:  # it keeps what it could not write, and the people who watch lose nothing
                log.warning("samples could not be stored yet: %s", error)

    async def _close(self) -> None:
        try:
            await self._recorder.flush(time.time(), everything=True)
            await self._store()
            await db.write(workers.save, self._compute_id, self._entries, readings=True)
        finally:
            await self._reader.close()

    def _on_probes(self, message: Message) -> None:
        self._probes = message["rows"]

    def _on_intent(self, message: Message) -> None:
        self._intents.append(Intent(**message))

    def _on_forget(self, message: Message) -> None:
        """Lost workers were taken off the list by hand; whoever did that has stored it."""
        self._store_again = True
        for worker_id in message["workers"]:
            self._entries, change = remove(self._entries, worker_id, message["by"], message["at"])
            if change:
                self._events.append(change_row(change))

    def _on_restore(self, message: Message) -> None:
        """They are to be on the list again; that is stored as well."""
        self._store_again = True
        taken = map(workers.from_message, message["workers"])
        self._entries, changes = put_back(self._entries, taken, message["by"], message["at"])
        self._events.extend(map(change_row, changes))


def _store_changes(
    database: Session, compute_id: UUID, entries: tuple[WorkerEntry, ...], changes: list[WorkerChange]
) -> None:
    """The inventory and what happened to it, in one transaction."""
    workers.save(database, compute_id, entries)
    worker_events.add(database, compute_id, changes)
