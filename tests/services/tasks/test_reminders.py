"""People are reminded of what they wanted to be reminded of: when they wanted it, as they want it, and once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from models import AccountSession, BellNotice, NoticePreference, OutboxMessage, PushSubscription, Task
from models.base import new_id
from services import bell, db, tasks
from services.audit import Actor
from services.errors import Invalid
from services.settings import Settings
from services.sharing import Reader
from services.tasks import Draft, Due, reminders

SP = "America/Sao_Paulo"
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, smtp_host="127.0.0.1", public_url="https://keepai.example.org")


def by(person):
    return Actor("person", person.id, person.name)


def reader(person):
    return db.read_now(Reader.called, person.id)


def make(person, title="Pedir fontes", at=NOW, **more):
    return db.write_now(tasks.create, at, reader(person), Draft(title, SP, **more), by(person))


def remind(settings, at):
    """As the loop does."""
    return db.write_now(reminders.remind, settings, at) if db.read_now(reminders.is_due, at) else 0


def rows(table):
    return db.read_now(lambda session: session.exec(select(table)).all())


def add_device(person):
    """A device that takes notifications; what it is made of is not looked at before something is sent."""
    session = AccountSession(
        id=new_id(),
        account_id=person.id,
        token_hash=new_id().hex * 2,
        created_at=NOW,
        seen_at=NOW,
        expires_at=NOW + timedelta(days=7),
    )
    device = PushSubscription(
        account_id=person.id,
        session_id=session.id,
        endpoint_hash="0" * 64,
        sealed="",
        created_at=NOW,
        seen_at=NOW,
    )

    def add(database):
        database.add(session)
        database.flush()
        database.add(device)

    db.write_now(add)
    return device


def test_who_has_it_is_told_once_by_the_bell_and_by_mail(settings, ana, bruno):
    make(ana, assignee_id=bruno.id, due=Due(date(2026, 11, 18), "11:00"), remind_at=NOW + HOUR)
    assert remind(settings, NOW + HOUR - timedelta(seconds=1)) == 0
    assert remind(settings, NOW + HOUR) == 1
    assert remind(settings, NOW + HOUR) == remind(settings, NOW + 2 * HOUR) == 0
    [notice], [message] = rows(BellNotice), rows(OutboxMessage)
    assert (notice.account_id, notice.kind, notice.params) == (bruno.id, "task", {"title": "Pedir fontes"})
    assert notice.href.startswith("/notes?view=tasks&task=")
    assert (message.recipient_id, message.channel, message.purpose) == (bruno.id, "mail", "task")
    assert db.read_now(bell.unread, bruno.id, NOW + HOUR) == 1
    assert db.read_now(bell.unread, ana.id, NOW + HOUR) == 0


@pytest.mark.parametrize(("wish", "ways"), [("all", ["mail", "push"]), ("push", ["push"]), ("bell", [])])
def test_people_choose_by_what(settings, bruno, wish, ways):
    add_device(bruno)
    kept = NoticePreference(account_id=bruno.id, tasks=wish, updated_at=NOW)
    db.write_now(lambda session: session.add(kept))
    make(bruno, remind_at=NOW + HOUR)
    assert remind(settings, NOW + HOUR) == 1
    assert sorted(one.channel for one in rows(OutboxMessage)) == ways
    assert len(rows(BellNotice)) == 1


def test_without_a_mail_server_the_bell_still_tells(tmp_path, bruno):
    make(bruno, remind_at=NOW + HOUR)
    assert remind(Settings(data_dir=tmp_path), NOW + HOUR) == 1
    assert (len(rows(BellNotice)), rows(OutboxMessage)) == (1, [])


def test_nobody_is_reminded_of_what_is_done_thrown_away_or_past(settings, bruno, carla):
    done = make(bruno, remind_at=NOW + HOUR)
    db.write_now(tasks.change, NOW, reader(bruno), done.id, by(bruno), {"state": "done"})
    gone = make(bruno, remind_at=NOW + HOUR)
    db.write_now(tasks.delete, NOW, reader(bruno), gone.id, by(bruno))
    make(bruno, remind_at=NOW - HOUR)
    assert remind(settings, NOW + 2 * HOUR) == 0
    # Who may not come in any more is not told, and is not asked about again.
    make(carla, remind_at=NOW + HOUR)
    db.write_now(lambda session: setattr(session.get(type(carla), carla.id), "deactivated_at", NOW))
    assert remind(settings, NOW + 2 * HOUR) == 1
    assert (rows(BellNotice), db.read_now(reminders.is_due, NOW + 3 * HOUR)) == ([], False)


def test_until_it_is_done_each_day_at_the_same_time(settings, bruno):
    task = make(bruno, remind_at=NOW + HOUR, until_done=True)
    assert remind(settings, NOW + HOUR) == 1
    assert rows(Task)[0].tell_at == NOW + 25 * HOUR
    # Nobody ran for three days: it is told once, and then on the next day again.
    assert remind(settings, NOW + 80 * HOUR) == 1
    assert rows(Task)[0].tell_at == NOW + 97 * HOUR
    db.write_now(tasks.change, NOW, reader(bruno), task.id, by(bruno), {"state": "done"})
    assert remind(settings, NOW + 200 * HOUR) == 0


def test_a_reminder_that_is_put_off_comes_then_and_the_next_task_as_planned(settings, bruno):
    task = make(
        bruno,
        due=Due(date(2026, 11, 18), "10:00"),
        remind_at=datetime(2026, 11, 18, 12, 45, tzinfo=UTC),
        repeat="FREQ=DAILY",
    )
    at = datetime(2026, 11, 18, 12, 45, tzinfo=UTC)
    assert remind(settings, at) == 1
    db.write_now(tasks.snooze, at, reader(bruno), task.id, by(bruno), at + HOUR)
    assert (remind(settings, at + HOUR - timedelta(seconds=1)), remind(settings, at + HOUR)) == (0, 1)
    with pytest.raises(Invalid):
        db.write_now(tasks.snooze, at, reader(bruno), task.id, by(bruno), at)
    db.write_now(tasks.change, at + 2 * HOUR, reader(bruno), task.id, by(bruno), {"state": "done"})
    [coming] = [one for one in rows(Task) if one.follows]
    assert coming.tell_at == coming.remind_at == at + timedelta(days=1)
    db.write_now(tasks.snooze, at, reader(bruno), coming.id, by(bruno), None)
    assert remind(settings, at + timedelta(days=2)) == 0
