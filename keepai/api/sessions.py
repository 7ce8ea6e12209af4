"""Where the caller's account is signed in."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.lists import USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.web.scope import actor_of
from services import db, identity, sign_ins
from services.clock import now, rfc3339
from services.sign_ins import SignIn

router = APIRouter(prefix="/api/v1", tags=["sessions"], dependencies=[requires("profile:write")])

COLUMNS = ("id", "kind", "current", "user_agent", "address", "created_at", "seen_at", "expires_at")
SessionId = Annotated[str, Path(max_length=64, description="`id` of the session, as the list has it.")]


@router.get("/sessions", **shapes.told(shapes.Page[shapes.SignInInfo]))
async def sessions(
    request: Request, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """One's own browsers (`browser`) and programs with tokens (`token`), the one used last first."""
    person = person_of(request)
    wanted = chosen(fields, COLUMNS)
    found = await db.read(sign_ins.of_account, person.account_id, now())
    some, more = cut(found, limit, cursor, lambda one: one.id.hex)
    return page((_row(one, person.session_id) for one in some), wanted, more)


@router.delete("/sessions/{id}", status_code=204, response_class=Response)
async def end(request: Request, id: SessionId) -> None:
    """Sign one of them out at once."""
    ended = id_of(id)
    await db.write(sign_ins.end, person_of(request).account_id, ended, now(), by=actor_of(request.scope))
    identity.end(session_id=ended)


def _row(one: SignIn, current: UUID) -> dict[str, Any]:
    return {
        "id": one.id.hex,
        "kind": one.kind,
        "current": one.id == current,
        "user_agent": one.user_agent,
        "address": one.address,
        "created_at": rfc3339(one.created_at),
        "seen_at": rfc3339(one.seen_at),
        "expires_at": rfc3339(one.expires_at),
    }
