"""Whether KeepAI works, for people, proxies and orchestrators."""

import asyncio
import time
from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import APIRouter, Request, Response
from sqlalchemy import text
from sqlmodel import Session, select

import keepai
from keepai.api import shapes
from keepai.api.access import public
from keepai.web.scope import principal_of
from models import Lease, ProbeStatus
from services import db, live
from services.clock import now

router = APIRouter(prefix="/api/v1/health", tags=["health"])
ROOT = Path(__file__).parents[2]
PATIENCE = 3.0
# A snapshot comes every second; a missing collector shows as degraded after this many seconds.
STALE = 10.0
WORD = public("one word; the rest only with a session")
LIVE = public("says only that the process answers")
READY = public("says only whether it can serve")
DOWN: dict[int | str, dict[str, Any]] = {503: {"model": shapes.Health, "description": "No database."}}


@router.head("", include_in_schema=False, dependencies=[WORD])
@router.get(
    "", dependencies=[WORD], response_model=shapes.Health, response_model_exclude_unset=True, responses=DOWN
)
async def health(request: Request, response: Response) -> dict[str, Any]:
    """ok, degraded (something beside the database is not as it should be) or down (no database)."""
    components = await _components()
    status = _overall(components)
    response.status_code = 503 if status == "down" else 200
    if principal_of(request.scope) is None:
        return {"status": status}
    return {"status": status, "version": keepai.__version__, "components": components}


@router.head("/live", include_in_schema=False, dependencies=[LIVE])
@router.get("/live", dependencies=[LIVE], response_model=shapes.Alive)
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False, dependencies=[READY])
@router.get("/ready", dependencies=[READY], response_model=shapes.Alive, responses=DOWN)
async def ready(response: Response) -> dict[str, str]:
    """The database answers and has every migration."""
    database = (await _database())["status"]
    response.status_code = 200 if database == "ok" else 503
    return {"status": "ok" if database == "ok" else "down"}


async def _components() -> dict[str, dict[str, Any]]:
    database = await _database()
    components = {"database": database, "compute": _compute()}
    if database["status"] == "ok":
        components |= await _within(db.read(_in_database), {})
    return components


def _overall(components: dict[str, dict[str, Any]]) -> str:
    if components["database"]["status"] != "ok":
        return "down"
    return "ok" if all(c["status"] in ("ok", "not_configured") for c in components.values()) else "degraded"


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


async def _database() -> dict[str, Any]:
    """The database's own answer. One question at a time: a database that hangs must not use up every thread."""
    global _checking
    if _checking is None or _checking.done():
        _checking = asyncio.ensure_future(_ask_database())
    return await _within(asyncio.shield(_checking), {"status": "down"})


async def _ask_database() -> dict[str, Any]:
    began = time.perf_counter()
    try:
        version = await db.read(_version)
    except Exception:  # whatever it is, the database cannot be used; its own log says why
        return {"status": "down"}
    latency = round(time.perf_counter() - began, 4)
    return {"status": "ok" if version == _newest() else "not_migrated", "latency": latency}


def _version(session: Session) -> str:
    return str(session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


@cache
def _newest() -> str:
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
