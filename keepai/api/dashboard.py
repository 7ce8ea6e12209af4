"""What is known of the compute right now, for programs."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from keepai.api.access import person_of, requires, signed_in
from keepai.api.files import Format, encode, table
from services import live
from services.snapshot import WorkerRow

router = APIRouter(prefix="/api/v1", tags=["compute"])

EMPTY: dict[str, Any] = {"at": None, "age": None, "compute": None, "totals": None} | {
    name: [] for name in ("workers", "groups", "events", "probes")
}
WORKER_COLUMNS = [name for name in WorkerRow.__annotations__ if name != "tasks"]


@router.get("/dashboard", dependencies=[requires("compute:read")])
async def dashboard() -> Response:
    """The newest snapshot and its age in seconds; every value null or empty before the first one."""
    snapshot = live.latest()
    age = {} if snapshot is None else {"age": round(max(0.0, time.time() - snapshot["at"]), 3)}
    return Response(encode({**EMPTY, **(snapshot or {}), **age}), media_type="application/json")


@router.get("/workers", dependencies=[requires("compute:read")])
async def workers(form: Annotated[Format, Query(alias="format")] = "json") -> Response:
    """Every worker as the table shows it, as a file."""
    snapshot = live.latest()
    return table(snapshot["workers"] if snapshot else [], WORKER_COLUMNS, "workers", form)


@router.get("/workers.{form}", dependencies=[requires("compute:read")], include_in_schema=False)
async def workers_file(form: Format) -> Response:
    """The same under an address that ends like a file."""
    return await workers(form)


@router.get("/session", dependencies=[signed_in("it tells people about themselves")])
async def session(request: Request) -> dict[str, Any]:
    """Who the caller is. 401 tells a page that was left open that its sign-in is over."""
    person = person_of(request)
    return {
        "id": str(person.session_id),
        "account": str(person.account_id),
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "locale": person.locale,
        "zone": person.zone,
        "theme": person.theme,
    }
