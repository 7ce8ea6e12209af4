"""Tasks are made, shared, done, repeated, thrown away and found by whom they concern, and by nobody else."""

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from models import Alert, AlertEvent, AuditDetail, Compute, Note, Passage, Share, Task, Worker
from services import db, index, sharing, tasks
from services.audit import Actor
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identity import people
from services.sharing import Given, Reader
from services.tasks import Draft, Due, lists
from services.tasks.lists import TaskView, Wanted

SP = "America/Sao_Paulo"
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def reader(person):
    return db.read_now(Reader.called, person.id)


def by(person):
    return Actor("person", person.id, person.name)


def make(person, title="Pedir fontes", at=NOW, **more):
    return db.write_now(tasks.create, at, reader(person), Draft(title, SP, **more), by(person))


def change(person, task, at=NOW, version=None, **changes):
    return db.write_now(tasks.change, at, reader(person), task.id, by(person), changes, version=version)


def all_of(person, at=NOW, **wanted):
    return [one.title for one in db.read_now(tasks.find, reader(person), at, Wanted(**wanted), 50)]


def rows(table, *where):
    return db.read_now(lambda session: session.exec(select(table).where(*where)).all())


def found_by(person, words):
    return [hit.title for hit in db.read_now(index.find, reader(person), words, NOW)]


@pytest.fixture
def note(bruno):
    """A note of Bruno's."""
    made = Note(owner_id=bruno.id, title="Rack 2", created_at=NOW, updated_at=NOW)
    return db.write_now(lambda session: session.add(made) or made)


def test_a_private_task_is_seen_by_nobody_else_and_by_no_admin(ana, bruno, carla):
    mine = make(bruno, text="senha do gerador")
    assert all_of(bruno) == ["Pedir fontes"]
    for other in (ana, carla):
        assert all_of(other) == []
        assert found_by(other, "gerador") == []
        for attempt in (
            lambda other=other: db.read_now(tasks.get, NOW, reader(other), mine.id),
            lambda other=other: change(other, mine, title="x"),
            lambda other=other: db.write_now(tasks.comment, NOW, reader(other), mine.id, by(other), "x"),
            lambda other=other: db.write_now(tasks.delete, NOW, reader(other), mine.id, by(other)),
            lambda other=other: db.write_now(tasks.add_item, NOW, reader(other), mine.id, by(other), "x"),
            lambda other=other: db.write_now(tasks.arrange, NOW, reader(other), mine.id, by(other), "done"),
        ):
            with pytest.raises(NotFound):
                attempt()
    assert found_by(bruno, "gerador") == ["Pedir fontes"]


def test_the_audit_log_has_what_was_done_and_no_word_of_it(bruno):
    task = make(bruno, "Trocar a senha do gerador", text="é 1234")
    change(bruno, task, title="Segredo", state="done")
    told = [(one.object, one.after) for one in rows(AuditDetail)]
    assert "Segredo" not in str(told) and "gerador" not in str(told) and "1234" not in str(told)
    assert {tuple(after.get("fields", [])) for _, after in told} == {(), ("state", "title")}


def test_whom_it_is_given_to_sees_it_until_it_is_somebody_elses(ana, bruno, carla):
    task = make(ana, assignee_id=bruno.id)
    assert (all_of(bruno), found_by(bruno, "fontes"), all_of(carla)) == (
        ["Pedir fontes"],
        ["Pedir fontes"],
        [],
    )
    change(bruno, task, state="doing")
    change(ana, task, assignee_id=carla.id)
    assert (all_of(bruno), found_by(bruno, "fontes")) == ([], [])
    assert (all_of(carla), found_by(carla, "fontes")) == (["Pedir fontes"], ["Pedir fontes"])
    with pytest.raises(Invalid) as refused:
        change(ana, task, assignee_id=uuid4())
    assert refused.value.fields == {"assignee": "tasks.error.assignee"}


def test_for_the_team_is_a_switch(ana, bruno, carla):
    task = make(bruno, team=True)
    assert all_of(ana) == all_of(carla) == ["Pedir fontes"]
    change(carla, task, state="done")
    assert db.read_now(tasks.get, NOW, reader(bruno), task.id).done_by == carla.id
    change(bruno, task, team=False)
    assert all_of(ana) == all_of(carla) == []
    assert rows(Share) == []


