"""What the buttons of the workers page do, whatever is sent to them."""

from dataclasses import replace

import pytest

from services import db, live, worker_events, workers
from services.clock import now
from services.i18n import translate
from services.snapshot import worker_row
from state.workers import WorkersState
from tests.keepai.around import snapshot
from tests.services.test_workers import READING, entry


def pt(key, **params):
    return translate("pt-BR", key, **params)


@pytest.fixture
def compute(database):
    """A compute that is stored and shown: three lost workers, one that runs."""
    compute_id = db.write_now(workers.ensure_compute, "embedded", now())
    entries = [entry(f"gone-{n}", state="lost", since=now().timestamp() - n) for n in (1, 2, 3)]
    entries.append(entry("node-1"))
    db.write_now(workers.save, compute_id, entries)
    rows = [worker_row(one) for one in entries]
    live.publish(snapshot(compute={"id": str(compute_id)}, workers=rows))
    return compute_id


def ids(*names):
    found = {row["name"]: row["id"] for row in live.latest()["workers"]}
    return [found[name] for name in names]


async def test_who_may_act_undoes_that_a_worker_was_taken_off_the_list(tab, bruno, compute, heard):
    screen = tab(bruno)
    before = db.read_now(workers.load, compute)
    (gone,) = ids("gone-2")
    await screen.call(WorkersState.forget, gone)
    (said,) = await screen.messages()
    assert said["title"] == pt("workers.forget.done.one", name="gone-2")
    assert (said["action"], said["event"], said["stays"]) == (pt("common.undo"), "forget", False)
    assert [one.name for one in db.read_now(workers.load, compute)] == ["gone-1", "gone-3", "node-1"]
    await screen.call(WorkersState.put_back, said["id"])
    assert db.read_now(workers.load, compute) == before
    (said_now,) = await screen.messages()
    assert said_now["title"] == pt("workers.forget.undone.one", name="gone-2")
    assert [topic for topic, _ in heard.messages] == ["forget", "restore"]
    assert heard.messages[1][1]["workers"][0]["reading"]["memory"] == READING.memory
    events = db.read_now(worker_events.latest, compute)
    assert [(event.kind, event.by) for event in events] == [("restored", "Bruno"), ("removed", "Bruno")]


async def test_what_was_undone_or_never_done_cannot_be_undone(tab, bruno, ana, compute, heard):
    screen = tab(bruno)
    await screen.call(WorkersState.forget, ids("gone-1")[0])
    (said,) = await screen.messages()
    stranger = tab(ana)
    for asked in (said["id"], "", "x" * 4000, "__proto__"):
        await stranger.call(WorkersState.put_back, asked)
    assert {one["title"] for one in await stranger.messages()} == {pt("common.undo.too_late")}
    await screen.call(WorkersState.put_back, said["id"])
    await screen.call(WorkersState.put_back, said["id"])
    assert [one["title"] for one in await screen.messages()][-1] == pt("common.undo.too_late")
    assert [topic for topic, _ in heard.messages] == ["forget", "restore"]


async def test_only_what_is_lost_leaves_the_list_and_only_by_those_who_may(tab, bruno, carla, compute, heard):
    (running, gone) = ids("node-1", "gone-1")
    operator, viewer = tab(bruno), tab(carla)
    for asked in ("nobody", "", "\x00", running):
        await operator.call(WorkersState.forget, asked)
    titles = {one["title"] for one in await operator.messages()}
    assert titles == {pt("workers.forget.not_lost"), pt("workers.no_such")}
    await viewer.call(WorkersState.forget, gone)
    await viewer.call(WorkersState.put_back, "x")
    assert {one["title"] for one in await viewer.messages()} == {pt("errors.forbidden_role", role="viewer")}
    assert len(db.read_now(workers.load, compute)) == 4
    assert heard.messages == []


async def test_a_worker_that_came_back_meanwhile_stays(tab, bruno, compute):
    """The list in the database says so a moment before the snapshot does."""
    (gone,) = ids("gone-1")
    back = [replace(one, state="running") for one in db.read_now(workers.load, compute)]
    db.write_now(workers.save, compute, back)
    screen = tab(bruno)
    await screen.call(WorkersState.forget, gone)
    assert [one["title"] for one in await screen.messages()] == [pt("workers.forget.not_lost")]
    assert len(db.read_now(workers.load, compute)) == 4
