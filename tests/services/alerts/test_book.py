"""What the engine found is written down once, and what people do about it stays with it."""

import dataclasses
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from models import Alert, AlertEvent, AlertNotice, AlertStanding, AuditEvent, OutboxMessage
from services import alerts, db, measures
from services.alerts import builtin, notices, rules, words
from services.alerts.engine import Standing
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.history.series import key_of, moment
from services.identity import accounts
from services.settings import Settings

NODE = {"kind": "worker", "compute": "c", "worker": "w1"}
NAMES = {key_of(NODE): "aroeira-2"}


@pytest.fixture
def watched(database):
    """All rules that come with KeepAI, in an evaluator."""
    db.write_now(builtin.ensure, now())
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    return evaluator


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, smtp_host="smtp.example.org", smtp_from="KeepAI@example.org")


def write(moved):
    return db.write_now(alerts.write, moved, NAMES)


def lose(evaluator, at, labels=NODE):
    return evaluator.take(at, labels, {"up": 0.0})


def only_alert():
    return db.read_now(lambda session: session.exec(select(Alert)).one())


def kinds(alert):
    return [one.kind for one in db.read_now(alerts.story, alert.id)]


def rows(model):
    return db.read_now(lambda session: list(session.exec(select(model))))


def test_a_lost_worker_is_an_alert_until_it_is_back(watched):
    watched.take(1000.0, NODE, {"up": 1.0})
    news = write(lose(watched, 1001.0))
    assert [one.transition.kind for one in news] == ["fired"]
    alert = only_alert()
    assert (alert.state, alert.severity, alert.subject, alert.rule_builtin) == (
        "firing",
        "critical",
        "aroeira-2",
        "worker_lost",
    )
    assert words.title("pt-BR", alert) == "Worker aroeira-2 perdido"
    assert db.read_now(alerts.counts, now()) == {"critical": 1, "warning": 0}
    [(rule_id, labels, standing)] = db.read_now(alerts.standings)
    assert (rule_id, labels, standing.state) == (alert.rule_id, NODE, "firing")
    write(watched.take(1062.0, NODE, {"up": 1.0}))
    alert = only_alert()
    assert (alert.state, alert.resolved_at) == ("resolved", moment(1062.0))
    assert (
        words.fact("pt-BR", alert, now(), "UTC")
        == "durou 1\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}s"
    )
    assert kinds(alert) == ["fired", "resolved"]
    assert not rows(AlertStanding)


def test_what_was_written_is_not_written_again(watched):
    moved = lose(watched, 1001.0)
    write(moved)
    assert write(moved) == []
    assert kinds(only_alert()) == ["fired"]


def test_a_restart_tells_nobody_again_and_forgets_nothing(watched):
    write(lose(watched, 1001.0))
    again = alerts.Evaluator(0.0)
    again.use(rules.usable(db.read_now(rules.listed)))
    for rule_id, labels, standing in db.read_now(alerts.standings):
        again.put(rule_id, labels, standing)
    assert lose(again, 1010.0) == []
    write(again.take(1011.0, NODE, {"up": 1.0}))
    assert only_alert().state == "resolved"


def test_a_pending_time_goes_on_after_a_restart(watched):
    paused = {"up": 1.0, "paused": 1.0}
    write(watched.take(1000.0, NODE, paused))
    assert only_alert().state == "pending"
    again = alerts.Evaluator(0.0)
    again.use(rules.usable(db.read_now(rules.listed)))
    for rule_id, labels, standing in db.read_now(alerts.standings):
        again.put(rule_id, labels, standing)
    assert again.take(1299.0, NODE, paused) == []
    write(again.take(1300.0, NODE, paused))
    assert (only_alert().state, only_alert().fired_at) == ("firing", moment(1300.0))


def test_a_first_sign_that_passes_leaves_nothing(watched):
    write(watched.take(1000.0, NODE, {"paused": 1.0}))
    write(watched.take(1001.0, NODE, {"paused": 0.0}))
    assert not rows(Alert)
    assert not rows(AlertEvent)
    assert not rows(AlertStanding)


