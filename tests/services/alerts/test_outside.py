"""Alerts of others: one of each, however often it is said; over when they say so, or when somebody here does."""

from datetime import timedelta

import pytest
from sqlmodel import select

from models import Alert, AlertEvent, AlertNotice, AlertOutside, OutboxMessage
from services import alerts, db
from services.alerts import board, notices, outside, silences, words
from services.alerts.outside import Told
from services.audit import Actor
from services.clock import now
from services.identity import accounts
from services.settings import Settings

LABELS = {"alertname": "DiskAlmostFull", "instance": "db-1:9100", "job": "node", "severity": "critical"}
T0 = now() - timedelta(minutes=10)
BY = Actor("key", None, "Ana (prometheus)")


def told(firing=True, *, began=T0, labels=LABELS, **more):
    return Told(firing, labels, began, **{"fingerprint": "f1", **more})


def take(*some, at=None):
    return db.write_now(outside.take, at or now(), some, BY)


def rows(model=Alert):
    return db.read_now(lambda session: list(session.exec(select(model))))


def story(alert):
    return [line.kind for line in db.read_now(alerts.story, alert.id)]


def by_hand(alert):
    return db.write_now(alerts.resolve, now(), alert.id, Actor("person", None, "Bruno"))


def test_one_that_fires_is_an_alert_with_what_it_says(database):
    taken = take(told(summary="Cheio", description="97 %", link="https://p.example.org/graph?g0"))
    assert (taken.opened, taken.changed, taken.closed) == (1, 0, 0)
    [alert] = rows()
    assert (alert.rule_name, alert.severity, alert.state, alert.subject) == (
        "DiskAlmostFull",
        "critical",
        "firing",
        "db-1:9100 (node)",
    )
    assert alert.labels == {**LABELS, "kind": "outside"}
    assert (alert.started_at, alert.fired_at, alert.rule_id, alert.last_note) == (T0, T0, None, "Cheio")
    assert words.title("en", alert) == "DiskAlmostFull: db-1:9100 (node)"
    [line] = db.read_now(alerts.story, alert.id)
    assert (line.actor, line.note) == ("Ana (prometheus)", "Cheio\n97 %")
    assert line.detail["link"] == "https://p.example.org/graph?g0"
    assert db.read_now(alerts.counts, now()) == {"critical": 1, "warning": 0}


def test_one_that_is_about_nothing_is_called_by_its_name_alone(database):
    take(
        told(labels={"alertname": "Watchdog", "probe": "redis"}),
        told(fingerprint="f2", labels={"alertname": "A"}),
    )
    titles = {words.title("en", alert) for alert in rows()}
    assert titles == {"Watchdog: redis", "A"}


def test_the_same_again_changes_nothing_and_makes_none(database):
    take(told())
    again = take(told(), told())
    assert (again.opened, again.changed, again.closed, again.news) == (0, 0, 0, [])
    assert len(rows()) == 1
    assert len(rows(AlertEvent)) == 1


def test_twice_in_one_message_is_one(database):
    assert take(told(), told(fingerprint="f2"), told()).opened == 2


def test_what_it_says_now_takes_the_place_of_what_it_said_unless_people_wrote(database):
    take(told(summary="91 %"))
    assert take(told(summary="92 %")).changed == 1
    [alert] = rows()
    assert alert.last_note == "92 %"
    db.write_now(alerts.comment, now(), alert.id, BY, "estou vendo")
    assert take(told(summary="93 %")).changed == 0
    assert rows()[0].last_note == "estou vendo"


def test_what_is_over_ends_when_it_ended_and_may_fire_again(database):
    take(told())
    ended = T0 + timedelta(minutes=5)
    taken = take(told(False, ended=ended))
    assert (taken.closed, [one.transition.kind for one in taken.news]) == (1, ["resolved"])
    [alert] = rows()
    assert (alert.state, alert.resolved_at, alert.open_key, story(alert)) == (
        "resolved",
        ended,
        "",
        ["fired", "resolved"],
    )
    assert take(told(False, ended=ended)).closed == 0
    assert take(told()).opened == 1  # Alertmanager had lost sight of it
    assert [one.state for one in sorted(rows(), key=lambda one: one.started_at)] == ["resolved", "firing"]


def test_what_comes_and_goes_flaps(database):
    for minutes in (9, 6, 3):
        began = now() - timedelta(minutes=minutes)
        take(told(began=began))
        take(told(False, began=began, ended=began + timedelta(minutes=1)))
    assert sorted(alert.flaps for alert in rows()) == [0, 0, 3]


def test_what_was_never_known_is_over_without_a_word(database):
    assert take(told(False, ended=now())).closed == 0
    assert rows() == rows(AlertOutside) == []


def test_what_somebody_resolved_stays_resolved_until_it_began_anew(database):
    take(told())
    by_hand(rows()[0])
    assert take(told()).opened == 0
    assert take(told(began=T0 - timedelta(minutes=1))).opened == 0
    assert [one.state for one in rows()] == ["resolved"]
    assert take(told(began=T0 + timedelta(minutes=2))).opened == 1
    assert sorted(one.state for one in rows()) == ["firing", "resolved"]


def test_the_end_of_what_somebody_resolved_changes_nothing(database):
    take(told())
    by_hand(rows()[0])
    resolved_at = rows()[0].resolved_at
    assert take(told(False, ended=now())).closed == 0
    assert (rows()[0].resolved_at, story(rows()[0])) == (resolved_at, ["fired", "resolved_by_hand"])
    assert take(told()).opened == 1


def test_a_late_word_about_the_time_before_ends_nothing(database):
    take(told(began=T0))
    assert take(told(False, began=T0 - timedelta(hours=1), ended=T0 - timedelta(minutes=30))).closed == 0
    assert rows()[0].state == "firing"


