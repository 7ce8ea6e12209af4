"""Whether KeepAI works, part by part."""

import asyncio
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import Session, select

from models import Lease, ProbeStatus
from services import db, live
from services.clock import now

ROOT = Path(__file__).parents[1]
PATIENCE = 3.0
# A snapshot comes every second; a missing collector shows as degraded after this many seconds.
STALE = 10.0

Parts = Mapping[str, Mapping[str, Any]]


async def parts() -> dict[str, dict[str, Any]]:
    """Each part with its `status`: database, compute, and, as other processes note it there, background and probes."""
    found = {"database": await database(), "compute": _compute()}
    if found["database"]["status"] == "ok":
        found |= await _within(db.read(_in_database), {})
    return found


def overall(parts: Parts) -> str:
    """ok, degraded (something beside the database is not as it should be) or down (no database)."""
    if parts["database"]["status"] != "ok":
        return "down"
    return "ok" if all(c["status"] in ("ok", "not_configured") for c in parts.values()) else "degraded"


def _compute() -> dict[str, Any]:
    snapshot = live.latest()
    if snapshot is None:
        return {"status": "unknown"}
    age = max(0.0, time.time() - snapshot["at"])
    state = snapshot["compute"]["state"]
    status = "unknown" if age > STALE else "ok" if state == "live" else "down"
    return {"status": status, "state": state, "age": round(age, 1), "workers": snapshot["totals"]["workers"]}


def _in_database(session: Session) -> dict[str, dict[str, Any]]:
    """What other processes note there: who runs the loops, and the latest probes."""
    held = any(lease.expires_at > now() and lease.holder for lease in session.exec(select(Lease)))
    found: dict[str, dict[str, Any]] = {"background": {"status": "ok" if held else "down"}}
    for probe in session.exec(select(ProbeStatus)):
        found.setdefault(probe.name, {"status": probe.state, "latency": probe.latency})
    return found


_checking: asyncio.Future[dict[str, Any]] | None = None


async def database() -> dict[str, Any]:
    """The database's own answer. One question at a time: a database that hangs must not use up every thread."""
    global _checking
    if _checking is None or _checking.done():
        _checking = asyncio.ensure_future(_ask_database())
    return await _within(asyncio.shield(_checking), {"status": "down"})


async def _ask_database() -> dict[str, Any]:
    began = time.perf_counter()
    try:
        version = await db.read(revision)
    except Exception:  # whatever it is, the database cannot be used; its own log says why
        return {"status": "down"}
    latency = round(time.perf_counter() - began, 4)
    return {"status": "ok" if version == newest() else "not_migrated", "latency": latency}


def revision(session: Session) -> str:
    """The migration the database is at."""
    return str(session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


@cache
def newest() -> str:
    """The migration this code was written for."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    return ScriptDirectory.from_config(config).get_current_head() or ""


async def _within(work: Any, otherwise: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await asyncio.wait_for(work, PATIENCE)
    except TimeoutError:
        return otherwise
    return answer