def test_a_first_sign_that_somebody_wrote_about_stays(watched, bruno):
    write(watched.take(1000.0, NODE, {"paused": 1.0}))
    by = Actor("person", bruno.id, "Bruno")
    db.write_now(alerts.comment, now(), only_alert().id, by, "esperar o shuffle")
    write(watched.take(1001.0, NODE, {"paused": 0.0}))
    assert (only_alert().state, only_alert().last_note) == ("resolved", "esperar o shuffle")


def test_a_worker_that_is_taken_off_the_list_ends_its_alerts(watched):
    write(lose(watched, 1001.0))
    write(watched.end(1005.0, NODE))
    assert only_alert().state == "resolved"


def test_people_say_mine_hand_over_write_and_end(watched, bruno, carla):
    write(lose(watched, 1001.0))
    alert, by = only_alert(), Actor("person", bruno.id, "Bruno")
    db.write_now(
        alerts.acknowledge, now(), alert.id, by, note="sem energia", until=now() + timedelta(hours=1)
    )
    alert = only_alert()
    assert (alert.acknowledged_by, alert.assignee_id, alert.last_note) == (bruno.id, bruno.id, "sem energia")
    assert alerts.is_acknowledged(alert, now())
    assert not alerts.is_acknowledged(alert, now() + timedelta(hours=2))
    assert db.read_now(alerts.counts, now())["critical"] == 0
    db.write_now(alerts.assign, now(), alert.id, by, carla.id)
    db.write_now(alerts.comment, now(), alert.id, by, " ligando para o prédio ")
    db.write_now(alerts.resolve, now(), alert.id, by, note="fonte trocada")
    alert = only_alert()
    assert (alert.state, alert.resolved_by, alert.assignee_id) == ("resolved", bruno.id, carla.id)
    assert kinds(alert) == ["fired", "acknowledged", "assigned", "commented", "resolved_by_hand"]
    assert [one.note for one in db.read_now(alerts.story, alert.id)][1:] == [
        "sem energia",
        "",
        "ligando para o prédio",
        "fonte trocada",
    ]
    actions = sorted(event.action for event in rows(AuditEvent))
    assert actions == ["alert.acknowledged", "alert.assigned", "alert.commented", "alert.resolved_by_hand"]
    with pytest.raises(Conflict):
        db.write_now(alerts.acknowledge, now(), alert.id, by)
    # Silent until it has been clear, also after a restart.
    [(_, _, standing)] = db.read_now(alerts.standings)
    assert standing.by_hand
    watched.silence_by_hand(alert.rule_id, NODE, 1002.0)
    assert write(lose(watched, 1003.0)) == []
    write(watched.take(1004.0, NODE, {"up": 1.0}))
    assert [one.transition.kind for one in write(lose(watched, 1005.0))] == ["fired"]
    assert len(rows(Alert)) == 2


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        (lambda by, alert: db.write_now(alerts.comment, now(), alert.id, by, "  "), {"text"}),
        (lambda by, alert: db.write_now(alerts.comment, now(), alert.id, by, "x" * 2001), {"text"}),
        (
            lambda by, alert: db.write_now(alerts.acknowledge, now(), alert.id, by, until=moment(1000.0)),
            {"until"},
        ),
        (lambda by, alert: db.write_now(alerts.assign, now(), alert.id, by, UUID(int=7)), {"user_id"}),
    ],
)
def test_what_cannot_be_is_refused_in_words(watched, bruno, act, fields):
    write(lose(watched, 1001.0))
    with pytest.raises(Invalid) as refused:
        act(Actor("person", bruno.id, "Bruno"), only_alert())
    assert refused.value.fields.keys() == fields
    with pytest.raises(NotFound):
        db.read_now(alerts.get, UUID(int=9))


def test_what_is_critical_goes_to_the_first_admin(watched, settings, ana, bruno):
    write(watched.take(1000.0, NODE, {"memory_share": 96.0}))  # pending: nobody is told
    for at in (1001.0, 1002.0):
        moved = lose(watched, at)
        db.write_now(
            lambda session, moved=moved: notices.tell(
                session, settings, now(), alerts.write(session, moved, NAMES)
            )
        )
    [message] = rows(OutboxMessage)
    assert (message.recipient_id, message.template, message.purpose) == (ana.id, "alert", "alert")
    assert [one.account_id for one in rows(AlertNotice)] == [ana.id]


