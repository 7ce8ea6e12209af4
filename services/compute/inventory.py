"""Our own list of workers: each keeps one id of ours whatever address it comes back under.

Pure: `advance` takes the list as it was, what the scheduler says now, and the time, and returns the list as it is
and what happened in between.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from uuid_utils import uuid7

from services.compute.readings import ComputeEvent, ComputeReading, WorkerReading

WorkerState = Literal["running", "paused", "retiring", "lost", "restarted", "unknown"]
ChangeKind = Literal["joined", "lost", "paused", "resumed", "retired", "restarted", "removed", "restored"]

SHOW_RESTARTED = 10.0  # s for which a worker that came back is shown as restarted
KEEP_LOST = 24 * 3600.0  # s after which a lost worker leaves the list
MAX_LOST = 1000  # lost ones kept; a compute that makes up a name for each worker must not fill the list
# A scheduler that just started may not have heard of its workers yet: those from before stay unknown for so long.
SETTLE = 30.0
RETIRE_SHOWS = 5.0  # s for which our wish to retire shows before the scheduler says so itself
RETIRE_COUNTS = 3600.0  # s for which a worker that leaves did so because of our wish: moving data takes time
RESTART_SHOWS = 15.0  # s for which our wish to restart shows while the old process is still there
RESTART_COUNTS = 60.0  # s within which a worker that we restart has to be back
LATE_EVENT = 10.0  # s within which the news that a leave was a retirement corrects "lost"

_GOING = frozenset({"closing_gracefully", "closing", "closed", "stopping", "stopped", "failed"})


@dataclass(frozen=True, slots=True)
class WorkerEntry:
    """One worker of the list. `since` is when its state began, `address` the latest one."""

    id: str  # URL-safe, ours
    name: str
    host: str
    address: str
    nanny: str | None
    state: WorkerState
    since: float
    reading: WorkerReading | None  # the last one known
    first_seen: float
    restarts: int


@dataclass(frozen=True, slots=True)
class WorkerChange:
    """Something that happened to a worker. `by` names the person who wanted it; `detail` holds addresses."""

    at: float
    worker_id: str
    worker_name: str
    kind: ChangeKind
    by: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Intent:
    """Somebody asked us to restart or retire a worker, so that its leaving is not taken for a crash."""

    worker_id: str
    action: Literal["restart", "retire"]
    by: str
    at: float


def new_worker_id() -> str:
    """An id for a worker, sortable by the time it was made."""
    return uuid7().hex


def advance(
    entries: tuple[WorkerEntry, ...],
    reading: ComputeReading | None,
    events: Sequence[ComputeEvent],
    intents: Sequence[Intent],
    now: float,
    new_id: Callable[[], str] = new_worker_id,
) -> tuple[tuple[WorkerEntry, ...], tuple[WorkerChange, ...]]:
    """The list after a reading (None: the compute is out of reach) and the changes since the one before.

    Entries keep their order, newcomers stand at the end. `events` are those received since the last call, all
    of them up to the reading; `intents` the recent wishes of people.
    """
    step = _Step(reading, events, intents, now)
    if reading is None:
        kept = [step.out_of_reach(entry) for entry in entries]
    else:
        pairs, newcomers = match(entries, reading.workers)
        kept = [step.present(entry, live) if live else step.absent(entry) for entry, live in pairs]
        kept += [step.join(live, new_id()) for live in newcomers]
    return _within_bounds([entry for entry in kept if entry], step), tuple(step.changes)


def crashed(before: Iterable[WorkerEntry], changes: Iterable[WorkerChange]) -> frozenset[str]:
    """The ids of workers whose process ended by itself, and was replaced before a reading saw it missing.

    `before` is the list before the changes, of the same scheduler: the workers of another one are other processes
    without having crashed.
    """
    there = {entry.id for entry in before if entry.state in ("running", "paused", "restarted")}
    return frozenset(
        change.worker_id
        for change in changes
        if change.kind == "restarted" and not change.by and change.worker_id in there
    )


def remove(
    entries: tuple[WorkerEntry, ...], worker_id: str, by: str, now: float
) -> tuple[tuple[WorkerEntry, ...], WorkerChange | None]:
    """The list without a lost worker, taken off by hand. None when it is not there or not lost."""
    entry = next((e for e in entries if e.id == worker_id and e.state == "lost"), None)
    if entry is None:
        return entries, None
    change = WorkerChange(now, entry.id, entry.name, "removed", by, entry.address)
    return tuple(e for e in entries if e is not entry), change


def put_back(
    entries: tuple[WorkerEntry, ...], taken: Iterable[WorkerEntry], by: str, now: float
) -> tuple[tuple[WorkerEntry, ...], tuple[WorkerChange, ...]]:
    """The list with workers that were taken off by hand, as they were and where they were: ids tell who came first."""
    known = {entry.id for entry in entries}
    back = [entry for entry in taken if entry.id not in known]
    changes = tuple(WorkerChange(now, e.id, e.name, "restored", by, e.address) for e in back)
    return tuple(sorted((*entries, *back), key=lambda entry: entry.id)) if back else entries, changes


def match(
    entries: Sequence[WorkerEntry], workers: Iterable[WorkerReading]
) -> tuple[list[tuple[WorkerEntry, WorkerReading | None]], list[WorkerReading]]:
    """Which connected worker each entry is now, and the workers nobody knew.

    The same address comes first, then the same nanny, then the same name on the same host; a name that is an
    address says nothing about who it was. Of several entries that fit, one that was not lost comes first, then
    the one seen last.
    """
    free = {live.address: live for live in _one_per_nanny(workers)}
    found: dict[str, WorkerReading] = {}
    waiting = sorted(entries, key=lambda e: (e.state == "lost", -e.since, e.id))
    for key_of in (_address_key, _nanny_key, _name_key):
        by_key: dict[object, list[WorkerReading]] = {}
        for live in free.values():
            if (key := key_of(live)) is not None:
                by_key.setdefault(key, []).append(live)
        for entry in waiting:
            fitting = by_key.get(key_of(entry), ()) if entry.id not in found else ()
            chosen = next((w for w in fitting if w.address in free and _may_be(entry, w)), None)
            if chosen:
                found[entry.id] = free.pop(chosen.address)
    return [(entry, found.get(entry.id)) for entry in entries], list(free.values())


def _one_per_nanny(workers: Iterable[WorkerReading]) -> list[WorkerReading]:
    """Without the dead process that the scheduler still lists beside its successor: a nanny has one worker."""
    latest: dict[str, WorkerReading] = {}
    for live in workers:
        key = live.nanny or live.address
        if key not in latest or live.last_seen >= latest[key].last_seen:
            latest[key] = live
    return list(latest.values())


def _may_be(entry: WorkerEntry, live: WorkerReading) -> bool:
    """Ports are used again: a worker with a name of its own and another name is another worker."""
    return entry.name == live.name or _named_by_address(entry) or _named_by_address(live)


def _named_by_address(worker: WorkerEntry | WorkerReading) -> bool:
    return worker.name == worker.address or "://" in worker.name


def _address_key(worker: WorkerEntry | WorkerReading) -> object:
    return worker.address


def _nanny_key(worker: WorkerEntry | WorkerReading) -> object:
    return worker.nanny


def _name_key(worker: WorkerEntry | WorkerReading) -> object:
    return None if _named_by_address(worker) else (worker.name, worker.host)


class _Step:
    """One call of `advance`: what is known, and the changes found so far."""

    def __init__(
        self,
        reading: ComputeReading | None,
        events: Sequence[ComputeEvent],
        intents: Sequence[Intent],
        now: float,
    ) -> None:
        self.reading = reading
        self.now = now
        self.changes: list[WorkerChange] = []
        # Only a retirement is expected; a restart and a crash look the same to the scheduler.
        self.retired = {
            e.worker for e in events if e.action == "remove-worker" and e.detail.get("expected") is True
        }
        self.rejoined = _rejoined(events)
        self.wishes: dict[tuple[str, str], Intent] = {}
        for intent in sorted(intents, key=lambda intent: intent.at):
            self.wishes[intent.worker_id, intent.action] = intent

    def out_of_reach(self, entry: WorkerEntry) -> WorkerEntry | None:
        """Nothing is known any more; what is lost stays lost, what retired before the silence has left."""
        if entry.state == "lost":
            return entry
        if entry.address in self.retired:
            self._retired(entry)
            return None
        return self._to(entry, "unknown")

    def join(self, live: WorkerReading, worker_id: str) -> WorkerEntry:
        """A worker that nobody knew."""
        entry = WorkerEntry(
            id=worker_id,
            name=live.name,
            host=live.host,
            address=live.address,
            nanny=live.nanny,
            state=_state_of(live),
            since=self.now,
            reading=live,
            first_seen=self.now,
            restarts=0,
        )
        self.note(entry, "joined", None, live.address)
        if entry.state == "paused":
            self.note(entry, "paused", None, "")
        return entry

    def present(self, before: WorkerEntry, live: WorkerReading) -> WorkerEntry:
        """A worker that is connected."""
        entry = before if before.reading is live else _with_reading(before, live)
        if self._is_another_process(before, live):
            return self._restarted(before, entry)
        if before.state == "lost":
            self.note(entry, "joined", None, live.address)
        was_paused = before.reading is not None and before.reading.status == "paused"
        if was_paused != (live.status == "paused"):
            self.note(entry, "resumed" if was_paused else "paused", None, "")
        return self._to(entry, self._state(before, live))

    def absent(self, entry: WorkerEntry) -> WorkerEntry | None:
        """A worker that the scheduler does not list."""
        if entry.state == "lost":
            return self._still_lost(entry)
        if entry.address in self.retired or (entry.reading and entry.reading.status == "closing_gracefully"):
            self._retired(entry)
            return None
        if self._pending_restart(entry, RESTART_COUNTS):
            return self._to(entry, "retiring")
        if self._wish(entry, "retire", RETIRE_COUNTS):
            self._retired(entry)
            return None
        if self._settling(entry):
            return self._to(entry, "unknown")
        self.note(entry, "lost", None, entry.address)
        return self._to(entry, "lost")

    def note(self, entry: WorkerEntry, kind: ChangeKind, by: str | None, detail: str) -> None:
        """Remember that something happened."""
        self.changes.append(WorkerChange(self.now, entry.id, entry.name, kind, by, detail))

    def _still_lost(self, entry: WorkerEntry) -> WorkerEntry | None:
        if entry.address in self.retired and self.now - entry.since < LATE_EVENT:
            self._retired(entry)
            return None
        if self.now - entry.since < KEEP_LOST:
            return entry
        self.note(entry, "removed", None, entry.address)
        return None

    def _is_another_process(self, before: WorkerEntry, live: WorkerReading) -> bool:
        if before.address != live.address:
            return True
        if before.reading and before.reading.directory and live.directory:
            return before.reading.directory != live.directory
        return live.address in self.rejoined

    def _restarted(self, before: WorkerEntry, entry: WorkerEntry) -> WorkerEntry:
        wish = self._pending_restart(before, RESTART_COUNTS)
        moved = "" if before.address == entry.address else f"{before.address} → {entry.address}"
        self.note(entry, "restarted", wish.by if wish else None, moved)
        return replace(entry, state="restarted", since=self.now, restarts=before.restarts + 1)

    def _state(self, before: WorkerEntry, live: WorkerReading) -> WorkerState:
        state = _state_of(live)
        if self._wish(before, "retire", RETIRE_SHOWS) or self._pending_restart(before, RESTART_SHOWS):
            return "retiring"
        if before.state == "restarted" and state != "retiring" and self.now - before.since < SHOW_RESTARTED:
            return "restarted"
        return state

    def _settling(self, entry: WorkerEntry) -> bool:
        """Whether the scheduler is too young to have heard of this worker, known from before it started."""
        reading = self.reading
        return (
            reading is not None
            and 0 <= reading.at - reading.started < SETTLE
            # Once it waits here its state is new, so its age says nothing any more.
            and (entry.state == "unknown" or entry.since < reading.started)
        )

    def _pending_restart(self, entry: WorkerEntry, lasts: float) -> Intent | None:
        """The wish to restart it, unless it came back since: that begins a new state."""
        wish = self._wish(entry, "restart", lasts)
        return wish if wish and (entry.state == "retiring" or entry.since <= wish.at) else None

    def _retired(self, entry: WorkerEntry) -> None:
        wish = self._wish(entry, "retire", RETIRE_COUNTS)
        self.note(entry, "retired", wish.by if wish else None, entry.address)

    def _wish(self, entry: WorkerEntry, action: str, lasts: float) -> Intent | None:
        wish = self.wishes.get((entry.id, action))
        return wish if wish and self.now - wish.at < lasts else None

    def _to(self, entry: WorkerEntry, state: WorkerState) -> WorkerEntry:
        return entry if entry.state == state else replace(entry, state=state, since=self.now)


def _with_reading(entry: WorkerEntry, live: WorkerReading) -> WorkerEntry:
    return replace(
        entry,
        name=live.name,
        host=live.host or entry.host,
        address=live.address,
        nanny=live.nanny,
        reading=live,
    )


def _state_of(live: WorkerReading) -> WorkerState:
    if live.status == "paused":
        return "paused"
    return "retiring" if live.status in _GOING else "running"


def _rejoined(events: Sequence[ComputeEvent]) -> set[str]:
    """Addresses that left and then came, in this order."""
    left: set[str] = set()
    back: set[str] = set()
    for event in events:
        if event.worker and event.action == "remove-worker":
            left.add(event.worker)
            back.discard(event.worker)
        elif event.worker in left and event.action == "add-worker":
            back.add(event.worker)
    return back


def _within_bounds(entries: list[WorkerEntry], step: _Step) -> tuple[WorkerEntry, ...]:
    """Without the oldest of too many lost workers."""
    lost = [entry for entry in entries if entry.state == "lost"]
    if len(lost) <= MAX_LOST:
        return tuple(entries)
    gone = {entry.id for entry in sorted(lost, key=lambda e: e.since)[: len(lost) - MAX_LOST]}
    for entry in lost:
        if entry.id in gone:
            step.note(entry, "removed", None, entry.address)
    return tuple(entry for entry in entries if entry.id not in gone)
