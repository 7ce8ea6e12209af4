"""What people do to the compute from here: checked, announced to the collector, done, told and recorded.

An action is announced before it is done, so that the collector takes the worker's leaving for what it is and notes
who wanted it.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services import db, live, workers
from services.bus import Bus
from services.clock import now
from services.compute import actions, endpoint, naming
from services.compute.actions import Outcome
from services.compute.endpoint import Endpoint
from services.compute.inventory import WorkerEntry
from services.errors import Conflict, Invalid, KeepAIError, NotFound, Upstream
from services.settings import Settings
from services.snapshot import WorkerRow

MOST_WORKERS = 64
NOT_BEGUN = "not_begun"  # the state of what was stopped before its turn came
AT_ONCE = 4  # of many workers: each move of data takes room on those that stay
_bus: Bus | None = None
_settings: Settings | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an action: a state's name, a message key and its parameters."""

    state: str
    text: str
    params: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


def configure(bus: Bus, settings: Settings) -> None:
    """Say where to announce and which compute to act on. Once per process."""
    global _bus, _settings
    _bus, _settings = bus, settings


def worker(worker_id: str) -> WorkerRow:
    """A worker of the newest snapshot. Raises NotFound."""
    snapshot = live.latest()
    for row in snapshot["workers"] if snapshot else []:
        if row["id"] == worker_id:
            return row
    raise NotFound("workers.no_such")


async def run(kind: str, target: str, *, by: str) -> Done:
    """Retire or restart a worker (target: its id), or cancel a task group (target: its name)."""
    if kind == "cancel":
        return _told(await actions.cancel(_endpoint(), target), target)
    if kind not in ("retire", "restart"):
        raise Invalid("errors.arguments")
    row = worker(target)
    if kind == "restart" and not row["nanny"]:
        return _told(Outcome(False, "compute.action.no_nanny"), row["name"])
    _announce("intent", {"worker_id": row["id"], "action": kind, "by": by, "at": time.time()})
    act = actions.retire if kind == "retire" else actions.restart
    return _told(await act(_endpoint(), row["address"]), row["name"])


async def run_all(
    kind: str, targets: Sequence[str], *, by: str, go_on: Callable[[int], Awaitable[bool]]
) -> list[Done]:
    """Retire or restart several workers, a few at a time. What one of them refuses stops none of the others.

    `go_on` is told after each how many are over, and answers whether others may begin; those that may not are
    left as they are, and their outcome says NOT_BEGUN.
    """
    places = asyncio.Semaphore(AT_ONCE)
    over, goes_on = 0, True

    async def one(target: str) -> Done:
        nonlocal over, goes_on
        async with places:
            if not goes_on:
                return Done(NOT_BEGUN, "")
            try:
                done = await run(kind, target, by=by)
            except KeepAIError as error:
                why = {name: str(value) for name, value in error.params.items()}
                done = Done("critical", error.key, why)
            over += 1
            goes_on = await go_on(over) and goes_on
            return done

    return list(await asyncio.gather(*(one(target) for target in targets)))


async def scale(count: int, *, by: str) -> Done:
    """Give the embedded compute `count` workers; those that are too many are retired."""
    snapshot = live.latest()
    connected = [row for row in snapshot["workers"] if row["state"] != "lost"] if snapshot else []
    leaving = set(naming.leaving([row["name"] for row in connected], count))
    for row in connected:
        if row["name"] in leaving:
            _announce("intent", {"worker_id": row["id"], "action": "retire", "by": by, "at": time.time()})
    return _told(await actions.scale(_endpoint(), count), "")


def wanted_workers(text: str) -> int:
    """How many workers a form asks for. Raises Invalid in words."""
    if text.strip().isdecimal() and 1 <= int(text.strip()[:6]) <= MOST_WORKERS:
        return int(text)
    raise Invalid(
        "workers.scale.not_a_number", fields={"workers": "workers.scale.not_a_number"}, most=MOST_WORKERS
    )


async def forget(worker_ids: Sequence[str], *, by: str) -> tuple[WorkerEntry, ...]:
    """Take lost workers off the list, and return them as they were. Raises Conflict when none of them is lost."""
    at = now()
    snapshot = live.latest()
    lost = {row["id"] for row in snapshot["workers"] if row["state"] == "lost"} if snapshot else set()
    asked = [worker_id for worker_id in dict.fromkeys(worker_ids) if worker_id in lost]
    taken = await db.write(_forget, _compute_id(), asked, by, at)
    if not taken:
        raise Conflict("workers.forget.not_lost")
    _announce("forget", {"workers": [entry.id for entry in taken], "by": by, "at": at.timestamp()})
    return taken


async def restore(taken: Sequence[WorkerEntry], *, by: str) -> None:
    """Put workers back on the list that `forget` took off."""
    at = now()
    await db.write(workers.restore, _compute_id(), taken, by, at)
    _announce("restore", {"workers": [workers.to_message(e) for e in taken], "by": by, "at": at.timestamp()})


def check_probes() -> None:
    """Ask for a round of probes at once."""
    _announce("probe", {})


def _forget(
    session: Session, compute_id: UUID, worker_ids: Sequence[str], by: str, at: datetime
) -> tuple[WorkerEntry, ...]:
    """Those that could be taken off; the list may have changed since they were seen to be lost."""
    taken = []
    for worker_id in worker_ids:
        with contextlib.suppress(NotFound, Conflict):
            taken.append(workers.forget(session, compute_id, worker_id, by, at))
    return tuple(taken)


def _compute_id() -> UUID:
    snapshot = live.latest()
    if snapshot is None:
        raise Upstream("compute.action.away")
    return UUID(snapshot["compute"]["id"])


def _endpoint() -> Endpoint:
    assert _settings is not None, "operations were not configured"
    found = endpoint.resolve(_settings)
    if found is None:
        raise Upstream("compute.action.away")
    return found


def _announce(topic: str, message: dict[str, object]) -> None:
    assert _bus is not None, "operations were not configured"
    _bus.publish(topic, message)


def _told(outcome: Outcome, name: str) -> Done:
    return Done(
        "ok" if outcome.ok else "critical", outcome.key, {"name": name, "detail": "", **outcome.params}
    )