def test_an_address_that_was_made_up_gets_nothing(watched, settings):
    db.write_now(accounts.create, accounts.FIRST_ADMIN_EMAIL, "a long passphrase", role="admin")
    assert db.read_now(notices.first_admin) is None
    root = db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    assert db.read_now(notices.first_admin).id == root.id


def test_beyond_ten_a_minute_the_rest_comes_in_one_message(watched, settings, ana):
    moved = []
    for number in range(25):
        moved += lose(watched, 1001.0, {**NODE, "worker": f"w{number}"})
    at = now()
    db.write_now(lambda session: notices.tell(session, settings, at, alerts.write(session, moved, NAMES)))
    assert len(rows(OutboxMessage)) == notices.AT_ONCE
    assert db.read_now(notices.waiting) == 15
    assert db.write_now(notices.digest, settings, at + timedelta(seconds=30)) == 0
    assert db.write_now(notices.digest, settings, at + timedelta(seconds=61)) == 15
    assert [message.template for message in rows(OutboxMessage)][-1] == "alert_digest"
    assert len(rows(OutboxMessage)) == notices.AT_ONCE + 1
    assert db.read_now(notices.waiting) == 0
    assert len(rows(AlertNotice)) == 25


def test_what_is_over_takes_no_place_from_what_is_wrong(watched, settings, ana):
    at = now()
    for number in range(9):
        labels = {**NODE, "worker": f"w{number}"}
        for value in (0.0, 1.0):
            moved = watched.take(1000.0 + number, labels, {"up": value})
            db.write_now(
                lambda session, moved=moved: notices.tell(
                    session, settings, at, alerts.write(session, moved, NAMES)
                )
            )
    told = [(notice.kind, notice.told_at is not None) for notice in rows(AlertNotice)]
    assert told.count(("fired", True)) == 9
    assert told.count(("resolved", False)) > 0
    assert len(rows(OutboxMessage)) <= 2 * notices.AT_ONCE


