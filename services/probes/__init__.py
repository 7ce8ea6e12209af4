"""Health checks of everything outside that KeepAI depends on or watches.

A new one is a module with a class that is a `Probe`, and a line in PROBES; its words are `probes.<name>`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from models import ProbeStatus
from services import history
from services.probes.base import Failure, Probe, ProbeResult, ProbeState
from services.probes.database import Database
from services.probes.mail import Mail
from services.probes.ollama import Ollama
from services.probes.openwebui import OpenWebUI
from services.probes.redis import Redis
from services.probes.scheduler import Scheduler
from services.probes.vendors import Anthropic, Google, OpenAI
from services.settings import Settings

__all__ = [
    "PROBES",
    "TIMEOUT",
    "Probe",
    "ProbeResult",
    "ProbeState",
    "as_row",
    "check",
    "check_all",
    "labels",
    "latest",
    "samples",
    "save",
    "unsaved",
]

log = logging.getLogger(__name__)

# In the order in which they are shown.
PROBES: dict[str, Callable[[Settings], Probe]] = {
    "database": Database,
    "redis": Redis,
    "scheduler": Scheduler,
    "ollama": Ollama,
    "openwebui": OpenWebUI,
    "openai": OpenAI,
    "anthropic": Anthropic,
    "google": Google,
    "mail": Mail,
}
TIMEOUT = 10.0


async def check_all(settings: Settings, within: float = TIMEOUT) -> dict[str, ProbeResult]:
    """Run every probe, all at the same time, each for at most `within` seconds. Never fails."""
    probes = {name: make(settings) for name, make in PROBES.items()}
    results = await asyncio.gather(*(check(name, probe, within) for name, probe in probes.items()))
    return dict(zip(probes, results, strict=True))


async def check(name: str, probe: Probe, within: float = TIMEOUT) -> ProbeResult:
    """Run one probe; whatever goes wrong is a result, too."""
    try:
        async with asyncio.timeout(within):
            return await probe.check()
    except TimeoutError:
        return ProbeResult("down", None, "probes.reason.timed_out", {"seconds": f"{within:g}"})
    except Failure as failure:
        return ProbeResult("down", None, failure.reason, failure.params)
    except Exception:
        log.exception("the probe %s failed", name)
        return ProbeResult("down", None, "probes.reason.failed")


def save(db: Session, results: Mapping[str, ProbeResult], now: datetime) -> None:
    """Keep the results as the latest ones, and latency (seconds) and `up` (1 or 0) as samples.

    `since` moves only when the state changes. Probes that exist no more are forgotten.
    """
    stored = {status.name: status for status in db.exec(select(ProbeStatus))}
    for name, result in results.items():
        db.add(_status(name, result, now, stored.get(name)))
    db.execute(delete(ProbeStatus).where(col(ProbeStatus.name).not_in(list(PROBES))))
    db.flush()
    history.write(db, now, [(labels(name), samples(result)) for name, result in results.items()])


def unsaved(results: Mapping[str, ProbeResult], now: datetime) -> list[ProbeStatus]:
    """The results for showing when they could not be kept."""
    return [_status(name, result, now, None) for name, result in results.items()]


def _status(name: str, result: ProbeResult, now: datetime, before: ProbeStatus | None) -> ProbeStatus:
    status = before or ProbeStatus(name=name, state=result.state, since=now, checked_at=now)
    if status.state != result.state:
        status.state, status.since = result.state, now
    status.checked_at = now
    status.succeeded_at = now if result.state in ("ok", "slow") else status.succeeded_at
    status.latency, status.reason = result.latency, result.reason
    status.detail = {**result.detail, "reason_params": dict(result.params)}
    return status


def latest(db: Session) -> list[ProbeStatus]:
    """The latest result of each probe, in the order of the registry."""
    order = list(PROBES)
    found = [status for status in db.exec(select(ProbeStatus)) if status.name in PROBES]
    return sorted(found, key=lambda status: order.index(status.name))


def labels(name: str) -> dict[str, str]:
    """The labels of the series of a probe; its metrics are `latency` and `up`."""
    return {"kind": "probe", "probe": name}


def as_row(status: ProbeStatus) -> dict[str, Any]:
    """A result as snapshots carry it; instants are unix seconds."""
    detail = dict(status.detail)
    return {
        "name": status.name,
        "state": status.state,
        "since": status.since.timestamp(),
        "checked_at": status.checked_at.timestamp(),
        "succeeded_at": status.succeeded_at.timestamp() if status.succeeded_at else None,
        "latency": status.latency,
        "reason": status.reason,
        "reason_params": detail.pop("reason_params", {}),
        "detail": detail,
    }


def samples(result: ProbeResult) -> dict[str, float]:
    if result.state == "not_configured":
        return {}
    up = {"up": 1.0 if result.state in ("ok", "slow") else 0.0}
    return up if result.latency is None else up | {"latency": result.latency}
