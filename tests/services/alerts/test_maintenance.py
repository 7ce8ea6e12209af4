"""Silences that come back every week, also in the nights in which the clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlmodel import select

from models import Alert, AuditEvent, MaintenanceWindow, OutboxMessage
from services import alerts, db
from services.alerts import builtin, maintenance, notices, recurrence, rules, silences
from services.alerts.maintenance import Draft
from services.audit import Actor
from services.errors import Conflict, Invalid, NotFound
from services.history.series import key_of
from services.settings import Settings

NODE = {"kind": "worker", "compute": "c", "worker": "w1"}
MONDAY = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
GOOD = Draft("67", "22:00", "06:00", "America/Sao_Paulo", date(2027, 1, 31), "backup", {"worker": "w1"})


def window(days="1234567", begins="22:00", ends="06:00", zone="UTC", until=date(2027, 12, 31), **more):
    made = more.pop("created_at", datetime(2026, 1, 1, tzinfo=UTC))
    return MaintenanceWindow(
        matchers={"worker": "w1"},
        days=days,
        begins=begins,
        ends=ends,
        zone=zone,
        until=until,
        reason="x",
        created_at=made,
        **more,
    )


def times(one, after, before):
    found = recurrence.occurrences(one, after, before)
    return [(start.strftime("%d %H:%M"), end.strftime("%d %H:%M")) for start, end in found]


def test_it_comes_back_on_its_days_and_may_last_beyond_midnight():
    found = times(
        window("15"), datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 8, tzinfo=UTC)
    )  # Monday and Friday
    assert found == [("30 22:00", "01 06:00"), ("04 22:00", "05 06:00"), ("07 22:00", "08 06:00")]


def test_what_runs_when_one_looks_counts_and_what_has_just_ended_does_not():
    one = window("1")
    at = datetime(2026, 12, 1, 5, 59, 59, tzinfo=UTC)
    assert recurrence.occurring(one, at).ends_at == datetime(2026, 12, 1, 6, tzinfo=UTC)
    assert recurrence.occurring(one, at + timedelta(seconds=1)) is None
    assert recurrence.occurring(one, datetime(2026, 11, 30, 21, 59, tzinfo=UTC)) is None
    assert recurrence.following(one, at) == datetime(2026, 12, 7, 22, tzinfo=UTC)


def test_until_is_the_last_day_on_which_it_begins():
    one = window("1", until=date(2026, 11, 30))
    assert times(one, datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))[-1] == (
        "30 22:00",
        "01 06:00",
    )
    assert recurrence.following(one, datetime(2026, 12, 1, tzinfo=UTC)) is None


def test_it_begins_when_it_is_made_and_ends_when_it_is_ended():
    made, ended = datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 12, 1, 23, 30, tzinfo=UTC)
    one = window(created_at=made, ended_at=ended)
    assert times(one, datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)) == [
        ("30 23:00", "01 06:00"),
        ("01 22:00", "01 23:30"),
    ]


@pytest.mark.parametrize(
    ("zone", "begins", "ends", "day", "found"),
    [
        # Berlin goes from 2:00 to 3:00 on 29 March 2026, and from 3:00 to 2:00 on 25 October.
        ("Europe/Berlin", "22:00", "06:00", date(2026, 3, 28), ("28 21:00", "29 04:00")),
        ("Europe/Berlin", "22:00", "06:00", date(2026, 10, 24), ("24 20:00", "25 05:00")),
        ("Europe/Berlin", "01:30", "04:00", date(2026, 3, 29), ("29 00:30", "29 02:00")),
        # What there is twice, from the first to the second time; what there is not, as it would have been.
        ("Europe/Berlin", "02:15", "02:45", date(2026, 10, 25), ("25 00:15", "25 01:45")),
        ("Europe/Berlin", "02:15", "02:45", date(2026, 3, 29), ("29 01:15", "29 01:45")),
        ("Europe/Berlin", "01:00", "02:30", date(2026, 3, 29), ("29 00:00", "29 01:30")),
        # São Paulo has not changed its clocks since 2019.
        ("America/Sao_Paulo", "22:00", "06:00", date(2026, 10, 17), ("18 01:00", "18 09:00")),
        ("America/Sao_Paulo", "22:00", "06:00", date(2018, 11, 3), ("04 01:00", "04 08:00")),
        # Half an hour is what Lord Howe changes.
        ("Australia/Lord_Howe", "01:00", "03:00", date(2026, 10, 4), ("03 14:30", "03 16:00")),
    ],
)
def test_in_the_nights_in_which_the_clock_changes_it_is_longer_or_shorter(zone, begins, ends, day, found):
    one = window(
        str(day.isoweekday()), begins, ends, zone, until=day, created_at=datetime(2018, 1, 1, tzinfo=UTC)
    )
    around = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert times(one, around - timedelta(days=3), around + timedelta(days=3)) == [found]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]
)
@pytest.mark.parametrize(("begins", "ends"), [("02:15", "02:45"), ("00:00", "00:30"), ("23:30", "02:30")])
def test_through_a_whole_year_every_time_ends_after_it_began_and_overlaps_no_other(zone, begins, ends):
    one = window(begins=begins, ends=ends, zone=zone)
    found = list(
        recurrence.occurrences(one, datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 12, 30, tzinfo=UTC))
    )
    assert 360 <= len(found) <= 363
    assert all(start < end for start, end in found)
    assert all(end <= start for (_, end), (start, _) in pairwise(found))


@pytest.fixture
def by(bruno):
    return Actor("person", bruno.id, "Bruno")


def changed(**changes):
    return Draft(**{**{name: getattr(GOOD, name) for name in GOOD.__dataclass_fields__}, **changes})


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"days": ""}, "days", "maintenance.error.days"),
        ({"days": "18"}, "days", "maintenance.error.days"),
        ({"begins": "25:00"}, "begins", "maintenance.error.clock"),
        ({"ends": "6:00"}, "ends", "maintenance.error.clock"),
        ({"days": "1234567", "ends": "22:00"}, "ends", "maintenance.error.always"),
        ({"zone": "Mars/Olympus"}, "zone", "maintenance.error.zone"),
        ({"zone": "../../etc/passwd"}, "zone", "maintenance.error.zone"),
        ({"until": None}, "until", "maintenance.error.until"),
        ({"until": date(2026, 11, 29)}, "until", "maintenance.error.past"),
        ({"until": date(2028, 11, 29)}, "until", "maintenance.error.year"),
        ({"until": date(2026, 12, 1)}, "until", "maintenance.error.never"),
        ({"reason": " "}, "reason", "silences.error.reason"),
        ({"matchers": {}}, "matchers", "silences.error.nothing"),
        ({"matchers": {"not a label": "x"}}, "matchers", "silences.error.matchers"),
    ],
)
def test_one_that_cannot_be_is_refused_with_what_is_wrong(database, by, changes, field, why):
    with pytest.raises(Invalid) as wrong:
        db.write_now(maintenance.create, MONDAY, changed(**changes), by)
    assert wrong.value.fields[field] == why


def test_one_is_made_listed_and_ended_and_the_audit_log_knows(database, by):
    made = db.write_now(maintenance.create, MONDAY, GOOD, by)
    [found] = db.read_now(recurrence.listed, MONDAY, silences.LISTED)
    assert (found.id, found.author, found.days) == (made.id, "Bruno", "67")
    assert recurrence.state_of(found, MONDAY) == "coming"
    saturday = datetime(2026, 12, 6, 2, tzinfo=UTC)  # 23:00 there
    assert recurrence.state_of(found, saturday) == "running"
    assert [one.id for one in db.read_now(silences.running, saturday)] == [made.id]
    db.write_now(maintenance.end, saturday, made.id, by)
    assert db.read_now(silences.running, saturday + timedelta(seconds=1)) == []
    [over] = db.read_now(recurrence.listed, saturday, silences.LISTED)
    assert recurrence.state_of(over, saturday) == "over"
    with pytest.raises(Conflict):
        db.write_now(maintenance.end, saturday, made.id, by)
    with pytest.raises(NotFound):
        db.write_now(maintenance.end, saturday, by.id, by)
    said = db.read_now(lambda session: [event.action for event in session.exec(select(AuditEvent))])
    assert said == ["maintenance.created", "maintenance.ended"]
    assert db.read_now(recurrence.listed, saturday + timedelta(days=90), silences.LISTED) == []


def test_there_are_not_endlessly_many(database, by, monkeypatch):
    monkeypatch.setattr(maintenance, "MOST", 1)
    db.write_now(maintenance.create, MONDAY, GOOD, by)
    with pytest.raises(Conflict):
        db.write_now(maintenance.create, MONDAY, GOOD, by)


def test_who_leaves_is_named_in_none_and_old_ones_are_forgotten(database, by):
    db.write_now(maintenance.create, MONDAY, GOOD, by)
    db.write_now(alerts.forget, by.id)
    [found] = db.read_now(recurrence.listed, MONDAY, silences.LISTED)
    assert (found.author, found.author_id) == ("", None)
    db.write_now(maintenance.prune, datetime(2027, 3, 1, tzinfo=UTC))
    assert db.read_now(recurrence.listed, MONDAY, silences.LISTED) == []


def test_nobody_is_told_while_it_lasts_and_of_what_is_still_wrong_afterwards_once(
    database, by, ana, tmp_path
):
    settings = Settings(data_dir=tmp_path, smtp_host="smtp.example.org", smtp_from="KeepAI@example.org")
    db.write_now(builtin.ensure, MONDAY)
    db.write_now(maintenance.create, MONDAY, GOOD, by)
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    during, after = datetime(2026, 12, 6, 2, tzinfo=UTC), datetime(2026, 12, 6, 9, tzinfo=UTC)
    moved = evaluator.take(during.timestamp(), NODE, {"up": 0.0})
    names = {key_of(NODE): "aroeira-2"}
    db.write_now(lambda session: notices.tell(session, settings, during, alerts.write(session, moved, names)))

    def mails():
        return len(db.read_now(lambda session: list(session.exec(select(OutboxMessage)))))

    assert db.write_now(notices.catch_up, settings, during) == 0
    assert (len(db.read_now(alerts.find)), mails()) == (1, 0)
    assert db.read_now(alerts.counts, during)["critical"] == 0
    assert db.write_now(notices.catch_up, settings, after) == 1
    assert db.write_now(notices.catch_up, settings, after) == 0
    assert mails() == 1
    alert = db.read_now(lambda session: session.exec(select(Alert)).one())
    assert db.read_now(alerts.counts, after)["critical"] == 1
    assert silences.last_of(db.read_now(silences.running, during), alert, during).reason == "backup"
