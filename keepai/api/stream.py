"""Snapshots as they come, for programs: server-sent events."""

import time
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from keepai.api import snapshots
from keepai.api.access import requires
from keepai.api.lists import Fields, chosen
from keepai.web.gate import whoever_asks
from services import live
from services.snapshot import Snapshot

router = APIRouter(prefix="/api/v1", tags=["compute"])

NEEDED = "compute:read"
RETRY = 2000  # ms until a reader comes back by itself
HEARTBEAT = 15.0  # s of silence, after which proxies hear that somebody is there
# Together less than the 5 s within which what was revoked must be over.
CHECK_EVERY = 2.0
KNOWN_FOR = 2.0
BYE = b"event: end\ndata: {}\n\n"


@router.get(
    "/stream",
    dependencies=[requires(NEEDED)],
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(request: Request, fields: Fields = "") -> StreamingResponse:
    """What `/api/v1/dashboard` shows, each second: events called `snapshot` with JSON as data.

    Who reads slowly gets the newest and misses some. An event called `end` says that the caller's sign-in, key or
    permission is over.
    """
    parts = chosen(fields, snapshots.PARTS)
    return StreamingResponse(
        _events(request, parts),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _events(request: Request, parts: Sequence[str]) -> AsyncIterator[bytes]:
    """Nothing waits in here: the next snapshot is taken when the one before has left."""
    sent: Snapshot | None = None
    spoke = checked = time.monotonic()
    yield f"retry: {RETRY}\n\n".encode()
    while True:
        newest = await live.newer(sent, max(0.0, checked + CHECK_EVERY - time.monotonic()))
        if time.monotonic() >= checked + CHECK_EVERY:
            person = await whoever_asks(request.scope, KNOWN_FOR)
            if person is None or not person.may(NEEDED):
                yield BYE
                return
            checked = time.monotonic()
        if newest is not None and newest is not sent:
            sent = newest
            yield _event(newest, parts)
        elif time.monotonic() > spoke + HEARTBEAT:
            yield b":\n\n"
        else:
            continue
        spoke = time.monotonic()


def _event(snapshot: Snapshot, parts: Sequence[str]) -> bytes:
    number = f"{snapshot['at']:.3f}".encode()
    return b"event: snapshot\nid: %b\ndata: %b\n\n" % (number, snapshots.encoded(snapshot, parts))
