"""While a silence covers an alert nobody is told of it; what is still wrong afterwards is told once."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from models import Alert, AlertEvent, AlertNotice, AlertStanding, AuditEvent, OutboxMessage, Silence
from services import alerts, db
from services.alerts import builtin, notices, rules, silences
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.history.series import key_of, moment
from services.settings import Settings

NODE = {"kind": "worker", "compute": "c", "worker": "w1"}
COMPUTE = {"kind": "compute", "compute": "c"}
NAMES = {key_of(NODE): "aroeira-2"}
HOUR = timedelta(hours=1)


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


@pytest.fixture
def happen(watched, settings):
    """Measure something, and have people told: `happen(at, up=0)`."""

    def happen_(at, labels=NODE, **values):
        moved = watched.take(at.timestamp(), labels, {name: float(value) for name, value in values.items()})
        db.write_now(lambda session: notices.tell(session, settings, at, alerts.write(session, moved, NAMES)))

    return happen_


@pytest.fixture
def by(bruno):
    return Actor("person", bruno.id, "Bruno")


@pytest.fixture
def loop(settings):
    """What the loop does every few seconds."""

    def pass_(at):
        told = db.write_now(notices.catch_up, settings, at)
        return told + db.write_now(notices.digest, settings, at)

    return pass_


def rows(model):
    return db.read_now(lambda session: list(session.exec(select(model))))


def only_alert():
    [alert] = rows(Alert)
    return alert


def hush(by, at, hours=1.0, matchers=None, **more):
    matchers = {"worker": "w1"} if matchers is None else matchers
    draft = silences.Draft(at + hours * HOUR, "troca da fonte", matchers, **more)
    return db.write_now(silences.create, at, draft, by)


def made(matchers=None, rule_id=None, start=0.0, end=10.0, ended=None):
    return Silence(
        matchers=matchers or {},
        rule_id=rule_id,
        starts_at=moment(start),
        ends_at=moment(end),
        ended_at=None if ended is None else moment(ended),
        reason="x",
        created_at=moment(0.0),
    )


RULE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("silence", "at", "covered"),
    [
        (made({"worker": "w1"}), 5.0, True),
        (made({"worker": "w1"}), 0.0, True),
        (made({"worker": "w1"}), 10.0, False),
        (made({"worker": "w1"}, start=6.0), 5.0, False),
        (made({"worker": "w1"}, ended=5.0), 5.0, False),
        (made({"worker": "w1"}, ended=6.0), 5.0, True),
        (made({"worker": "w2"}), 5.0, False),
        (made({"worker": "w1", "kind": "worker"}), 5.0, True),
        (made({"worker": "w1", "probe": "redis"}), 5.0, False),
        (made(rule_id=RULE), 5.0, True),
        (made(rule_id=OTHER), 5.0, False),
        (made({"worker": "w1"}, rule_id=OTHER), 5.0, False),
    ],
)
def test_a_silence_covers_what_has_all_its_labels_while_it_lasts(silence, at, covered):
    assert silences.covers(silence, NODE, RULE, moment(at)) is covered


@pytest.mark.parametrize(
    "matchers", [{}, {"worker": "w1"}, {"worker": "w1", "probe": "x"}, {"kind": "worker"}]
)
@pytest.mark.parametrize("rule", [None, RULE, OTHER])
def test_the_database_says_the_same(database, matchers, rule):
    for labels, rule_id in ((NODE, RULE), (COMPUTE, RULE), (NODE, None), ({}, OTHER)):
        alert = Alert(
            started_at=moment(1.0),
            since=moment(1.0),
            rule_id=rule_id,
            labels=labels,
            open_key=uuid4().hex,
            state="firing",
            severity="critical",
            worst="critical",
        )
        db.write_now(lambda session, alert=alert: session.add(alert))
    silence = made(matchers, rule)
    query = select(Alert.id).where(silences.covered([silence]))
    found = set(db.read_now(lambda session: list(session.exec(query))))
    rest = set(
        db.read_now(lambda session: list(session.exec(select(Alert.id).where(~silences.covered([silence])))))
    )
    expected = {one.id for one in rows(Alert) if silences.matches(silence, one.labels, one.rule_id)}
    assert (found, rest) == (expected, {one.id for one in rows(Alert)} - expected)
    assert db.read_now(silences.count_covered, matchers, rule) == len(expected)


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"matchers": {}}, "matchers", "nothing"),
        ({"matchers": {"worker": ""}}, "matchers", "matchers"),
        ({"matchers": {'a" ': "x"}}, "matchers", "matchers"),
        ({"matchers": {f"l{number}": "x" for number in range(9)}}, "matchers", "matchers"),
        ({"reason": "  "}, "reason", "reason"),
        ({"reason": "x" * 301}, "reason", "long"),
        ({"ends_at": timedelta(0)}, "ends_at", "past"),
        ({"ends_at": timedelta(days=30, seconds=1)}, "ends_at", "days"),
        ({"ends_at": HOUR, "starts_at": 2 * HOUR}, "ends_at", "order"),
        ({"rule_id": UUID(int=9)}, "rule_id", "rule"),
    ],
)
def test_what_makes_no_sense_is_refused(database, bruno, changes, field, why):
    at = now()
    told = {"ends_at": HOUR, "reason": "troca", "matchers": {"worker": "w1"}, **changes}
    moments = {name: at + told[name] for name in ("ends_at", "starts_at") if name in told}
    with pytest.raises(Invalid) as refused:
        db.write_now(silences.create, at, silences.Draft(**{**told, **moments}), Actor("person", bruno.id))
    assert refused.value.fields == {field: f"silences.error.{why}"}
    assert not rows(Silence)


def test_thirty_days_are_not_too_long(database, by):
    assert hush(by, now(), hours=30 * 24).author == "Bruno"


def test_nobody_is_told_while_it_lasts_and_once_when_it_is_over(happen, loop, by, ana):
    at = now()
    hush(by, at)
    happen(at, up=0)
    assert loop(at + HOUR - timedelta(seconds=1)) == 0
    assert not rows(OutboxMessage)
    assert db.read_now(alerts.counts, at) == {"critical": 0, "warning": 0}
    for second in range(3):
        loop(at + HOUR + timedelta(seconds=second))
    [message], [notice] = rows(OutboxMessage), rows(AlertNotice)
    assert (message.recipient_id, notice.kind, notice.told_at) == (ana.id, "fired", at + HOUR)
    assert db.read_now(alerts.counts, at + HOUR) == {"critical": 1, "warning": 0}
    happen(at + 2 * HOUR, up=1)
    assert [one.kind for one in rows(AlertNotice)] == ["fired", "resolved"]


def test_one_that_is_ended_early_is_over_then(happen, loop, by, ana):
    at = now()
    silence = hush(by, at)
    happen(at, up=0)
    assert loop(at + timedelta(minutes=1)) == 0
    db.write_now(silences.end, at + timedelta(minutes=2), silence.id, by)
    assert [loop(at + timedelta(minutes=2, seconds=5 * number)) for number in range(3)] == [1, 0, 0]
    with pytest.raises(Conflict):
        db.write_now(silences.end, at + timedelta(minutes=3), silence.id, by)
    with pytest.raises(NotFound):
        db.write_now(silences.end, at, UUID(int=9), by)
    assert [event.action for event in rows(AuditEvent)] == ["silence.created", "silence.ended"]


def test_what_is_over_before_the_silence_is_told_to_nobody(happen, loop, by, ana):
    at = now()
    hush(by, at)
    happen(at, up=0)
    happen(at + HOUR / 2, up=1)
    assert only_alert().state == "resolved"
    assert loop(at + 2 * HOUR) == 0
    assert not rows(AlertNotice)
    assert not rows(OutboxMessage)


def test_who_was_told_before_is_not_told_again(happen, loop, by, ana):
    at = now()
    happen(at, up=0)
    hush(by, at + timedelta(minutes=1))
    assert loop(at + 2 * HOUR) == 0
    assert len(rows(OutboxMessage)) == 1


def test_what_no_silence_covered_is_not_caught_up_with(watched, loop, by, ana):
    at = now()
    db.write_now(alerts.write, watched.take(at.timestamp(), NODE, {"up": 0.0}), NAMES)  # no mail then
    hush(by, at, matchers={"worker": "w2"})
    hush(by, at - 3 * HOUR)  # over before it fired
    assert loop(at + 2 * HOUR) == 0
    assert not rows(AlertNotice)


def test_what_somebody_acknowledged_meanwhile_is_theirs(happen, loop, by, ana):
    at = now()
    hush(by, at)
    happen(at, up=0)
    db.write_now(alerts.acknowledge, at, only_alert().id, by)
    assert loop(at + 2 * HOUR) == 0
    assert not rows(OutboxMessage)


def test_what_waits_for_a_digest_is_not_told_once_it_is_silenced(happen, loop, by, ana):
    at = now()
    for number in range(notices.AT_ONCE + 2):
        happen(at, {**NODE, "worker": f"w{number}"}, up=0)
    assert db.read_now(notices.waiting) == 2
    hush(by, at, matchers={"worker": f"w{notices.AT_ONCE}"})
    assert loop(at + timedelta(seconds=61)) == 1
    assert db.read_now(notices.waiting) == 0
    loop(at + HOUR)
    assert len(rows(AlertNotice)) == notices.AT_ONCE + 2
    assert len({one.alert_id for one in rows(AlertNotice)}) == notices.AT_ONCE + 2


def test_an_alert_is_silenced_by_what_tells_it_from_others(happen, by):
    at = now()
    happen(at, up=0)
    alert = only_alert()
    silence = db.write_now(alerts.silence, at, alert.id, by, until=at + HOUR, reason=" fonte ")
    assert (silence.matchers, silence.rule_id, silence.reason) == ({"worker": "w1"}, None, "fonte")
    assert db.read_now(silences.covering, alert, at).id == silence.id
    assert db.read_now(silences.covering, alert, at + HOUR) is None
    assert [(line.kind, line.actor, line.note) for line in db.read_now(alerts.story, alert.id)][1:] == [
        ("silenced", "Bruno", "fonte")
    ]
    with pytest.raises(Invalid) as refused:
        db.write_now(alerts.silence, at, alert.id, by, until=at, reason="")
    assert refused.value.fields.keys() == {"until", "reason"}
    happen(at + HOUR, up=1)
    with pytest.raises(Conflict):
        db.write_now(alerts.silence, at, alert.id, by, until=at + HOUR, reason="x")


def test_an_alert_without_such_a_label_is_silenced_with_its_rule(happen, by):
    at = now()
    happen(at, COMPUTE, up=0)
    alert = only_alert()
    silence = db.write_now(alerts.silence, at, alert.id, by, until=at + HOUR, reason="rede")
    assert (silence.matchers, silence.rule_id) == ({}, alert.rule_id)
    assert db.read_now(silences.rules, [silence]).keys() == {alert.rule_id}


def test_they_are_listed_as_they_matter(database, by):
    at = now()
    later, first = hush(by, at, 3), hush(by, at, 1)
    to_come = hush(by, at, 5, starts_at=at + 4 * HOUR)
    ended = hush(by, at, 9)
    db.write_now(silences.end, at + timedelta(minutes=1), ended.id, by)
    hush(by, at - timedelta(days=31), 1)
    listed = db.read_now(silences.listed, at + timedelta(minutes=2))
    assert [one.id for one in listed] == [one.id for one in (first, later, to_come, ended)]
    assert [silences.state_of(one, at + timedelta(minutes=2)) for one in listed] == [
        "running",
        "running",
        "coming",
        "over",
    ]


def test_who_leaves_is_named_in_none_and_old_ones_go(database, by, bruno):
    at = now()
    hush(by, at)
    db.write_now(alerts.forget, bruno.id)
    [silence] = rows(Silence)
    assert (silence.author, silence.author_id) == ("", None)
    db.write_now(alerts.prune, at + timedelta(days=5000))
    assert not rows(Silence)


def test_tomorrow_morning_is_where_the_reader_is():
    at = moment(1_780_000_000.0)  # 2026-05-28 20:26 UTC
    assert silences.tomorrow_morning(at, "UTC").isoformat() == "2026-05-29T08:00:00+00:00"
    assert silences.tomorrow_morning(at, "America/Sao_Paulo").isoformat() == "2026-05-29T11:00:00+00:00"
    assert silences.tomorrow_morning(at, "Asia/Tokyo").isoformat() == "2026-05-29T23:00:00+00:00"
    assert silences.tomorrow_morning(at, "No/Where").isoformat() == "2026-05-29T08:00:00+00:00"


def test_nothing_else_of_an_alert_changes(happen, by):
    at = now()
    happen(at, up=0)
    before = only_alert().model_dump()
    db.write_now(alerts.silence, at, only_alert().id, by, until=at + HOUR, reason="x")
    assert only_alert().model_dump() == before
    assert (len(rows(AlertEvent)), len(rows(AlertStanding))) == (2, 1)
