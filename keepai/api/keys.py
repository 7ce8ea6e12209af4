"""Keys, for programs that make and end them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.lists import USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.api.sessions import Whose, account_of
from keepai.web.scope import actor_of
from models import ApiKey
from services import db
from services.clock import now, rfc3339
from services.errors import Forbidden, Invalid
from services.identity import api_keys, principals
from services.identity.api_keys import Listed
from services.identity.permissions import PERMISSIONS

router = APIRouter(prefix="/api/v1", tags=["API keys"])

COLUMNS = (
    *("id", "name", "prefix", "scopes", "owner", "created_at", "expires_at", "last_used_at"),
    *("per_minute", "per_hour"),
)
Requests = Annotated[int, Field(ge=1, le=api_keys.MOST_REQUESTS)]
KeyId = Annotated[str, Path(max_length=64, description="`id` of the key, as the list has it.")]


class NewKey(BaseModel):
    """What a new key shall be."""

    name: Annotated[str, Field(max_length=200, examples=["ci"])]
    scopes: Annotated[
        list[Annotated[str, Field(max_length=40)]],
        Field(
            max_length=len(PERMISSIONS) * 2,
            description="Permissions, at most those of its owner.",
            examples=[["compute:read"]],
        ),
    ]
    expires_at: Annotated[
        datetime | None, Field(description="None: never.", examples=["2027-01-31T12:00:00Z"])
    ] = None
    per_minute: Annotated[Requests | None, Field(description="Requests; for admins to set.")] = None
    per_hour: Requests | None = None


@router.get(
    "/api-keys", dependencies=[requires("profile:write")], **shapes.told(shapes.Page[shapes.ApiKeyInfo])
)
async def keys(
    request: Request,
    everybody: Annotated[bool, Query(description="Those of all people, for who manages people.")] = False,
    user: Whose = "",
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
) -> Response:
    """One's own keys that may be used, those of `user` or of everybody, the newest first."""
    person = person_of(request)
    wanted = chosen(fields, COLUMNS)
    if everybody and not person.may("people:manage"):
        raise Forbidden
    whose = None if everybody else person.account_id
    if user and not everybody:
        whose = (await account_of(person, user)).id
    found = await db.read(api_keys.listed, now(), whose)
    some, more = cut(found, limit, cursor, lambda one: one.id.hex)
    return page((_listed(one) for one in some), wanted, more)


@router.post(
    "/api-keys",
    status_code=201,
    dependencies=[requires("profile:write")],
    response_model=shapes.NewApiKey,
)
async def create(request: Request, given: NewKey) -> dict[str, Any]:
    """A new key of the caller. `key` is the secret: it is told here and never again."""
    person = person_of(request)
    at = given.expires_at
    if at is not None and (at.tzinfo is None or not 1970 <= at.year < 2200):
        raise Invalid(fields={"expires_at": "errors.field.moment"})
    key, secret = await db.write(
        api_keys.create,
        person,
        now(),
        name=given.name,
        permissions=given.scopes,
        expires_at=at,
        per_minute=given.per_minute,
        per_hour=given.per_hour,
        by=actor_of(request.scope),
    )
    return {**_row(key, person.email), "key": secret}


@router.delete(
    "/api-keys/{id}", status_code=204, dependencies=[requires("profile:write")], response_class=Response
)
async def revoke(request: Request, id: KeyId) -> None:
    """End a key of one's own at once, or anybody's for who manages people."""
    person = person_of(request)
    key = await db.write(api_keys.revoke, id_of(id), now(), whose=person, by=actor_of(request.scope))
    principals.end(session_id=key.id)


def _listed(key: Listed) -> dict[str, Any]:
    # The same fields in the same order.
    return {**dict(zip(COLUMNS, key, strict=True)), "id": key.id.hex}


def _row(key: ApiKey, owner: str) -> dict[str, Any]:
    return {
        "id": key.id.hex,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.permissions,
        "owner": owner,
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339(key.expires_at),
        "last_used_at": rfc3339(key.last_used_at),
        "per_minute": key.per_minute,
        "per_hour": key.per_hour,
    }
