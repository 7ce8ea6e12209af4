"""What the buttons of the workers page do, whatever is sent to them."""

import asyncio
from dataclasses import replace

import pytest

from services import db, live, operations, worker_events, workers
from services.clock import now
from services.errors import NotFound
from services.i18n import translate
from services.snapshot import worker_row
from services.worker_table import parse
from state import live as live_state
from state.worker_picks import figures, report
from state.workers import WorkersState
from tests.keepai.around import snapshot, worker
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


async def test_many_leave_the_list_at_once_and_come_back_at_once(tab, bruno, compute, heard):
    screen = tab(bruno, "/workers?state=lost")
    before = db.read_now(workers.load, compute)
    await screen.call(WorkersState.pick_shown, True)
    await screen.call(WorkersState.pick, *ids("node-1"), True)
    await screen.call(WorkersState.forget_picked)
    (said,) = await screen.messages()
    assert said["title"] == pt("workers.forget.done.other", number=3)
    assert [one.name for one in db.read_now(workers.load, compute)] == ["node-1"]
    assert await picked(screen) == ["node-1"]
    await screen.call(WorkersState.put_back, said["id"])
    assert db.read_now(workers.load, compute) == before
    assert [topic for topic, _ in heard.messages] == ["forget", "restore"]


async def test_a_worker_that_came_back_meanwhile_stays(tab, bruno, compute):
    """The list in the database says so a moment before the snapshot does."""
    (gone,) = ids("gone-1")
    back = [replace(one, state="running") for one in db.read_now(workers.load, compute)]
    db.write_now(workers.save, compute, back)
    screen = tab(bruno)
    await screen.call(WorkersState.forget, gone)
    assert [one["title"] for one in await screen.messages()] == [pt("workers.forget.not_lost")]
    assert len(db.read_now(workers.load, compute)) == 4


async def picked(screen):
    """The names of the workers that are picked, in the order in which they were."""
    names = {row["id"]: row["name"] for row in live.latest()["workers"]}
    return [names[one] for one in (await screen.of(WorkersState)).picked]


async def test_rows_are_picked_and_left_out_one_by_one_and_all_that_the_filter_shows(tab, bruno, compute):
    screen = tab(bruno)
    for name in ("gone-2", "node-1", "gone-2"):
        await screen.call(WorkersState.pick, *ids(name), True)
    assert sorted(await picked(screen)) == ["gone-2", "node-1"]
    await screen.call(WorkersState.pick, *ids("gone-2"), False)
    assert await picked(screen) == ["node-1"]
    screen.at("/workers?q=gone&sort=-name")
    await screen.call(WorkersState.pick_shown, True)
    assert await picked(screen) == ["node-1", "gone-3", "gone-2", "gone-1"]
    screen.at("/workers?q=gone-3")
    await screen.call(WorkersState.pick_shown, False)
    assert await picked(screen) == ["node-1", "gone-2", "gone-1"]
    await screen.call(WorkersState.unpick)
    assert await picked(screen) == []
    assert await screen.messages() == []


async def test_the_window_is_no_limit_to_picking_all_but_there_is_one(tab, bruno, compute):
    many = [worker(f"w{n}") for n in range(1001)]
    live.publish(snapshot(compute={"id": str(compute)}, workers=many[:1000]))
    screen = tab(bruno)
    await screen.call(WorkersState.pick_shown, True)
    assert len(await picked(screen)) == 1000
    assert await screen.messages() == []
    live.publish(snapshot(compute={"id": str(compute)}, workers=many))
    await screen.call(WorkersState.pick_shown, True)
    assert len(await picked(screen)) == 1000
    assert [one["title"] for one in await screen.messages()] == [pt("workers.picks.most", most="1.000")]


@pytest.mark.parametrize("asked", ["", "nobody", "x" * 4000, "__proto__", "../../etc/passwd", "\x00"])
async def test_what_is_no_worker_is_not_picked(tab, bruno, compute, asked):
    screen = tab(bruno)
    await screen.call(WorkersState.pick, asked, True)
    await screen.call(WorkersState.pick, asked, False)
    assert await picked(screen) == []
    assert [one["title"] for one in await screen.messages()] == [pt("workers.no_such")]


