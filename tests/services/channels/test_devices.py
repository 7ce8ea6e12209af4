"""Devices that take notifications: which there are, what reaches them, and when there are no more."""

import asyncio
import json
from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import select

from models import Alert, AlertNotice, AuditEvent, OutboxMessage, PushSubscription
from services import alerts, db, outbox, vault
from services.alerts import book, notices, preferences, routes, rules
from services.audit import Actor
from services.channels import devices, senders
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.history.series import key_of
from services.identity import accounts, people, sessions
from services.settings import Settings
from tests import push_service

SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND
RULE = rules.Draft(
    "Memória",
    "worker.memory_share",
    warning_fire=70.0,
    warning_clear=60.0,
    critical_fire=90.0,
    critical_clear=80.0,
)


@pytest.fixture
def service():
    with push_service.serving() as made:
        yield made


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data_dir=tmp_path,
        private_hosts="127.0.0.1",
        public_url="https://keepai.example.org",
        smtp_host="smtp.example.org",
        smtp_from="KeepAI@example.org",
    )


@pytest.fixture
def ana(database):
    return db.write_now(accounts.create, "ana@example.org", "a long passphrase", role="operator", locale="en")


@pytest.fixture
def enter(database):
    """Sign somebody in; returns the id of the session."""

    def enter_(account):
        token = db.write_now(sessions.start, account.id, now())
        return db.read_now(sessions.find, token, now()).session_id

    return enter_


@pytest.fixture
def switch_on(settings, enter):
    def switch_on_(account, browser, session=None, at=None, **more):
        return db.write_now(
            devices.subscribe,
            settings,
            at or now(),
            account.id,
            session or enter(account),
            browser.subscription,
            by=by(account),
            **more,
        )

    return switch_on_


@pytest.fixture
def send(settings):
    """What the dispatcher does with all that is due: claim, send, note. Returns what came of each."""

    def send_(at=None):
        box, came = vault.of(settings), []
        for parcel in db.write_now(outbox.claim, box, at or now(), 100):
            if parcel.via != "push":
                continue
            outcome = asyncio.run(senders.send(settings, parcel))
            db.write_now(outbox.settle, parcel, outcome, at or now(), 0.5)
            came.append(outcome)
        return came

    return send_


@pytest.fixture
def measure(settings, ana):
    """Measure a share of memory, and have Ana told."""
    db.write_now(rules.create, now(), RULE, Actor("machine"))
    steps = [{"after": 0, "targets": [{"kind": "person", "id": ana.id.hex}]}]
    db.write_now(routes.create, now(), routes.Draft("Rota", steps), Actor("machine"))
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))

    def measure_(at, value, worker="ipê"):
        labels = {"kind": "worker", "compute": "c", "worker": worker}
        moved = evaluator.take(at.timestamp(), labels, {"memory_share": float(value)})
        names = {key_of(labels): worker}
        db.write_now(lambda session: notices.tell(session, settings, at, book.write(session, moved, names)))

    return measure_


def by(account):
    return Actor(
        "person", account.id, account.email, agent="Mozilla/5.0 (Linux; Android 16) Chrome/140 Safari/537"
    )


def rows(model):
    return db.read_now(lambda session: list(session.exec(select(model))))


def put():
    return Counter(one.channel for one in rows(OutboxMessage))


def wish(settings, account, **more):
    db.write_now(preferences.save, settings, now(), account.id, preferences.Wishes(**more), by(account))


# -- which there are ----------------------------------------------------------------------------------------------


def test_a_device_is_kept_without_anything_that_opens_it(ana, service, switch_on):
    browser = service.browser()
    device = switch_on(ana, browser)
    stored = str(db.read_now(lambda session: session.get(PushSubscription, device.id).model_dump()))
    assert browser.endpoint not in stored and browser.subscription.auth not in stored
    assert device.endpoint_hash == push_service.fingerprint(browser)
    assert [one.action for one in rows(AuditEvent)][-1] == "device.added"
    assert browser.endpoint not in str([one.model_dump() for one in rows(AuditEvent)])


def test_the_same_browser_is_the_same_device_also_after_signing_in_again(ana, service, switch_on, enter):
    browser, later = service.browser(), now() + MINUTE
    first = switch_on(ana, browser)
    again = enter(ana)
    second = switch_on(ana, browser, again, later)
    assert second.id == first.id and second.session_id == again and second.seen_at == later
    assert len([one for one in rows(AuditEvent) if one.action == "device.added"]) == 1


def test_a_browser_with_another_address_takes_the_place_of_what_it_was(ana, service, switch_on):
    old, fresh = service.browser(), service.browser()
    first = switch_on(ana, old)
    second = switch_on(ana, fresh, first.session_id, replaces=old.endpoint)
    assert [one.id for one in db.read_now(devices.listed, ana.id)] == [second.id]


