"""The background role: holds the lease, and while it holds it runs the loops."""

import asyncio
import logging
import os
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable

from keepai.background import (
    alerting,
    auditing,
    collector,
    dispatching,
    measuring,
    probing,
    reminding,
    retention,
    working,
)
from services import db, lease
from services.bus import Bus
from services.clock import now
from services.feed import Feed
from services.settings import Settings

log = logging.getLogger(__name__)

LEASE = "background"
RENEW_EVERY = 2.0
Loop = Callable[[Settings, Bus, Feed], Awaitable[None]]
LOOPS: tuple[Loop, ...] = (
    alerting.run,
    collector.run,
    measuring.run,
    probing.run,
    retention.run,
    auditing.run,
    dispatching.run,
    reminding.run,
    working.run,
)


async def run(settings: Settings, bus: Bus) -> None:
    """Run the loops whenever this process holds the lease, until cancelled."""
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    try:
        while True:
            if await _holds(holder) is True:
                log.info("background loops run here (%s)", holder)
                await _while_held(settings, bus, holder)
            await asyncio.sleep(RENEW_EVERY)
    finally:
        await asyncio.shield(_give_up(holder))


async def _while_held(settings: Settings, bus: Bus, holder: str) -> None:
    """The loops and the renewal of the lease. Ends when somebody else has the lease."""
    feed = Feed()
    tasks = [asyncio.create_task(_again(loop, settings, bus, feed)) for loop in LOOPS]
    try:
        # A database that does not answer gives None: nobody else can take the lease then either, and people
        # who watch the compute live should not lose it because history cannot be written.
        while await _holds(holder) is not False:
            await asyncio.sleep(RENEW_EVERY)
        log.warning("background loops stop here: the lease was lost")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again(loop: Loop, settings: Settings, bus: Bus, feed: Feed) -> None:
    """One loop; a failure is logged and the loop starts anew."""
    while True:
        try:
            await loop(settings, bus, feed)
        except Exception:
            log.exception("background loop %s failed and starts again", loop.__module__)
        await asyncio.sleep(1.0)


async def _holds(holder: str) -> bool | None:
    try:
        return await db.write(lease.take, LEASE, holder, now())
    except Exception as error:
        log.warning("the lease could not be renewed: %s", error)
        return None


async def _give_up(holder: str) -> None:
    try:
        await db.write(lease.give_up, LEASE, holder, now())
    except Exception as error:
        log.debug("the lease was not given up: %s", error)


class Thread(threading.Thread):
    """The role on an event loop of its own inside the web process, so that decoding a large compute never
    delays a click."""

    def __init__(self, settings: Settings, bus: Bus) -> None:
        super().__init__(name="keepai-background", daemon=True)
        self._settings, self._bus = settings, bus
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Thread body."""
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(run(self._settings, self._bus))
        try:
            await self._task
        except asyncio.CancelledError:
            log.debug("background role ended")

    def stop(self, timeout: float = 4.0) -> None:
        """End the loops in order; returns when they have stored what they held, or after `timeout` seconds."""
        if self._loop and self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)
            self.join(timeout)