@pytest.mark.parametrize(
    ("handler", "arguments"),
    [
        (WorkersState.pick, ("x" * 4001, True)),
        (WorkersState.pick, (None, True)),
        (WorkersState.pick, (["a"], True)),
        (WorkersState.pick, ("a", "perhaps")),
        (WorkersState.pick, ("a",)),
        (WorkersState.pick_shown, ({},)),
        (WorkersState.pick_shown, (7,)),
        (WorkersState.ask_picked, ("cancel",)),
        (WorkersState.ask_picked, ("",)),
        (WorkersState.ask_picked, (["retire"],)),
        (WorkersState.confirm_picked, ("retire",)),
        (WorkersState.forget_picked, ("all",)),
    ],
)
async def test_values_that_make_no_sense_are_refused_in_words(tab, bruno, compute, handler, arguments):
    screen = tab(bruno)
    await screen.call(handler, *arguments)
    assert [one["title"] for one in await screen.messages()] == [pt("errors.arguments")]
    assert await picked(screen) == []


async def test_a_viewer_picks_nothing_and_starts_nothing(tab, carla, compute, heard):
    screen = tab(carla)
    page = await screen.of(WorkersState)
    page.picked = ids("node-1", "gone-1")  # as if they had been an operator a moment ago
    page._asked = tuple(page.picked)
    for handler, arguments in (
        (WorkersState.pick, ("node-1", True)),
        (WorkersState.pick_shown, (True,)),
        (WorkersState.unpick, ()),
        (WorkersState.ask_picked, ("retire",)),
        (WorkersState.confirm_picked, ()),
        (WorkersState.forget_picked, ()),
    ):
        await screen.call(handler, *arguments)
        assert (await screen.messages())[-1]["title"] == pt("errors.forbidden_role", role="viewer")
    assert page.question["kind"] == ""
    assert heard.messages == []
    assert len(db.read_now(workers.load, compute)) == 4


@pytest.fixture
def crowd(compute):
    """Nine workers: six that run, two of them without a nanny, a paused, a leaving and a lost one."""
    rows = [worker(f"node-{n}", managed=2**30, nanny=n < 5) for n in range(1, 7)]
    rows += [worker("paused", state="paused", managed=2**29), worker("leaving", state="retiring")]
    rows.append(worker("gone", state="lost"))
    live.publish(snapshot(compute={"id": str(compute)}, workers=rows))
    return rows


async def test_the_question_names_how_many_and_which_and_what_it_means(tab, bruno, crowd):
    screen = tab(bruno)
    await screen.call(WorkersState.pick_shown, True)
    await screen.call(WorkersState.ask_picked, "retire")
    asked = (await screen.of(WorkersState)).question
    assert asked["title"] == "Retirar 7 workers?"
    assert asked["names"] == "node-1, node-2, node-3, node-4, node-5 e mais 2"
    assert "6,5\N{NO-BREAK SPACE}GiB" in asked["text"]
    assert asked["note"] == " ".join(
        [pt("workers.picks.away.other", number=2), pt("workers.picks.retire.all")]
    )
    assert asked["action"] == "Retirar 7"
    await screen.call(WorkersState.ask_picked, "restart")
    asked = (await screen.of(WorkersState)).question
    assert (asked["title"], asked["names"]) == (
        "Reiniciar 5 workers?",
        "node-1, node-2, node-3, node-4, paused",
    )
    assert asked["note"].startswith(pt("workers.picks.no_nanny.other", number=2) + ". ")
    await screen.call(WorkersState.dismiss)
    assert (await screen.of(WorkersState)).question["kind"] == ""


