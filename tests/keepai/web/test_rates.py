"""Programs ask so often and no more; the answer says which limit and when to come back."""

import time

import pytest

from keepai.web import rates
from services import db, limits
from services.clock import now
from services.i18n import translate
from services.identity import accounts, api_keys, sessions, tokens
from tests.keepai.around import browser

ASKED = "/api/v1/session"
INTO = 5  # s into a minute and an hour


@pytest.fixture(autouse=True)
def in_one_minute(monkeypatch):
    """No minute ends while a test counts: it would find room that it does not expect."""
    at = time.time() // 3600 * 3600 + INTO
    monkeypatch.setattr("services.limits.time.time", lambda: at)


async def test_by_address_without_a_sign_in(client, database):
    for _ in range(rates.PER_MINUTE):
        assert (await client.get(ASKED)).status_code == 401
    answer = await client.get(ASKED)
    assert answer.status_code == 429
    wait = int(answer.headers["retry-after"])
    assert wait == 56  # the rest of this minute, and until one of the hundred has aged out of the next
    told = answer.json()
    assert told["code"] == "too_many.minute"
    assert told["detail"] == translate("pt-BR", "errors.too_many.minute", most=rates.PER_MINUTE, seconds=wait)


async def test_by_account_wherever_it_comes_from(app, carla, enter, monkeypatch):
    monkeypatch.setattr(rates, "PER_MINUTE", 2)
    monkeypatch.setattr(rates, "BROWSERS_TIMES", 3)
    stack = app()
    one, two = browser(stack, peer="10.0.0.1"), browser(stack, peer="10.0.0.2")
    for client in (one, two):
        enter(client, carla)
    answers = [(await (one, two)[number % 2].get(ASKED)).status_code for number in range(8)]
    assert answers == [200] * 6 + [429] * 2
    assert (await browser(stack, peer="10.0.0.1").get(ASKED)).status_code == 401  # nobody is counted apart
    program = browser(stack)
    tokens_of_carla = db.write_now(tokens.start, carla.id, now())
    program.headers["authorization"] = f"Bearer {tokens_of_carla.access}"
    assert await statuses(program, ASKED, 3) == [200] * 2 + [429]  # and so are programs that sign in


async def test_what_watches_an_installation_is_never_refused(client, database, monkeypatch):
    monkeypatch.setattr(rates, "PER_MINUTE", 1)
    for _ in range(5):
        assert (await client.get("/api/v1/health/live")).status_code == 200
    assert (await client.get("/login")).status_code == 200


async def test_off_for_load_tests(settings, app, database, monkeypatch):
    settings(rate_limits="off")
    limits.counter.cache_clear()
    monkeypatch.setattr(rates, "PER_MINUTE", 1)
    client = browser(app())
    assert {(await client.get(ASKED)).status_code for _ in range(5)} == {401}


def key_of(account, **limits):
    """The secret of a new key of this account."""
    owner = db.read_now(sessions.find, db.write_now(sessions.start, account.id, now()), now())
    made = db.write_now(
        api_keys.create, owner, now(), name="pipeline", permissions=["compute:read"], **limits
    )
    return made[1]


async def statuses(client, path, count):
    return [(await client.get(path)).status_code for _ in range(count)]


async def test_a_key_is_counted_by_itself_and_may_have_limits_of_its_own(app, enter, monkeypatch, database):
    root = db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    monkeypatch.setattr(rates, "PER_MINUTE", 3)
    stack = app()
    usual, wide, person = browser(stack), browser(stack), browser(stack)
    usual.headers["authorization"] = f"Bearer {key_of(root)}"
    wide.headers["authorization"] = f"Bearer {key_of(root, per_minute=5)}"
    enter(person, root)
    assert await statuses(usual, "/api/v1/workers", 4) == [200] * 3 + [429]
    assert await statuses(wide, "/api/v1/workers", 6) == [200] * 5 + [429]
    assert await statuses(person, ASKED, 1) == [200]


async def test_what_other_services_call_has_a_limit_of_its_own(client, database, monkeypatch):
    monkeypatch.setattr("keepai.web.rates.WEBHOOKS_PER_MINUTE", 3)
    for _ in range(3):
        assert (await client.post("/webhook/whatsapp", content=b"{}")).status_code != 429
    refused = await client.post("/webhook/whatsapp", content=b"{}")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "75"  # the rest of this minute, and a third of the next
    assert (await client.get("/api/v1/health")).status_code == 200


async def test_what_other_services_send_is_at_most_a_megabyte(client, database):
    assert (await client.post("/webhook/whatsapp", content=b"x" * (2**20 + 1))).status_code == 413
