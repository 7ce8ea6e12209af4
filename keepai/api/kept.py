"""Answers that hold for half a minute: made once, encoded once, for all who ask for the same and may see the same.

What people look at live is never answered from here: pages are broadcast to, and `/api/v1/stream` has its own way.
"""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response

from keepai.api.access import person_of
from keepai.web import kept as store
from keepai.web.kept import Answer, Key
from keepai.web.lean import SMALLEST, etag_of

_making: dict[tuple[int, Key], asyncio.Task[Answer]] = {}


async def kept(
    request: Request,
    make: Callable[[], Awaitable[bytes]],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The JSON that `make` gives, at most 30 s old; made anew for callers that send `Cache-Control: no-cache`."""
    key = store.key_of(request.scope, person_of(request))
    answer = None if store.wants_new(request.scope) else store.find(key)
    if answer is None:
        answer = await _made(key, make, headers or {})
    body, packed = answer.body, []
    if len(body) >= SMALLEST and "gzip" in request.headers.get("accept-encoding", ""):
        if not answer.packed:
            answer.packed = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
        body, packed = answer.packed, [(b"content-encoding", b"gzip")]
    response = Response(body)
    response.raw_headers.extend([*answer.whole, *packed])
    return response


async def _made(key: Key, make: Callable[[], Awaitable[bytes]], headers: Mapping[str, str]) -> Answer:
    """Of many who ask in the same moment, one makes it for all."""
    place = (id(asyncio.get_running_loop()), key)
    task = _making.get(place)
    if task is None:
        task = asyncio.ensure_future(_make(key, make, headers))
        _making[place] = task
        task.add_done_callback(lambda _: _making.pop(place, None))
    return await asyncio.shield(task)


async def _make(key: Key, make: Callable[[], Awaitable[bytes]], headers: Mapping[str, str]) -> Answer:
    body = await make()
    answer = Answer(body, etag_of(body), time.monotonic(), headers)
    store.keep(key, answer)
    return answer