def test_a_task_of_a_note_is_seen_by_who_reads_the_note(ana, bruno, carla, note):
    task = make(bruno, note_id=note.id)
    assert all_of(ana, note_id=note.id) == found_by(ana, "fontes") == []
    db.write_now(sharing.replace, "note", note.id, [Given("read", account_id=carla.id)], bruno.id, NOW)
    assert all_of(carla) == found_by(carla, "fontes") == ["Pedir fontes"]
    for attempt in (lambda: change(carla, task, state="done"), lambda: make(carla, note_id=note.id)):
        with pytest.raises((NotFound, Forbidden)):
            attempt()
    with pytest.raises(NotFound):
        make(ana, note_id=note.id)
    db.write_now(sharing.replace, "note", note.id, [Given("write", account_id=carla.id)], bruno.id, NOW)
    change(carla, task, state="doing")
    assert all_of(bruno) == ["Pedir fontes"]

    def throw_away(session):
        session.get(Note, note.id).deleted_at = NOW

    db.write_now(throw_away)
    assert (all_of(carla), all_of(bruno)) == ([], ["Pedir fontes"])


def test_who_is_given_a_task_of_a_note_does_not_read_the_note(bruno, carla, note):
    make(bruno, note_id=note.id, assignee_id=carla.id)
    shown = db.read_now(lists.listed, reader(carla), NOW, SP, TaskView())
    assert shown.total == 1 and shown.around.notes == {}
    assert db.read_now(lists.listed, reader(bruno), NOW, SP, TaskView()).around.notes == {note.id: "Rack 2"}


def test_done_a_task_that_repeats_comes_back_in_the_same_moment(bruno, carla):
    task = make(
        bruno,
        due=Due(date(2026, 11, 18), "18:00"),
        remind_at=NOW + 8 * HOUR,
        repeat="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        checklist=("cabos", "fontes"),
        team=True,
        text="no rack 2",
    )
    item = task.checklist[0]["id"]
    db.write_now(tasks.check_item, NOW, reader(carla), task.id, by(carla), item, True)
    change(carla, task, at=NOW + 10 * HOUR, state="done")
    done, coming = sorted(rows(Task), key=lambda one: one.state)
    assert (done.state, coming.state, coming.follows) == ("done", "open", done.id)
    assert (coming.due_on, coming.due_time) == (date(2026, 11, 19), "18:00")
    assert coming.remind_at == NOW + 32 * HOUR
    assert [one["done"] for one in coming.checklist] == [False, False]
    assert all_of(carla, states=("open",)) == found_by(carla, "rack")[:1] == ["Pedir fontes"]
    assert coming.owner_id == bruno.id
    # Finished by mistake: the next one goes again.
    change(carla, task, state="open")
    assert len(rows(Task)) == 1 and len(rows(Passage)) == 1 and len(rows(Share)) == 1
    # Once somebody has touched it, it stays, and there is no second one.
    change(bruno, task, state="done")
    [coming] = rows(Task, Task.follows == task.id)
    change(bruno, coming, priority="high")
    change(bruno, task, state="open")
    change(bruno, task, state="done")
    assert len(rows(Task)) == 2


def test_two_who_finish_it_at_once_make_one_next_one(bruno, carla):
    task = make(bruno, repeat="FREQ=DAILY", team=True)
    together = threading.Barrier(4)

    def finish(person):
        together.wait()
        change(person, task, state="done")

    threads = [threading.Thread(target=finish, args=(one,)) for one in (bruno, carla, bruno, carla)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.state for one in rows(Task)) == ["done", "open"]


def test_a_rule_without_a_date_begins_with_its_first_day(bruno):
    task = make(bruno, repeat="FREQ=MONTHLY;BYMONTHDAY=5")
    assert (task.due_on, task.repeat) == (date(2026, 12, 5), "FREQ=MONTHLY;BYMONTHDAY=5")
    assert make(bruno, repeat="FREQ=MONTHLY").repeat == "FREQ=MONTHLY;BYMONTHDAY=18"


def test_a_reminder_moves_with_its_date(bruno):
    task = make(
        bruno, due=Due(date(2026, 11, 20), "09:00"), remind_at=datetime(2026, 11, 20, 11, 45, tzinfo=UTC)
    )
    moved = change(bruno, task, due=Due(date(2026, 11, 21), "14:00"))
    assert moved.remind_at == datetime(2026, 11, 21, 16, 45, tzinfo=UTC)
    assert moved.due_at == datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
    kept = change(bruno, task, due=None, remind_at=NOW + HOUR, until_done=True)
    assert (kept.due_at, kept.remind_at, kept.until_done) == (None, NOW + HOUR, True)
    assert change(bruno, task, remind_at=None).until_done is False


