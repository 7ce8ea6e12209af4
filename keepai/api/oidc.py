"""Signing in with an issuer of OpenID Connect: there and back (code flow with state, nonce and PKCE, by Authlib).

What must be known again on the way back waits in the browser, in a sealed cookie that only these addresses receive.
"""

import json
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import StarletteIntegration, StarletteOAuth2App
from authlib.integrations.starlette_client.apps import AsyncOAuth2Client
from fastapi import APIRouter, Request, Response
from joserfc.errors import JoseError
from sqlalchemy.exc import IntegrityError

from keepai import routes
from keepai.api.access import public
from keepai.api.auth import let_in, safe_next, see_other, set_cookie
from keepai.web.gate import LOGIN
from keepai.web.scope import actor_of, locale_of, principal_of
from services import db, limits, metrics, outside, vault
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, KeepAIError, NotFound
from services.identity import oidc, pending, principals, sessions
from services.identity.oidc import Issuer, Refused, Vouched
from services.limits import Limit
from services.settings import get_settings

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

COOKIE = "keepai_oidc"
PATH = "/auth/oidc"
LASTS = 600  # s
PLACE = "oidc.state"  # where what is sealed belongs
TRIES = (Limit(30, 60), Limit(300, 3600))  # that come to nothing, by network
WHY = "where one signs in"
SCOPE = "openid email profile"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in the browser: Authlib's state, where to go afterwards, and for whom a way is to be added."""

    session: dict[str, Any]
    target: str
    connects: str = ""


@router.get(PATH + "/{key}", dependencies=[public(WHY)])
async def leave(request: Request, key: str) -> Response:
    """To the issuer. With `connect`, a note that the settings gave, it becomes a further way into one's account."""
    issuer = _issuer(key)
    target = safe_next(request.query_params.get("next", ""))
    connects = _connects(request)
    if connects is None:
        return _failed(issuer, "oidc.late", target, connecting=True)
    request.scope["session"] = kept = {}
    try:
        client = await _client(issuer)
        response: Response = await client.authorize_redirect(request, issuer.callback(get_settings()))
    except KeepAIError as error:
        log.warning("signing in with %s is not possible: %s", issuer.name, error)
        return _failed(issuer, "oidc.away", target, connecting=bool(connects))
    told = json.dumps([kept, target, connects])
    set_cookie(request, response, COOKIE, vault.of(get_settings()).seal(told, PLACE), LASTS, PATH)
    response.headers["cache-control"] = "no-store"
    return response


@router.get(PATH + "/{key}/callback", dependencies=[public(WHY)])
async def come_back(request: Request, key: str) -> Response:
    """From the issuer: with a session, or to where one came from with the reason why not."""
    issuer, waiting, by = _issuer(key), _waiting(request), actor_of(request.scope)
    counted = f"oidc:{limits.network(by.address)}"
    if not (await limits.counter().take(counted, TRIES)).allowed:
        return _failed(issuer, "oidc.often", waiting.target, connecting=bool(waiting.connects))
    try:
        who = await _vouched(request, issuer, waiting)
        response = await _go_on(request, who, waiting, by)
        await limits.counter().give_back(counted, TRIES)
    except (Refused, Conflict) as error:
        metrics.sign_ins.labels("refused").inc()
        await db.write(sessions.refused_by_issuer, issuer.name, error.key, now(), by=by)
        response = _failed(issuer, error.key, waiting.target, connecting=bool(waiting.connects))
    set_cookie(request, response, COOKIE, "", 0, PATH)
    return response


async def _go_on(request: Request, who: Vouched, waiting: Waiting, by: Actor) -> Response:
    if waiting.connects:
        principal = principal_of(request.scope)
        if principal is None or principal.account_id.hex != waiting.connects:
            raise Refused("oidc.late")
        await db.write(oidc.connect, principal.account_id, who, now(), by=by)
        return see_other(f"{routes.SIGN_IN_METHODS}?{urlencode({'connected': who.issuer.key})}")
    try:
        entered = await db.write(oidc.enter, who, now(), by=by, locale=locale_of(request.scope))
    except (IntegrityError, NotFound) as error:  # the same person came twice in the same moment
        raise Refused("oidc.late") from error
    if entered.role_changed:
        principals.end(account_id=entered.account.id)
    metrics.sign_ins.labels("ok").inc()
    return await let_in(request, entered.account.id, waiting.target, by)


