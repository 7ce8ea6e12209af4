"""Counting over a sliding window: pure, in this process, and shared through Redis."""

import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services import limits
from services.limits import ALLOWED, Limit, LocalCounter, RedisCounter, judge, network
from tests.browser.house import free_port

MINUTE = Limit(5, 60)


@pytest.mark.parametrize(
    ("before", "current", "into", "allowed"),
    [
        (0, 0, 0, True),
        (0, 4, 30, True),
        (0, 5, 30, False),
        (5, 0, 1, False),  # nearly all of the window before still counts
        (5, 0, 13, True),
        (5, 2, 30, False),
        (5, 1, 55, True),
    ],
)
def test_the_window_slides(before, current, into, allowed):
    verdict = judge(MINUTE, before, current, into)
    assert verdict.allowed is allowed
    assert verdict == ALLOWED or verdict.limit == MINUTE


@pytest.mark.parametrize("before", range(0, 9))
@pytest.mark.parametrize("current", range(0, 9))
@pytest.mark.parametrize("into", [0.0, 0.5, 17.0, 42.3, 59.9])
def test_who_comes_back_when_told_is_let_in_and_not_long_before(before, current, into):
    verdict = judge(MINUTE, before, current, into)
    if verdict.allowed:
        return
    later = into + verdict.retry_after
    windows = [before, current, 0, 0, 0]
    place, rest = divmod(later, 60)
    place = int(place)
    assert judge(MINUTE, windows[place], windows[place + 1], rest).allowed
    if verdict.retry_after > 2:
        place, rest = divmod(later - 2, 60)
        place = int(place)
        assert not judge(MINUTE, windows[place], windows[place + 1], rest).allowed


def test_one_person_has_one_network():
    assert network("10.0.0.7") == "10.0.0.7"
    assert network("::ffff:10.0.0.7") == "10.0.0.7"
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::") != network("2001:db8:1:3::")
    assert network("fe80::1%eth0") == network("fe80::2")
    assert len(network("nonsense" * 100)) == 64


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    """A real Redis."""
    found = shutil.which("redis-server", path=f"{Path(sys.executable).parent}")
    assert found, "the redis wheel is not installed"
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(
        [found, "--port", str(port), "--save", "", "--dir", str(folder)], stdout=subprocess.DEVNULL
    )
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait()


@pytest.fixture(params=["local", "redis"])
async def counter(request):
    """Either kind."""
    if request.param == "local":
        return LocalCounter()
    made = RedisCounter(request.getfixturevalue("redis_url"))
    async with asyncio.timeout(10):
        while True:
            try:
                await made._redis.flushdb()
                break
            except OSError:
                await asyncio.sleep(0.05)
            except Exception:
                await asyncio.sleep(0.05)
    return made


async def test_as_many_as_allowed_and_no_more(counter):
    verdicts = [await counter.take("a", (MINUTE,)) for _ in range(8)]
    assert [one.allowed for one in verdicts] == [True] * 5 + [False] * 3
    assert 0 < verdicts[-1].retry_after <= 120
    assert (await counter.take("b", (MINUTE,))).allowed


async def test_many_at_once_are_counted_one_by_one(counter):
    verdicts = await asyncio.gather(*(counter.take("a", (MINUTE,)) for _ in range(40)))
    assert sum(one.allowed for one in verdicts) <= 5
    assert sum(one.allowed for one in verdicts) >= 1


async def test_the_tightest_limit_says_so_and_what_is_refused_is_not_counted(counter):
    both = (Limit(3, 60), Limit(5, 3600))
    for _ in range(10):
        verdict = await counter.take("a", both)
    assert verdict.limit == both[0]
    for _ in range(2):
        assert (await counter.take("a", (both[1],))).allowed  # 3 of 5 were counted in the hour
    assert not (await counter.take("a", (both[1],))).allowed


async def test_what_is_given_back_may_happen_again(counter):
    for _ in range(50):
        assert (await counter.take("a", (MINUTE,))).allowed
        await counter.give_back("a", (MINUTE,))


async def test_two_processes_count_together(redis_url, counter):
    other = RedisCounter(redis_url)
    allowed = 0
    if isinstance(counter, RedisCounter):
        for number in range(12):
            allowed += (await (counter, other)[number % 2].take("a", (MINUTE,))).allowed
        assert allowed == 5


async def test_without_redis_each_process_counts_alone():
    lonely = RedisCounter(f"redis://127.0.0.1:{free_port()}/0")
    began = time.monotonic()
    verdicts = [await lonely.take("a", (MINUTE,)) for _ in range(50)]
    assert sum(one.allowed for one in verdicts) == 5
    assert time.monotonic() - began < 5


async def test_keys_seen_longest_ago_are_forgotten(monkeypatch):
    monkeypatch.setattr(limits, "MOST_KEYS", 3)
    counter = LocalCounter()
    for key in "abcd":
        await counter.take(key, (MINUTE,))
    assert {key for key, _ in counter._counts} == {"b", "c", "d"}
