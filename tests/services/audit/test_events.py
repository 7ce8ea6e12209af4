"""What was done is written down with its action, found again, and can be forgotten about one person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models import AuditDetail, AuditEvent
from models.base import new_id
from services import audit, db
from services.audit import Actor
from services.clock import now
from services.errors import Invalid, NotFound
from services.i18n import LOCALES, translate
from services.identity import accounts, sessions

ANA = new_id()
BY_ANA = Actor("person", ANA, "Ana", address="10.0.0.7", agent="Chrome", request_id="r-1")


def found(**asked):
    return [audit.as_row(*one) for one in db.read_now(audit.find, 50, **asked)]


def done(action="worker.retired", by=BY_ANA, at=None, **more):
    return db.write_now(audit.record, at or now(), by, action, **more)


def test_a_row_says_who_did_what_to_what_from_where_and_with_which_result(database):
    done(
        object_kind="worker",
        object_id="w1",
        object="ipe-1",
        before={"workers": 2},
        after={"workers": 3, "roles": {"b", "a"}},
        outcome="failed",
        reason="compute.action.gone",
    )
    (row,) = found()
    assert {
        name: row[name] for name in ("actor", "actor_id", "actor_kind", "address", "agent", "request_id")
    } == {
        "actor": "Ana",
        "actor_id": ANA.hex,
        "actor_kind": "person",
        "address": "10.0.0.7",
        "agent": "Chrome",
        "request_id": "r-1",
    }
    assert (row["object_kind"], row["object_id"], row["object"]) == ("worker", "w1", "ipe-1")
    assert (row["before"], row["after"]) == ({"workers": 2}, {"workers": 3, "roles": ["a", "b"]})
    assert (row["outcome"], row["reason"], row["erased"]) == ("failed", "compute.action.gone", False)


@pytest.mark.parametrize(
    "name", ["password", "new_password", "totp_secret", "api_token", "body", "note_text"]
)
def test_secrets_and_what_people_wrote_are_masked(database, name):
    done(after={name: "hunter2", "empty_password": ""})
    (row,) = found()
    assert row["after"] == {name: "•••", "empty_password": ""}
    with db.engine().connect() as connection:
        assert "hunter2" not in str(connection.exec_driver_sql("select * from audit_detail").all())


def test_an_action_that_fails_leaves_no_row(database):
    def fail(session):
        audit.record(session, now(), BY_ANA, "worker.retired")
        raise NotFound

    with pytest.raises(NotFound):
        db.write_now(fail)
    assert found() == []


def test_only_known_actions_are_written_and_each_has_its_words(database):
    with pytest.raises(AssertionError):
        done("worker.eaten")
    for locale in LOCALES:
        for action in audit.ACTIONS:
            assert translate(locale, f"audit.action.{action}")
            assert translate(locale, f"audit.group.{action.partition('.')[0]}")
        for outcome in audit.OUTCOMES:
            assert translate(locale, f"audit.outcome.{outcome}")


def test_rows_are_found_by_person_action_object_result_and_time(database):
    bruno = Actor("person", new_id(), "Bruno 100%")
    start = now() - timedelta(hours=3)
    done("session.started", at=start)
    done("session.ended", by=bruno, at=start + timedelta(hours=1), object_kind="session", object_id="s1")
    done(
        by=bruno,
        at=start + timedelta(hours=2),
        object_kind="worker",
        object_id="w1",
        object="ipe-1",
        outcome="failed",
    )
    done("compute.scaled", by=audit.MACHINE)

    def actions(**asked):
        return [row["action"] for row in found(**asked)]

    everything = ["compute.scaled", "worker.retired", "session.ended", "session.started"]
    assert actions() == everything
    assert actions(actor=ANA.hex) == actions(actor=str(ANA)) == ["session.started"]
    assert actions(actor="runo") == actions(actor="100%") == ["worker.retired", "session.ended"]
    assert actions(actor="%") == ["worker.retired", "session.ended"]  # it is no wildcard
    assert actions(actor="machine") == ["compute.scaled"]
    assert actions(action="session") == ["session.ended", "session.started"]
    assert actions(action="session.ended") == ["session.ended"]
    assert actions(action="sess") == actions(action="%") == []
    assert actions(object="worker:w1") == actions(object="w1") == actions(object="IPE") == ["worker.retired"]
    assert actions(object="session") == ["session.ended"]
    assert actions(outcome="failed") == ["worker.retired"]
    assert actions(start=start + timedelta(hours=1), end=start + timedelta(hours=2)) == ["session.ended"]


def test_pages_follow_one_another_without_gap_or_overlap(database):
    at = now()
    for number in range(7):
        done(object_id=str(number), at=at - timedelta(seconds=number // 3))  # several at one instant
    seen, before = [], None
    while some := db.read_now(audit.find, 2, before=before):
        seen += [event.object_id for event, _ in some]
        before = (some[-1][0].at, some[-1][0].id)
    assert sorted(seen) == [str(number) for number in range(7)]
    assert len(seen) == 7


def test_what_is_too_long_is_cut_and_nothing_is_lost(database):
    done(by=replace(BY_ANA, label="x" * 500, agent="y" * 900), object="z" * 900, after={"name": "n" * 5000})
    (row,) = found()
    assert (len(row["actor"]), len(row["agent"]), len(row["object"])) == (254, 300, 300)
    assert len(row["after"]["name"]) == 500


def test_what_is_known_of_one_person_is_erased_and_the_rest_stays(database):
    other = Actor("person", new_id(), "Bruno")
    done("session.started")
    done("account.renamed", by=other, object_kind="account", object_id=ANA.hex, object="Ana")
    done("session.started", by=other)
    assert db.write_now(audit.erase, ANA) == 2
    rows = found()
    assert [(row["actor"], row["erased"]) for row in rows] == [("Bruno", False), ("", True), ("", True)]
    with db.engine().connect() as connection:
        assert "Ana" not in str(connection.exec_driver_sql("select * from audit_detail").all())
        assert "Ana" not in str(connection.exec_driver_sql("select * from audit_event").all())


def test_what_is_done_to_accounts_and_sessions_is_noted(database):
    ana = db.write_now(accounts.create, "ana@example.org", "a long passphrase", role="viewer", name="Ana")
    token = db.write_now(
        sessions.start, ana.id, now(), by=Actor("nobody", address="10.1.1.1", agent="Firefox")
    )
    person = db.read_now(sessions.find, token, now())
    db.write_now(accounts.update_profile, ana.id, name="Ana Lima", by=BY_ANA)
    db.write_now(accounts.update_profile, ana.id, name="Ana Lima", theme="dark", by=BY_ANA)  # nothing to note
    with pytest.raises(Invalid):
        db.write_now(
            accounts.change_password, ana.id, person.session_id, "wrong", "another passphrase", by=BY_ANA
        )
    db.write_now(
        accounts.change_password,
        ana.id,
        person.session_id,
        "a long passphrase",
        "another passphrase",
        by=BY_ANA,
    )
    db.write_now(sessions.refused, "ana@example.org", now(), by=Actor("nobody", address="10.9.9.9"))
    db.write_now(sessions.refused, "who@example.org", now(), by=Actor("nobody"))
    db.write_now(sessions.revoke, ana.id, person.session_id, now(), by=BY_ANA)
    db.write_now(sessions.revoke, ana.id, person.session_id, now(), by=BY_ANA)  # it has ended already
    db.write_now(accounts.reset_password, "ana@example.org")
    rows = found()[::-1]
    assert [row["action"] for row in rows] == [
        "account.created",
        "session.started",
        "account.renamed",
        "account.password_changed",
        "session.refused",
        "session.refused",
        "session.ended",
        "account.password_reset",
    ]
    assert (rows[1]["actor"], rows[1]["address"], rows[1]["actor_kind"]) == ("Ana", "10.1.1.1", "person")
    assert (rows[2]["before"], rows[2]["after"]) == ({"name": "Ana"}, {"name": "Ana Lima"})
    assert (rows[4]["object_id"], rows[5]["object_id"]) == (ana.id.hex, "")
    assert "passphrase" not in str(rows)


def test_the_tables_say_nothing_of_people_outside_the_details():
    texts = {column.name for column in AuditEvent.__table__.columns}
    assert not texts & {"actor", "address", "agent", "object", "reason", "before", "after"}
    assert {"actor", "address", "agent", "object", "before", "after"} <= {
        column.name for column in AuditDetail.__table__.columns
    }
