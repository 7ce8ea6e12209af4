"""What is known of the compute right now, for programs."""

from typing import Any

from fastapi import APIRouter, Request, Response

from keepai.api import shapes, snapshots
from keepai.api.access import person_of, requires, signed_in
from keepai.api.kept import kept
from keepai.api.lists import USUAL, Cursor, Fields, Limit, chosen, cut, page
from services import db, live, probes
from services.clock import rfc3339

router = APIRouter(prefix="/api/v1", tags=["compute"])

PROBE_COLUMNS = ("name", "state", "since", "checked_at", "succeeded_at", "latency", "reason", "detail")
PROBE_TIMES = ("since", "checked_at", "succeeded_at")


@router.get("/dashboard", dependencies=[requires("compute:read")], **shapes.told(shapes.Dashboard))
async def dashboard(request: Request, fields: Fields = "") -> Response:
    """The newest snapshot, at most 30 s old; every value null or empty before the first one.

    `Cache-Control: no-cache` asks for the one of this second. `/api/v1/stream` sends each as it comes.
    """
    parts = chosen(fields, snapshots.PARTS)

    async def make() -> bytes:
        return snapshots.encoded(live.latest(), parts)

    return await kept(request, make)


@router.get("/probes", dependencies=[requires("system:read")], **shapes.told(shapes.Page[shapes.Probe]))
async def probe_list(limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = "") -> Response:
    """How what is outside answered the last time it was asked."""
    wanted = chosen(fields, PROBE_COLUMNS)
    some, more = cut(await db.read(probes.latest), limit, cursor, lambda status: status.name)
    return page((_probe(probes.as_row(status)) for status in some), wanted, more)


@router.get(
    "/session",
    dependencies=[signed_in("it tells people about themselves")],
    response_model=shapes.SessionInfo,
)
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


def _probe(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{name: rfc3339(row[name]) for name in PROBE_TIMES}}
