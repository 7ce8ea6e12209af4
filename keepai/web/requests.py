"""The outermost layers: where a request really comes from, its id, and an answer in words when all else fails."""

import logging
import re
from collections.abc import Awaitable
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import keepai
from keepai.web import pages
from keepai.web.problems import problem
from keepai.web.scope import (
    Answer,
    ASGIApp,
    Message,
    Receive,
    Scope,
    Send,
    header,
    locale_of,
    replace_headers,
    request_id_of,
    respond,
    state_of,
    theme_of,
    wants_page,
)
from models.base import new_id
from services import metrics, tracing

log = logging.getLogger(__name__)

SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
FORWARDING = frozenset(
    (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip")
)
# The messages that carry the headers of an answer.
ANSWERS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
DATABASE_IS_AWAY = (OperationalError, InterfaceError, PoolTimeout)


class Origins:
    """Finds the address and scheme the browser used, past as many of our own proxies as there are."""

    def __init__(self, app: ASGIApp, hops: int) -> None:
        self._app = app
        self._hops = hops

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        peer = scope["client"][0] if scope.get("client") else ""
        state = {
            **scope.get("state", {}),
            "peer": peer,
            "forwarded": any(name in FORWARDING for name, _ in scope["headers"]),
        }
        changed: dict[str, Any] = {"state": state}
        if self._hops:
            changed |= self._seen_through_proxies(scope)
        return await self._app({**scope, **changed}, receive, send)

    def _seen_through_proxies(self, scope: Scope) -> dict[str, Any]:
        """Each proxy adds the address it was called from, so ours are the last `hops`; the rest may be invented."""
        changed: dict[str, Any] = {}
        addresses = [part.strip() for part in header(scope, b"x-forwarded-for").split(",") if part.strip()]
        if len(addresses) >= self._hops:
            changed["client"] = (addresses[-self._hops][:64], 0)
        schemes = [part.strip().lower() for part in header(scope, b"x-forwarded-proto").split(",")]
        scheme = schemes[-min(self._hops, len(schemes))]
        if scheme in ("http", "https"):
            changed["scheme"] = scheme if scope["type"] == "http" else {"http": "ws", "https": "wss"}[scheme]
        return changed


class Named:
    """Gives every request an id, and every answer the headers that say who answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        given = header(scope, b"x-request-id")
        chosen = given if SANE_ID.fullmatch(given) else new_id().hex
        state_of(scope)["request_id"] = chosen
        tracing.begin(chosen, header(scope, b"traceparent"))
        named: dict[bytes, bytes | None] = {
            b"x-request-id": chosen.encode(),
            b"x-service": b"keepai",
            b"x-version": keepai.__version__.encode(),
        }

        # Not a coroutine: each message of each open web socket passes here.
        def sign(message: Message) -> Awaitable[None]:
            if message["type"] in ANSWERS:
                message["headers"] = replace_headers(message.get("headers", ()), named)
            if message["type"] == "http.response.start":
                metrics.answers.labels(f"{message['status'] // 100}xx").inc()
            return send(message)

        return await self._app(scope, receive, sign)


class Failures:
    """Answers in words where the app below failed, or answered an error in bare text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await self._socket(scope, receive, send)
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = replaced = 0

        async def watch(message: Message) -> None:
            nonlocal begun, replaced
            if message["type"] == "http.response.start":
                begun = message["status"]
                if _is_bare_error(message):
                    replaced = begun
                    return
            if replaced:
                return
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            away = isinstance(error, DATABASE_IS_AWAY)
            log.exception("request %s failed: %s %s", request_id_of(scope), scope["method"], scope["path"])
            if begun and not replaced:
                return  # too late for words: the answer was under way
            replaced = 503 if away else 500
        if replaced:
            await respond(scope, send, failure(scope, replaced))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        closed = False

        def watch(message: Message) -> Awaitable[None]:
            nonlocal closed
            closed = closed or message["type"] == "websocket.close"
            return send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            log.exception("web socket %s failed: %s", request_id_of(scope), scope["path"])
            if not closed:
                await send({"type": "websocket.close", "code": 1011})


def failure(scope: Scope, status: int) -> Answer:
    """The page, or the problem for programs, that goes with an error status."""
    if not wants_page(scope):
        return problem(scope, status)
    kinds: dict[int, pages.Kind] = {404: "not_found", 405: "not_found", 413: "too_large", 503: "database"}
    kind = kinds.get(status, "failed" if status >= 500 else "forbidden")
    look = pages.Look(locale_of(scope), theme_of(scope))
    shown = request_id_of(scope) if status >= 500 else ""
    return Answer(status, pages.notice(look, kind, request_id=shown))


def _is_bare_error(message: Message) -> bool:
    """Whether this is the start of an error that only says its name in plain text, as frameworks do."""
    if message["status"] < 400:
        return False
    types = [value for key, value in message.get("headers", ()) if key.lower() == b"content-type"]
    return not types or types[0].startswith(b"text/plain")
