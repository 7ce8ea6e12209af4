"""Refuses requests that were not meant for us: other host names (DNS rebinding) and other sites (CSRF)."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from keepai.web import pages
from keepai.web.problems import problem
from keepai.web.requests import failure
from keepai.web.scope import (
    Answer,
    ASGIApp,
    Receive,
    Scope,
    Send,
    bearer_of,
    header,
    is_api,
    locale_of,
    respond,
    theme_of,
    wants_page,
)

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Hosts:
    """Lets only those through whose Host header names this installation."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed if name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        host = header(scope, b"host")
        place = host_and_port(host, scope.get("scheme", "http"))
        if place and place[0] in self._allowed:
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            return await refuse_socket(scope, send, "errors.wrong_host")
        await respond(scope, send, _wrong_host(scope, host))


class Sites:
    """Refuses what another site made a browser send: its Origin is not ours."""

    def __init__(
        self, app: ASGIApp, public_url: str, more: Iterable[str] = (), callers: Iterable[str] = ()
    ) -> None:
        """`more` are further origins of ours; `callers` those of others that may call the API with a key."""
        self._app = app
        self._ours = frozenset(filter(None, map(_origin, (public_url, *more))))
        self._callers = frozenset(filter(None, map(_origin, callers)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._is_ours(scope):
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            return await refuse_socket(scope, send, "errors.foreign_origin")
        page = wants_page(scope)
        await respond(
            scope, send, failure(scope, 403) if page else problem(scope, 403, "errors.foreign_origin")
        )

    def _is_ours(self, scope: Scope) -> bool:
        origin = header(scope, b"origin")
        if not origin:
            # Programs send neither header. Browsers always send an Origin where something can change.
            site = header(scope, b"sec-fetch-site")
            safe = scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS")
            return safe or site in ("", "same-origin", "none")
        given = _origin(origin)
        if given is None:
            return False
        if given in self._ours or (given in self._callers and _comes_with_a_key(scope)):
            return True
        scheme, *place = given
        asked = host_and_port(header(scope, b"host"), scheme)
        # A proxy that ends TLS without saying so makes https look like http, never the other way round.
        downgraded = scheme == "http" and scope.get("scheme") in ("https", "wss")
        return asked is not None and tuple(place) == asked and not downgraded


def _comes_with_a_key(scope: Scope) -> bool:
    """Whether a call to the API brings what it is allowed by itself, or only asks whether it may."""
    if scope["type"] != "http" or not is_api(scope["path"]):
        return False
    return scope["method"] == "OPTIONS" or bearer_of(scope) is not None


def host_and_port(host: str, scheme: str) -> tuple[str, int] | None:
    """The name (lower case, without brackets or a final dot) and port of a Host header, or None for a broken one."""
    if not host or any(c in host for c in "/\\@?# \t,"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (name.removesuffix("."), port or PORTS.get(scheme, 80)) if name else None


def _origin(text: str) -> tuple[str, str, int] | None:
    """Scheme, name and port of an Origin header or address; None for `null` and what is not HTTP."""
    scheme, separator, rest = text.partition("://")
    place = host_and_port(rest.split("/")[0], scheme) if separator and scheme in ("http", "https") else None
    return (scheme, *place) if place else None


async def refuse_socket(scope: Scope, send: Send, key: str) -> None:
    """Refuse a handshake with 403 and the words of `key`.

    Where the server lets us answer ourselves, the connection is closed with it: a caller that keeps thousands of
    refused ones open would cost memory for each.
    """
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": 1008})
    answer = problem(scope, 403, key)
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})


def _wrong_host(scope: Scope, host: str) -> Answer:
    """A page that says which setting it is, whatever somebody wanted to see; to programs the same as a problem."""
    if is_api(scope["path"]):
        return problem(scope, 421, "errors.wrong_host")
    shown = host[:80] or "?"
    look = pages.Look(locale_of(scope), theme_of(scope))
    return Answer(421, pages.notice(look, "wrong_host", back=False, host=shown))
