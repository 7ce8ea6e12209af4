"""The session gate: nothing behind it is reached without a session, except what is named public here."""

import re
from pathlib import Path
from urllib.parse import quote

from keepai import routes
from keepai.web.hosts import refuse_socket
from keepai.web.requests import failure
from keepai.web.scope import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    WEBHOOK,
    Answer,
    ASGIApp,
    Message,
    Receive,
    Scope,
    Send,
    bearer_of,
    cookie,
    header,
    is_api,
    respond,
    state_of,
    wants_page,
)
from services import tracing
from services.identity import principals, sessions
from services.identity.permissions import Principal

LOGIN = "/login"
PASSWORD_PAGE = "/settings"  # noqa: S105 - an address
SOCKET = "/_event"
ASSETS = Path(__file__).parents[2] / "assets"
# Pages and addresses that anyone may open; the files of assets/ hold nothing of anybody, and neither does a build's
# script or style.
PUBLIC_PATHS = frozenset({LOGIN, "/auth/login", "/auth/logout", "/login/code", "/forgot", "/new-version"})
PUBLIC_FILES = frozenset(
    f"/{file.relative_to(ASSETS).as_posix()}" for file in ASSETS.rglob("*") if file.is_file()
)
PUBLIC_FOLDER = "/assets/"
# Whoever holds a link that works once, the rest of the address being its token; the way to an issuer
# and back, and what other services call, which prove themselves by a signature.
PUBLIC_LINKS = ("/join/", "/reset/", "/auth/oidc/", WEBHOOK)
LONGEST_WAY = 2000
YEAR = 365 * 24 * 3600
STRANGE = re.compile(r"[\x00-\x1f\x7f\\]")


async def whoever_asks(scope: Scope, within: float = principals.TTL) -> Principal | None:
    """The person or program behind a request, as known for at most `within` seconds.

    A program's key or token alone counts where there is one: it never falls back to a cookie.
    """
    bearer = bearer_of(scope)
    if bearer is not None:
        return await principals.principal_of_bearer(bearer, within)
    token = principals.token_of_cookie(header(scope, b"cookie"))
    return await principals.principal_of_token(token, within) if token else None


class Gate:
    """Finds out who is asking, notes it for everyone below, and turns away whom nothing here is for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        path = scope["path"]
        if STRANGE.search(path) or ".." in path.split("/") or "//" in path:
            return await self._turn_away(scope, send, 404)
        if path.startswith(PUBLIC_FOLDER) or path in PUBLIC_FILES:
            return await self._app(scope, receive, send)
        token = principals.token_of_cookie(header(scope, b"cookie"))
        principal = await whoever_asks(scope)
        if principal:
            tracing.acting(principal.kind, principal.account_id)
            state_of(scope).update(principal=principal, token_hash=sessions.hash_token(token))
        if scope["type"] == "websocket":
            allowed = principal is not None and path.rstrip("/") == SOCKET
            if allowed:
                return await self._app(scope, receive, send)
            return await refuse_socket(scope, send, "errors.not_signed_in")
        # Each address of the API declares its own permission, and answers in its own words.
        if path in PUBLIC_PATHS or path.startswith(PUBLIC_LINKS) or is_api(path):
            return await self._app(scope, receive, send)
        if principal is None:
            return await self._sign_in_first(scope, send, had_session=bool(token))
        if principal.must_change_password and wants_page(scope) and path.rstrip("/") != PASSWORD_PAGE:
            return await respond(scope, send, _see_other(f"{PASSWORD_PAGE}?must=password"))
        if path == "/" and wants_page(scope) and (first := _first_page(principal)) != path:
            return await respond(scope, send, _see_other(first))
        if wants_page(scope):
            send = _with_taste(scope, send, principal)
        return await self._app(scope, receive, send)

    async def _sign_in_first(self, scope: Scope, send: Send, *, had_session: bool) -> None:
        if not wants_page(scope):
            return await self._turn_away(scope, send, 401)
        query = scope.get("query_string", b"").decode("latin-1")
        here = quote(scope["path"], safe="/") + (f"?{query}" if query else "")
        reason = "error=expired&" if had_session else ""
        after = quote(here if len(here) <= LONGEST_WAY else "/", safe="/")
        answer = _see_other(f"{LOGIN}?{reason}next={after}")
        if had_session:
            gone = cookie(
                principals.COOKIE, "", max_age=0, secure=scope.get("scheme") == "https", http_only=True
            )
            answer.headers.append((b"set-cookie", gone))
        await respond(scope, send, answer)

    async def _turn_away(self, scope: Scope, send: Send, status: int) -> None:
        if scope["type"] == "websocket":
            return await refuse_socket(scope, send, "errors.not_found")
        await respond(scope, send, failure(scope, status))


def _first_page(principal: Principal) -> str:
    return next((page for permission, page in routes.FIRST if principal.may(permission)), routes.SETTINGS)


def _see_other(location: str) -> Answer:
    return Answer(303, headers=[(b"location", location.encode("latin-1"))])


def _with_taste(scope: Scope, send: Send, principal: Principal) -> Send:
    """Keep the person's language and theme in cookies, so that plain pages follow them after signing out."""
    known = principals.cookies(header(scope, b"cookie"))
    taste = {LANGUAGE_COOKIE: principal.locale, THEME_COOKIE: principal.theme}
    changed = [
        (
            b"set-cookie",
            cookie(name, value, max_age=YEAR, secure=scope.get("scheme") == "https", http_only=True),
        )
        for name, value in taste.items()
        if known.get(name) != value and re.fullmatch(r"[A-Za-z-]{1,16}", value)
    ]

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *changed]
        await send(message)

    return tell if changed else send
