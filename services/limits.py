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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

MOST_KEYS = 50_000
REDIS_WITHIN = 0.25  # s; a Redis that takes longer is counted without
AGAIN_AFTER = 5.0  # s until a Redis that failed is asked again


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so many seconds."""

    most: int
    seconds: int


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

    async def look(self, key: str, limits: Sequence[Limit]) -> Verdict:
        """The same without counting."""


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

    async def look(self, key: str, limits: Sequence[Limit]) -> Verdict:
        """Whether one more may happen."""
        return self._judged(key, limits, time.time())

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
        return await self._ask(key, limits, count=True)

    async def look(self, key: str, limits: Sequence[Limit]) -> Verdict:
        """Whether one more may happen."""
        return await self._ask(key, limits, count=False)

    async def _ask(self, key: str, limits: Sequence[Limit], *, count: bool) -> Verdict:
        if time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(2 * REDIS_WITHIN):
                    return await self._shared(key, limits, count=count)
            except (RedisError, OSError, TimeoutError) as error:
                self._away_until = time.monotonic() + AGAIN_AFTER
                log.warning("limits are counted in each process alone while Redis is away: %s", error)
        return await (self._local.take(key, limits) if count else self._local.look(key, limits))

    async def _shared(self, key: str, limits: Sequence[Limit], *, count: bool) -> Verdict:
        at = time.time()
        async with self._redis.pipeline(transaction=True) as pipeline:
            for limit in limits:
                window = int(at // limit.seconds)
                name = f"keepai:limit:{key}:{limit.seconds}"
                pipeline.get(f"{name}:{window - 1}")
                if count:  # counted first, so that two who ask at once see one another
                    pipeline.incr(f"{name}:{window}")
                    pipeline.expire(f"{name}:{window}", 2 * limit.seconds)
                else:
                    pipeline.get(f"{name}:{window}")
            answers = await pipeline.execute()
        step = 3 if count else 2
        for place, limit in enumerate(limits):
            before, current = (int(answer or 0) for answer in answers[step * place : step * place + 2])
            verdict = judge(limit, before, current - 1 if count else current, at % limit.seconds)
            if not verdict.allowed:
                if count:
                    await self._give_back(key, limits, at)
                return verdict
        return ALLOWED

    async def _give_back(self, key: str, limits: Sequence[Limit], at: float) -> None:
        async with self._redis.pipeline(transaction=True) as pipeline:
            for limit in limits:
                pipeline.decr(f"keepai:limit:{key}:{limit.seconds}:{int(at // limit.seconds)}")
            await pipeline.execute()


def open_counter(redis_url: str) -> Counter:
    """The counter that goes with these settings."""
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
