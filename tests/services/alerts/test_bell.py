"""The bell keeps what a person was told, also whom nothing else can tell."""

from datetime import timedelta

import pytest
from sqlmodel import select

from models import Alert, AlertNotice, OutboxMessage
from services import alerts, db
from services.alerts import bell, book, notices, preferences, routes, rules
from services.audit import Actor
from services.clock import now
from services.errors import Invalid
from services.history.series import key_of
from services.identity import accounts
from services.settings import Settings

BY = Actor("machine")
MINUTE = timedelta(minutes=1)
RULE = rules.Draft(
    "Memória",
    "worker.memory_share",
    warning_fire=70.0,
    warning_clear=60.0,
    critical_fire=90.0,
    critical_clear=80.0,
)


@pytest.fixture
def mute(tmp_path):
    """Neither mail nor SMS."""
    return Settings(data_dir=tmp_path)


@pytest.fixture
def mail(tmp_path):
    return Settings(data_dir=tmp_path, smtp_host="smtp.example.org", smtp_from="KeepAI@example.org")


@pytest.fixture
def happen(database):
    """Measure a share of memory, and have the operators told: `happen(settings, at, 95)`."""
    db.write_now(rules.create, now(), RULE, BY)
    steps = [{"after": 0, "targets": [{"kind": "role", "id": "operator"}]}]
    db.write_now(routes.create, now(), routes.Draft("Rota", steps), BY)
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))

    def happen_(settings, at, value, worker="w1"):
        labels = {"kind": "worker", "compute": "c", "worker": worker}
        moved = evaluator.take(at.timestamp(), labels, {"memory_share": float(value)})
        names = {key_of(labels): worker}
        db.write_now(lambda session: notices.tell(session, settings, at, book.write(session, moved, names)))

    return happen_


def rung(person, at):
    return [
        (one.alert.subject, one.notice.kind, one.ways, one.is_read)
        for one in db.read_now(bell.listed, person.id, at)
    ]


def all_of(model):
    return db.read_now(lambda session: list(session.exec(select(model))))


def wish(settings, person, **more):
    by = Actor("person", person.id, person.email)
    db.write_now(preferences.save, settings, now(), person.id, preferences.Wishes(**more), by)


def test_whom_nothing_else_tells_finds_it_in_the_bell_with_its_end(happen, mute, bruno):
    at = now() - 10 * MINUTE
    happen(mute, at, 75)
    happen(mute, at + MINUTE, 75, "w2")
    happen(mute, at + 2 * MINUTE, 50)
    assert all_of(OutboxMessage) == []
    assert rung(bruno, now()) == [("w1", "resolved", ("bell",), False), ("w2", "fired", ("bell",), False)]
    assert db.read_now(bell.unread, bruno.id, now()) == 2


def test_what_came_by_mail_is_there_once_with_its_way_and_when_it_is_due(happen, mail, bruno):
    at = now()
    happen(mail, at, 75)
    [one] = db.read_now(bell.listed, bruno.id, at)
    assert (one.ways, one.waits_until) == (("mail",), at + notices.GROUP_FOR)
    happen(mail, at + MINUTE, 95)
    [one] = db.read_now(bell.listed, bruno.id, at + MINUTE)
    assert (one.notice.kind, one.ways, one.waits_until) == ("raised", ("mail",), None)
    assert {notice.channel for notice in all_of(AlertNotice)} == {"mail"}


def test_what_was_read_stays_read_and_what_comes_later_is_new(happen, mute, bruno):
    at = now() - 10 * MINUTE
    happen(mute, at, 95)
    db.write_now(bell.read, bruno.id, at + MINUTE)
    assert rung(bruno, at + MINUTE) == [("w1", "fired", ("bell",), True)]
    assert db.read_now(bell.unread, bruno.id, at + MINUTE) == 0
    happen(mute, at + 2 * MINUTE, 95, "w2")
    assert [one[3] for one in rung(bruno, at + 3 * MINUTE)] == [False, True]
    # Reading leaves alone how they want to be told.
    assert db.read_now(preferences.of, mute, bruno.id) == preferences.Wishes()


def test_the_bell_shows_what_is_wanted_but_never_hides_a_critical_one_that_came_no_other_way(
    happen, mute, mail, bruno
):
    at = now() - 10 * MINUTE
    wish(mute, bruno, bell="none")
    happen(mute, at, 75)
    assert (rung(bruno, at), all_of(AlertNotice)) == ([], [])
    happen(mute, at + MINUTE, 95)
    assert rung(bruno, now()) == [("w1", "raised", ("bell",), False)]
    happen(mail, at + 2 * MINUTE, 95, "w2")  # this one came by mail
    assert [one[0] for one in rung(bruno, now())] == ["w1"]
    wish(mute, bruno, bell="critical")
    assert [one[0] for one in rung(bruno, now())] == ["w2", "w1"]
    with pytest.raises(Invalid):
        wish(mute, bruno, bell="often")


def test_an_admin_without_a_real_address_has_the_bell(database, mail):
    db.write_now(accounts.create, accounts.FIRST_ADMIN_EMAIL, "a long passphrase", role="admin")
    db.write_now(rules.create, now(), RULE, BY)
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    labels = {"kind": "worker", "compute": "c", "worker": "w1"}
    moved = evaluator.take(now().timestamp(), labels, {"memory_share": 95.0})
    db.write_now(
        lambda session: notices.tell(session, mail, now(), book.write(session, moved, {key_of(labels): "w1"}))
    )
    assert all_of(OutboxMessage) == []
    assert [one.channel for one in all_of(AlertNotice)] == ["bell"]


def test_very_many_are_counted_to_a_bound(database, bruno):
    at = now()

    def write(session):
        for number in range(bell.MOST + 20):
            alert = Alert(
                started_at=at,
                rule_name="R",
                labels={},
                subject=f"w{number}",
                state="firing",
                severity="critical",
                worst="critical",
                since=at,
                fired_at=at,
                open_key=f"k{number}",
            )
            session.add(alert)
            session.add(
                AlertNotice(
                    at=at,
                    alert_id=alert.id,
                    account_id=bruno.id,
                    channel="bell",
                    kind="fired",
                    severity="critical",
                    due_at=at,
                    told_at=at,
                )
            )

    db.write_now(write)
    assert db.read_now(bell.unread, bruno.id, at) == bell.MOST + 1
    assert len(db.read_now(bell.listed, bruno.id, at)) == bell.SHOWN
