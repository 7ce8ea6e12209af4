"""Asking a model: the one call that everything uses which needs one.

It chooses the provider, sets money aside, asks, falls back to the next one where that helps and nothing was shown yet,
counts, settles, and writes the call into the ledger, whatever comes of it.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models import ModelCall
from models.base import new_id
from services import db, metrics
from services.clock import now
from services.providers import budgets, catalogue, ledger, prices, registry
from services.providers.base import (
    Asker,
    Call,
    Done,
    End,
    Event,
    Message,
    Patience,
    Provider,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Usage,
    Wishes,
)
from services.providers.errors import (
    CutOff,
    NoProvider,
    NoSuchModel,
    ProviderError,
    Unpriced,
)
from services.providers.kinds import LOCAL, kind
from services.providers.prices import Price
from services.settings import get_settings

log = logging.getLogger(__name__)

TRIES = 3  # of the last provider that is left
LONGEST_PAUSE = 10.0  # s that we wait by ourselves; what asks for longer is told to the person
# What an answer may take where money is counted and nobody said it: what is set aside must be enough.
MOST_TOKENS = 8192
PICTURE_TOKENS = 2000
LATER = 120.0  # s after its end that a call may still settle

_writing: set[asyncio.Task[Any]] = set()


@asynccontextmanager
async def stream(
    asker: Asker,
    purpose: str,
    messages: Sequence[Message],
    *,
    provider: str = "",
    model: str = "",
    wishes: Wishes = Wishes(),  # noqa: B008 (frozen)
    tools: Sequence[Tool] = (),
    patience: Patience = Patience(),  # noqa: B008 (frozen)
    fallback: bool = True,
) -> AsyncIterator[AsyncIterator[Event]]:
    """Ask a model. What is given are the parts of the answer as they come, the last one an `End`.

    `purpose` is a word for the ledger (chat, title). `provider` is an id, empty for the first that this person may use,
    `model` its first one where empty. Leaving before the end stops the answer there. Raises ProviderError, also
    from what is given: then it is said what was wrong, and what came so far stays true.
    """
    known = await registry.known(get_settings())
    candidates = await _candidates(known, asker, provider, model, fallback)
    async with AsyncExitStack() as stack:
        attempt = await _begin(stack, candidates, asker, purpose, (messages, wishes, tools, patience))
        yield attempt.events()


async def _candidates(
    known: Sequence[Provider], asker: Asker, wanted: str, model: str, fallback: bool
) -> list[tuple[Provider, str]]:
    """Whom to ask for which model, in order. An empty model is the provider's first one. Raises NoProvider."""
    usable = [one for one in known if one.enabled]
    first = next((one for one in usable if one.id == wanted), None)
    if wanted and (first is None or (model and not _lets(first, asker, model))):
        raise NoProvider
    if model and not wanted:
        have = await asyncio.gather(*(_has(one, model) for one in usable))
        known_there = [one for one, has in zip(usable, have, strict=True) if has and _lets(one, asker, model)]
        usable = known_there or usable
    rest = [one for one in usable if one is not first]
    found = ([(first, model)] if first else []) + [(one, "") for one in rest]
    if not first and model and found:
        found[0] = (found[0][0], model)
    if not found:
        raise NoProvider
    return found if fallback else found[:1]


async def _begin(
    stack: AsyncExitStack, candidates: list[tuple[Provider, str]], asker: Asker, purpose: str, what: Any
) -> "_Attempt":
    """The first call that brings something. Raises ProviderError: of the provider that was wanted."""
    failures: list[ProviderError] = []
    for place, (provider, model) in enumerate(candidates):
        is_last = place == len(candidates) - 1
        for number in range(TRIES):
            try:
                return await _try(stack, provider, model, asker, purpose, what)
            except ProviderError as error:
                failure = error
            pause = failure.retry_after or 0.5 * 2**number * random.uniform(0.75, 1)
            if not (is_last and failure.again and number < TRIES - 1 and pause <= LONGEST_PAUSE):
                break
            await asyncio.sleep(pause)
        failures.append(failure)
        if not failure.falls_back:
            break
        log.info("provider %s failed (%s)", provider.id, failure.code)
    raise failures[-1] if not failures[-1].falls_back else failures[0]