async def test_that_the_compute_would_be_empty_is_said_only_when_it_would(tab, bruno, crowd):
    screen = tab(bruno)
    await screen.call(WorkersState.pick_shown, True)
    await screen.call(WorkersState.pick, "node-3", False)
    await screen.call(WorkersState.ask_picked, "retire")
    asked = (await screen.of(WorkersState)).question
    assert pt("workers.picks.retire.all") not in asked["note"]
    assert pt("workers.retire.note") in asked["note"]
    assert "node-3" not in asked["names"]


@pytest.mark.parametrize("kind", ["retire", "restart"])
@pytest.mark.parametrize("names", [["a"], ["a", "b"]])
async def test_where_there_are_no_results_nobody_reads_of_memory(tab, bruno, compute, kind, names):
    live.publish(snapshot(workers=[worker("a"), worker("b"), worker("c")]))
    screen = tab(bruno)
    for name in names:
        await screen.call(WorkersState.pick, name, True)
    await screen.call(WorkersState.ask_picked, kind)
    number = "one" if len(names) == 1 else "other"
    asked = (await screen.of(WorkersState)).question
    assert asked["text"] == pt(f"workers.picks.{kind}.text_empty.{number}")


async def test_of_those_that_are_not_connected_nothing_is_asked(tab, bruno, crowd):
    screen = tab(bruno)
    for name in ("gone", "leaving"):
        await screen.call(WorkersState.pick, name, True)
    await screen.call(WorkersState.ask_picked, "retire")
    await screen.call(WorkersState.ask_picked, "restart")
    assert {one["title"] for one in await screen.messages()} == {pt("workers.picks.none")}
    await screen.call(WorkersState.confirm_picked)
    assert (await screen.of(WorkersState)).question["kind"] == ""


async def test_one_message_tells_what_came_of_all_of_them(tab, bruno, crowd, monkeypatch):
    screen = tab(bruno)
    done, at_once, most = [], 0, 0

    async def run(kind, target, *, by):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        done.append((kind, target, by.label))
        if target == "node-5":
            raise NotFound("workers.no_such")
        if target == "node-6":
            return operations.Done("critical", "compute.action.could_not_retire", {"name": target})
        return operations.Done("ok", "compute.action.retired", {"name": target})

    monkeypatch.setattr(operations, "run", run)
    await screen.call(WorkersState.pick_shown, True)
    await screen.call(WorkersState.pick, "node-1", False)
    await screen.call(WorkersState.ask_picked, "retire")
    live.publish(snapshot(workers=crowd[1:]))
    await screen.call(WorkersState.confirm_picked)
    assert sorted(done) == [
        ("retire", name, "Bruno") for name in ("node-2", "node-3", "node-4", "node-5", "node-6", "paused")
    ]
    assert most == operations.AT_ONCE
    (said,) = await screen.messages()
    assert (said["state"], said["title"]) == ("warning", "4 workers retirados, 2 sem sucesso")
    reasons = [pt("workers.no_such"), pt("compute.action.could_not_retire", name="node-6")]
    assert said["text"] == "; ".join(reasons)
    page = await screen.of(WorkersState)
    assert (dict(page.busy), page.question["kind"]) == ({}, "")
    assert sorted(await picked(screen)) == ["gone", "leaving", "node-5", "node-6"]
    await screen.call(WorkersState.confirm_picked)  # the same yes again does nothing
    assert len(done) == 6


async def test_who_waits_sees_how_far_it_is_and_can_stop_before_the_rest(tab, bruno, crowd, monkeypatch):
    screen = tab(bruno)
    begun, told = [], []

    async def run(kind, target, *, by):
        begun.append(target)
        if len(begun) == operations.AT_ONCE:
            await screen.call(WorkersState.stop_picked)
            told.append(dict((await screen.of(WorkersState)).run))
        await asyncio.sleep(0.05)
        return operations.Done("ok", "compute.action.retired", {"name": target})

    monkeypatch.setattr(operations, "run", run)
    await screen.call(WorkersState.stop_picked)  # nothing runs yet
    await screen.call(WorkersState.pick_shown, True)
    await screen.call(WorkersState.ask_picked, "retire")
    await screen.call(WorkersState.confirm_picked)
    assert told == [{"over": 0, "all": 7, "percent": 0, "stopping": True}]
    assert len(begun) == operations.AT_ONCE
    (said,) = await screen.messages()
    assert (said["state"], said["title"]) == ("ok", "4 workers retirados, 3 ficaram como estavam")
    assert (await screen.of(WorkersState)).run["all"] == 0
    assert not set(begun) & set(await picked(screen))
    assert len(await picked(screen)) == 9 - operations.AT_ONCE  # the rest can be tried again