@pytest.mark.parametrize(
    ("draft", "fields"),
    [
        ({"title": "  "}, {"title"}),
        ({"title": "x" * 201}, {"title"}),
        ({"text": "x" * 20_001}, {"text"}),
        ({"priority": "soon"}, {"priority"}),
        ({"state": "gone"}, {"state"}),
        ({"repeat": "FREQ=SECONDLY"}, {"repeat"}),
        ({"until_done": True}, {"remind_at"}),
        ({"checklist": (" ",)}, {"checklist"}),
        ({"about_kind": "alert"}, {"about"}),
        ({"about_kind": "account", "about_id": uuid4()}, {"about"}),
    ],
)
def test_what_cannot_be_is_refused_in_words(bruno, draft, fields):
    with pytest.raises(Invalid) as refused:
        make(bruno, **{"title": "x", **draft})
    assert refused.value.fields.keys() == fields
    assert rows(Task) == []


def test_a_stale_change_is_refused(bruno):
    task = make(bruno, team=True)
    change(bruno, task, version=1, title="Pedir duas fontes")
    with pytest.raises(Conflict):
        change(bruno, task, version=1, title="Pedir três fontes")
    assert all_of(bruno) == ["Pedir duas fontes"]


def test_its_history_says_who_did_what(bruno, carla):
    task = make(bruno, team=True)
    change(carla, task, state="doing", priority="urgent", due=Due(date(2026, 11, 20)), assignee_id=carla.id)
    db.write_now(tasks.comment, NOW, reader(carla), task.id, by(carla), " ligando para o fornecedor ")
    lines = db.read_now(tasks.history, task.id)
    assert [(one.kind, one.actor) for one in lines] == [
        ("created", "Bruno"),
        *((kind, "Carla") for kind in ("assignee", "due", "priority", "state", "commented")),
    ]
    assert lines[2].detail == {"to": "2026-11-20", "from": None}
    assert (lines[1].detail["name"], lines[5].note) == ("Carla", "ligando para o fornecedor")


def test_the_trash_gives_back_for_thirty_days(bruno, carla):
    task = make(bruno, team=True)
    db.write_now(tasks.delete, NOW, reader(carla), task.id, by(carla))
    assert (all_of(bruno), found_by(bruno, "fontes"), all_of(bruno, trash=True)) == ([], [], ["Pedir fontes"])
    with pytest.raises(NotFound):
        change(bruno, task, title="x")
    db.write_now(tasks.restore, NOW, reader(bruno), task.id, by(bruno))
    assert all_of(bruno) == found_by(bruno, "fontes") == ["Pedir fontes"]
    db.write_now(tasks.delete, NOW, reader(bruno), task.id, by(bruno))
    assert db.write_now(tasks.prune, NOW + timedelta(days=29)) == 0
    assert db.write_now(tasks.prune, NOW + timedelta(days=31)) == 1
    assert rows(Task) == rows(Share) == rows(Passage) == []


def test_the_list_stands_in_groups(bruno):
    made = {
        "ontem": Due(date(2026, 11, 17), "18:00"),
        "cedo": Due(date(2026, 11, 18), "08:00"),
        "hoje": Due(date(2026, 11, 18)),
        "à noite": Due(date(2026, 11, 18), "23:30"),  # in UTC the day after
        "domingo": Due(date(2026, 11, 22)),
        "segunda": Due(date(2026, 11, 23)),
        "um dia": None,
    }
    for title, due in made.items():
        make(bruno, title, due=due)
    make(bruno, "feita", state="done")
    change(bruno, make(bruno, "feita ontem"), at=NOW - timedelta(days=1), state="done")
    make(bruno, "largada", state="dropped")
    shown = db.read_now(lists.listed, reader(bruno), NOW, SP, TaskView())
    assert {name: [one.title for one in some] for name, some in shown.groups.items()} == {
        "overdue": ["ontem", "cedo"],
        "today": ["à noite", "hoje"],
        "week": ["domingo"],
        "later": ["segunda"],
        "undated": ["um dia"],
        "done": ["feita"],
    }
    today = db.read_now(lists.listed, reader(bruno), NOW, SP, TaskView(show="today"))
    assert list(today.groups) == ["overdue", "today", "done"]
    narrow = db.read_now(lists.listed, reader(bruno), NOW, SP, TaskView(text="DOMINGO", assignee="me"))
    assert [name for name, some in narrow.groups.items() if some] == ["week"]


