"""The state of a tab that is gone goes soon after it; Reflex alone would keep it for an hour.

A socket that ends is not always the end of its tab, which may only have changed the network: for a minute it finds
everything as it was. A tab that comes back later is as new: what it shows is made from cookie, address and database
(docs/decisions/0004-state-in-memory.md).

This leans on where Reflex 0.10 notes until when it keeps a state. `tests/state/test_absent.py` fails when that changes.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Container

from reflex.istate.manager.memory import StateManagerMemory

log = logging.getLogger(__name__)

KEPT = 60.0  # s from the end of a socket
SWEEP = 10.0


class Absent:
    """The tabs that have a state and no socket."""

    def __init__(self, states: StateManagerMemory, connected: Callable[[], Container[str]]) -> None:
        self._states = states
        self._connected = connected
        self._since: dict[str, float] = {}

    async def run(self) -> None:
        """Drop what nobody comes back for, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP)
            try:
                self.drop(time.monotonic())
            except Exception:
                log.exception("states of tabs that are gone could not be dropped")

    def drop(self, now: float) -> None:
        """Notice who is gone, and drop the states of those who were gone before for long enough."""
        connected, kept_until = self._connected(), self._states._token_expires_at
        self._since = {
            key: self._since.get(key, now)
            for key, (_, token) in kept_until.items()
            if token.ident not in connected
        }
        over = [key for key, since in self._since.items() if now - since >= KEPT]
        for key in over:
            kept_until[key] = (0.0, kept_until[key][1])
        if over:
            self._states._purge_expired_tokens()  # passes over a state whose event is still being handled
