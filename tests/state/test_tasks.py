"""People type tasks, finish them, give them away, move them on the board, and undo."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from models import Alert, AlertEvent, Note, Task
from services import db, tasks
from services.alerts import triage
from services.audit import Actor
from services.clock import now
from services.i18n import translate
from services.sharing import Reader
from services.tasks import Draft, Due, desk
from state.alerts import AlertsState
from state.task_links import LinkedTasks, TaskLinksState
from state.tasks import TaskPanel, TaskRows, TasksState, note_broadcast, renew

HOME = "/notes?view=tasks"


@pytest.fixture(autouse=True)
def bus(heard):
    desk.configure(heard)
    triage.configure(heard)
    return heard


def make(person, title="Pedir fontes", **more):
    reader, by = db.read_now(Reader.called, person.id), Actor("person", person.id, person.name)
    return db.write_now(tasks.create, now(), reader, Draft(title, "UTC", **more), by)


def kept():
    return db.read_now(lambda session: session.exec(select(Task).order_by(Task.id)).all())


def shown(sender, state):
    """All that was sent of a state, the newer over the older."""
    values = {}
    for sent in sender.sent.values():
        for delta in sent:
            values |= delta.get(state.get_full_name(), {})
    return {name.removesuffix("_rx_state_"): value for name, value in values.items()}


def titles(sender):
    return {
        group["name"]: [row["title"] for row in group["rows"]] for group in shown(sender, TaskRows)["groups"]
    }


def address(event):
    where = next(str(value).strip('"') for name, value in event.args if str(name) == "path")
    return {name: value[0] for name, value in parse_qs(urlsplit(where).query).items()}


async def test_a_line_is_understood_while_it_is_typed_and_kept(tab, bruno, carla, sender):
    screen = tab(bruno, HOME)
    await screen.call(TasksState.load)
    line = "amanhã 9h ligar para o fornecedor !alta @carla"
    await screen.call(TasksState.typed, line)
    page = await screen.of(TasksState)
    assert [(one["kind"], one["wrong"]) for one in page.chips] == [
        ("due", False),
        ("priority", False),
        ("assignee", False),
    ]
    assert [one["text"] for one in page.chips] == ["amanhã, 09:00", "alta", "Carla"]
    assert page.offers
    await screen.call(TasksState.offer)
    await screen.call(TasksState.add, {"line": line})
    [task] = kept()
    assert (task.title, task.priority, task.assignee_id) == ("ligar para o fornecedor", "high", carla.id)
    assert task.due_at - task.remind_at == timedelta(minutes=15)
    assert (page.chips, page.offers, page.offered) == ([], False, False)
    assert list(titles(sender).values()) == [["ligar para o fornecedor"]]
    # What the browser still sends of the line comes too late to be shown.
    await screen.call(TasksState.typed, line)
    assert page.chips == []


async def test_a_line_that_says_nothing_to_do_stays_with_what_is_wrong(tab, bruno):
    screen = tab(bruno, HOME)
    for line, key in (("amanhã 9h", "tasks.error.title"), ("ligar @zé", "tasks.error.assignee")):
        await screen.call(TasksState.add, {"line": line})
        page = await screen.of(TasksState)
        assert (page.line, page.line_error) == (line, translate("pt-BR", key))
    assert kept() == []
    await screen.call(TasksState.typed, "ligar @zé")
    assert [one["wrong"] for one in page.chips] == [True]
    assert page.line_error == ""


async def test_what_is_done_can_be_taken_back(tab, bruno, sender):
    task = make(bruno, repeat="FREQ=DAILY")
    screen = tab(bruno, HOME)
    await screen.call(TasksState.load)
    await screen.call(TasksState.tick, task.id.hex, True)
    assert titles(sender)["done"] == ["Pedir fontes"]
    assert sorted(one.state for one in kept()) == ["done", "open"]
    [message] = await screen.messages()
    assert (message["title"], message["event"]) == ("Tarefa concluída", "task")
    await screen.call(TasksState.undo, message["id"])
    assert [one.state for one in kept()] == ["open"]
    assert await screen.messages() == []
    await screen.call(TasksState.undo, message["id"])
    assert (await screen.messages())[0]["state"] == "critical"


async def test_what_is_thrown_away_can_be_taken_back(tab, bruno):
    task = make(bruno)
    screen = tab(bruno, f"{HOME}&task={task.id.hex}")
    await screen.call(TasksState.load)
    went = await screen.call(TasksState.remove, task.id.hex)
    assert address(went) == {"view": "tasks"}
    assert kept()[0].deleted_at is not None
    [message] = await screen.messages()
    await screen.call(TasksState.undo, message["id"])
    assert kept()[0].deleted_at is None


async def test_nobody_else_sees_or_changes_it(tab, ana, bruno, sender):
    task = make(bruno)
    screen = tab(ana, f"{HOME}&task={task.id.hex}")
    await screen.call(TasksState.load)
    assert shown(sender, TaskRows)["total"] == 0
    assert shown(sender, TaskPanel)["found"] is False
    for handler, args in (
        (TasksState.tick, (task.id.hex, True)),
        (TasksState.move, (task.id.hex, "done")),
        (TasksState.put, ("title", "x")),
        (TasksState.put, ("priority", "high")),
        (TasksState.switch, ("team", True)),
        (TasksState.snooze, ("hour",)),
        (TasksState.remove, (task.id.hex,)),
        (TasksState.comment, ({"text": "x"},)),
        (TasksState.add_item, ({"item": "x"},)),
    ):
        await screen.call(handler, *args)
    assert (kept()[0].version, kept()[0].title) == (1, "Pedir fontes")
    assert {one["state"] for one in await screen.messages()} == {"critical"}


async def test_what_somebody_changes_is_seen_in_another_tab(tab, bruno, carla, sender):
    make(bruno, team=True)
    await tab(carla, HOME).call(TasksState.load)
    make(bruno, "Para todos", team=True)
    make(bruno, "Só minha")
    await renew()
    assert titles(sender) == {"undated": ["Pedir fontes", "Para todos"]}


async def test_fields_of_the_open_task_are_kept_as_they_are_left(tab, bruno, carla, sender):
    task = make(bruno)
    screen = tab(bruno, f"{HOME}&task={task.id.hex}")
    await screen.call(TasksState.load)
    for name, value in (
        ("title", "Pedir duas fontes"),
        ("text", "do *rack 2*"),
        ("day", "2027-01-31"),
        ("time", "09:30"),
        ("remind", "2027-01-31T09:00"),
        ("repeat", "monthly"),
        ("repeat_from", "done"),
        ("assignee", carla.id.hex),
        ("priority", "urgent"),
    ):
        await screen.call(TasksState.put, name, value)
    await screen.call(TasksState.switch, "until_done", True)
    await screen.call(TasksState.switch, "team", True)
    facts = shown(sender, TaskPanel)["task"]
    assert {
        name: facts[name] for name in ("title", "day", "time", "remind", "repeat_choice", "repeat_from")
    } == {
        "title": "Pedir duas fontes",
        "day": "2027-01-31",
        "time": "09:30",
        "remind": "2027-01-31T09:00",
        "repeat_choice": "monthly",
        "repeat_from": "done",
    }
    assert (facts["assignee"], facts["priority"], facts["team"], facts["until_done"]) == (
        *("Carla", "urgent"),
        *(True, True),
    )
    version = kept()[0].version
    await screen.call(TasksState.put, "title", "Pedir duas fontes")  # left as it was
    assert kept()[0].version == version
    await screen.call(TasksState.put, "title", " ")
    page = await screen.of(TasksState)
    assert page.errors["title"] == translate("pt-BR", "tasks.error.title")
    await screen.call(TasksState.put, "day", "")
    assert (kept()[0].due_on, kept()[0].repeat) == (None, "")
    story = [line["title"] for line in shown(sender, TaskPanel)["story"]]
    assert "Bruno deu a Carla" in story and "Bruno criou" in story


async def test_a_checklist_and_comments(tab, bruno, sender):
    task = make(bruno)
    screen = tab(bruno, f"{HOME}&task={task.id.hex}")
    await screen.call(TasksState.load)
    await screen.call(TasksState.add_item, {"item": "cabos"})
    await screen.call(TasksState.add_item, {"item": " "})
    assert (await screen.of(TasksState)).errors["item"] != ""
    [item] = shown(sender, TaskPanel)["task"]["items"]
    await screen.call(TasksState.check_item, item["id"], True)
    assert shown(sender, TaskPanel)["task"]["items_said"] == "1 de 1"
    await screen.call(TasksState.comment, {"text": "chega sexta"})
    assert shown(sender, TaskPanel)["story"][-1]["note"] == "chega sexta"
    await screen.call(TasksState.comment, {"text": ""})
    assert (await screen.of(TasksState)).errors["comment"] != ""
    await screen.call(TasksState.remove_item, item["id"])
    assert shown(sender, TaskPanel)["task"]["items"] == []


async def test_cards_go_from_column_to_column_and_up_and_down(tab, bruno, sender):
    a, b = make(bruno, "a"), make(bruno, "b")
    screen = tab(bruno, f"{HOME}&show=board")
    await screen.call(TasksState.load)
    assert titles(sender) == {"open": ["b", "a"], "doing": [], "done": [], "dropped": []}
    await screen.call(TasksState.shift, a.id.hex, -1)
    assert titles(sender)["open"] == ["a", "b"]
    await screen.call(TasksState.shift, a.id.hex, 1)
    await screen.call(TasksState.shift, a.id.hex, 1)
    assert titles(sender)["open"] == ["b", "a"]
    await screen.call(TasksState.move, b.id.hex, "doing")
    await screen.call(TasksState.move, a.id.hex, "dropped")
    assert titles(sender) == {"open": [], "doing": ["b"], "done": [], "dropped": ["a"]}


async def test_a_reminder_is_put_off(tab, bruno):
    task = make(bruno)
    screen = tab(bruno, f"{HOME}&task={task.id.hex}")
    await screen.call(TasksState.load)
    await screen.call(TasksState.snooze, "hour")
    assert timedelta(minutes=59) < kept()[0].remind_at - now() <= timedelta(hours=1)
    await screen.call(TasksState.snooze, "tomorrow")
    assert (kept()[0].tell_at.minute, kept()[0].tell_at > now()) == (0, True)
    await screen.call(TasksState.snooze, "none")
    assert (kept()[0].remind_at, kept()[0].tell_at) == (None, None)


async def test_the_filter_is_in_the_address(tab, bruno):
    screen = tab(bruno, HOME)
    await screen.call(TasksState.load)
    assert address(await screen.call(TasksState.look, "board")) == {"view": "tasks", "show": "board"}
    assert address(await screen.call(TasksState.narrow, "me")) == {"view": "tasks", "who": "me"}
    assert address(await screen.call(TasksState.weigh, "high")) == {"view": "tasks", "priority": "high"}
    assert address(await screen.call(TasksState.search, " fontes ")) == {"view": "tasks", "q": "fontes"}
    screen.at(f"{HOME}&who=me&q=x&show=nonsense&task=nonsense")
    await screen.call(TasksState.load)
    page = await screen.of(TasksState)
    assert (page.show, page.assignee, page.text, page.selected) == ("list", "me", "x", "")
    assert address(await screen.call(TasksState.clear)) == {"view": "tasks"}


async def test_beside_a_note_stand_its_tasks_and_what_is_due(tab, ana, bruno, sender):
    note = Note(owner_id=bruno.id, title="Rack 2", created_at=now(), updated_at=now())
    db.write_now(lambda session: session.add(note))
    make(bruno, "hoje", due=Due(now().date() - timedelta(days=1)))
    make(bruno, "um dia")
    make(ana, "de outra", due=Due(now().date()), team=True)
    make(bruno, "da nota", note_id=note.id)
    screen = tab(bruno, HOME)
    await screen.call(TasksState.load)
    await screen.call(TasksState.add, {"line": "também da nota", "note": note.id.hex})
    seen = await note_broadcast(note.id, bruno.id, "pt-BR", "UTC").build(None)
    assert {group["name"]: [row["title"] for row in group["rows"]] for group in seen["groups"]} == {
        "note": ["da nota", "também da nota"],
        "due": ["hoje"],
    }
    # Who does not read the note finds nothing of it there.
    others = await note_broadcast(note.id, ana.id, "pt-BR", "UTC").build(None)
    assert others["groups"] == []
    await tab(ana, HOME).call(TasksState.add, {"line": "x", "note": note.id.hex})
    assert [one.title for one in kept() if one.note_id] == ["da nota", "também da nota"]


async def test_an_alert_becomes_a_task_of_the_team(tab, bruno, carla, sender):
    at = now()
    alert = Alert(
        started_at=at,
        state="firing",
        severity="critical",
        worst="critical",
        since=at,
        subject="ipê",
        open_key="x",
    )
    db.write_now(lambda session: session.add(alert))
    screen = tab(bruno, f"/alerts?alert={alert.id.hex}")
    await screen.call(AlertsState.load)
    assert shown(sender, LinkedTasks)["rows"] == []
    await screen.call(TaskLinksState.ask, "alert", alert.id.hex)
    page = await screen.of(TaskLinksState)
    assert page.title != ""
    await screen.call(TaskLinksState.create, {"title": "", "assignee": "", "due": ""})
    assert page.errors["title"] != ""
    await screen.call(
        TaskLinksState.create, {"title": page.title, "assignee": carla.id.hex, "due": "2027-01-31"}
    )
    [row] = shown(sender, LinkedTasks)["rows"]
    assert (row["title"], row["owner"], row["about"], page.asked) == (page.title, "Carla", page.title, "")
    [line] = db.read_now(lambda session: session.exec(select(AlertEvent)).all())
    assert line.kind == "tasked"