async def test_who_is_busy_already_is_left_alone(tab, bruno, crowd, monkeypatch):
    async def run(kind, target, *, by):
        return operations.Done("ok", "compute.action.restarted", {"name": target})

    monkeypatch.setattr(operations, "run", run)
    screen = tab(bruno)
    page = await screen.of(WorkersState)
    page.busy = {"node-1": "retire"}
    for name in ("node-1", "node-2"):
        await screen.call(WorkersState.pick, name, True)
    await screen.call(WorkersState.ask_picked, "restart")
    await screen.call(WorkersState.confirm_picked)
    assert [one["title"] for one in await screen.messages()] == ["1 worker reiniciado"]
    assert dict(page.busy) == {"node-1": "retire"}


def test_when_nothing_worked_that_is_said_with_some_of_the_reasons():
    done = [operations.Done("critical", "compute.action.gone", {"name": f"w{n}"}) for n in range(5)]
    state, title, text = report("restart", done, "en")
    assert (state, title) == ("critical", "0 workers restarted, 5 without success")
    assert (
        text
        == "w0 is no longer on the compute; w1 is no longer on the compute; w2 is no longer on the compute; …"
    )
    assert report("retire", done[:0], "en")[0] == "ok"


def test_what_the_bar_says_counts_only_those_that_are_there():
    rows = [worker("a"), worker("b", nanny=False), worker("c", state="lost"), worker("d")]
    found = figures(rows, frozenset({"a", "b", "c", "left"}), parse({"state": "running"}))
    assert found == {
        "count": 3,
        "retire": 2,
        "restart": 1,
        "forget": 1,
        "no_nanny": 1,
        "outside": 1,
        "all": False,
        "some": True,
    }
    assert figures(rows, frozenset("abd"), parse({"state": "running"}))["all"]
    nobody = figures([], frozenset("abd"), parse({}))
    assert set(nobody.values()) == {0}


async def test_the_bar_follows_the_list_by_itself(tab, bruno, crowd, sender):
    screen = tab(bruno)
    await screen.call(WorkersState.pick_shown, True)
    room = next(name for name in live_state.broadcaster()._rooms if name.startswith("picks|"))
    broadcast = live_state.broadcaster()._rooms[room].broadcast
    assert (await broadcast.build(snapshot(workers=crowd)))["count"] == 9
    assert (await broadcast.build(snapshot(workers=crowd[:2])))["count"] == 2
    assert (await broadcast.build(None))["count"] == 0
    await screen.call(WorkersState.unpick)
    assert room not in live_state.broadcaster()._rooms


async def test_an_action_that_ends_on_another_page_leaves_that_page_as_it_is(tab, bruno, crowd, monkeypatch):
    screen = tab(bruno)

    async def run(kind, target, *, by):
        screen.at("/system")
        await live_state.broadcaster().attend(screen.SID, "s", lambda *_: True, "pt-BR", lambda _locale: [])
        return operations.Done("ok", "compute.action.retired", {"name": target})

    monkeypatch.setattr(operations, "run", run)
    await screen.call(WorkersState.pick, "node-1", True)
    await screen.call(WorkersState.ask_picked, "retire")
    await screen.call(WorkersState.confirm_picked)
    assert live_state.broadcaster()._rooms == {}
    assert [one["title"] for one in await screen.messages()] == ["1 worker retirado"]
