"""Anthropic's messages: named events, of which the last is `message_stop`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2

from services.compute.readings import integer, text
from services.providers.base import (
    Call,
    Done,
    ModelInfo,
    Patience,
    Provider,
    Text,
    Thinking,
    ToolCall,
)
from services.providers.clients import ask
from services.providers.errors import (
    BadKey,
    Failed,
    FailedInside,
    Filtered,
    Malformed,
    NoSuchModel,
    OutOfQuota,
    Overloaded,
    ProviderError,
    RateLimited,
    Rejected,
    TooLong,
)
from services.providers.kinds import loaded
from services.providers.wire import Events, Watch, said_in, wait_of

VERSION = "2026-10-21"
MOST_TOKENS = 8192  # one must be said
MONEY = ("spend_limit_reached", "usage limits", "credit balance")


class Anthropic:
    """See Kind."""

    async def models(self, provider: Provider, patience: Patience) -> list[ModelInfo]:
        """Those that the key opens; all of them answer questions."""
        url = f"{provider.urls[0]}/v1/models?limit=1000"
        said = await ask(provider, patience, refusal, url, headers=headers(provider))
        rows = said.get("data")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Malformed("data")
        able = frozenset({"chat", "tools"})
        return [
            ModelInfo(text(row.get("id")), able, integer(row.get("max_input_tokens")) or None)  # type: ignore[arg-type]
            for row in rows
            if text(row.get("id"))
        ]

    @asynccontextmanager
    async def answer(self, call: Call) -> AsyncIterator[AsyncIterator[Text | Thinking | ToolCall | Done]]:
        """See Kind."""
        direct = await loaded("services.providers.direct")
        library = await loaded("services.providers.anthropic_library")
        watch = Watch(call.patience, refusal, lambda _kind: Messages())
        wishes = replace(call.wishes, most_tokens=call.wishes.most_tokens or MOST_TOKENS, seed=None)
        # From this version on a request with them is refused, also with what is usual anyway.
        sampling = version(call.provider) < "2026-10-21"
        model = direct.model_of(call, lambda http: library.model(call, http))
        settings = direct.settings_of(wishes, sampling=sampling)
        async with direct.relay(model, call, watch, settings) as parts:
            yield parts


def version(provider: Provider) -> str:
    """The version of the API that is spoken."""
    return provider.options.get("version") or VERSION


def headers(provider: Provider) -> dict[str, str]:
    """Who asks, by one header: never both."""
    if provider.options.get("auth") == "bearer":
        return {"authorization": f"Bearer {provider.key}", "anthropic-version": version(provider)}
    return {"x-api-key": provider.key, "anthropic-version": version(provider)}


def refusal(status: int, given: httpx2.Headers, body: Any) -> ProviderError:
    """What an answer means that says no."""
    said, kind, _ = said_in(body)
    details = body.get("error", {}).get("details") if isinstance(body, dict) else None
    why = str((details or {}).get("error_code") or "") if isinstance(details, dict) else ""
    if any(word in f"{why} {said}".lower() for word in MONEY) or status == 402:
        return OutOfQuota(said)
    if status in (401, 403):
        return BadKey(said)
    if status == 404:
        return NoSuchModel(said)
    if status == 429:
        return RateLimited(said, retry_after=wait_of(given))
    if status == 529 or kind == "overloaded_error" or status in (502, 503, 504):
        return Overloaded(said, retry_after=wait_of(given))
    if status >= 500 or status == 409:
        return Failed(said)
    if "prompt is too long" in said or kind == "request_too_large" or status == 413:
        return TooLong(said)
    return Rejected(said)


class Messages(Events):
    """The end is `message_stop`."""

    def __init__(self) -> None:
        super().__init__()
        self._stopped = False

    @property
    def ended(self) -> bool:
        """See Events."""
        return self._stopped

    def look(self, name: str, said: Any) -> None:
        """See Events."""
        if not isinstance(said, dict):
            raise Malformed(str(said))
        kind = said.get("type") or name
        if kind == "error":
            raise FailedInside(said_in(said)[0])
        if kind == "message_stop":
            self._stopped = True
        for part in (said.get("delta"), said.get("message")):
            if isinstance(part, dict) and part.get("stop_reason") == "refusal":
                raise Filtered()
