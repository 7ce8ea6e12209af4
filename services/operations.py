"""What people do to the compute from here: checked, announced to the collector, done, told and recorded.

An action is announced before it is done, so that the collector takes the worker's leaving for what it is and notes
who wanted it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services import audit, db, live, workers
from services.audit import Actor
from services.bus import Bus
from services.clock import now
from services.compute import actions, endpoint, naming
from services.compute.actions import Outcome
from services.compute.endpoint import Endpoint
from services.compute.inventory import WorkerEntry
from services.errors import Conflict, Invalid, KeepAIError, NotFound, Upstream
from services.settings import Settings
from services.snapshot import WorkerRow

log = logging.getLogger(__name__)

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


async def run(kind: str, target: str, *, by: Actor) -> Done:
    """Retire or restart a worker (target: its id), or cancel a task group (target: its name)."""
    if kind == "cancel":
        outcome = await actions.cancel(_endpoint(), target)
        await _record(by, "task_group.cancelled", "task_group", target, target, outcome)
        return _told(outcome, target)
    if kind not in ("retire", "restart"):
        raise Invalid("errors.arguments")
    row = worker(target)
    if kind == "restart" and not row["nanny"]:
        return _told(Outcome(False, "compute.action.no_nanny"), row["name"])
    _announce("intent", {"worker_id": row["id"], "action": kind, "by": by.label, "at": time.time()})
    act = actions.retire if kind == "retire" else actions.restart
    outcome = await act(_endpoint(), row["address"])
    done = "worker.retired" if kind == "retire" else "worker.restarted"
    await _record(by, done, "worker", row["id"], row["name"], outcome)
    return _told(outcome, row["name"])


async def run_all(
    kind: str, targets: Sequence[str], *, by: Actor, go_on: Callable[[int], Awaitable[bool]]
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


async def scale(count: int, *, by: Actor) -> Done:
    """Give the embedded compute `count` workers; those that are too many are retired."""
    snapshot = live.latest()
    connected = [row for row in snapshot["workers"] if row["state"] != "lost"] if snapshot else []
    leaving = set(naming.leaving([row["name"] for row in connected], count))
    for row in connected:
        if row["name"] in leaving:
            _announce(
                "intent", {"worker_id": row["id"], "action": "retire", "by": by.label, "at": time.time()}
            )
    outcome = await actions.scale(_endpoint(), count)
    sizes = {"before": {"workers": len(connected)}, "after": {"workers": count}}
    await _record(by, "compute.scaled", "compute", _compute_id().hex, "", outcome, **sizes)
    return _told(outcome, "")


def wanted_workers(text: str) -> int:
    """How many workers a form asks for. Raises Invalid in words."""
    if text.strip().isdecimal() and 1 <= int(text.strip()[:6]) <= MOST_WORKERS:
        return int(text)
    raise Invalid(
        "workers.scale.not_a_number", fields={"workers": "workers.scale.not_a_number"}, most=MOST_WORKERS
    )


async def forget(worker_ids: Sequence[str], *, by: Actor) -> tuple[WorkerEntry, ...]:
    """Take lost workers off the list, and return them as they were. Raises Conflict when none of them is lost."""
    at = now()
    snapshot = live.latest()
    lost = {row["id"] for row in snapshot["workers"] if row["state"] == "lost"} if snapshot else set()
    asked = [worker_id for worker_id in dict.fromkeys(worker_ids) if worker_id in lost]
    taken = await db.write(_forget, _compute_id(), asked, by, at)
    if not taken:
        raise Conflict("workers.forget.not_lost")
    _announce("forget", {"workers": [entry.id for entry in taken], "by": by.label, "at": at.timestamp()})
    return taken


async def restore(taken: Sequence[WorkerEntry], *, by: Actor) -> None:
    """Put workers back on the list that `forget` took off."""
    at = now()
    await db.write(_restore, _compute_id(), taken, by, at)
    back = [workers.to_message(entry) for entry in taken]
    _announce("restore", {"workers": back, "by": by.label, "at": at.timestamp()})


def check_probes() -> None:
    """Ask for a round of probes at once."""
    _announce("probe", {})


def _forget(
    session: Session, compute_id: UUID, worker_ids: Sequence[str], by: Actor, at: datetime
) -> tuple[WorkerEntry, ...]:
    """Those that could be taken off; the list may have changed since they were seen to be lost."""
    taken = []
    for worker_id in worker_ids:
        with contextlib.suppress(NotFound, Conflict):
            taken.append(workers.forget(session, compute_id, worker_id, by.label, at))
    for entry in taken:
        audit.record(
            session, at, by, "worker.forgotten", object_kind="worker", object_id=entry.id, object=entry.name
        )
    return tuple(taken)


def _restore(
    session: Session, compute_id: UUID, taken: Sequence[WorkerEntry], by: Actor, at: datetime
) -> None:
    workers.restore(session, compute_id, taken, by.label, at)
    for entry in taken:
        audit.record(
            session, at, by, "worker.put_back", object_kind="worker", object_id=entry.id, object=entry.name
        )


async def _record(
    by: Actor, action: str, kind: str, object_id: str, name: str, outcome: Outcome, **changes: Any
) -> None:
    """Note what came of an action on the compute. It is done by then, so a database that is away hides no outcome."""
    try:
        await db.write(
            audit.record,
            now(),
            by,
            action,
            object_kind=kind,
            object_id=object_id,
            object=name,
            outcome="ok" if outcome.ok else "failed",
            reason="" if outcome.ok else outcome.key,
            **changes,
        )
    except Exception:
        log.exception("%s by %s was not recorded", action, by.label)


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
