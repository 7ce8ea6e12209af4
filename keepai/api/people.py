"""The team, for programs: who is there and what each may do."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import person_of, requires, signed_in
from keepai.api.files import encode
from keepai.api.jobs import row as job_row
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, chosen, cut, page
from keepai.web.scope import actor_of, locale_of
from services import audit, db, jobs
from services.audit import Actor
from services.clock import now, rfc3339
from services.identity import accounts, passwords, people, principals
from services.identity.people import Member
from services.settings import get_settings

team = APIRouter(dependencies=[requires("people:manage")])

own = APIRouter(dependencies=[signed_in("it tells people about themselves")])

COLUMNS = ("id", "state", "email", "name", "role", "since", "seen_at", "expires_at")
RoleName = Literal["admin", "operator", "viewer"]


class NewUser(BaseModel):
    """Somebody to add. Without a password they are invited: the answer has the link that they need, and a mail with it
    goes out where there is a mail server."""

    model_config = ConfigDict(extra="forbid")
    email: str = Field(max_length=254)
    name: str = Field("", max_length=120)
    role: RoleName
    password: str | None = Field(None, max_length=passwords.LONGEST)


class UserChange(BaseModel):
    """What is to change of somebody; what is not given stays."""

    model_config = ConfigDict(extra="forbid")
    role: RoleName | None = None
    active: bool | None = None


@own.get("/account/export", **shapes.told(shapes.OwnData))
async def export(request: Request) -> Response:
    """Everything KeepAI keeps about the caller, as a file."""
    person, by = person_of(request), actor_of(request.scope)
    account = {"object_kind": "account", "object_id": person.account_id.hex, "object": person.label}
    await db.write(audit.record, now(), by, "account.exported", **account)
    taken = await db.read(people.export, get_settings(), person.account_id, now())
    headers = {"content-disposition": 'attachment; filename="keepai-account.json"'}
    return Response(encode(taken), media_type="application/json", headers=headers)


@team.get("/users", **shapes.told(shapes.Page[shapes.User]))
async def users(
    q: Annotated[
        str, Query(max_length=100, pattern=NO_NUL, description="A part of a name or an address.")
    ] = "",
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
) -> Response:
    """Everybody: active, invited, deactivated."""
    wanted = chosen(fields, COLUMNS)
    some, more = cut(await db.read(people.members, now(), q), limit, cursor, lambda one: str(one.id))
    return page(map(_row, some), wanted, more)


@team.post("/users", status_code=201, response_model=shapes.NewUser, response_model_exclude_unset=True)
async def add(request: Request, given: NewUser) -> dict[str, Any]:
    """Add somebody with a password, or invite them: then `link` is shown this once, and works for 24 hours."""
    by = actor_of(request.scope)
    if given.password is None:
        settings, locale = get_settings(), locale_of(request.scope)
        made = await db.write(people.invite, settings, given.email, given.role, now(), by=by, locale=locale)
        invited = Member(
            made.id, "invited", made.email, "", made.role, made.created_at, expires_at=made.expires_at
        )
        return {**_row(invited), "link": made.url, "mailed": made.mailed}
    account_id = await db.write(_create, given, by)
    return _row(await db.read(people.member, account_id))


@team.patch("/users/{user_id}", response_model=shapes.User)
async def change(request: Request, user_id: UUID, given: UserChange) -> dict[str, Any]:
    """Another role, or access taken away or given back. All that lets the person act ends with it."""
    by = actor_of(request.scope)
    await db.write(_change, user_id, given, by)
    principals.end(account_id=user_id)
    return _row(await db.read(people.member, user_id))


def _create(database: Session, given: NewUser, by: Actor) -> UUID:
    assert given.password is not None
    passwords.check_new(given.password, about=(given.email, given.name))
    return accounts.create(
        database, given.email, given.password, role=given.role, name=given.name, must_change=True, by=by
    ).id


def _change(database: Session, user_id: UUID, given: UserChange, by: Actor) -> None:
    people.not_oneself(by, user_id)
    if given.role is not None:
        people.set_role(database, user_id, given.role, now(), by=by)
    if given.active is not None:
        change = people.reactivate if given.active else people.deactivate
        change(database, user_id, now(), by=by)


def _row(one: Member) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "state": one.state,
        "email": one.email,
        "name": one.name,
        "role": one.role,
        "since": rfc3339(one.since),
        "seen_at": rfc3339(one.seen_at),
        "expires_at": rfc3339(one.expires_at),
    }


archives = APIRouter(dependencies=[requires("jobs:write")])


@archives.post("/account/export", status_code=202, response_model=shapes.Job)
async def gather(request: Request) -> dict[str, Any]:
    """Gather everything KeepAI keeps about the caller, their files included, into one archive. The job that is answered
    has its address in `result` when it is done; the archive is kept for a week."""
    owner, by = person_of(request).account_id, actor_of(request.scope)
    job = await db.write(jobs.enqueue, now(), owner, "account_export", by=by)
    return job_row(job, locale_of(request.scope))


router = APIRouter(prefix="/api/v1", tags=["people"])
router.include_router(team)
router.include_router(own)
router.include_router(archives)