async def _vouched(request: Request, issuer: Issuer, waiting: Waiting) -> Vouched:
    """Whom the issuer vouches for. Raises Refused; what exactly was wrong is for the log."""
    request.scope["session"] = waiting.session
    said = request.query_params.get("error", "")
    if not waiting.session:
        raise Refused("oidc.late")
    try:
        client = await _client(issuer)
        if request.query_params.get("iss", issuer.url) != issuer.url:  # RFC 9207
            raise Refused
        token = await client.authorize_access_token(request)
        claims = token.get("userinfo")
        if not claims:
            raise Refused
        if oidc.needs_more(issuer, claims) and "userinfo_endpoint" in client.server_metadata:
            more = await client.userinfo(token=token)
            if more.get("sub") != claims["sub"]:
                raise Refused
            claims = {**more, **claims}
    except KeepAIError as error:
        if isinstance(error, Refused):
            raise
        log.warning("signing in with %s is not possible: %s", issuer.name, error)
        raise Refused("oidc.away") from error
    except httpx2.HTTPError as error:
        log.warning("%s did not answer: %s", issuer.name, error)
        raise Refused("oidc.away") from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
        log.warning("what %s answered was not accepted: %s", issuer.name, type(error).__name__)
        late = getattr(error, "error", "") == "mismatching_state"
        key = "oidc.late" if late else "oidc.cancelled" if said == "access_denied" else "oidc.refused"
        raise Refused(key) from error
    return oidc.read(issuer, claims)


async def _client(issuer: Issuer) -> StarletteOAuth2App:
    """Authlib's client of one issuer, which reaches it through the client for typed addresses. Raises Upstream."""
    metadata = await oidc.discover(get_settings(), issuer)
    methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    basic = "client_secret_basic" in methods
    client = StarletteOAuth2App(
        StarletteIntegration(issuer.key),
        name=issuer.key,
        client_id=issuer.client_id,
        client_secret=issuer.client_secret.get_secret_value(),
        client_kwargs={
            "scope": SCOPE,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_basic" if basic else "client_secret_post",
        },
        **metadata,
    )
    # A transport is closed with its client, so each has one of its own.
    client.client_cls = partial(_client_of, issuer.host)
    return client


def _client_of(host: str, /, **kwargs: Any) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(**{**kwargs, **outside.options(get_settings(), host)})


def _issuer(key: str) -> Issuer:
    issuer = oidc.issuers(get_settings()).get(key)
    if issuer is None:
        raise NotFound
    return issuer


def _connects(request: Request) -> str | None:
    """The account that a way is to be added to, empty when one only signs in; None for a note that does not hold."""
    given = request.query_params.get("connect", "")
    if not given:
        return ""
    account_id: UUID | None = pending.account_of("connect", given, now())
    principal = principal_of(request.scope)
    if account_id is None or principal is None or principal.account_id != account_id:
        return None
    return account_id.hex


def _waiting(request: Request) -> Waiting:
    """What waits in the browser; nothing where the cookie is gone or not ours."""
    sealed = request.cookies.get(COOKIE, "")
    try:
        session, target, connects = json.loads(vault.of(get_settings()).open(sealed, PLACE))
    except (KeepAIError, ValueError):
        return Waiting({}, "/")
    return Waiting(session, target, connects)


def _failed(issuer: Issuer, reason: str, target: str, *, connecting: bool) -> Response:
    """Back to where one came from, with the reason."""
    if connecting:
        return see_other(f"{routes.SIGN_IN_METHODS}?{urlencode({'error': reason, 'via': issuer.key})}")
    return see_other(f"{LOGIN}?{urlencode({'error': reason, 'via': issuer.key, 'next': target}, safe='/')}")
