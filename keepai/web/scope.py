"""What the layers ask of an ASGI scope, and how they answer by themselves."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from services.audit import Actor
from services.i18n import best_locale, known_locale
from services.identity import principals
from services.identity.permissions import Principal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

API_DOCS = "/api/docs"  # a page, for people
WEBHOOK = "/webhook/"  # what other services call
LANGUAGE_COOKIE = "keepai_language"
THEME_COOKIE = "keepai_theme"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, small enough to hold."""

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def header(scope: Scope, name: bytes) -> str:
    """A request header, or an empty text; the values of a repeated one are joined."""
    values = [value for key, value in scope["headers"] if key == name]
    return (b"; " if name == b"cookie" else b", ").join(values).decode("latin-1")


def replace_headers(
    raw: Iterable[tuple[bytes, bytes]], values: dict[bytes, bytes | None]
) -> list[tuple[bytes, bytes]]:
    """The headers with these set; a value of None removes the header."""
    kept = [(key, value) for key, value in raw if key.lower() not in values]
    return kept + [(key, value) for key, value in values.items() if value is not None]


def state_of(scope: Scope) -> dict[str, Any]:
    """What the layers noted about this request: request_id, peer, forwarded, principal, token_hash."""
    state: dict[str, Any] = scope.setdefault("state", {})
    return state


def principal_of(scope: Scope) -> Principal | None:
    """The signed-in person of a request or web socket, as the session gate found it."""
    principal: Principal | None = state_of(scope).get("principal")
    return principal


def actor_of(scope: Scope) -> Actor:
    """Who a request acts for, as the audit log knows them: the signed-in person, or nobody from somewhere."""
    principal = principal_of(scope)
    where = {
        "address": scope["client"][0] if scope.get("client") else "",
        "agent": header(scope, b"user-agent"),
        "request_id": request_id_of(scope),
    }
    if principal is None:
        return Actor("nobody", **where)
    return Actor(principal.kind, principal.account_id, principal.label, principal.within, **where)


def request_id_of(scope: Scope) -> str:
    """The id of this request, as the answer's X-Request-ID bears it."""
    request_id: str = state_of(scope).get("request_id", "")
    return request_id


def is_api(path: str) -> bool:
    """Whether programs read the answers at this address."""
    return path != API_DOCS and (path.startswith("/api/") or path in ("/api", "/metrics"))


def bearer_of(scope: Scope) -> str | None:
    """What a program came with: the key or token behind "Bearer", empty where nothing is behind it; None for those
    that send something else or nothing."""
    path = scope["path"]
    if (
        not (is_api(path) or path.startswith(WEBHOOK)) or path == "/metrics"
    ):  # that one has a token of its own
        return None
    scheme, _, token = header(scope, b"authorization").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def wants_page(scope: Scope) -> bool:
    """Whether this request is a browser going somewhere, to be answered with a page rather than with data."""
    if scope["method"] not in ("GET", "HEAD") or is_api(scope["path"]):
        return False
    # What our service worker passes on has no destination any more, but is a navigation all the same.
    if header(scope, b"sec-fetch-mode") == "navigate":
        return True
    destination = header(scope, b"sec-fetch-dest")
    if destination:
        return destination in ("document", "iframe", "frame")
    accept = header(scope, b"accept")
    return "text/html" in accept or not accept or "*/*" in accept


def locale_of(scope: Scope) -> str:
    """The reader's language: the account's, else a cookie's, else what the browser asks for."""
    principal = principal_of(scope)
    if principal:
        return known_locale(principal.locale)
    if chosen := principals.cookies(header(scope, b"cookie")).get(LANGUAGE_COOKIE):
        return known_locale(chosen)
    return best_locale(header(scope, b"accept-language"))


def theme_of(scope: Scope) -> str:
    """`light`, `dark`, or `system` where nobody has chosen."""
    principal = principal_of(scope)
    theme = principal.theme if principal else principals.cookies(header(scope, b"cookie")).get(THEME_COOKIE)
    return theme if theme in ("light", "dark") else "system"


def cookie(name: str, value: str, *, max_age: int, path: str = "/", secure: bool, http_only: bool) -> bytes:
    """A Set-Cookie value. `value` must be plain ASCII without separators; a `max_age` of 0 removes the cookie."""
    parts = [f"{name}={value}", f"Path={path}", f"Max-Age={max_age}", "SameSite=Lax"]
    return "; ".join([*parts, *["HttpOnly"] * http_only, *["Secure"] * secure]).encode("latin-1")


async def respond(scope: Scope, send: Send, answer: Answer) -> None:
    """Send a whole answer; a HEAD request gets its headers only."""
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