def test_nobody_takes_a_device_of_somebody_else_away_but_at_it(ana, service, switch_on):
    bruno = db.write_now(accounts.create, "bruno@example.org", "a long passphrase", role="viewer")
    browser = service.browser()
    hers = switch_on(ana, browser)
    switch_on(bruno, service.browser(), replaces=browser.endpoint)
    assert [one.id for one in db.read_now(devices.listed, ana.id)] == [hers.id]
    with pytest.raises(NotFound):
        db.write_now(devices.remove, now(), bruno.id, hers.id, by(bruno))
    # At the same browser he signs in, and switches it on for himself.
    his = switch_on(bruno, browser)
    assert his.id != hers.id and not db.read_now(devices.listed, ana.id)


def test_of_more_than_ten_the_one_seen_least_lately_goes(ana, service, switch_on):
    made = [switch_on(ana, service.browser(), at=now() + number * SECOND).id for number in range(12)]
    assert [one.id for one in db.read_now(devices.listed, ana.id)] == made[:1:-1]


def test_what_is_no_browser_is_refused(ana, service, switch_on, enter, settings):
    browser = service.browser()
    with pytest.raises(Conflict):
        switch_on(ana, browser, ana.id)
    plain = Settings(data_dir=settings.data_dir)
    with pytest.raises(Invalid) as raised:
        db.write_now(devices.subscribe, plain, now(), ana.id, enter(ana), browser.subscription, by=by(ana))
    assert raised.value.fields == {"endpoint": "push.error.endpoint"}


# -- when there are no more ---------------------------------------------------------------------------------------


def test_signing_out_from_wherever_ends_it(ana, service, switch_on, send, settings):
    device = switch_on(ana, service.browser())
    db.write_now(devices.test, settings, now(), ana.id, device.id, by(ana))
    db.write_now(sessions.revoke, ana.id, device.session_id, now())
    assert not db.read_now(devices.listed, ana.id)
    assert not send()
    [message] = rows(OutboxMessage)
    assert (message.state, message.error) == ("dead", outbox.GONE)
    assert not db.read_now(outbox.troubled, vault.of(settings), now())  # nobody can put that right
    assert db.read_now(outbox.counts) == {"waiting": 0, "dead": 0}
    assert db.write_now(devices.prune, now()) == 1 and not rows(PushSubscription)
    assert db.write_now(outbox.prune, now() + timedelta(days=31)) == 1


def test_that_a_session_ran_out_does_not(ana, service, switch_on):
    switch_on(ana, service.browser(), at=now())
    assert db.write_now(devices.prune, now() + timedelta(days=40)) == 0
    assert db.read_now(devices.listed, ana.id)


def test_nothing_is_sent_to_who_was_deactivated(ana, service, switch_on, send, settings):
    admin = db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    browser = service.browser()
    device = switch_on(ana, browser)
    db.write_now(devices.test, settings, now(), ana.id, device.id, by(ana))
    db.write_now(people.deactivate, ana.id, now(), by=by(admin))
    assert not send() and not browser.waiting


def test_who_leaves_takes_the_devices_along_and_may_read_them_before(
    ana, service, switch_on, settings, enter
):
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    device = switch_on(ana, service.browser())
    [told] = db.read_now(people.export, settings, ana.id, now())["devices"]
    assert told["user_agent"] == by(ana).agent and not told.keys() & {"sealed", "endpoint_hash"}
    db.write_now(people.delete, ana.id, device.session_id, "a long passphrase", now(), by=by(ana))
    assert not rows(PushSubscription)


# -- what reaches them --------------------------------------------------------------------------------------------


def test_a_device_is_told_of_an_alert_and_that_it_is_over_in_one_notification(
    ana, service, switch_on, send, measure, settings
):
    browser, other = service.browser(), service.browser()
    device = switch_on(ana, browser)
    switch_on(ana, other)
    measure(now(), 95)
    assert put() == {"mail": 1, "push": 2}
    assert [type(one) for one in send()] == [outbox.Sent] * 2
    assert not service.refused
    [told] = browser.waiting
    alert = rows(Alert)[0]
    assert told.said["title"] == "Critical: Memória: ipê" and "95" in told.said["body"]
    assert told.said["tag"] == told.topic == alert.id.hex
    assert told.said["url"] == f"/alerts?alert={alert.id.hex}"
    assert told.said["acknowledge"] == f"/api/v1/alerts/{alert.id.hex}/acknowledge"
    assert told.said["words"] == {"acknowledge": "Acknowledge", "open": "Open"}
    assert (told.urgency, told.ttl, told.contact) == ("high", 86_400, "https://keepai.example.org")
    assert other.waiting[0].said == told.said
    assert db.read_now(devices.get, ana.id, device.id).sent_at
    measure(now() + SECOND, 10)
    send(now() + MINUTE)
    [told] = browser.waiting  # the push service keeps the newest of each topic
    assert told.said["over"] and told.said["title"] == "Resolved: Memória: ipê"
    assert told.urgency == "normal"
    assert told.said["acknowledge"] == ""


def test_who_may_not_acknowledge_is_not_offered_it(ana, service, switch_on, send, measure):
    from models import RoleGrant

    db.write_now(lambda session: setattr(session.exec(select(RoleGrant)).one(), "role", "viewer"))
    browser = service.browser()
    switch_on(ana, browser)
    measure(now(), 95)
    send()
    assert browser.waiting[0].said["acknowledge"] == ""


