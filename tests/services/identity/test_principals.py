"""Who stands behind a cookie."""

import asyncio
from datetime import timedelta

import pytest

from models import AccountSession
from services import db
from services.clock import now
from services.identity import principals, sessions


@pytest.fixture(autouse=True)
def clean():
    principals._known.clear()
    principals._listeners.clear()
    yield
    principals._known.clear()
    principals._listeners.clear()


@pytest.fixture
def token(ana):
    return db.write_now(sessions.start, ana.id, now())


@pytest.fixture
def asked(monkeypatch):
    """How often the database was asked."""
    count = []
    find = sessions.find_with_age

    def counted(*args):
        count.append(1)
        return find(*args)

    monkeypatch.setattr(sessions, "find_with_age", counted)
    return count


async def test_a_cookie_is_a_person(token):
    person = await principals.principal_of_cookie(f"theme=dark; keepai_session={token}; other=1")
    assert (person.email, person.role) == ("ana@example.org", "admin")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "keepai_session",
        "keepai_session=",
        "keepai_session=" + "x" * 129,
        "keepai_session=é",
        "xkeepai_session=abc",
        "a=keepai_session=abc",
        ";;;=;",
        "\x00",
    ],
)
async def test_anything_else_is_nobody_and_asks_nobody(database, asked, header):
    assert await principals.principal_of_cookie(header) is None
    assert asked == []


async def test_it_is_remembered_for_a_moment_only(token, asked, monkeypatch):
    for _ in range(5):
        await principals.principal_of_token(token)
    assert len(asked) == 1
    later = principals.time.monotonic() + principals.TTL + 0.1
    monkeypatch.setattr(principals.time, "monotonic", lambda: later)
    await principals.principal_of_token(token)
    assert len(asked) == 2


async def test_many_tabs_at_once_ask_once(token, asked):
    people = await asyncio.gather(*(principals.principal_of_token(token) for _ in range(50)))
    assert {person.email for person in people} == {"ana@example.org"}
    assert len(asked) == 1


async def test_nobody_is_not_remembered(ana, asked):
    for _ in range(2):
        assert await principals.principal_of_token("a" * 43) is None
    assert len(asked) == 2
    assert principals._known == {}


async def test_an_ended_session_is_forgotten_at_once(token, ana):
    person = await principals.principal_of_token(token)
    told = []
    principals.on_end(told.append)
    await db.write(sessions.revoke, ana.id, person.session_id, now())
    principals.end(session_id=person.session_id)
    assert await principals.principal_of_token(token) is None
    assert told == [principals.Ended(session_id=person.session_id)]


async def test_a_listener_that_fails_keeps_no_other_from_hearing(token):
    told = []
    principals.on_end(lambda _: 1 / 0)
    principals.on_end(told.append)
    principals.end(token_hash=sessions.hash_token(token))
    assert len(told) == 1


@pytest.mark.parametrize("by", ["account_id", "session_id", "token_hash"])
async def test_changes_show_after_forgetting(token, ana, by):
    person = await principals.principal_of_token(token)
    values = {
        "account_id": ana.id,
        "session_id": person.session_id,
        "token_hash": sessions.hash_token(token),
    }

    def rename(session):
        session.merge(ana).name = "Ana Maria"

    db.write_now(rename)
    assert (await principals.principal_of_token(token)).name == "Ana"
    principals.forget(**{by: values[by]})
    assert (await principals.principal_of_token(token)).name == "Ana Maria"


async def test_an_answer_asked_before_the_end_is_not_remembered_after_it(token, ana, monkeypatch):
    person = await principals.principal_of_token(token)
    principals.forget(account_id=ana.id)
    find = sessions.find_with_age

    def slow(*args):
        found = find(*args)
        principals.time.sleep(0.1)
        return found

    monkeypatch.setattr(sessions, "find_with_age", slow)
    asking = asyncio.create_task(principals.principal_of_token(token))
    await asyncio.sleep(0.05)
    await db.write(sessions.revoke, ana.id, person.session_id, now())
    principals.end(session_id=person.session_id)
    await asking
    assert await principals.principal_of_token(token) is None


async def test_who_stops_waiting_does_not_stop_the_others(token, monkeypatch):
    find = sessions.find_with_age

    def slow(*args):
        principals.time.sleep(0.1)
        return find(*args)

    monkeypatch.setattr(sessions, "find_with_age", slow)
    first = asyncio.create_task(principals.principal_of_token(token))
    second = asyncio.create_task(principals.principal_of_token(token))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second).email == "ana@example.org"


async def test_a_visit_keeps_the_session_alive(token):
    def seen(hours):
        def change(session):
            row = session.get(AccountSession, row_id)
            row.seen_at = now() - timedelta(hours=hours)

        db.write_now(change)

    row_id = (await principals.principal_of_token(token)).session_id
    seen(hours=5)
    principals.forget(session_id=row_id)
    await principals.principal_of_token(token)
    await asyncio.gather(*principals._touching)
    stored = db.read_now(lambda session: session.get(AccountSession, row_id))
    assert now() - stored.seen_at < timedelta(minutes=1)


async def test_memory_has_a_bound(token, monkeypatch, ana):
    monkeypatch.setattr(principals, "MOST_REMEMBERED", 3)
    tokens = [db.write_now(sessions.start, ana.id, now()) for _ in range(5)]
    for one in tokens:
        await principals.principal_of_token(one)
    assert len(principals._known) == 3


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("", {}),
        ("a", {}),
        ("a[=1; b\x00=2; c=3", {"a[": "1", "b\x00": "2", "c": "3"}),
        ('a="x y"', {"a": "x y"}),
    ],
)
def test_cookies_of_a_header(header, found):
    assert principals.cookies(header) == found