GOOD = rules.Draft("Memória", "worker.memory_share", warning_fire=70.0, warning_clear=65.0)


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"name": " "}, "name", "name"),
        ({"measure": "worker.nothing"}, "measure", "measure"),
        ({"warning_clear": 71.0}, "warning_clear", "clear"),
        ({"warning_clear": None}, "warning_clear", "both"),
        ({"warning_fire": None, "warning_clear": None}, "warning_fire", "no_level"),
        ({"critical_fire": 60.0, "critical_clear": 50.0}, "critical_fire", "order"),
        ({"warning_fire": 100.0}, "warning_fire", "never"),
        ({"warning_fire": 1.0, "warning_clear": 0.0}, "warning_clear", "for_ever"),
        ({"measure": "worker.up", "warning_fire": 2.0, "warning_clear": 0.5}, "warning_fire", "never"),
        ({"pending": -1.0}, "pending", "seconds"),
        ({"keep": float("nan")}, "keep", "seconds"),
        ({"hits": 4, "of": 3}, "hits", "hits"),
        ({"summary": "median"}, "summary", "choice"),
        ({"no_data": "panic"}, "no_data", "choice"),
        ({"matchers": {"worker": ""}}, "matchers", "matchers"),
        ({"measure": "probe.latency", "summary": "mean", "window": 10.0}, "window", "window_short"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_before_it_is_saved(changes, field, why):
    draft = rules.Draft(**{**{name: getattr(GOOD, name) for name in GOOD.__dataclass_fields__}, **changes})
    assert rules.check(draft)[field] == f"alerts.error.{why}"


def test_rules_are_made_changed_and_taken_away(database, bruno):
    by = Actor("person", bruno.id, "Bruno")
    assert rules.check(GOOD) == {}
    rule = db.write_now(rules.create, now(), GOOD, by)
    assert rule.owner_id == bruno.id
    wanted = rules.Draft(**{**{n: getattr(GOOD, n) for n in GOOD.__dataclass_fields__}, "warning_fire": 75.0})
    db.write_now(rules.update, now(), rule.id, wanted, by)
    assert db.read_now(rules.get, rule.id).warning_fire == 75.0
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    write(evaluator.take(1000.0, NODE, {"memory_share": 80.0}))
    assert only_alert().rule_name == "Memória"
    db.write_now(alerts.close_without_rule, now(), rule.id, by)
    db.write_now(rules.remove, now(), rule.id, by)
    assert (only_alert().state, kinds(only_alert())[-1]) == ("resolved", "rule_gone")
    assert not rows(AlertStanding)
    assert [event.action for event in rows(AuditEvent)] == [
        "alert_rule.created",
        "alert_rule.changed",
        "alert_rule.removed",
    ]


def test_those_that_come_with_keepai_are_right_and_stay(database, bruno):
    by = Actor("person", bruno.id, "Bruno")
    assert all(rules.check(draft, builtin=True) == {} for draft in builtin.BUILTIN.values())
    db.write_now(builtin.ensure, now())
    found = {rule.builtin: rule for rule in db.read_now(rules.listed)}
    assert found.keys() == builtin.BUILTIN.keys()
    lost = found["worker_lost"]
    assert (lost.critical_fire, lost.pending) == (0.5, 0)
    with pytest.raises(Conflict):
        db.write_now(rules.remove, now(), lost.id, by)
    off = rules.Draft(**{**{n: getattr(lost, n) for n in GOOD.__dataclass_fields__}, "enabled": False})
    db.write_now(rules.update, now(), lost.id, off, by)
    db.write_now(builtin.ensure, now())
    assert not db.read_now(rules.get, lost.id).enabled
    assert lost.id not in {rule.id for rule in rules.usable(db.read_now(rules.listed))}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"measure": "worker.of_another_version"}, "measure_gone"),
        ({"warning_fire": None, "warning_clear": None}, "no_level"),
        ({"warning_clear": 99.0}, "clear"),
        ({"summary": "median"}, "choice"),
        ({"hits": 0}, "hits"),
        ({"matchers": {"worker": 5}}, "broken"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_says_why_and_the_rest_goes_on(watched, bruno, changes, why):
    by = Actor("person", bruno.id, "Bruno")
    rule = db.write_now(rules.create, now(), GOOD, by)

    def spoil(session):
        kept = rules.get(session, rule.id)
        for name, value in changes.items():
            setattr(kept, name, value)
        session.add(kept)

    db.write_now(spoil)
    spoilt = db.read_now(rules.get, rule.id)
    assert rules.error_of(spoilt) == f"alerts.error.{why}"
    usable = rules.usable(db.read_now(rules.listed))
    assert len(usable) == sum(draft.enabled for draft in builtin.BUILTIN.values())
    watched.use(usable)
    assert [one.transition.kind for one in write(lose(watched, 1001.0))] == ["fired"]
    # It can be switched off as it is, but not be kept on.
    off = dataclasses.replace(rules.draft_of(spoilt), enabled=False)
    assert not db.write_now(rules.update, now(), rule.id, off, by).enabled
    if why != "broken":
        with pytest.raises(Invalid):
            db.write_now(rules.update, now(), rule.id, dataclasses.replace(off, enabled=True), by)


def test_old_ones_are_forgotten_with_their_story(watched):
    write(lose(watched, 1001.0))
    write(watched.take(1002.0, NODE, {"up": 1.0}))
    assert db.write_now(alerts.prune, moment(1003.0)) == 0
    assert db.write_now(alerts.prune, now()) == 1
    assert not rows(AlertEvent)


def test_who_leaves_is_named_in_no_story(watched, bruno):
    write(lose(watched, 1001.0))
    by = Actor("person", bruno.id, "Bruno")
    db.write_now(alerts.comment, now(), only_alert().id, by, "ligando")
    db.write_now(alerts.forget, bruno.id)
    [_, line] = db.read_now(alerts.story, only_alert().id)
    assert (line.actor, line.actor_id, line.note) == ("", None, "ligando")


def test_every_measure_has_words_and_a_standing_is_kept_whole():
    from services.i18n import LOCALES, translate

    for locale in LOCALES:
        assert all(translate(locale, f"measures.{key}") for key in measures.by_key())
    assert set(Standing.__dataclass_fields__) >= {"state", "held", "since", "by_hand"}