async def _try(
    stack: AsyncExitStack, provider: Provider, model: str, asker: Asker, purpose: str, what: Any
) -> "_Attempt":
    messages, wishes, tools, patience = what
    try:
        model = model or await default_model(provider, asker)
        info = catalogue.peek(provider, model)
        if wishes.think and info is None:
            info = next((one for one in await catalogue.models(provider) if one.name == model), None)
        call = Call(asker, provider, model, messages, wishes, tools, patience, info)
        attempt = await _Attempt.made(call, purpose)
    except ProviderError as failure:
        raise failure.at(provider.name, model) from failure
    stack.push_async_callback(attempt.close)
    await attempt.begin()
    return attempt


async def default_model(provider: Provider, asker: Asker) -> str:
    """The model that is asked where none was chosen: the one that was set, else the first that chats. Raises
    ProviderError."""
    if (named := provider.options.get("model", "")) and _lets(provider, asker, named):
        return named
    for info in await catalogue.models(provider):
        if info.chats and _lets(provider, asker, info.name):
            return info.name
    raise NoSuchModel


def _lets(provider: Provider, asker: Asker, model: str) -> bool:
    return provider.lets(asker.role, model) if asker.account_id else provider.offers(model)


async def _has(provider: Provider, model: str) -> bool:
    try:
        return any(info.name == model for info in await catalogue.models(provider))
    except ProviderError:
        return False


