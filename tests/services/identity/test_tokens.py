"""Access and refresh tokens, on both databases."""

import threading
from datetime import timedelta

import jwt
import pytest
from sqlmodel import select

from models import Account, AuditEvent, RefreshToken, TokenFamily
from services import db, secret_key
from services.audit import Actor
from services.clock import now
from services.errors import NotFound
from services.identity import accounts, api_keys, sessions, sign_ins, tokens
from services.settings import get_settings


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("KEEPAI_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def pair(bruno):
    return db.write_now(tokens.start, bruno.id, now(), by=Actor("nobody", address="10.0.0.7", agent="curl/8"))


def found(access, at=None):
    answer = db.read_now(tokens.find_with_age, access, at or now())
    return answer[0] if answer else None


def renew(refresh, at=None):
    return db.write_now(tokens.renew, refresh, at or now())


def actions():
    query = select(AuditEvent).where(AuditEvent.object_kind == "token").order_by(AuditEvent.id)
    return [event.action for event in db.read_now(lambda session: session.exec(query).all())]


def test_an_access_token_speaks_for_its_account(pair, bruno):
    person = found(pair.access)
    assert (person.account_id, person.kind, person.role) == (bruno.id, "token", "operator")
    assert person.may("compute:act")
    claims = tokens.read(pair.access)
    assert timedelta(minutes=14) < claims.expires_at - now() <= timedelta(minutes=15)
    assert actions() == ["token.started"]


def test_the_refresh_token_is_stored_nowhere(pair):
    (stored,) = db.read_now(lambda session: session.exec(select(RefreshToken)).all())
    assert pair.refresh not in repr(stored)


def signed(settings, key=None, algorithm="HS256", **changes):
    said = {"sub": "0" * 32, "family": "0" * 32, "iat": now(), "exp": now() + timedelta(minutes=5), "ver": 0}
    said = {name: value for name, value in {**said, **changes}.items() if value is not None}
    return jwt.encode(said, key or secret_key.derive(settings, tokens.PURPOSE), algorithm)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"ver": None},
        {"ver": "x"},
        {"sub": "somebody"},
        {"family": None},
        {"key": b"another key of the same length!!"},
        {"algorithm": "HS512"},
    ],
)
def test_a_token_that_is_not_ours_says_nothing(database, settings, changes):
    assert tokens.read(signed(settings)) is not None
    assert tokens.read(signed(settings, **changes)) is None


def test_an_unsigned_token_says_nothing(database, settings):
    said = jwt.decode(signed(settings), options={"verify_signature": False})
    assert tokens.read(jwt.encode(said, "", "none")) is None
    assert tokens.read("") is None
    assert tokens.read("a.b.c") is None


def test_a_token_of_another_account_than_its_family_does_not_hold(pair, ana, settings):
    claims = tokens.read(pair.access)
    forged = signed(settings, sub=ana.id.hex, family=claims.family_id.hex)
    assert found(forged) is None


def test_tokens_are_renewed_and_each_refresh_token_is_used_once(pair):
    second = renew(pair.refresh).pair
    third = renew(second.refresh).pair
    assert found(third.access)
    assert len({pair.refresh, second.refresh, third.refresh}) == 3
    assert actions() == ["token.started"]


def test_one_that_comes_a_second_time_ends_the_family(pair):
    second = renew(pair.refresh).pair
    again = renew(pair.refresh)
    assert again.pair is None and again.ended == tokens.read(pair.access).family_id
    assert found(second.access) is None
    assert renew(second.refresh) == tokens.Renewal()
    assert actions() == ["token.started", "token.reused"]


def test_of_two_that_come_at_once_one_wins_and_the_other_ends_the_family(pair):
    start, outcomes = threading.Barrier(2), []

    def come():
        start.wait()
        outcomes.append(renew(pair.refresh))

    threads = [threading.Thread(target=come) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won, lost = sorted(outcomes, key=lambda one: one.pair is None)
    assert won.pair and lost.ended
    assert found(won.pair.access) is None
    assert renew(won.pair.refresh).pair is None


@pytest.mark.parametrize("text", ["", "x", "a" * 43, "é"])
def test_what_is_no_refresh_token(database, text):
    assert renew(text) == tokens.Renewal()


def test_a_family_ends_after_a_week_of_silence_and_after_a_month_at_last(pair):
    begun = now()
    assert renew(pair.refresh, begun + timedelta(days=7, minutes=1)) == tokens.Renewal()
    refresh = pair.refresh
    for day in range(6, 30, 6):
        refresh = renew(refresh, begun + timedelta(days=day)).pair.refresh
    assert renew(refresh, begun + timedelta(days=30, minutes=1)) == tokens.Renewal()


def test_raising_the_version_ends_all_that_programs_hold(pair, bruno):
    owner = accounts.principal(bruno, {"platform": "operator"}, bruno.id)
    _, secret = db.write_now(api_keys.create, owner, now(), name="x", permissions=["compute:read"])
    db.write_now(lambda session: accounts.raise_version(session, session.get(Account, bruno.id), now()))
    assert found(pair.access) is None
    assert renew(pair.refresh) == tokens.Renewal()
    assert db.read_now(api_keys.find_with_age, secret, now()) is None
    fresh = db.write_now(tokens.start, bruno.id, now())
    assert found(fresh.access)


def test_the_version_alone_ends_an_access_token(pair, bruno):
    def raise_it(session):
        session.get(Account, bruno.id).version += 1

    db.write_now(raise_it)
    assert found(pair.access) is None


def test_who_was_deactivated_gets_nothing_more(pair, bruno):
    def leave(session):
        session.get(Account, bruno.id).deactivated_at = now()

    db.write_now(leave)
    assert found(pair.access) is None
    assert renew(pair.refresh) == tokens.Renewal()


def test_browsers_and_programs_are_listed_together_and_ended_alike(pair, bruno, carla):
    db.write_now(sessions.start, bruno.id, now() - timedelta(hours=1), by=Actor("nobody", agent="Firefox/1"))
    program, browser = db.read_now(sign_ins.of_account, bruno.id, now())
    assert [(one.kind, one.user_agent) for one in (program, browser)] == [
        ("token", "curl/8"),
        ("browser", "Firefox/1"),
    ]
    for one in (program, browser):
        with pytest.raises(NotFound):
            db.write_now(sign_ins.end, carla.id, one.id, now())
        db.write_now(sign_ins.end, bruno.id, one.id, now())
    assert db.read_now(sign_ins.of_account, bruno.id, now()) == []
    assert found(pair.access) is None
    assert actions() == ["token.started", "token.ended"]


def test_families_of_long_ago_are_forgotten_with_their_tokens(pair):
    renew(pair.refresh)
    assert db.write_now(tokens.prune, now() + timedelta(days=36)) == 0
    assert db.write_now(tokens.prune, now() + timedelta(days=38)) == 1
    for table in (TokenFamily, RefreshToken):
        assert db.read_now(lambda session, table=table: session.exec(select(table)).all()) == []
