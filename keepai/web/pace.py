"""How much one web socket may send: so many events a second, each of so many bytes; then it waits, then it ends.

A pause is taken by not reading on, so that the sender is held up and nothing piles up here.
"""

import asyncio
import time

from keepai.web.scope import ASGIApp, Message, Receive, Scope, Send

RATE = 20.0  # events a second
BURST = 40.0  # events at once, such as those of a page that opens
MOST_BYTES = 64 * 1024
PATIENCE = 10.0  # s of pauses, within about as long, after which the socket ends
TOO_BIG, TOO_FAST = 1009, 1008  # RFC 6455, section 7.4.1
EVENT = "4"  # how messages of Engine.IO begin; its pings and pongs do not count


class Pace:
    """A bucket that fills by `RATE` a second and holds `BURST`. Times are seconds of one clock."""

    def __init__(self, now: float) -> None:
        self._left, self._at, self._paused = BURST, now, 0.0

    def take(self, now: float) -> float:
        """Take one; returns for how many seconds to wait before it may pass."""
        passed = now - self._at
        self._left, self._at = min(BURST, self._left + passed * RATE) - 1, now
        wait = max(0.0, -self._left / RATE)
        # Pauses are forgiven as quickly as they were taken, in time that was not one.
        self._paused = max(0.0, self._paused - (0.0 if wait else passed)) + wait
        return wait

    @property
    def exhausted(self) -> bool:
        """Whether it was held up for too long."""
        return self._paused > PATIENCE


class Paced:
    """Holds every web socket to its pace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await self._app(scope, receive, send)
        pace = Pace(time.monotonic())

        async def paced() -> Message:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            text = message.get("text")
            if len(text or message.get("bytes") or "") > MOST_BYTES:
                return await _end(send, TOO_BIG)
            if text is None or text.startswith(EVENT):
                wait = pace.take(time.monotonic())
                if pace.exhausted:
                    return await _end(send, TOO_FAST)
                if wait:
                    await asyncio.sleep(wait)
            return message

        await self._app(scope, paced, send)


async def _end(send: Send, code: int) -> Message:
    await send({"type": "websocket.close", "code": code})
    return {"type": "websocket.disconnect", "code": code}
