"""HTTP clients of providers, kept while their providers stay as they are: a connection is made once, not for each call.

Every address goes through the one guarded client (`services.outside`). What the environment names is trusted; what was
typed on the page must be public, or allowed by an admin of the machine.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx2

from services import outside
from services.providers.base import Patience, Provider
from services.providers.errors import Malformed
from services.providers.wire import Refusal, Watch, Wire
from services.settings import get_settings

MOST_ANSWER = 256 * 2**20  # bytes of one stream: a chunk of a few letters takes hundreds
MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class Client:
    """A client, and what a vendor's library made for it, by whatever tells that apart."""

    http: httpx2.AsyncClient
    made: dict[Any, Any]


_kept: "WeakKeyDictionary[asyncio.AbstractEventLoop, OrderedDict[Any, Client]]" = WeakKeyDictionary()


def http_of(provider: Provider) -> httpx2.AsyncClient:
    """The client for a provider, in the running loop. Its answers are looked at where a `Watch` is on."""
    return client_of(provider).http


def client_of(provider: Provider) -> Client:
    """The same, with what was made for it."""
    kept = _kept.setdefault(asyncio.get_running_loop(), OrderedDict())
    allowed = outside.allowed_hosts(get_settings())
    keyless = not provider.key
    which = (provider.id, provider.urls, provider.typed, keyless, allowed)
    if which not in kept:
        named = () if provider.typed else [urlsplit(url).hostname or "" for url in provider.urls]
        gate = outside.Gate(allowed | {name.lower() for name in named}, MOST_ANSWER)
        http = httpx2.AsyncClient(transport=Wire(gate, keyless=keyless), trust_env=False, timeout=None)
        kept[which] = Client(http, {})
        if len(kept) > MOST_KEPT:
            kept.popitem(last=False)  # closed when its last answer is through
    kept.move_to_end(which)
    return kept[which]


class Whole:
    """A `Reader` of answers that come as one JSON text."""

    def __init__(self, _kind: str = "") -> None: ...

    def feed(self, data: bytes) -> Any:
        """See Reader."""
        yield data

    def close(self) -> Any:
        """See Reader."""
        yield from ()


async def ask(
    provider: Provider,
    patience: Patience,
    refusal: Refusal,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: Any = None,
) -> dict[str, Any]:
    """The JSON object at an address. Raises ProviderError."""
    watch = Watch(patience, refusal, Whole)
    with watch.on():
        try:
            if body is None:
                answer = await http_of(provider).get(url, headers=headers)
            else:
                answer = await http_of(provider).post(url, headers=headers, json=body)
        except (httpx2.InvalidURL, ValueError) as error:
            raise Malformed(str(error)) from error
        except Exception as error:
            if watch.failure:
                raise watch.failure from error
            raise
    try:
        said = answer.json()
    except ValueError as error:
        raise Malformed(answer.text[:200]) from error
    if not isinstance(said, dict):
        raise Malformed(answer.text[:200])
    return said
