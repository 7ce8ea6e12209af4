"""The newest snapshot of the compute in this process, for readers that are not pages (the API, /metrics)."""

import asyncio

from services.snapshot import Snapshot

_latest: Snapshot | None = None
_waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()


def publish(snapshot: Snapshot | None) -> None:
    """Make this the newest snapshot (None: there is none). Nobody may change it afterwards.

    May be called from any thread.
    """
    global _latest
    _latest = snapshot
    for loop, arrived in list(_waiting):
        try:
            loop.call_soon_threadsafe(arrived.set)
        except RuntimeError:  # that loop has ended
            _waiting.discard((loop, arrived))


def latest() -> Snapshot | None:
    """The newest snapshot, or None before the first one."""
    return _latest


async def newer(than: Snapshot | None, within: float) -> Snapshot | None:
    """The newest snapshot, as soon as it is another than that; after `within` seconds whatever it is by then."""
    arrived = asyncio.Event()
    place = (asyncio.get_running_loop(), arrived)
    _waiting.add(place)
    try:
        if _latest is than:
            async with asyncio.timeout(within):
                await arrived.wait()
    except TimeoutError:
        pass
    finally:
        _waiting.discard(place)
    return _latest
