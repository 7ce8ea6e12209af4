"""How often something may happen: counted over a sliding window, in this process or, with Redis, in all of them.

The window slides by the usual estimate (the share of the window before that still counts, plus this one), which needs
two numbers for each key however often it is asked.
"""

import asyncio
import ipaddress
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.settings import get_settings

log = logging.getLogger(__name__)

MOST_KEYS = 50_000
REDIS_WITHIN = 0.25  # s; a Redis that takes longer is counted without
AGAIN_AFTER = 5.0  # s until a Redis that failed is asked again


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so many seconds."""

    most: int
    seconds: int


# Wrong passwords and codes: of a network, of an account.
FAILURES = (Limit(5, 60), Limit(100, 3600))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may happen, and if not which limit says so and in how many seconds it may again."""

    allowed: bool
    limit: Limit | None = None
    retry_after: int = 0


ALLOWED = Verdict(True)


def judge(limit: Limit, before: int, current: int, into: float) -> Verdict:
    """Whether one more may happen: `before` in the window that is over, `current` in this one, `into` which we are
    that many seconds."""
    left = 1 - into / limit.seconds
    if before * left + current + 1 <= limit.most:
        return ALLOWED
    if current + 1 > limit.most:  # this window is full: room comes as it ages in the next one
        wait = limit.seconds - into + limit.seconds * (1 - (limit.most - 1) / current)
    else:
        wait = limit.seconds * (1 - (limit.most - 1 - current) / before) - into
    return Verdict(False, limit, max(1, math.ceil(wait)))


class Counter(Protocol):
    """What both adapters can do."""

    async def take(self, key: str, limits: Sequence[Limit]) -> Verdict:
        """Count one more of this key if every limit allows it. What is refused is not counted."""

    async def give_back(self, key: str, limits: Sequence[Limit]) -> None:
        """Take one back: it was not of the kind that is counted."""


class Unlimited:
    """Counts nothing, for load tests on the machine itself."""

    async def take(self, key: str, limits: Sequence[Limit]) -> Verdict:
        """Everything is allowed."""
        return ALLOWED

    async def give_back(self, key: str, limits: Sequence[Limit]) -> None:
        """Nothing was counted."""


class LocalCounter:
    """Counts in this process. Beyond `MOST_KEYS` the keys seen longest ago are forgotten."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, int], tuple[int, int, int]] = (
            OrderedDict()
        )  # window, before, current

    async def take(self, key: str, limits: Sequence[Limit]) -> Verdict:
        """Count one more."""
        at = time.time()
        verdict = self._judged(key, limits, at)
        if verdict.allowed:
            for limit in limits:
                window, before, current = self._now(key, limit, at)
                self._keep(key, limit, (window, before, current + 1))
        return verdict

    async def give_back(self, key: str, limits: Sequence[Limit]) -> None:
        """Take one back."""
        at = time.time()
        for limit in limits:
            window, before, current = self._now(key, limit, at)
            self._keep(key, limit, (window, before, max(0, current - 1)))

    def clear(self) -> None:
        """Forget everything."""
        self._counts.clear()

    def _judged(self, key: str, limits: Sequence[Limit], at: float) -> Verdict:
        for limit in limits:
            _, before, current = self._now(key, limit, at)
            verdict = judge(limit, before, current, at % limit.seconds)
            if not verdict.allowed:
                return verdict
        return ALLOWED

    def _now(self, key: str, limit: Limit, at: float) -> tuple[int, int, int]:
        window = int(at // limit.seconds)
        known, before, current = self._counts.get((key, limit.seconds), (window, 0, 0))
        if known == window:
            return window, before, current
        return window, current if known == window - 1 else 0, 0

    def _keep(self, key: str, limit: Limit, counts: tuple[int, int, int]) -> None:
        self._counts[key, limit.seconds] = counts
        self._counts.move_to_end((key, limit.seconds))
        while len(self._counts) > MOST_KEYS:
            self._counts.popitem(last=False)


class RedisCounter:
    """Counts in Redis, for every process alike; in this process while Redis is away."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=REDIS_WITHIN, socket_connect_timeout=REDIS_WITHIN)
        self._local = LocalCounter()
        self._away_until = 0.0

    async def take(self, key: str, limits: Sequence[Limit]) -> Verdict:
        """Count one more."""
        shared = await self._ask(lambda: self._take(key, limits))
        return await self._local.take(key, limits) if shared is None else shared

    async def give_back(self, key: str, limits: Sequence[Limit]) -> None:
        """Take one back."""
        if await self._ask(lambda: self._give_back(key, limits, time.time())) is None:
            await self._local.give_back(key, limits)

    async def _ask(self, question: Callable[[], Awaitable[Verdict]]) -> Verdict | None:
        """The answer, or None while Redis is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(2 * REDIS_WITHIN):
                return await question()
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + AGAIN_AFTER
            log.warning("limits are counted in each process alone while Redis is away: %s", error)
            return None

    async def _take(self, key: str, limits: Sequence[Limit]) -> Verdict:
        at = time.time()
        async with self._redis.pipeline(transaction=True) as pipeline:
            for limit in limits:
                window = int(at // limit.seconds)
                name = f"keepai:limit:{key}:{limit.seconds}"
                pipeline.get(f"{name}:{window - 1}")
                pipeline.incr(f"{name}:{window}")  # first, so that two who ask at once see one another
                pipeline.expire(f"{name}:{window}", 2 * limit.seconds)
            answers = await pipeline.execute()
        for place, limit in enumerate(limits):
            before, current = (int(answer or 0) for answer in answers[3 * place : 3 * place + 2])
            verdict = judge(limit, before, current - 1, at % limit.seconds)
            if not verdict.allowed:
                await self._give_back(key, limits, at)
                return verdict
        return ALLOWED

    async def _give_back(self, key: str, limits: Sequence[Limit], at: float) -> Verdict:
        async with self._redis.pipeline(transaction=True) as pipeline:
            for limit in limits:
                pipeline.decr(f"keepai:limit:{key}:{limit.seconds}:{int(at // limit.seconds)}")
            await pipeline.execute()
        return ALLOWED


@cache
def counter() -> Counter:
    """The counter of this process, as the settings want it."""
    settings = get_settings()
    if settings.rate_limits == "off":
        return Unlimited()
    redis_url = settings.redis_url.get_secret_value()
    return RedisCounter(redis_url) if redis_url else LocalCounter()


def network(address: str) -> str:
    """What an address is counted as: itself, for IPv6 its /64, of which one person has as many as they like."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
