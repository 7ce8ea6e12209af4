"""Keys of programs, on both databases."""

import json
from datetime import timedelta

import pytest
from sqlmodel import select

from models import ApiKey, AuditEvent
from services import audit, db
from services.clock import now
from services.errors import Forbidden, Invalid, NotFound
from services.identity import accounts, api_keys
from services.identity.permissions import PLATFORM


def as_owner(account, role):
    return accounts.principal(account, {PLATFORM: role}, account.id)


def make(owner, **more):
    given = {"name": "ci", "permissions": ["compute:read"], **more}
    return db.write_now(api_keys.create, owner, now(), **given)


def found(secret, at=None):
    answer = db.read_now(api_keys.find_with_age, secret, at or now())
    return answer[0] if answer else None


def actions():
    return [event.action for event in db.read_now(lambda session: session.exec(select(AuditEvent)).all())]


def test_a_key_speaks_for_its_owner_within_what_it_was_given(bruno):
    key, secret = make(as_owner(bruno, "operator"))
    person = found(secret)
    assert (person.account_id, person.session_id, person.kind) == (bruno.id, key.id, "key")
    assert (person.label, person.permissions) == ("Bruno (ci)", ("compute:read",))
    assert not person.may("compute:act")
    assert secret.startswith(key.prefix) and len(secret) == len("keepai_") + 43


def test_the_secret_is_stored_nowhere(bruno):
    _, secret = make(as_owner(bruno, "operator"))
    rows = db.read_now(lambda session: [row.model_dump(mode="json") for row in session.exec(select(ApiKey))])
    told = db.read_now(lambda session: [audit.as_row(*one) for one in audit.find(session, 50)])
    assert secret[len("keepai_") + 6 :] not in json.dumps([rows, told])


def test_it_may_never_do_more_than_its_owner_at_that_moment(ana):
    _, secret = make(as_owner(ana, "admin"), permissions=["compute:read", "people:manage"])
    assert found(secret).may("people:manage")

    def demote(session):
        from models import RoleGrant

        session.exec(select(RoleGrant).where(RoleGrant.account_id == ana.id)).one().role = "viewer"

    db.write_now(demote)
    assert found(secret).permissions == ("compute:read",)


@pytest.mark.parametrize(
    ("given", "field", "key"),
    [
        ({"name": "  "}, "name", "errors.field.missing"),
        ({"name": "x" * 81}, "name", "keys.name_too_long"),
        ({"name": "a\x00b"}, "name", "keys.name_odd"),
        ({"permissions": []}, "scopes", "keys.no_permission"),
        ({"permissions": ["compute:act"]}, "scopes", "keys.not_yours"),
        ({"permissions": ["compute:read", "everything"]}, "scopes", "keys.not_yours"),
        ({"expires_at": now()}, "expires_at", "keys.expires_in_the_past"),
    ],
)
def test_what_cannot_be_a_key(carla, given, field, key):
    with pytest.raises(Invalid) as refused:
        make(as_owner(carla, "viewer"), **given)
    assert refused.value.fields == {field: key}
    assert "api_key.created" not in actions()


def test_a_key_makes_no_other_key(bruno):
    _, secret = make(as_owner(bruno, "operator"), permissions=["profile:write", "compute:read"])
    with pytest.raises(Forbidden):
        make(found(secret))


def test_only_who_manages_people_sets_limits(ana, bruno):
    with pytest.raises(Forbidden):
        make(as_owner(bruno, "operator"), per_minute=5)
    _, secret = make(as_owner(ana, "admin"), per_minute=5, per_hour=50)
    assert (found(secret).per_minute, found(secret).per_hour) == (5, 50)


def test_there_is_an_end_to_how_many(carla, monkeypatch):
    monkeypatch.setattr(api_keys, "MOST", 2)
    owner = as_owner(carla, "viewer")
    first, _ = make(owner)
    make(owner)
    with pytest.raises(Invalid):
        make(owner)
    db.write_now(api_keys.revoke, first.id, now(), whose=owner)
    make(owner)


def test_a_key_ends_when_its_time_is_over(carla):
    _, secret = make(as_owner(carla, "viewer"), expires_at=now() + timedelta(days=1))
    assert found(secret)
    assert found(secret, now() + timedelta(days=1)) is None


def test_a_revoked_key_holds_no_more_and_leaves_the_list(carla):
    owner = as_owner(carla, "viewer")
    key, secret = make(owner)
    db.write_now(api_keys.revoke, key.id, now(), whose=owner)
    db.write_now(api_keys.revoke, key.id, now(), whose=owner)
    assert found(secret) is None
    assert db.read_now(api_keys.of_account, carla.id, now()) == []
    assert actions() == ["api_key.created", "api_key.revoked"]


def test_nobody_revokes_the_key_of_another_but_who_manages_people(ana, bruno, carla):
    key, secret = make(as_owner(carla, "viewer"))
    with pytest.raises(NotFound):
        db.write_now(api_keys.revoke, key.id, now(), whose=as_owner(bruno, "operator"))
    assert found(secret)
    db.write_now(api_keys.revoke, key.id, now(), whose=as_owner(ana, "admin"))
    assert found(secret) is None


def test_the_keys_of_who_was_deactivated_do_not_hold(carla):
    _, secret = make(as_owner(carla, "viewer"))

    def leave(session):
        session.merge(carla).deactivated_at = now()

    db.write_now(leave)
    assert found(secret) is None


@pytest.mark.parametrize(
    "text", ["", "keepai_", "keepai_" + "a" * 43, "keepai_" + "a" * 500, "a" * 50, "keepai_" + "é" * 43]
)
def test_what_is_no_key(database, text):
    assert found(text) is None


def test_use_is_noted_at_most_once_a_minute(carla):
    key, secret = make(as_owner(carla, "viewer"))

    def used():
        return db.read_now(api_keys.find_with_age, secret, now())[1]

    assert used() is None
    first = now()
    db.write_now(api_keys.touch, key.id, first)
    db.write_now(api_keys.touch, key.id, first + timedelta(seconds=59))
    assert used() == first
    db.write_now(api_keys.touch, key.id, first + timedelta(seconds=61))
    assert used() == first + timedelta(seconds=61)


def test_those_of_everybody_name_their_owners(ana, carla):
    make(as_owner(ana, "admin"), name="one")
    make(as_owner(carla, "viewer"), name="two")
    rows = db.read_now(api_keys.of_everybody, now())
    assert [(key.name, owner.name) for key, owner in rows] == [("two", "Carla"), ("one", "Ana")]


def test_what_ended_long_ago_is_forgotten(carla):
    owner = as_owner(carla, "viewer")
    ended, _ = make(owner)
    make(owner, expires_at=now() + timedelta(days=1))
    make(owner, name="stays")
    db.write_now(api_keys.revoke, ended.id, now(), whose=owner)
    assert db.write_now(api_keys.prune, now() + timedelta(days=29)) == 0
    assert db.write_now(api_keys.prune, now() + timedelta(days=32)) == 2
    assert [key.name for key in db.read_now(api_keys.of_account, carla.id, now())] == ["stays"]
