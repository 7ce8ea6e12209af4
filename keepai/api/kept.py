"""Answers that hold for half a minute: made once, encoded once, for all who ask for the same and may see the same.

What people look at live is never answered from here: pages are broadcast to, and `/api/v1/stream` has its own way.
"""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import Request, Response

from keepai.api.access import person_of
from keepai.web.lean import SMALLEST, etag_of

FRESH = 30.0  # s
MOST = 32 * 2**20  # bytes of all of them
Key = tuple[str, str, tuple[str, ...]]


@dataclass(slots=True)
class _Answer:
    body: bytes
    etag: str
    made: float
    packed: bytes = b""

    @property
    def size(self) -> int:
        return len(self.body) + len(self.packed)


_kept: dict[Key, _Answer] = {}
_making: dict[tuple[int, Key], asyncio.Task[_Answer]] = {}


async def kept(
    request: Request,
    make: Callable[[], Awaitable[bytes]],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The JSON that `make` gives, at most 30 s old; made anew for callers that send `Cache-Control: no-cache`."""
    key = (request.url.path, request.url.query, tuple(person_of(request).permissions))
    answer = _kept.get(key)
    if answer is None or time.monotonic() > answer.made + FRESH or _wants_new(request):
        answer = await _made(key, make)
    told = {
        "cache-control": f"private, max-age={FRESH:.0f}",
        "etag": answer.etag,
        "vary": "Accept-Encoding, Authorization, Cookie",
        **(headers or {}),
    }
    body = answer.body
    if len(body) >= SMALLEST and "gzip" in request.headers.get("accept-encoding", ""):
        if not answer.packed:
            answer.packed = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
        body = answer.packed
        told["content-encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=told)


def forget() -> None:
    """Make everything anew from now on."""
    _kept.clear()


async def _made(key: Key, make: Callable[[], Awaitable[bytes]]) -> _Answer:
    """Of many who ask in the same moment, one makes it for all."""
    place = (id(asyncio.get_running_loop()), key)
    task = _making.get(place)
    if task is None:
        task = asyncio.ensure_future(_make(key, make))
        _making[place] = task
        task.add_done_callback(lambda _: _making.pop(place, None))
    return await asyncio.shield(task)


async def _make(key: Key, make: Callable[[], Awaitable[bytes]]) -> _Answer:
    body = await make()
    answer = _Answer(body, etag_of(body), time.monotonic())
    _kept.pop(key, None)
    _kept[key] = answer
    while sum(one.size for one in _kept.values()) > MOST:
        _kept.pop(next(iter(_kept)))
    return answer


def _wants_new(request: Request) -> bool:
    return "no-cache" in request.headers.get("cache-control", "")
