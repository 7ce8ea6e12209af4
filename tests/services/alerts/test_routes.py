"""Who is told of an alert, when, and who next: routes, grouping, escalation, repetition, quiet times and the budget."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from models import Alert, AlertNotice, AlertRoute, OutboxMessage
from services import alerts, channels, db
from services.alerts import book, notices, preferences, routes, rules
from services.audit import Actor
from services.clock import now
from services.errors import Invalid
from services.history.series import key_of
from services.identity import accounts
from services.settings import Settings

BY = Actor("machine")
HOOK = {"url": "https://hooks.example.org", "secret": "a secret of many letters"}
SECOND = timedelta(seconds=1)
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
RULE = rules.Draft(
    "Memória",
    "worker.memory_share",
    warning_fire=70.0,
    warning_clear=60.0,
    critical_fire=90.0,
    critical_clear=80.0,
)


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data_dir=tmp_path,
        smtp_host="smtp.example.org",
        smtp_from="KeepAI@example.org",
        twilio_account_sid="AC1",
        twilio_auth_token="x",
        twilio_from="+15550100",
    )


@pytest.fixture
def world(database, settings):
    """An admin, two operators, and a rule of memory in an evaluator."""
    for name, role in (("root", "admin"), ("ana", "operator"), ("bruno", "operator")):
        db.write_now(accounts.create, f"{name}@example.org", "a long passphrase", role=role, locale="pt-BR")
    db.write_now(rules.create, now(), RULE, BY)
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    return evaluator


@pytest.fixture
def measure(world, settings):
    """Measure a share of memory, and have people told."""

    def measure_(at, value, worker="w1"):
        labels = {"kind": "worker", "compute": "c", "worker": worker}
        moved = world.take(at.timestamp(), labels, {"memory_share": float(value)})
        names = {key_of(labels): worker}
        db.write_now(lambda session: notices.tell(session, settings, at, book.write(session, moved, names)))

    return measure_


@pytest.fixture
def later(settings):
    """What the loop does every few seconds."""

    def later_(at):
        def write(session):
            for step in (notices.catch_up, notices.escalate, notices.remind, notices.digest):
                step(session, settings, at)

        db.write_now(write)

    return later_


@pytest.fixture
def channel(database, settings):
    return db.write_now(
        channels.create, settings, now(), channels.Draft("webhook", "Sala", HOOK, locale="en"), BY
    )


def rows(model):
    return db.read_now(lambda session: list(session.exec(select(model))))


def account(name):
    return next(one for one in rows_of_people() if one.email == f"{name}@example.org")


def rows_of_people():
    from models import Account

    return rows(Account)


def to(kind, number):
    return {"kind": kind, "id": number if isinstance(number, str) else number.hex}


def step(after, *targets):
    return {"after": after, "targets": list(targets)}


def route(*steps, name="Rota", **more):
    return db.write_now(routes.create, now(), routes.Draft(name, list(steps), **more), BY)


def put():
    """How many messages there are for whom."""
    names = {one.id: one.email.partition("@")[0] for one in rows_of_people()}
    return Counter(f"{names.get(one.recipient_id, 'channel')} {one.channel}" for one in rows(OutboxMessage))


# -- which route ------------------------------------------------------------------------------------------------


def fits(at, **more):
    made = AlertRoute(
        position=1, name="x", steps=[], created_at=now(), updated_at=now(), **{"severity": "warning", **more}
    )
    return routes.fits(made, {"worker": "w1", "compute": "c"}, "warning", at)


def test_a_route_is_for_its_labels_and_from_its_severity_on():
    assert fits(now(), matchers={"worker": "w1"})
    assert not fits(now(), matchers={"worker": "w2"})
    assert not fits(now(), severity="critical")
    assert not fits(now(), enabled=False)


@pytest.mark.parametrize(
    ("at", "within"),
    [
        ("2026-11-27 17:59", False),  # Friday, São Paulo is three hours behind
        ("2026-11-28 00:59", False),
        ("2026-11-28 01:00", True),  # Friday 22:00 there
        ("2026-11-28 08:59", True),  # Saturday 05:59 there, which is Friday's night
        ("2026-11-28 09:00", False),
        ("2026-11-29 02:00", False),  # Saturday 23:00 there
    ],
)
def test_hours_that_go_past_midnight_belong_to_the_day_on_which_they_begin(at, within):
    hours = {"days": [0, 1, 2, 3, 4], "from": "22:00", "to": "06:00", "zone": "America/Sao_Paulo"}
    assert routes.is_within(hours, datetime.fromisoformat(at).replace(tzinfo=UTC)) is within


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": " "}, {"name": "routes.error.name"}),
        ({"severity": "fatal"}, {"severity": "routes.error.choice"}),
        ({"matchers": {"Bad Name": "x"}}, {"matchers": "routes.error.matchers"}),
        (
            {"hours": {"days": [], "from": "08:00", "to": "18:00", "zone": "UTC"}},
            {"hours": "routes.error.hours"},
        ),
        (
            {"hours": {"days": [0], "from": "8", "to": "18:00", "zone": "UTC"}},
            {"hours": "routes.error.hours"},
        ),
        (
            {"hours": {"days": [0], "from": "08:00", "to": "18:00", "zone": "X"}},
            {"hours": "routes.error.hours"},
        ),
        ({"steps": []}, {"steps": "routes.error.steps"}),
        ({"steps": [step(60, to("role", "admin"))]}, {"steps": "routes.error.order"}),
        ({"steps": [step(0, to("role", "admin"))] * 2}, {"steps": "routes.error.order"}),
        ({"steps": [step(0)]}, {"steps": "routes.error.nobody"}),
        ({"steps": [step(0, to("role", "nobody"))]}, {"steps": "routes.error.gone"}),
        ({"steps": [step(0, to("channel", "0" * 32))]}, {"steps": "routes.error.gone"}),
        ({"steps": [step(0, to("person", "ana"))]}, {"steps": "routes.error.gone"}),
        (
            {"steps": [step(0, to("role", "admin")), step(1e6, to("role", "admin"))]},
            {"steps": "routes.error.wait"},
        ),
    ],
)
def test_what_is_wrong_with_a_route_is_said_before_it_is_saved(database, change, wrong):
    draft = routes.Draft(**{"name": "Rota", "steps": [step(0, to("role", "admin"))], **change})
    with pytest.raises(Invalid) as raised:
        db.write_now(routes.create, now(), draft, BY)
    assert raised.value.fields == wrong
    assert not rows(AlertRoute)


def test_routes_are_tried_in_the_order_in_which_they_are_put(world):
    steps = [step(0, to("role", "admin"))]
    one, two, three = (route(*steps, name=name) for name in ("um", "dois", "três"))
    db.write_now(routes.update, now(), three.id, routes.draft_of(three), BY, place=0)
    assert [found.id for found in db.read_now(routes.listed)] == [three.id, one.id, two.id]


# -- who is told ------------------------------------------------------------------------------------------------


def test_without_a_route_the_first_admin_alone_is_told_of_what_is_critical(world, measure, later):
    at = now()
    measure(at, 75)
    later(at + MINUTE)
    assert not put()
    measure(at + 2 * MINUTE, 95)
    assert put() == {"root mail": 1}


def test_the_first_route_that_fits_says_who_is_told(world, measure, channel):
    route(step(0, to("role", "operator"), to("channel", channel.id)), matchers={"worker": "w1"})
    route(step(0, to("person", account("root").id)))
    at = now()
    measure(at, 95)
    measure(at, 95, "w2")
    assert put() == {"ana mail": 1, "bruno mail": 1, "channel webhook": 1, "root mail": 1}


def test_who_was_told_is_told_that_it_is_over(world, measure, channel, later):
    route(step(0, to("channel", channel.id)))
    at = now()
    measure(at, 95)
    measure(at + MINUTE, 10)
    assert put() == {"channel webhook": 2}
    assert Counter(one.kind for one in rows(AlertNotice)) == {"fired": 1, "resolved": 1}


def test_what_is_over_before_it_could_be_written_down_is_told_once(world, settings, later):
    labels = {"kind": "worker", "compute": "c", "worker": "w1"}
    moved = [
        one
        for second, value in ((0, 95.0), (60, 95.0), (120, 10.0), (300, 10.0))
        for one in world.take(now().timestamp() + second, labels, {"memory_share": value})
    ]
    assert [one.transition.kind for one in moved if one.transition] == ["fired", "resolved"]

    def write(session):
        notices.tell(session, settings, now(), book.write(session, moved, {key_of(labels): "w1"}))

    db.write_now(write)
    assert put() == {"root mail": 1}
    later(now() + 2 * MINUTE)
    assert put() == {"root mail": 1}


def test_warnings_wait_for_each_other_and_come_at_most_every_five_minutes(world, measure, later, channel):
    route(step(0, to("channel", channel.id)))
    at = now()
    measure(at, 75)
    measure(at + 20 * SECOND, 75, "w2")
    later(at + 25 * SECOND)
    assert not put()
    later(at + 51 * SECOND)
    assert put() == {"channel webhook": 1}
    measure(at + 2 * MINUTE, 75, "w3")
    later(at + 4 * MINUTE)
    assert put() == {"channel webhook": 1}
    later(at + 6 * MINUTE)
    assert put() == {"channel webhook": 2}


def test_a_warning_that_is_over_before_anybody_was_told_is_told_to_nobody(world, measure, later, channel):
    route(step(0, to("channel", channel.id)))
    at = now()
    measure(at, 75)
    measure(at + 10 * SECOND, 10)
    later(at + 10 * MINUTE)
    assert not put() and not rows(AlertNotice)


def test_a_warning_that_gets_critical_is_told_at_once(world, measure, channel):
    route(step(0, to("channel", channel.id)))
    at = now()
    measure(at, 75)
    measure(at + SECOND, 95)
    assert put() == {"channel webhook": 1}


# -- who next ---------------------------------------------------------------------------------------------------


def test_the_next_step_is_told_of_what_nobody_acknowledged_in_time_and_once(world, measure, later):
    route(
        step(0, to("person", account("ana").id)),
        step(600, to("person", account("bruno").id)),
        step(1200, to("role", "admin"), to("person", account("ana").id)),
    )
    at = now()
    measure(at, 95)
    later(at + 599 * SECOND)
    assert put() == {"ana mail": 1}
    later(at + 601 * SECOND)
    later(at + 605 * SECOND)
    assert put() == {"ana mail": 1, "bruno mail": 1}
    later(at + 1201 * SECOND)
    assert put() == {"ana mail": 1, "bruno mail": 1, "root mail": 1}


def test_what_somebody_acknowledged_goes_no_further_until_that_ends(world, measure, later):
    route(step(0, to("person", account("ana").id)), step(600, to("person", account("bruno").id)))
    at = now()
    measure(at, 95)
    [alert] = rows(Alert)
    ana = Actor("person", account("ana").id, "Ana")
    db.write_now(book.acknowledge, at + MINUTE, alert.id, ana, until=at + HOUR)
    later(at + 30 * MINUTE)
    assert put() == {"ana mail": 1}
    later(at + HOUR + SECOND)
    assert put() == {"ana mail": 1, "bruno mail": 1}


def test_what_still_fires_is_told_again_after_four_hours(world, measure, later, channel):
    route(step(0, to("channel", channel.id)))
    at = now()
    measure(at, 95)
    later(at + 4 * HOUR - MINUTE)
    assert put() == {"channel webhook": 1}
    later(at + 4 * HOUR + MINUTE)
    later(at + 4 * HOUR + 3 * MINUTE)
    assert put() == {"channel webhook": 2}
    later(at + 8 * HOUR + 2 * MINUTE)
    assert put() == {"channel webhook": 3}


# -- how and how much -------------------------------------------------------------------------------------------


def wish(settings, name, **more):
    person = account(name)
    wishes = preferences.Wishes(**more)
    db.write_now(preferences.save, settings, now(), person.id, wishes, Actor("person", person.id, name))


def test_somebody_is_told_by_sms_and_mail_as_they_want_it(world, measure, settings):
    wish(settings, "ana", phone="+55 11 91234-5678", mail="none")
    wish(settings, "bruno", mail="none")  # without a phone, what is critical still comes by mail
    wish(settings, "root", phone="+15550101", sms="none")
    route(step(0, to("role", "operator"), to("role", "admin")))
    measure(now(), 95)
    assert put() == {"ana sms": 1, "bruno mail": 1, "root mail": 1}
    assert "91234" not in str([one.model_dump() for one in rows(OutboxMessage)])


@pytest.mark.parametrize(
    ("wishes", "wrong"),
    [
        ({"mail": "often"}, {"mail"}),
        ({"phone": "112"}, {"phone"}),
        ({"quiet_from": "22:00"}, {"quiet_to"}),
        ({"quiet_from": "25:00", "quiet_to": "06:00"}, {"quiet_from"}),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, {"quiet_to"}),
    ],
)
def test_what_is_wrong_with_wishes_is_said(world, settings, wishes, wrong):
    with pytest.raises(Invalid) as raised:
        wish(settings, "ana", **wishes)
    assert raised.value.fields.keys() == wrong


def test_in_a_quiet_time_warnings_wait_until_it_ends_and_what_is_critical_does_not(
    world, measure, later, settings
):
    at = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)  # 23:00 in São Paulo
    wish(settings, "ana", quiet_from="22:00", quiet_to="07:00")
    route(step(0, to("person", account("ana").id)))
    measure(at, 75)
    later(at + 2 * HOUR)
    assert not put()
    measure(at + 3 * HOUR, 95, "w2")
    assert put() == {"ana mail": 1}
    later(at + 9 * HOUR)
    assert put() == {"ana mail": 2}


def test_over_all_channels_somebody_gets_at_most_ten_messages_a_minute(world, measure, later, settings):
    wish(settings, "ana", phone="+15550101")
    route(step(0, to("person", account("ana").id)))
    at = now()
    for number in range(40):
        measure(at + number * timedelta(milliseconds=10), 95, f"w{number}")
    assert sum(put().values()) <= 12
    before = put()
    later(at + 2 * MINUTE)
    assert put() - before == {"ana mail": 1, "ana sms": 1}
    assert not [one for one in rows(AlertNotice) if one.told_at is None]


def test_what_nobody_waits_for_needs_no_write(world, measure, later, channel):
    assert db.read_now(notices.is_idle, now())
    route(step(0, to("channel", channel.id)))
    at = now()
    measure(at, 75)
    assert not db.read_now(notices.is_idle, at)
    measure(at + SECOND, 10)
    assert db.read_now(notices.is_idle, at + HOUR)


def test_the_story_says_who_was_told_by_what_and_what_waits(world, measure, settings, channel):
    route(step(0, to("channel", channel.id), to("person", account("ana").id)))
    at = now()
    measure(at, 75)
    [alert] = rows(Alert)
    told = db.read_now(notices.told, alert.id)
    assert [(one.who, one.notice.channel, one.message) for one in told] == [
        ("ana@example.org", "mail", None),
        ("Sala", "webhook", None),
    ]
    measure(at + SECOND, 95)
    told = db.read_now(notices.told, alert.id)
    assert [one.message.state for one in told if one.message] == ["waiting", "waiting"]


def test_one_who_cannot_be_written_to_keeps_no_alert_from_being_written_nor_others_from_being_told(
    world, measure, later
):
    ana = account("ana")

    def spoil(session):
        session.get(type(ana), ana.id).email = "nobody"

    db.write_now(spoil)
    route(step(0, to("role", "operator")))
    at = now()
    for number in range(14):
        measure(at, 95, f"w{number}")
    later(at + 2 * MINUTE)
    assert len(rows(Alert)) == 14
    assert put() == {"bruno mail": 11}
