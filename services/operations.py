"""What people do to the compute from here: checked, announced to the collector, done, told and recorded.

An action is announced before it is done, so that the collector takes the worker's leaving for what it is and notes
who wanted it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services import db, live, workers
from services.bus import Bus
from services.clock import now
from services.compute import actions, endpoint, naming
from services.compute.actions import Outcome
from services.compute.endpoint import Endpoint
from services.errors import Conflict, Invalid, NotFound, Upstream
from services.settings import Settings
from services.snapshot import WorkerRow

MOST_WORKERS = 64
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


async def forget(worker_id: str, *, by: str) -> WorkerRow:
    """Take a lost worker off the list. Raises Conflict for one that is not lost."""
    row = worker(worker_id)
    if row["state"] != "lost":
        raise Conflict("workers.forget.not_lost")
    await db.write(workers.forget, _compute_id(), worker_id, by, now())
    _announce("forget", {"worker_id": worker_id, "by": by})
    return row


def check_probes() -> None:
    """Ask for a round of probes at once."""
    _announce("probe", {})


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
