"""What is open stands in groups, as the address asks for it, on either database."""

from datetime import timedelta
from uuid import uuid4

import pytest

from models import Alert, AlertEvent
from services import alerts, db
from services.alerts import board, builtin
from services.alerts.board import SHOWN, AlertView, parse
from services.audit import Actor
from services.clock import now


@pytest.fixture
def put(database):
    """Store an alert."""
    db.write_now(builtin.ensure, now())
    base = now() - timedelta(hours=1)

    def put_(subject, state="firing", severity="critical", minutes=0, **more):
        at = base + timedelta(minutes=minutes)
        alert = Alert(
            started_at=at,
            rule_builtin="worker_lost",
            open_key=uuid4().hex if state != "resolved" else "",
            subject=subject,
            state=state,
            severity=severity,
            worst=severity,
            since=at,
            fired_at=None if state == "pending" else at,
            resolved_at=at + timedelta(seconds=30) if state == "resolved" else None,
            **more,
        )
        db.write_now(lambda session: session.add(alert))
        return alert

    return put_


def shown(view):
    found = db.read_now(board.board, view, now())
    return {group.name: [alert.subject for alert in group.alerts] for group in found.groups}


def test_groups_come_the_worst_first_and_the_newest_first_in_each(put):
    put("a")
    put("b", minutes=5)
    put("c", severity="warning")
    put("d", state="recovering")
    put("e", state="pending", severity="warning")
    put("f", state="no_data", severity="warning")
    put("g", state="resolved")
    assert list(shown(AlertView()).items()) == [
        ("critical", ["b", "a"]),
        ("warning", ["c"]),
        ("no_data", ["f"]),
        ("pending", ["e"]),
        ("recovering", ["d"]),
    ]
    assert shown(AlertView(severity="warning")) == {"warning": ["c"], "no_data": ["f"], "pending": ["e"]}


def test_of_very_many_the_newest_are_shown_and_all_are_counted(put):
    for number in range(SHOWN + 3):
        put(f"w{number}", minutes=number / 60)
    [group] = db.read_now(board.board, AlertView(), now()).groups
    assert (len(group.alerts), group.total) == (SHOWN, SHOWN + 3)
    assert group.alerts[0].subject == f"w{SHOWN + 2}"
    assert shown(AlertView(text="w0")) == {"critical": ["w0"]}


@pytest.mark.parametrize("text", ["PERDIDO", "lost", "Ipê-3", "ipê"])
def test_a_text_is_looked_for_in_the_subject_and_in_what_the_rule_is_called(put, text):
    put("ipê-3")
    assert shown(AlertView(text=text)) == {"critical": ["ipê-3"]}
    assert shown(AlertView(text="100%")) == {}


def test_who_wrote_the_last_note_and_what_is_nobodys(put, bruno, carla):
    one, other = put("a"), put("b")
    for person, text in ((bruno, "primeiro"), (carla, "depois")):
        by = Actor("person", person.id, person.name)
        db.write_now(alerts.comment, now(), one.id, by, text)
    db.write_now(alerts.acknowledge, now(), other.id, Actor("person", bruno.id, "Bruno"))
    found = db.read_now(board.board, AlertView(), now())
    assert found.writers == {one.id: "Carla"}
    assert (found.names, found.unowned, found.open) == ({bruno.id: "Bruno"}, 1, 2)
    assert shown(AlertView(unowned=True)) == {"critical": ["a"]}


def test_an_acknowledgement_counts_until_it_runs_out(put, bruno):
    alert = put("a")
    put("b", severity="warning")
    put("c", state="pending")
    by = Actor("person", bruno.id, "Bruno")
    db.write_now(alerts.acknowledge, now(), alert.id, by, until=now() + timedelta(hours=1))
    assert db.read_now(alerts.counts, now()) == {"critical": 0, "warning": 1}
    assert db.read_now(alerts.counts, now() + timedelta(hours=2)) == {"critical": 1, "warning": 1}


def test_what_is_over_comes_page_by_page_none_twice(put):
    for number in range(7):
        put(f"w{number}", state="resolved", minutes=number // 2)  # some at the same instant
    seen, before = [], None
    while True:
        found, _, _ = db.read_now(board.over, AlertView(tab="resolved"), before, 3)
        if not found:
            break
        seen += found
        before = (found[-1].resolved_at, found[-1].id)
    assert sorted(alert.subject for alert in seen) == [f"w{number}" for number in range(7)]
    ends = [alert.resolved_at for alert in seen]
    assert ends == sorted(ends, reverse=True)


def test_one_alert_comes_with_all_that_is_known_of_it(put):
    alert = put("a")
    event = AlertEvent(alert_id=alert.id, at=now(), kind="fired")
    db.write_now(lambda session: session.add(event))
    found = db.read_now(board.opened, alert.id, now())
    assert (found.alert.id, [line.kind for line in found.story], found.rule) == (alert.id, ["fired"], None)


@pytest.mark.parametrize(
    ("query", "view"),
    [
        ({}, AlertView()),
        ({"tab": "resolved", "q": " x ", "severity": "warning"}, AlertView("resolved", "x", "warning")),
        ({"tab": "other", "severity": "mild", "owner": "me", "alert": "../x"}, AlertView()),
        ({"tab": "rules", "q": "x", "alert": "0" * 32, "rule": "1" * 32}, AlertView("rules", rule="1" * 32)),
    ],
)
def test_an_address_is_a_view_and_a_view_is_an_address(query, view):
    assert parse(query) == view
    said = dict(part.split("=") for part in view.query.split("&")) if view.query else {}
    assert parse(said) == view
