"""What comes and goes says so, and as a warning is told less and less often."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlmodel import select

from models import Alert, AlertNotice, OutboxMessage
from services import alerts, channels, db
from services.alerts import flapping, notices, routes, rules, words
from services.audit import Actor
from services.clock import now
from services.history.series import key_of, moment
from services.settings import Settings
from state import alert_views

NODE = {"kind": "worker", "compute": "c", "worker": "w1"}
OTHER = {**NODE, "worker": "w2"}
BY = Actor("person", None, "Bruno")


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, smtp_host="smtp.example.org", smtp_from="KeepAI@example.org")


@pytest.fixture
def began():
    """When it all begins: one moment for what happens and for who is told."""
    return now()


@pytest.fixture
def fire(database, began):
    """Let a rule of this severity fire at a minute and be over some seconds later."""
    evaluator = alerts.Evaluator(0.0)
    base = began.timestamp()

    def fire_(minute, severity="warning", labels=NODE, value=90.0, lasts=30):
        name = f"Memória {severity}"
        known = {rule.name for rule in db.read_now(rules.listed)}
        if name not in known:
            levels = {f"{severity}_fire": 80.0, f"{severity}_clear": 70.0}
            db.write_now(rules.create, now(), rules.Draft(name, "worker.memory_share", **levels), BY)
            evaluator.use(rules.usable(db.read_now(rules.listed)))
        at = base + minute * 60
        news = []
        for later, one in ((0, value), (lasts, 10.0)):
            moved = evaluator.take(at + later, labels, {"memory_share": one})
            news += db.write_now(alerts.write, moved, {key_of(NODE): "aroeira-2", key_of(OTHER): "ipe-3"})
        return news

    return fire_


def flaps():
    return [alert.flaps for alert in rows(Alert)]


def rows(model):
    order = Alert.started_at if model is Alert else None
    return db.read_now(lambda session: list(session.exec(select(model).order_by(order))))


def test_the_third_time_within_half_an_hour_is_flapping(fire):
    for minute in (0, 5, 10, 12):
        fire(minute)
    fire(13, labels=OTHER)
    assert flaps() == [0, 0, 3, 4, 0]


def test_what_was_long_ago_does_not_count(fire):
    for minute in (0, 16, 32, 48):
        fire(minute)
    assert flaps() == [0, 0, 0, 0]


def test_it_is_said_on_the_row_in_the_story_and_in_letters(fire):
    for minute in (0, 1, 2, 3):
        fire(minute)
    alert = rows(Alert)[-1]
    assert words.fact("en", alert, now(), "UTC").endswith("flaps: 4 times in 30 min")
    assert words.fact("pt-BR", alert, now(), "UTC").endswith("oscila: 4 vezes em 30 min")
    row = alert_views.row(alert, "pt-BR", "UTC", now(), {}, {})
    assert (row["flaps"], "oscila" in row["second"]) == ("oscila: 4 vezes em 30 min", False)
    fired = next(one for one in db.read_now(alerts.story, alert.id) if one.kind == "fired")
    assert "flaps: 4 times" in alert_views._line(fired, alert, "en", "UTC")["detail"]
    assert words.flaps("en", rows(Alert)[0].flaps) == ""


def test_a_warning_waits_longer_each_time_and_never_beyond_half_an_hour():
    waits = [flapping.flap_wait(times).total_seconds() for times in range(12)]
    assert waits == [0, 0, 0, 30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    assert flapping.flap_wait(10_000) == flapping.LONGEST


@pytest.fixture
def channel(database, settings):
    """One that everything goes to."""
    hook = {"url": "https://hooks.example.org", "secret": "a secret of many letters"}
    made = db.write_now(
        channels.create, settings, now(), channels.Draft("webhook", "Sala", hook, locale="en"), BY
    )
    step = {"after": 0, "targets": [{"kind": "channel", "id": made.id.hex}]}
    db.write_now(routes.create, now(), routes.Draft("Rota", [step]), BY)
    return made


@pytest.fixture
def live(fire, settings, channel, began):
    """Come and go, have people told, and say after how many seconds they were."""

    def live_(seconds, every, **more):
        for later in range(0, seconds, 10):
            at = began + timedelta(seconds=later)
            if later % every == 0:
                for one in fire(later / 60, lasts=10, **more):
                    db.write_now(notices.tell, settings, moment(one.transition.at), [one])
            db.write_now(notices.digest, settings, at)
        told = sorted({notice.told_at for notice in rows(AlertNotice) if notice.told_at})
        return [round((at - began).total_seconds()) for at in told]

    return live_


def test_people_are_told_of_a_flapping_warning_less_and_less_often(live):
    told = live(3600, every=40)
    gaps = [later - sooner for sooner, later in pairwise(told)]
    assert 3 <= len(told) <= 5, told
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 1500
    assert len(rows(OutboxMessage)) == len(told)
    flapped = {alert.id: alert.flaps for alert in rows(Alert)}
    assert all(flapped[notice.alert_id] for notice in rows(AlertNotice))
    # What waits tells of the last time, and is one.
    waiting = [notice for notice in rows(AlertNotice) if not notice.told_at]
    assert len(waiting) == 1
    assert waiting[0].alert_id == rows(Alert)[-1].id


def test_a_warning_that_does_not_flap_and_is_soon_over_is_told_to_nobody(live):
    assert live(3600, every=1200) == []


def test_what_is_critical_is_told_at_once_however_often_it_comes(live):
    told = live(400, every=100, severity="critical", value=95.0)
    assert {0, 100, 200, 300} <= set(told)
    assert rows(Alert)[-1].flaps == 4