def test_mine_is_what_i_was_given_and_what_i_keep_for_myself(ana, bruno):
    make(bruno, "minha")
    make(bruno, "da equipe", team=True)
    make(ana, "dada", assignee_id=bruno.id)
    make(bruno, "de Ana", assignee_id=ana.id)
    assert all_of(bruno, assignee_id=bruno.id) == ["dada", "minha"]
    assert all_of(bruno, nobody=True) == ["da equipe", "minha"]


def test_cards_of_the_board_stand_where_they_are_put(bruno):
    a, b, c = (make(bruno, title, at=NOW + timedelta(seconds=at)) for at, title in enumerate("abc"))

    def column(state="open"):
        shown = db.read_now(lists.listed, reader(bruno), NOW, SP, TaskView(show="board"))
        return [one.title for one in shown.groups[state]]

    def put(task, state, before=None):
        db.write_now(tasks.arrange, NOW, reader(bruno), task.id, by(bruno), state, before and before.id)

    assert column() == ["c", "b", "a"]
    put(a, "open", b)
    assert column() == ["c", "a", "b"]
    put(c, "open")
    assert column() == ["a", "b", "c"]
    put(b, "open", a)
    put(a, "doing")
    assert (column(), column("doing")) == (["b", "c"], ["a"])
    put(c, "done")
    assert rows(Task, Task.id == c.id)[0].done_at == NOW


def test_a_task_made_of_an_alert_stands_in_its_story(bruno):
    alert = Alert(
        started_at=NOW, state="firing", severity="critical", worst="critical", since=NOW, subject="ipê"
    )
    compute = Compute(key="k", created_at=NOW)

    def add(session):
        session.add(alert)
        session.add(compute)
        session.flush()
        worker = Worker(compute_id=compute.id, name="ipê", state="running", since=NOW, first_seen=NOW)
        session.add(worker)
        return worker

    worker = db.write_now(add)
    make(bruno, about_kind="alert", about_id=alert.id, team=True)
    make(bruno, "Limpar disco", about_kind="worker", about_id=worker.id)
    [line] = rows(AlertEvent)
    assert (line.kind, line.actor, line.note, line.detail) == ("tasked", "Bruno", "", {})
    assert [one.about_name for one in rows(Task)] == ["ipê", "ipê"]
    shown = db.read_now(lists.about, reader(bruno), NOW, "worker", worker.id)
    assert [one.title for one in shown.groups["about"]] == ["Limpar disco"]
    assert shown.around.workers == {worker.id: "ipê"}
    for kind in ("alert", "worker"):
        with pytest.raises(NotFound):
            make(bruno, about_kind=kind, about_id=uuid4())


def test_who_leaves_takes_their_own_and_leaves_the_teams(ana, bruno, carla, password_hash):
    from tests.conftest import PASSWORD

    make(bruno, "minha")
    make(bruno, "da equipe", team=True)
    make(bruno, "de Carla", assignee_id=carla.id)
    given = make(ana, "de Bruno", assignee_id=bruno.id)
    db.write_now(tasks.comment, NOW, reader(bruno), given.id, by(bruno), "vou ver")
    db.write_now(people.delete, bruno.id, uuid4(), PASSWORD, NOW, by=by(bruno))
    kept = {one.title: one for one in rows(Task)}
    assert kept.keys() == {"da equipe", "de Carla", "de Bruno"}
    assert (kept["da equipe"].owner_id, kept["de Carla"].owner_id) == (ana.id, carla.id)
    assert kept["de Bruno"].assignee_id is None
    assert {one.actor for task in kept.values() for one in db.read_now(tasks.history, task.id)} == {"", "Ana"}


def test_a_name_behind_an_at_sign_finds_people(ana, bruno, carla):
    assert [one.name for one in db.read_now(lists.people_called, "BRUNO")] == ["Bruno"]
    assert [one.name for one in db.read_now(lists.people_called, "car")] == ["Carla"]
    assert db.read_now(lists.people_called, "zé") == db.read_now(lists.people_called, "..") == []