def test_without_a_fingerprint_the_labels_say_which_it_is(database):
    other = {**LABELS, "instance": "db-2:9100"}
    assert take(told(fingerprint=""), told(fingerprint="", labels=other)).opened == 2
    backwards = dict(reversed(LABELS.items()))
    assert take(told(False, fingerprint="", labels=backwards, ended=now())).closed == 1
    assert {one.subject: one.state for one in rows()} == {
        "db-1:9100 (node)": "resolved",
        "db-2:9100 (node)": "firing",
    }


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("critical", "critical"),
        ("Critical", "critical"),
        ("warning", "warning"),
        ("page", "warning"),
        (None, "warning"),
    ],
)
def test_what_is_not_critical_is_a_warning(database, label, severity):
    labels = {name: value for name, value in LABELS.items() if name != "severity"}
    take(told(labels=labels | ({"severity": label} if label else {})))
    assert rows()[0].severity == severity


def test_what_gets_worse_counts_again(database):
    take(told(labels={**LABELS, "severity": "warning"}))
    db.write_now(alerts.acknowledge, now(), rows()[0].id, BY)
    taken = take(told())
    assert [one.transition.kind for one in taken.news] == ["raised"]
    [alert] = rows()
    assert (alert.severity, alert.worst, alert.acknowledged_at) == ("critical", "critical", None)
    take(told(labels={**LABELS, "severity": "warning"}))
    assert (rows()[0].severity, rows()[0].worst) == ("warning", "critical")
    assert story(alert) == ["fired", "acknowledged", "raised", "eased"]


def test_a_clock_that_is_ahead_makes_no_alert_of_the_future(database):
    at = now()
    take(told(began=at + timedelta(minutes=3)), at=at)
    assert rows()[0].started_at == at
    assert take(told(began=at + timedelta(minutes=3))).opened == 0


def test_texts_of_any_length_fit(database):
    labels = {"alertname": "n" * 500, "instance": "i" * 2000, "kind": "Pod", "__odd__": "x", "é": "ção"}
    take(told(labels=labels, summary="s" * 9000))
    [alert] = rows()
    assert (alert.labels["kind"], alert.labels["exported_kind"], alert.labels["é"]) == (
        "outside",
        "Pod",
        "ção",
    )
    assert (len(alert.rule_name), len(alert.subject), len(alert.last_note)) == (120, 300, 300)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("http://prometheus:9090/graph?g0.expr=up+%3D%3D+0", True),
        ("https://p.example.org/", True),
        ("javascript:alert(1)", False),
        ("//example.org", False),
        ("http:///nowhere", False),
        ("http://a\nb", False),
        ("http://[", False),
        ("data:text/html,x", False),
        ("", False),
    ],
)
def test_only_pages_are_linked(address, kept):
    assert outside.link_of(address) == (address if kept else "")


def test_very_many_at_once(database):
    some = [told(fingerprint=f"f{number}") for number in range(1200)]
    assert take(*some).opened == 1200
    assert take(*some).opened == 0
    assert (
        take(*[told(False, fingerprint=f"f{number}", ended=now()) for number in range(1200)]).closed == 1200
    )


def test_what_is_forgotten_leaves_nothing(database):
    long_ago = now() - timedelta(days=2000)
    take(told(began=long_ago))
    take(told(False, began=long_ago, ended=long_ago + timedelta(hours=1)))
    take(told(fingerprint="f2"))
    assert db.write_now(alerts.prune, now()) == 1
    assert [row.key for row in rows(AlertOutside)] == [rows()[0].open_key]


# -- with what there is around them --------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, smtp_host="smtp.example.org", smtp_from="KeepAI@example.org")


def tell(settings, *some):
    def write(session):
        notices.tell(session, settings, now(), outside.take(session, now(), some, BY).news)

    db.write_now(write)


def test_the_first_admin_is_told_of_what_is_critical_and_of_its_end(database, settings):
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    tell(settings, told(), told(fingerprint="f2", labels={**LABELS, "severity": "warning"}))
    assert [notice.kind for notice in rows(AlertNotice)] == ["fired"]
    tell(settings, told(False, ended=now()))
    assert [notice.kind for notice in rows(AlertNotice)] == ["fired", "resolved"]
    assert len(rows(OutboxMessage)) == 2


def test_a_silence_by_labels_covers_it(database, settings):
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    draft = silences.Draft(now() + timedelta(hours=1), "mudança", {"instance": "db-1:9100"})
    db.write_now(silences.create, now(), draft, BY)
    tell(settings, told())
    assert rows(AlertNotice) == []
    assert db.read_now(alerts.counts, now())["critical"] == 0


def test_it_is_silenced_by_its_own_labels(database):
    many = {f"Label_{number}": str(number) for number in range(12)}
    take(told(labels={**LABELS, **many, "too long": "x", "b": "y" * 900}))
    [alert] = rows()
    until = now() + timedelta(hours=1)
    silence = db.write_now(alerts.silence, now(), alert.id, BY, until=until, reason="troca")
    assert len(silence.matchers) == 8
    assert silence.matchers["alertname"] == "DiskAlmostFull"
    assert db.read_now(silences.covering, alert, now()).id == silence.id


def test_it_is_on_the_board_and_found(database):
    take(told(), told(fingerprint="f2", labels={"alertname": "Outro"}))
    found = db.read_now(board.board, board.parse({"q": "db-1"}), now())
    assert [group.name for group in found.groups] == ["critical"]
    assert (found.open, found.found) == (2, 1)
    opened = db.read_now(board.opened, found.alerts[0].id, now())
    assert (opened.rule, opened.past.times) == (None, 0)