def test_what_was_not_sent_yet_gives_way_to_what_is_newer(ana, service, switch_on, send, measure):
    browser = service.browser()
    switch_on(ana, browser)
    at = now()
    service.answers = [503]
    measure(at, 95)
    assert [one.error for one in send(at)] == ["outbox.error.later"]
    measure(at + SECOND, 10)
    assert len([one for one in rows(OutboxMessage) if one.channel == "push"]) == 1
    send(at + MINUTE)
    assert [one.said["over"] for one in browser.waiting] == [True]


def test_a_person_says_from_which_severity_on_and_critical_comes_by_mail_as_well(
    ana, service, switch_on, measure, settings
):
    switch_on(ana, service.browser())
    wish(settings, ana, push="none", mail="none")
    measure(now(), 95)
    assert put() == {"mail": 1}
    wish(settings, ana, push="critical", mail="none")
    measure(now() + SECOND, 95, "w2")
    assert put() == {"mail": 2, "push": 1}
    with pytest.raises(Invalid):
        wish(settings, ana, push="often")


def test_the_budget_is_one_over_all_ways_and_what_waits_comes_in_one(
    ana, service, switch_on, send, measure, settings
):
    browser = service.browser()
    switch_on(ana, browser)
    at = now()
    for number in range(40):
        measure(at + number * timedelta(milliseconds=10), 95, f"w{number}")
    before = put()
    assert sum(before.values()) <= 12
    send(at + SECOND)
    shown = {one.said["tag"] for one in browser.waiting}
    for number in range(40):
        measure(at + 30 * SECOND + number * timedelta(milliseconds=10), 10, f"w{number}")
    db.write_now(notices.digest, settings, at + 2 * MINUTE)
    assert put() - before == {"mail": 1, "push": 1}
    assert not [one for one in rows(AlertNotice) if one.told_at is None]
    send(at + 2 * MINUTE)
    digest = browser.waiting[-1]
    assert digest.said["title"].startswith("40 ") and digest.topic == ""
    assert digest.said["url"] == "/alerts" and not digest.said["acknowledge"]
    assert len(digest.said["closes"]) == 20 and shown
    assert not service.refused


@pytest.mark.parametrize(
    ("status", "error", "permanent"),
    [
        (404, outbox.GONE, True),
        (410, outbox.GONE, True),
        (403, "outbox.error.sign_in", False),
        (413, "outbox.error.refused", True),
        (400, "outbox.error.refused", True),
        (302, "outbox.error.refused", True),
        (429, "outbox.error.later", False),
        (500, "outbox.error.later", False),
    ],
)
def test_what_a_push_service_answers_says_what_becomes_of_message_and_device(
    ana, service, switch_on, send, settings, status, error, permanent
):
    device = switch_on(ana, service.browser())
    db.write_now(devices.test, settings, now(), ana.id, device.id, by(ana))
    service.answers = [status]
    [outcome] = send()
    assert (outcome.error, outcome.permanent) == (error, permanent)
    assert bool(rows(PushSubscription)) == (error != outbox.GONE)
    [message] = rows(OutboxMessage)
    assert message.state == ("dead" if permanent else "waiting")


def test_a_push_service_is_left_alone_for_as_long_as_it_asks(ana, service, switch_on, send, settings):
    device, at = switch_on(ana, service.browser()), now()
    db.write_now(devices.test, settings, at, ana.id, device.id, by(ana))
    failed = outbox.Failed("outbox.error.later", "429", wait=timedelta(minutes=7))
    [parcel] = db.write_now(outbox.claim, vault.of(settings), at, 10)
    following = db.write_now(outbox.settle, parcel, failed, at, 0.5)
    assert following.due_at == at + timedelta(minutes=7)


def test_a_push_service_on_this_machine_is_refused_unless_it_was_allowed(ana, service, switch_on, settings):
    device = switch_on(ana, service.browser())
    db.write_now(devices.test, settings, now(), ana.id, device.id, by(ana))
    [parcel] = db.write_now(outbox.claim, vault.of(settings), now(), 10)
    bare = Settings(data_dir=settings.data_dir)
    outcome = asyncio.run(senders.send(bare, parcel))
    assert outcome.error == "outbox.error.host_not_allowed"


def test_the_longest_words_fit(ana, service, switch_on, send, settings):
    browser = service.browser()
    device = switch_on(ana, browser)
    to = outbox.on_device(ana, device.id)
    ids = tuple(f"{number:032x}" for number in range(100))
    news = {"id": ids[0], "severity": "critical", "state": "firing"}
    for letter in (
        outbox.AlertNews("https://x.example/alerts", "🧠", "🧠" * 900, "\n🧠" * 900, alerts=(news,)),
        outbox.AlertDigest(
            "https://x.example/alerts", "🧠" * 900, "\n🧠" * 900, alerts=(news,) * 20, over=ids
        ),
    ):
        db.write_now(outbox.put, settings, now(), to, letter)
    assert [type(one) for one in send()] == [outbox.Sent] * 2, service.refused
    assert len(json.dumps(browser.waiting[0].said, ensure_ascii=False).encode()) < 4096
