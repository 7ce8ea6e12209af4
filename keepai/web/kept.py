"""Answers that hold for half a minute, given again to all who ask for the same and may see the same.

Routes put them here (`keepai.api.kept`); while they hold they are given from here, behind every guard and before any
route is looked for.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from keepai.web.lean import SMALLEST, is_among
from keepai.web.scope import ASGIApp, Receive, Scope, Send, header, principal_of
from services.identity.permissions import Principal

FRESH = 30.0  # s
MOST = 32 * 2**20  # bytes of all of them
Key = tuple[str, bytes, tuple[str, ...]]
RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """One of them, with the headers it is given under; `packed` is its body as gzip makes it, once that was asked
    for."""

    body: bytes
    etag: str
    made: float
    headers: Mapping[str, str] = field(default_factory=dict)
    packed: bytes = b""
    whole: RawHeaders = field(init=False)
    known: RawHeaders = field(init=False)

    def __post_init__(self) -> None:
        told = {
            "cache-control": f"private, max-age={FRESH:.0f}",
            "etag": self.etag,
            "vary": "Accept-Encoding, Authorization, Cookie",
        }
        self.known = _raw(told)
        self.whole = _raw({**told, **self.headers, "content-type": "application/json"})

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return len(self.body) + len(self.packed)

    @property
    def is_fresh(self) -> bool:
        """Whether it still holds."""
        return time.monotonic() <= self.made + FRESH


_kept: dict[Key, Answer] = {}


def key_of(scope: Scope, person: Principal) -> Key:
    """What is asked for, and what may be seen by whom."""
    return scope["path"], scope.get("query_string", b""), person.permissions


def find(key: Key) -> Answer | None:
    """What was kept, unless it is too old."""
    answer = _kept.get(key)
    return answer if answer is not None and answer.is_fresh else None


def keep(key: Key, answer: Answer) -> None:
    """Keep this one, and drop the oldest where all together grow too big."""
    _kept.pop(key, None)
    _kept[key] = answer
    while sum(one.size for one in _kept.values()) > MOST:
        _kept.pop(next(iter(_kept)))


def forget() -> None:
    """Make everything anew from now on."""
    _kept.clear()


def wants_new(scope: Scope) -> bool:
    """Whether the caller wants none that was kept."""
    return "no-cache" in header(scope, b"cache-control")


class Kept:
    """Gives what is kept to those whose own request would be answered with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _kept_for(scope)
        if answer is None:
            return await self._app(scope, receive, send)
        if (known := header(scope, b"if-none-match")) and is_among(answer.etag, known):
            return await _give(send, 304, answer.known, b"")
        if len(answer.body) < SMALLEST or "gzip" not in header(scope, b"accept-encoding"):
            return await _give(send, 200, answer.whole, answer.body)
        if not answer.packed:  # the route has it packed
            return await self._app(scope, receive, send)
        await _give(send, 200, [*answer.whole, (b"content-encoding", b"gzip")], answer.packed)


def _kept_for(scope: Scope) -> Answer | None:
    if scope["type"] != "http" or scope["method"] != "GET" or not _kept:
        return None
    person = principal_of(scope)
    # Routes refuse those who must choose a password first, whatever they may do.
    if person is None or person.must_change_password or wants_new(scope):
        return None
    return find(key_of(scope, person))


async def _give(send: Send, status: int, headers: RawHeaders, body: bytes) -> None:
    length = [(b"content-length", str(len(body)).encode())] if status == 200 else []
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