class _Attempt:
    """One call of one model, from setting money aside to its row in the ledger."""

    def __init__(self, call: Call, purpose: str, at: datetime, price: Price | None) -> None:
        self._call, self._purpose, self._at, self._price = call, purpose, at, price
        self._reservation: UUID | None = None
        self._stack = AsyncExitStack()
        self._parts: AsyncIterator[Text | Thinking | ToolCall | Done] | None = None
        self._first: Text | Thinking | ToolCall | Done | None = None
        self._first_token: float | None = None
        self._began = time.monotonic()
        self._written = 0  # bytes of the answer
        self._outcome, self._recorded = "stopped", False
        self._usage: Usage | None = None

    @classmethod
    async def made(cls, call: Call, purpose: str) -> "_Attempt":
        """Set aside what it may cost. Raises OverBudget, Unpriced."""
        at = now()
        if call.provider.kind in LOCAL:
            return cls(call, purpose, at, None)
        account, (price, limit) = call.asker.account_id, await db.read(_price_and_limit, call)
        if limit is None or account is None:
            return cls(call, purpose, at, price)
        if price is None:
            raise Unpriced
        most = min(call.wishes.most_tokens or MOST_TOKENS, 10**9)
        call = replace(call, wishes=replace(call.wishes, most_tokens=most))
        made = cls(call, purpose, at, price)
        amount = price.of(Usage(_size(call) // 2 + 100, 0, most))
        lasts = call.patience.total + LATER
        made._reservation = await db.write(budgets.reserve, account, amount, at, lasts)
        return made

    async def begin(self) -> None:
        """Ask, and wait for the first part. Raises ProviderError, and the row is written then."""
        try:
            self._parts = await self._stack.enter_async_context(
                kind(self._call.provider.kind).answer(self._call)
            )
            self._first = await anext(self._parts)
        except StopAsyncIteration:
            raise await self._failed(CutOff()) from None
        except ProviderError as failure:
            raise await self._failed(failure) from failure
        self._first_token = time.monotonic() - self._began

    async def events(self) -> AsyncIterator[Event]:
        """The parts, and the End. Raises ProviderError."""
        assert self._parts is not None and self._first is not None
        part = self._first
        while not isinstance(part, Done):
            if isinstance(part, Text | Thinking):
                self._written += len(part.text)
            yield part
            try:
                part = await anext(self._parts)
            except StopAsyncIteration:
                raise await self._failed(CutOff()) from None
            except ProviderError as failure:
                raise await self._failed(failure) from failure
        self._usage, self._outcome = part.usage, "ok"
        number = await self._record()
        call = self._call
        yield End(
            finish=part.finish,
            usage=part.usage,
            provider_id=call.provider.id,
            provider=call.provider.name,
            model=call.model,
            cost=self._cost(part.usage),
            local=call.provider.kind in LOCAL,
            first_token=self._first_token,
            duration=self._duration,
            turn=part.turn,
            context=_context(call),
            call_id=number,
        )

    async def close(self) -> None:
        """Hang up, and write the row where that has not been done."""
        try:
            await self._stack.aclose()
        except Exception as error:  # it is over, however it ended
            log.info("provider %s: %s at the end", self._call.provider.id, type(error).__name__)
        finally:
            if not self._recorded:
                await self._record()

    async def _failed(self, failure: ProviderError) -> ProviderError:
        self._outcome, self._usage = failure.code, failure.usage
        await self.close()
        return failure.at(self._call.provider.name, self._call.model)

    async def _record(self) -> UUID:
        """Written even when whoever asked goes away just now."""
        self._recorded = True
        self._duration = time.monotonic() - self._began
        row = self._row()
        self._count(row)
        task = asyncio.ensure_future(db.write(ledger.record, row, self._reservation))
        _writing.add(task)
        task.add_done_callback(_writing.discard)
        try:
            await asyncio.shield(task)
        except Exception:
            log.exception("a model call could not be written into the ledger")
        return row.id

    def _row(self) -> ModelCall:
        usage, call = self._usage, self._call
        if usage is None:
            begun = self._first_token is not None
            usage = Usage(_size(call) // 4, 0, self._written // 4) if begun else Usage()
        price = self._price
        return ModelCall(
            at=self._at,
            id=new_id(),
            account_id=call.asker.account_id,
            purpose=self._purpose[:32],
            provider_id=call.provider.id,
            provider=call.provider.name,
            model=call.model[:200],
            read=usage.read,
            cached=usage.cached,
            written=usage.written,
            estimated=self._usage is None and self._first_token is not None,
            local=call.provider.kind in LOCAL,
            price_read=price.read if price else None,
            price_cached=price.cached if price else None,
            price_written=price.written if price else None,
            prices_of=price.table if price else "",
            cost=self._cost(usage),
            first_token=self._first_token,
            duration=self._duration,
            outcome=self._outcome,
        )

    def _cost(self, usage: Usage) -> int | None:
        return self._price.of(usage) if self._price else None

    def _count(self, row: ModelCall) -> None:
        # A name that nobody has is not made a label: whoever asks chooses it.
        name = row.model if row.outcome == "ok" or self._call.info else ""
        metrics.model_called(
            row.provider,
            name,
            row.outcome,
            read=row.read,
            written=row.written,
            first_token=row.first_token,
            duration=row.duration,
            cost=row.cost,
        )


def _price_and_limit(session: Any, call: Call) -> tuple[Price | None, int | None]:
    account = call.asker.account_id
    limit = budgets.limit_of(session, account) if account else None
    return prices.find(session, call.provider, call.model), limit


def _size(call: Call) -> int:
    """Bytes of everything that is sent, a picture counted as the text that it is worth."""
    text = sum(len(one.text.encode()) + len(one.vendor) + 16 for one in call.messages)
    pictures = sum(len(one.pictures) for one in call.messages)
    tools = sum(len(str(tool.parameters)) + len(tool.description) + 50 for tool in call.tools)
    return text + 4 * PICTURE_TOKENS * pictures + tools


def _context(call: Call) -> int | None:
    return call.wishes.context or (call.info.context if call.info else None)
