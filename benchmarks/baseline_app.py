"""The usual way to show live data with Reflex, as the baseline: an endless background event for each tab.

Served by granian as our own app is. `BENCH_PAYLOAD` is how many bytes a tab is sent each second.
"""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import AsyncIterator

import reflex as rx

PAYLOAD = int(os.environ.get("BENCH_PAYLOAD", "1000"))
PERIOD = 1.0
FIELD = 40  # bytes of one figure in the payload, with its name


class Live(rx.State):
    """What every tab shows."""

    at: float = 0.0
    figures: dict[str, str] = {}

    @rx.event(background=True)
    async def watch(self):
        """Show the newest snapshot, for as long as the tab is there."""
        while True:
            async with self:
                if self.router.session.client_token not in app.event_namespace.token_to_sid:
                    return
                self.at, self.figures = newest
            await asyncio.sleep(PERIOD)


newest: tuple[float, dict[str, str]] = (0.0, {})


def measure() -> dict[str, str]:
    """Figures of the wanted size, other ones each time."""
    return {f"figure_{n:03}": f"{random.random():.15f}" for n in range(max(1, PAYLOAD // FIELD))}


@contextlib.asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Make a snapshot each second."""

    async def run() -> None:
        global newest
        while True:
            newest = (time.time(), measure())
            await asyncio.sleep(PERIOD)

    task = asyncio.create_task(run())
    yield
    task.cancel()


app = rx.App()
app.add_page(lambda: rx.fragment(rx.text(Live.at)), route="/", title="baseline", on_load=Live.watch)
app.register_lifespan_task(lifespan)
