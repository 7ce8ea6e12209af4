"""Reads the compute: one reader for the whole installation, never one per viewer.

It watches one scheduler and begins anew for ever when that ends. Where the scheduler's Dask is too different to
be understood, its read-only pages are read instead.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Self

from services.compute import http_pages
from services.compute.endpoint import ComputeSettings, Endpoint, resolve
from services.compute.readings import ComputeEvent, ComputeReading
from services.compute.watch import Watch
from services.compute.wire import Refused, Unreachable
from services.errors import KeepAIError

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.5  # s between attempts; with the 3 s of an attempt they stay under 5 s
HTTP_EVERY = 2.0  # s between two reads of the pages
RPC_AGAIN = 30.0  # s after which a scheduler that is read by its pages is tried again
MAX_EVENTS = 5000  # events kept for the next `take_events`
# It answers, but not in words we know.
NOT_UNDERSTOOD = frozenset({"compute.reason.handshake", "compute.reason.error", "compute.reason.versions"})


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """Why the compute is out of reach. `reason` is a message key, `detail` what the system said."""

    since: float  # unix seconds
    reason: str
    detail: str


class ComputeReader:
    """`await read()` once a second, `take_events()` after it, `await close()` at the end."""

    def __init__(self, settings: ComputeSettings, *, extend: bool = True) -> None:
        """`extend` allows to load our part into a foreign scheduler, where it counts and cancels task groups."""
        self._settings, self._extend = settings, extend
        self._watch: Watch | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._events: deque[ComputeEvent] = deque(maxlen=MAX_EVENTS)
        self._from_pages: ComputeReading | None = None
        self._failure: OutOfReach | None = None

    @property
    def out_of_reach(self) -> OutOfReach | None:
        """Since when and why nothing can be read; None while it can."""
        return None if self._from_pages else self._failure

    @property
    def out_of_reach_since(self) -> float | None:
        """Since when nothing can be read (unix seconds)."""
        return self.out_of_reach.since if self.out_of_reach else None

    @property
    def reason(self) -> str:
        """Message key of why RPC does not work, or "". Over HTTP it says why it is only HTTP."""
        return self._failure.reason if self._failure else ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def read(self) -> ComputeReading | None:
        """The compute as it is now, or None while it is out of reach.

        Connections are made beside, so this does not wait for one; only the first call waits for the first
        attempt. Over HTTP the same reading is returned until the next one, 2 s later.
        """
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_watching())
        if not self._tried.is_set():
            await self._tried.wait()
        watch = self._watch
        if watch is None:
            return self._from_pages
        try:
            return await watch.read()
        except (Unreachable, Refused, ValueError) as error:
            self._failed(error)
            self._watch = None
            watch.abandon()
            return None

    def take_events(self) -> list[ComputeEvent]:
        """What the scheduler told since the last call, oldest first."""
        events = list(self._events)
        self._events.clear()
        return events

    async def close(self) -> None:
        """Leave the scheduler."""
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    async def _keep_watching(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            endpoint = resolve(self._settings)
            try:
                if endpoint is None:
                    raise Unreachable("compute.reason.not_started", detail="")
                watch = await Watch.begin(endpoint, self._events.append, extend=self._extend)
            except (Unreachable, Refused) as error:
                self._failed(error)
                if endpoint and _has_pages(endpoint, error):
                    await self._read_pages(http_pages.address_of(endpoint))
                self._tried.set()
                # An attempt that took long is pause enough.
                await asyncio.sleep(max(0.05, random.uniform(0.7, 1) * pause - (time.monotonic() - began)))
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE
                await self._follow(watch)

    async def _follow(self, watch: Watch) -> None:
        """Be connected until the scheduler is gone."""
        if self._failure:
            log.info("the scheduler answers")
        self._watch, self._failure, self._from_pages = watch, None, None
        self._tried.set()
        try:
            await watch.listen()
        except Unreachable as error:
            if self._watch is watch:
                self._failed(error)
        finally:
            self._watch = None
            await watch.close()

    async def _read_pages(self, address: str) -> None:
        """Read the pages until they fail or it is time to try RPC again."""
        pages = http_pages.Pages(address)
        until = time.monotonic() + RPC_AGAIN
        try:
            while time.monotonic() < until:
                self._from_pages = await pages.read()
                self._tried.set()
                await asyncio.sleep(HTTP_EVERY)
        except Unreachable as error:
            log.debug("no pages at %s: %s", address, error.params)
            if self._from_pages and self._failure:
                self._failure = replace(self._failure, since=time.time())
            self._from_pages = None
        finally:
            await pages.close()

    def _failed(self, error: Exception) -> None:
        key = error.key if isinstance(error, (Unreachable, Refused)) else "compute.reason.handshake"
        detail = str(error.params.get("detail", "")) if isinstance(error, KeepAIError) else str(error)[:200]
        if self._failure is None:
            log.warning("the scheduler is out of reach: %s %s", key, detail)
        since = self._failure.since if self._failure else time.time()
        self._failure = OutOfReach(since, key, detail)


def _has_pages(endpoint: Endpoint, error: Unreachable | Refused) -> bool:
    return bool(endpoint.http) or (not endpoint.embedded and error.key in NOT_UNDERSTOOD)
