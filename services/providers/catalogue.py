"""Which models each provider has, remembered for a while: asking takes a moment, and pages ask often."""

import asyncio
import time
from typing import Any
from weakref import WeakKeyDictionary

from services.providers.base import ModelInfo, Patience, Provider
from services.providers.errors import ProviderError
from services.providers.kinds import kind

REMEMBERED = 60.0  # s
REMEMBERED_FAILURE = 10.0  # s
PATIENCE = Patience(connect=3.0, first=10.0, idle=10.0, total=15.0)

_Found = list[ModelInfo] | ProviderError
_known: dict[Any, tuple[float, _Found]] = {}
_locks: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, asyncio.Lock]]" = WeakKeyDictionary()


async def models(provider: Provider, *, fresh: bool = False) -> list[ModelInfo]:
    """The models of a provider that are offered. Raises ProviderError."""
    which = _which(provider)
    lock = _locks.setdefault(asyncio.get_running_loop(), {}).setdefault(which, asyncio.Lock())
    async with lock:
        found = None if fresh else _remembered(which)
        if found is None:
            found = await _ask(provider)
            lasts = REMEMBERED_FAILURE if isinstance(found, ProviderError) else REMEMBERED
            _known[which] = (time.monotonic() + lasts, found)
    if isinstance(found, ProviderError):
        raise found
    return [info for info in found if provider.offers(info.name)]


def peek(provider: Provider, model: str) -> ModelInfo | None:
    """What is known of a model without asking anybody; what was known a while ago will do."""
    found = _known.get(_which(provider), (0.0, []))[1]
    return None if isinstance(found, ProviderError) else next((i for i in found if i.name == model), None)


def forget() -> None:
    """Ask again, each of them."""
    _known.clear()


async def _ask(provider: Provider) -> _Found:
    try:
        return await kind(provider.kind).models(provider, PATIENCE)
    except ProviderError as failure:
        return failure.at(provider.name, "")


def _remembered(which: Any) -> _Found | None:
    until, found = _known.get(which, (0.0, None))
    return found if time.monotonic() < until else None


def _which(provider: Provider) -> Any:
    return (provider.id, provider.kind, provider.urls, provider.key, provider.typed)
