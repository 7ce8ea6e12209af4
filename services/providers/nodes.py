"""Which of several nodes of Ollama answers: one that has the model in its memory, else the one with the most room.

Of those the one that answers least for us right now. What nodes say is remembered for a few seconds.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.compute.readings import integer, text
from services.providers.base import Patience, Provider
from services.providers.clients import ask
from services.providers.errors import ProviderError, Unreachable

REMEMBERED = 5.0  # s
PATIENCE = Patience(connect=1.0, first=2.0, idle=2.0, total=3.0)

_known: dict[tuple[str, str], "tuple[float, Node | None]"] = {}
_answering: Counter[tuple[str, str]] = Counter()


@dataclass(frozen=True, slots=True)
class Node:
    """What one node says: the models it has, those that are loaded, and the bytes of memory they take."""

    models: frozenset[str]
    loaded: frozenset[str]
    taken: int


async def ranked(provider: Provider, model: str) -> list[str]:
    """The addresses to ask, best first; those that have the model, where any has. Raises Unreachable."""
    if len(provider.urls) == 1:
        return list(provider.urls)
    found = await asyncio.gather(*(_look(provider, url) for url in provider.urls))
    up = {url: node for url, node in zip(provider.urls, found, strict=True) if node}
    if not up:
        raise Unreachable
    busy = {url: _answering[provider.id, url] for url in up}
    return order(up, busy, model)


def order(nodes: Mapping[str, Node], busy: Mapping[str, int], model: str) -> list[str]:
    """The nodes that have the model (all, where none has), best first."""
    having = {url: node for url, node in nodes.items() if model in node.models} or dict(nodes)

    def worse(url: str) -> Any:
        node = having[url]
        loaded = model in node.loaded
        return (not loaded, busy[url], node.taken) if loaded else (True, node.taken, busy[url])

    return sorted(having, key=worse)


@contextmanager
def busy(provider: Provider, url: str) -> Iterator[None]:
    """While a node answers."""
    _answering[provider.id, url] += 1
    try:
        yield
    finally:
        _answering[provider.id, url] -= 1


def forget(provider: Provider, url: str) -> None:
    """Look again next time."""
    _known.pop((provider.id, url), None)


async def _look(provider: Provider, url: str) -> Node | None:
    until, node = _known.get((provider.id, url), (0.0, None))
    if time.monotonic() < until:
        return node
    try:
        tags, loaded = await asyncio.gather(
            _ask(provider, f"{url}/api/tags"), _ask(provider, f"{url}/api/ps")
        )
        node = Node(
            frozenset(text(row.get("name")) for row in tags),
            frozenset(text(row.get("name")) for row in loaded),
            sum(integer(row.get("size_vram")) for row in loaded),
        )
    except ProviderError:
        node = None
    _known[provider.id, url] = (time.monotonic() + REMEMBERED, node)
    return node


async def _ask(provider: Provider, url: str) -> list[dict[str, Any]]:
    from services.providers.ollama import headers, refusal  # it needs us as well

    said = await ask(provider, PATIENCE, refusal, url, headers=headers(provider))
    rows = said.get("models")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
