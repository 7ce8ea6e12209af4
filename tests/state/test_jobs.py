"""The page of one's own jobs and what the frame shows of them, in each tab, as they go."""

import asyncio
from datetime import timedelta

import pytest

from services import bell, db, jobs
from services.audit import Actor
from services.bus import LocalBus
from services.clock import now
from services.jobs import Ended, Result, words
from services.settings import Settings
from state.alert_counts import BellCount
from state.bell import BellState
from state.dashboard import DashboardState
from state.job_counts import JobCount, Renewals
from state.jobs import JobList, JobsState, row
from state.settings import SettingsState

BY = Actor("machine")


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path)


def last(sender, state):
    """What tabs show of this state by now."""
    values = {}
    for sent in sender.sent.values():
        for delta in sent:
            values |= delta.get(state.get_full_name(), {})
    return {name.removesuffix("_rx_state_"): value for name, value in values.items()}


def put(person):
    return db.write_now(jobs.enqueue, now(), person.id, "account_export", by=BY)


async def test_every_page_shows_how_far_ones_own_work_is(tab, bruno, ana, sender, settings):
    page = tab(bruno, "/")
    await page.call(DashboardState.load)
    assert last(sender, JobCount) == {"count": 0, "percent": -1, "shown": "", "label": ""}
    job, _ = put(bruno), put(ana)
    loop = asyncio.get_running_loop()
    bus, renewals = LocalBus(), Renewals()
    jobs.configure(bus)
    bus.subscribe(jobs.TOPIC_PROGRESS, lambda message: renewals.soon(message["account"]))
    [taken] = [one for one in db.write_now(jobs.claim, settings, now(), "me", 5) if one.id == job.id]
    await db.write(jobs.queue.note, job.id, taken.runner, bruno.id, done=21, total=50)
    until = loop.time() + 5
    while last(sender, JobCount)["percent"] != 42 and loop.time() < until:
        await asyncio.sleep(0.02)
    assert last(sender, JobCount) == {
        "count": 1,
        "percent": 42,
        "shown": "42 %",
        "label": "Reunir meus dados, 42 %",
    }
    await db.write(
        jobs.finish, settings, now(), job.id, taken.runner, Ended("failed", error="jobs.error.gone")
    )
    while last(sender, JobCount)["count"] and loop.time() < until:
        await asyncio.sleep(0.02)
    assert last(sender, JobCount)["count"] == 0
    while not last(sender, BellCount)["unread"] and loop.time() < until:
        await asyncio.sleep(0.02)
    assert last(sender, BellCount) == {"unread": 1, "shown": "1"}
    await page.call(BellState.look)
    [row] = (await page.of(BellState)).rows
    assert (row["title"], row["said"], row["look"], row["href"], row["read"]) == (
        "Não deu certo: Reunir meus dados",
        "Trabalho seu",
        "critical",
        "/jobs",
        False,
    )
    await page.call(BellState.read_all)
    assert db.read_now(bell.unread, bruno.id, now()) == 0


async def test_the_page_lists_gives_up_repeats_and_removes_them(tab, carla, ana, sender):
    put(ana)
    page = tab(carla, "/jobs")
    await page.call(JobsState.load)
    assert last(sender, JobList) == {"rows": [], "ready": True}
    await page.call(SettingsState.load)
    await page.call(SettingsState.export_data)
    await page.call(JobsState.load)
    [shown] = last(sender, JobList)["rows"]
    assert (shown["title"], shown["word"], shown["active"], shown["known"]) == (
        "Reunir meus dados",
        "Na fila",
        True,
        False,
    )
    assert shown["may_cancel"] and not shown["may_retry"]
    await page.call(JobsState.cancel, shown["id"])
    [shown] = last(sender, JobList)["rows"]
    assert (shown["word"], shown["active"], shown["may_cancel"], shown["may_retry"]) == (
        "Cancelado",
        False,
        False,
        True,
    )
    await page.call(JobsState.retry, shown["id"])
    assert last(sender, JobList)["rows"][0]["word"] == "Na fila"
    await page.call(JobsState.remove, shown["id"])
    assert (await page.messages())[-1]["title"] == "Este trabalho ainda não terminou."
    await page.call(JobsState.cancel, shown["id"])
    await page.call(JobsState.remove, shown["id"])
    assert last(sender, JobList)["rows"] == []


@pytest.mark.parametrize("handler", [JobsState.cancel, JobsState.retry, JobsState.remove])
@pytest.mark.parametrize("number", ["", "x", "0" * 32, "of somebody else"])
async def test_a_job_of_somebody_else_is_as_one_that_is_not_there(tab, carla, ana, handler, number):
    job = put(ana)
    page = tab(carla, "/jobs")
    await page.call(handler, job.id.hex if number == "of somebody else" else number)
    assert len(await page.messages()) == 1
    assert [one.state for one in db.read_now(jobs.listed, ana.id)] == ["queued"]


def test_what_was_kept_for_a_while_is_no_longer_offered_afterwards(ana, settings):
    job = put(ana)
    [taken] = db.write_now(jobs.claim, settings, now(), "me", 1)
    until = now().timestamp() + 60
    result = Result("jobs.result.export", {"days": 7}, href="/api/v1/files/x", download=True, until=until)
    db.write_now(jobs.finish, settings, now(), job.id, taken.runner, Ended("done", result))
    [over] = db.read_now(jobs.listed, ana.id)
    assert words.leads(over, now()) == "/api/v1/files/x" == row(over, "en")["href"]
    assert words.leads(over, now() + timedelta(minutes=2)) == ""
