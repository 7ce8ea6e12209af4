"""Where the caller's account is signed in, and for who manages people anybody's."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.lists import USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.web.scope import actor_of
from models import Account
from services import db
from services.clock import now, rfc3339
from services.errors import Forbidden
from services.identity import accounts, principals, sign_ins
from services.identity.permissions import Principal
from services.identity.sign_ins import SignIn

router = APIRouter(prefix="/api/v1", tags=["sessions"], dependencies=[requires("profile:write")])

COLUMNS = ("id", "kind", "current", "user_agent", "address", "created_at", "seen_at", "expires_at")
Whose = Annotated[str, Query(max_length=64, description="`id` of somebody else, for who manages people.")]
SessionId = Annotated[str, Path(max_length=64, description="`id` of the session, as the list has it.")]


@router.get("/sessions", **shapes.told(shapes.Page[shapes.SignInInfo]))
async def sessions(
    request: Request, user: Whose = "", limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """One's own browsers (`browser`) and programs with tokens (`token`), or those of `user`, the one used last
    first."""
    person = person_of(request)
    wanted = chosen(fields, COLUMNS)
    whose = (await account_of(person, user)).id
    found = await db.read(sign_ins.of_account, whose, now())
    some, more = cut(found, limit, cursor, lambda one: one.id.hex)
    return page((_row(one, person.session_id) for one in some), wanted, more)


@router.delete("/sessions/{id}", status_code=204, response_class=Response)
async def end(request: Request, id: SessionId) -> None:
    """Sign one of one's own out at once, or anybody's for who manages people."""
    person, ended = person_of(request), id_of(id)
    await db.write(sign_ins.revoke, ended, now(), whose=person, by=actor_of(request.scope))
    principals.end(session_id=ended)


async def account_of(person: Principal, user: str) -> Account:
    """The account that is asked about, the caller's own by default. Raises Forbidden or NotFound."""
    wanted = id_of(user) if user else person.account_id
    if wanted != person.account_id and not person.may("people:manage"):
        raise Forbidden
    return await db.read(accounts.get, wanted)


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
