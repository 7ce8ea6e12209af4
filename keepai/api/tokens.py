"""Tokens for programs that sign in with a password."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from keepai.api import shapes
from keepai.api.access import person_of, public, signed_in
from keepai.api.auth import LONGEST_EMAIL, attempt, end_session, try_code
from keepai.web.problems import NotSignedIn, TooMany
from keepai.web.scope import actor_of, locale_of
from services import db, format
from services.clock import now
from services.errors import Forbidden
from services.identity import principals, second_factor, tokens
from services.limits import Verdict

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


class Credentials(BaseModel):
    """What one signs in with."""

    email: Annotated[str, Field(max_length=LONGEST_EMAIL, examples=["ana@example.org"])]
    password: Annotated[str, Field(max_length=1000, examples=["correct horse battery staple"])]
    totp: Annotated[
        str,
        Field(max_length=40, description="A code of the authenticator app, where that is on.", examples=[""]),
    ] = ""


class Refresh(BaseModel):
    """What tokens are renewed with."""

    refresh_token: Annotated[str, Field(max_length=200, examples=["uFVbN7FpNPGRa…"])]


@router.post("/login", dependencies=[public("where programs sign in")], response_model=shapes.Tokens)
async def login(request: Request, given: Credentials) -> dict[str, Any]:
    """Tokens for an address and its password. 401 for a wrong one, 429 after too many of them."""
    by = actor_of(request.scope)
    outcome = await attempt(given.email.strip(), given.password, by)
    if outcome == "wrong":
        raise NotSignedIn("auth.wrong")
    if isinstance(outcome, Verdict):
        raise _limited(request, outcome)
    if isinstance(outcome, str):
        raise TooMany("auth.busy")
    if await db.read(second_factor.is_on, outcome):
        if not given.totp:
            raise NotSignedIn("auth.code_needed")
        right = await try_code(outcome, given.totp, by)
        if isinstance(right, Verdict):
            raise _limited(request, right)
        if not right:
            raise NotSignedIn("auth.code_wrong")
    return _told(await db.write(tokens.start, outcome, now(), by=by))


@router.post("/refresh", dependencies=[public("the token in it says who asks")], response_model=shapes.Tokens)
async def refresh(request: Request, given: Refresh) -> dict[str, Any]:
    """New tokens for a refresh token, which holds for 7 days and is used once. 401 for one that does not hold; one
    that comes a second time ends every token that came of the same sign-in."""
    renewal = await db.write(tokens.renew, given.refresh_token, now(), by=actor_of(request.scope))
    if renewal.ended:
        principals.end(session_id=renewal.ended)
    if renewal.pair is None:
        raise NotSignedIn("auth.refresh_over")
    return _told(renewal.pair)


@router.post(
    "/logout",
    status_code=204,
    dependencies=[signed_in("everybody may leave")],
    response_class=Response,
)
async def logout(request: Request) -> None:
    """End what the caller came with: its tokens, or the browser's session. A key is revoked instead."""
    person = person_of(request)
    if person.kind == "key":
        raise Forbidden("keys.no_sign_out")
    await end_session(person, actor_of(request.scope))


@router.get("/me", dependencies=[signed_in("it tells people about themselves")], response_model=shapes.Me)
async def me(request: Request) -> dict[str, Any]:
    """Who the caller is and what it may do with what it came with."""
    person = person_of(request)
    return {
        "id": person.account_id.hex,
        "email": person.email,
        "name": person.name,
        "roles": [{"scope": scope, "role": role} for scope, role in sorted(person.roles.items())],
        "permissions": person.permissions,
    }


def _told(pair: tokens.Pair) -> dict[str, Any]:
    return {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "token_type": "bearer",
        "expires_in": int(tokens.ACCESS.total_seconds()),
    }


def _limited(request: Request, verdict: Verdict) -> TooMany:
    wait = format.age(locale_of(request.scope), verdict.retry_after)
    return TooMany("auth.limited", wait=wait, seconds=verdict.retry_after)
