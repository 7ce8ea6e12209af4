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
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.settings import get_settings

log = logging.getLogger(__name__)

R = TypeVar("R")

MOST_KEYS = 50_000
REDIS_WITHIN = 1.0  # s; a Redis that takes longer is counted without. A busy moment of our own is shorter
GATHERED_FOR = 0.002  # s between two messages while many ask
MOST_AT_ONCE = 200  # who ask in one message
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody who waits for an answer."""

    key: str
    limits: Sequence[Limit]
    answer: asyncio.Future[Verdict | None]


class RedisCounter:
    """Counts in Redis, for every process alike; in this process while Redis is away.

    Those who ask while an answer is awaited ask together next time: under load a journey to Redis costs more than
    what it counts.
    """

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=REDIS_WITHIN, socket_connect_timeout=REDIS_WITHIN)
        self._script = self._redis.register_script(TAKE)
        self._local = LocalCounter()
        self._away_until = 0.0
        self._waiting: list[_Asked] = []
        self._asking: asyncio.Task[None] | None = None

    async def take(self, key: str, limits: Sequence[Limit]) -> Verdict:
        """Count one more."""
        if time.monotonic() < self._away_until:
            return await self._local.take(key, limits)
        loop = asyncio.get_running_loop()
        asked = _Asked(key, limits, loop.create_future())
        self._waiting.append(asked)
        if self._asking is None or self._asking.done():
            self._asking = loop.create_task(self._ask_for_all())
        shared = await asked.answer
        return await self._local.take(key, limits) if shared is None else shared

    async def give_back(self, key: str, limits: Sequence[Limit]) -> None:
        """Take one back."""
        if time.monotonic() < self._away_until or not await self._answers(self._give_back(key, limits)):
            await self._local.give_back(key, limits)

    async def _ask_for_all(self) -> None:
        """Ask for those who wait, until nobody does. Without Redis their answer is None."""
        while self._waiting:
            some, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            verdicts: Sequence[Verdict | None] = [None] * len(some)
            try:
                if time.monotonic() >= self._away_until:
                    verdicts = await self._answers(self._take(some)) or verdicts
            finally:
                for asked, verdict in zip(some, verdicts, strict=True):
                    if not asked.answer.done():  # who asked may be gone
                        asked.answer.set_result(verdict)
            if len(some) > 1:
                await asyncio.sleep(GATHERED_FOR)

    async def _answers(self, question: Coroutine[Any, Any, R]) -> R | None:
        """The answer, or None when Redis does not give it in time."""
        try:
            async with asyncio.timeout(2 * REDIS_WITHIN):
                return await question
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + AGAIN_AFTER
            log.warning("limits are counted in each process alone while Redis is away: %s", error)
            return None

    async def _take(self, some: Sequence[_Asked]) -> list[Verdict]:
        at = time.time()
        keys: list[str] = []
        told: list[float] = []
        for asked in some:
            told.append(len(asked.limits))
            for limit in asked.limits:
                window = int(at // limit.seconds)
                keys += (_name(asked.key, limit, window - 1), _name(asked.key, limit, window))
                told += (limit.most, limit.seconds, at % limit.seconds)
        answers = await self._script(keys, told)
        return [_verdict(asked, answer, at) for asked, answer in zip(some, answers, strict=True)]

    async def _give_back(self, key: str, limits: Sequence[Limit]) -> bool:
        at = time.time()
        async with self._redis.pipeline(transaction=True) as pipeline:
            for limit in limits:
                pipeline.decr(_name(key, limit, int(at // limit.seconds)))
            await pipeline.execute()
        return True


# What `LocalCounter.take` does, for many at once and with nobody in between. For each who asks: how many limits, and
# of each limit `most`, `seconds` and how far into the window we are; of each the keys of the window before and of this
# one. Answers 0 where it is allowed, else which limit says no, and the two numbers it went by.
TAKE = """
local answers, key, told = {}, 1, 1
while told <= #ARGV do
  local limits = tonumber(ARGV[told])
  local answer = 0
  for place = 0, limits - 1 do
    local most = tonumber(ARGV[told + 3 * place + 1])
    local seconds = tonumber(ARGV[told + 3 * place + 2])
    local into = tonumber(ARGV[told + 3 * place + 3])
    local counts = redis.call('MGET', KEYS[key + 2 * place], KEYS[key + 2 * place + 1])
    local before, current = tonumber(counts[1] or 0), tonumber(counts[2] or 0)
    if answer == 0 and before * (1 - into / seconds) + current + 1 > most then
      answer = {place, before, current}
    end
  end
  if answer == 0 then
    for place = 0, limits - 1 do
      if redis.call('INCR', KEYS[key + 2 * place + 1]) == 1 then
        redis.call('EXPIRE', KEYS[key + 2 * place + 1], 2 * tonumber(ARGV[told + 3 * place + 2]))
      end
    end
  end
  answers[#answers + 1] = answer
  key, told = key + 2 * limits, told + 1 + 3 * limits
end
return answers
"""


def _name(key: str, limit: Limit, window: int) -> str:
    return f"keepai:limit:{key}:{limit.seconds}:{window}"


def _verdict(asked: _Asked, answer: int | list[int], at: float) -> Verdict:
    if isinstance(answer, int):
        return ALLOWED
    place, before, current = answer
    limit = asked.limits[place]
    return judge(limit, before, current, at % limit.seconds)


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
