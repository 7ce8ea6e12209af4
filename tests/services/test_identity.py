"""Who stands behind a cookie."""

import asyncio
from datetime import timedelta

import pytest

from models import AccountSession
from services import db, identity, sessions
from services.clock import now


@pytest.fixture(autouse=True)
def clean():
    identity._known.clear()
    identity._listeners.clear()
    yield
    identity._known.clear()
    identity._listeners.clear()


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
    person = await identity.principal_of_cookie(f"theme=dark; keepai_session={token}; other=1")
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
    assert await identity.principal_of_cookie(header) is None
    assert asked == []


async def test_it_is_remembered_for_a_moment_only(token, asked, monkeypatch):
    for _ in range(5):
        await identity.principal_of_token(token)
    assert len(asked) == 1
    later = identity.time.monotonic() + identity.TTL + 0.1
    monkeypatch.setattr(identity.time, "monotonic", lambda: later)
    await identity.principal_of_token(token)
    assert len(asked) == 2


async def test_many_tabs_at_once_ask_once(token, asked):
    people = await asyncio.gather(*(identity.principal_of_token(token) for _ in range(50)))
    assert {person.email for person in people} == {"ana@example.org"}
    assert len(asked) == 1


async def test_nobody_is_not_remembered(ana, asked):
    for _ in range(2):
        assert await identity.principal_of_token("a" * 43) is None
    assert len(asked) == 2
    assert identity._known == {}


async def test_an_ended_session_is_forgotten_at_once(token, ana):
    person = await identity.principal_of_token(token)
    told = []
    identity.on_end(told.append)
    await db.write(sessions.revoke, ana.id, person.session_id, now())
    identity.end(session_id=person.session_id)
    assert await identity.principal_of_token(token) is None
    assert told == [identity.Ended(session_id=person.session_id)]


async def test_a_listener_that_fails_keeps_no_other_from_hearing(token):
    told = []
    identity.on_end(lambda _: 1 / 0)
    identity.on_end(told.append)
    identity.end(token_hash=sessions.hash_token(token))
    assert len(told) == 1


@pytest.mark.parametrize("by", ["account_id", "session_id", "token_hash"])
async def test_changes_show_after_forgetting(token, ana, by):
    person = await identity.principal_of_token(token)
    values = {
        "account_id": ana.id,
        "session_id": person.session_id,
        "token_hash": sessions.hash_token(token),
    }

    def rename(session):
        session.merge(ana).name = "Ana Maria"

    db.write_now(rename)
    assert (await identity.principal_of_token(token)).name == "Ana"
    identity.forget(**{by: values[by]})
    assert (await identity.principal_of_token(token)).name == "Ana Maria"


async def test_an_answer_asked_before_the_end_is_not_remembered_after_it(token, ana, monkeypatch):
    person = await identity.principal_of_token(token)
    identity.forget(account_id=ana.id)
    find = sessions.find_with_age

    def slow(*args):
        found = find(*args)
        identity.time.sleep(0.1)
        return found

    monkeypatch.setattr(sessions, "find_with_age", slow)
    asking = asyncio.create_task(identity.principal_of_token(token))
    await asyncio.sleep(0.05)
    await db.write(sessions.revoke, ana.id, person.session_id, now())
    identity.end(session_id=person.session_id)
    await asking
    assert await identity.principal_of_token(token) is None


async def test_who_stops_waiting_does_not_stop_the_others(token, monkeypatch):
    find = sessions.find_with_age

    def slow(*args):
        identity.time.sleep(0.1)
        return find(*args)

    monkeypatch.setattr(sessions, "find_with_age", slow)
    first = asyncio.create_task(identity.principal_of_token(token))
    second = asyncio.create_task(identity.principal_of_token(token))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second).email == "ana@example.org"


async def test_a_visit_keeps_the_session_alive(token):
    def seen(hours):
        def change(session):
            row = session.get(AccountSession, row_id)
            row.seen_at = now() - timedelta(hours=hours)

        db.write_now(change)

    row_id = (await identity.principal_of_token(token)).session_id
    seen(hours=5)
    identity.forget(session_id=row_id)
    await identity.principal_of_token(token)
    await asyncio.gather(*identity._touching)
    stored = db.read_now(lambda session: session.get(AccountSession, row_id))
    assert now() - stored.seen_at < timedelta(minutes=1)


async def test_memory_has_a_bound(token, monkeypatch, ana):
    monkeypatch.setattr(identity, "MOST_REMEMBERED", 3)
    tokens = [db.write_now(sessions.start, ana.id, now()) for _ in range(5)]
    for one in tokens:
        await identity.principal_of_token(one)
    assert len(identity._known) == 3


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
    assert identity.cookies(header) == found
