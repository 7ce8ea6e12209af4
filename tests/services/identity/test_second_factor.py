"""A code of an app beside the password: each works once, is nobody else's, and is not readable in the database."""

import threading
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest

from services import audit, db, vault
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, Invalid
from services.identity import accounts, people, second_factor
from services.settings import Settings

NO_SESSION = UUID(int=0)

LONG = "a rather long passphrase"


@pytest.fixture
def box(tmp_path):
    return vault.of(Settings(data_dir=tmp_path))


@pytest.fixture
def ana(database):
    return db.write_now(accounts.create, "ana@example.org", LONG, role="viewer", name="Ana")


@pytest.fixture
def by(ana):
    return Actor("person", ana.id, "Ana")


@pytest.fixture
def on(ana, box, by):
    """It is on: the app, and the recovery codes."""
    made = db.write_now(second_factor.begin, box, ana.id, NO_SESSION, LONG, now())
    app = pyotp.TOTP(made.secret)
    before = now() - timedelta(minutes=5)
    codes = db.write_now(second_factor.confirm, box, ana.id, app.at(before), before, by=by)
    return app, codes


def check(box, account, code, at=None):
    return db.write_now(second_factor.check, box, account.id, code, at or now())


def test_it_is_on_only_once_a_code_was_given(ana, box, by):
    made = db.write_now(second_factor.begin, box, ana.id, NO_SESSION, LONG, now())
    assert made.uri.startswith("otpauth://totp/KeepAI:ana%40example.org?secret=" + made.secret)
    assert not db.read_now(second_factor.is_on, ana.id)
    with pytest.raises(Invalid):
        db.write_now(second_factor.confirm, box, ana.id, "000000", now(), by=by)
    assert not check(box, ana, pyotp.TOTP(made.secret).now())
    codes = db.write_now(second_factor.confirm, box, ana.id, pyotp.TOTP(made.secret).now(), now(), by=by)
    assert len(set(codes)) == 10
    assert db.read_now(second_factor.is_on, ana.id)
    with pytest.raises(Conflict):
        db.write_now(second_factor.begin, box, ana.id, NO_SESSION, LONG, now())


def test_each_step_asks_for_the_password(ana, box, on, by):
    for act in (
        lambda: db.write_now(second_factor.renew_codes, ana.id, NO_SESSION, "wrong", now(), by=by),
        lambda: db.write_now(second_factor.turn_off, ana.id, NO_SESSION, "wrong", now(), by=by),
    ):
        with pytest.raises(Invalid) as error:
            act()
        assert set(error.value.fields) == {"password"}
    assert db.read_now(second_factor.is_on, ana.id)


def test_a_code_works_once_and_only_around_its_time(ana, box, on):
    app, _ = on
    at = now()
    assert check(box, ana, f" {app.at(at)[:3]} {app.at(at)[3:]} ", at)
    assert not check(box, ana, app.at(at), at)
    later = at + timedelta(minutes=10)
    assert check(box, ana, app.at(later - timedelta(seconds=30)), later)  # a phone whose clock is slow
    assert not check(box, ana, app.at(later - timedelta(seconds=30)), later)
    assert check(box, ana, app.at(later + timedelta(seconds=30)), later)  # or fast
    assert not check(box, ana, app.at(later), later)  # older than one that was used
    much = later + timedelta(minutes=10)
    assert not check(box, ana, app.at(much - timedelta(seconds=90)), much)
    assert not check(box, ana, app.at(much + timedelta(seconds=90)), much)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0" * 1000, "' or 1=1"])
def test_what_is_no_code_is_wrong(ana, box, on, code):
    assert not check(box, ana, code)


def test_a_recovery_code_stands_in_once_however_it_is_typed(ana, box, on):
    _, codes = on
    assert check(box, ana, f" {codes[0].upper().replace('-', ' ')} ")
    assert not check(box, ana, codes[0])
    assert db.read_now(second_factor.codes_left, ana.id) == 9


def test_new_recovery_codes_replace_the_old_ones(ana, box, on, by):
    _, codes = on
    fresh = db.write_now(second_factor.renew_codes, ana.id, NO_SESSION, LONG, now(), by=by)
    assert not check(box, ana, codes[1])
    assert check(box, ana, fresh[0])


def test_two_who_use_a_code_at_once(ana, box, on):
    app, _ = on
    at, results = now(), []
    threads = [
        threading.Thread(target=lambda: results.append(check(box, ana, app.at(at), at))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, False, True]


def test_the_secret_is_encrypted_and_opens_only_in_its_own_row(ana, box, on):
    app, codes = on
    bob = db.write_now(accounts.create, "bob@example.org", LONG, role="viewer")
    with db.engine().begin() as connection:
        rows = connection.exec_driver_sql("select * from second_factor").all()
        assert app.secret not in str(rows)
        codes_kept = str(connection.exec_driver_sql("select * from recovery_code").all())
        assert not any(code in codes_kept for code in codes)
    assert not check(box, bob, app.now())


def test_it_is_turned_off_and_removed_and_that_is_noted(ana, box, on, by):
    assert db.write_now(second_factor.turn_off, ana.id, NO_SESSION, LONG, now(), by=by)
    assert not db.read_now(second_factor.is_on, ana.id)
    assert db.read_now(second_factor.codes_left, ana.id) == 0
    assert not db.write_now(second_factor.remove, ana.id, now())
    found = [event.action for event, _ in db.read_now(audit.find, 9, action="second_factor")]
    assert found == ["second_factor.turned_off", "second_factor.turned_on"]


def test_the_list_of_people_says_who_has_it(ana, box, on):
    db.write_now(accounts.create, "bob@example.org", LONG, role="viewer")
    assert {one.email: one.second_factor for one in db.read_now(people.members, now())} == {
        "ana@example.org": True,
        "bob@example.org": False,
    }
