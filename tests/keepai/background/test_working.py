"""What people asked for is done: once, by however many runners, through kills, and not after it was given up."""

import asyncio
import contextlib
import io
import json
import zipfile
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from keepai.background import working
from models import Job
from services import db, files, jobs
from services.audit import Actor
from services.bus import LocalBus, RedisBus
from services.clock import now
from services.compute.hands import Hands
from services.feed import Feed
from services.jobs import Context, words
from services.settings import Settings
from tests import job_kinds
from tests.dispatcher import nursery

BY = Actor("machine")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """Both databases; the folder's own takes SQLite alone."""
    url = request.getfixturevalue(f"{request.param}_url")
    db.configure(url)
    yield url
    db.configure(None)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    known = dict(jobs.KINDS)
    job_kinds.known(known)
    monkeypatch.setattr(jobs.kinds, "KINDS", known)


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.write_text("")
    return path


@contextlib.asynccontextmanager
async def running(settings, bus, count=1):
    """So many runners."""
    jobs.configure(bus)
    tasks = [asyncio.create_task(working.run(settings, bus, Feed())) for _ in range(count)]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def put(person, kind, log, **params):
    return await db.write(jobs.enqueue, now(), person.id, kind, {"log": str(log), **params}, by=BY)


async def seen(job):
    return await db.read(lambda session: session.get(Job, job.id))


async def until(job, *states, within=30.0):
    async with asyncio.timeout(within):
        while (found := await seen(job)).state not in states:
            await asyncio.sleep(0.02)
    return found


async def test_a_job_is_done_and_says_how_far_it_is(database, ana, settings, log):
    bus, heard = LocalBus(), []
    bus.subscribe(jobs.TOPIC_PROGRESS, heard.append)
    async with running(settings, bus):
        job = await put(ana, "counting", log, to=30, pause=0.03)
        over = await until(job, "done")
    assert log.read_text().split() == [str(number) for number in range(1, 31)]
    assert (over.done, over.total, over.tries) == (30, 30, 1)
    assert over.result["href"] == "/settings"
    assert {message["account"] for message in heard} == {ana.id.hex}


async def test_however_often_a_job_speaks_it_writes_twice_a_second(database, ana, settings, log):
    bus, heard = LocalBus(), []
    bus.subscribe(jobs.TOPIC_PROGRESS, heard.append)
    jobs.configure(bus)
    await put(ana, "counting", log, to=1)
    [job] = await db.write(jobs.claim, settings, now(), "me", 1)
    await asyncio.sleep(0.05)
    heard.clear()
    context = Context(settings, job, Hands(settings))
    began = asyncio.get_running_loop().time()
    number = 0
    while asyncio.get_running_loop().time() < began + 1.3:
        number += 1
        await context.progress(number, 10**6)
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)
    assert number > 50
    assert 2 <= len(heard) <= 3
    await context.flush()
    assert (await seen(job)).done == number
    await db.write(jobs.claim, settings, now() + 2 * jobs.LOST_AFTER, "other", 1)
    await context.progress(1, 1)
    with pytest.raises(jobs.Lost):
        await context.flush()


async def test_runners_that_race_do_each_job_once(database, ana, bruno, settings, tmp_path):
    logs = [tmp_path / f"log{number}" for number in range(20)]
    made = [await put(ana if n % 2 else bruno, "counting", one, to=3) for n, one in enumerate(logs)]
    async with running(settings, LocalBus(), 3):
        for job in made:
            assert (await until(job, "done", "failed")).tries == 1
    assert [one.read_text().split() for one in logs] == [["1", "2", "3"]] * 20


async def test_without_redis_they_are_done_as_well_and_can_be_given_up(database, ana, settings, log):
    async with running(settings, RedisBus("redis://127.0.0.1:1/0")):
        first = await put(ana, "counting", log, to=3)
        await until(first, "done", within=10)
        second = await put(ana, "counting", log, to=10**6, pause=0.01)
        await until(second, "running", within=10)
        await db.write(jobs.cancel, now(), ana.id, second.id, by=BY)
        await until(second, "cancelled", within=10)


async def test_what_is_given_up_stops_at_once(database, ana, settings, log):
    async with running(settings, LocalBus()):
        job = await put(ana, "counting", log, to=10**6, pause=0.01)
        await until(job, "running")
        while not log.read_text():
            await asyncio.sleep(0.01)
        await db.write(jobs.cancel, now(), ana.id, job.id, by=BY)
        await until(job, "cancelled", within=3)
        before = log.read_text()
        await asyncio.sleep(0.1)
        assert log.read_text() == before


async def test_a_runner_that_is_told_to_end_lets_go_of_what_it_does(database, ana, settings, log):
    async with running(settings, LocalBus()):
        job = await put(ana, "counting", log, to=40, pause=0.02)
        while len(log.read_text().split()) < 5:
            await asyncio.sleep(0.02)
    let_go = await seen(job)
    assert (let_go.state, let_go.tries) == ("queued", 0)
    async with running(settings, LocalBus()):
        await until(job, "done")
    assert Counter(log.read_text().split()).most_common(1)[0][1] <= 2  # the number it was at


async def test_a_database_that_is_away_for_a_moment_costs_a_step(database, ana, settings, log, monkeypatch):
    monkeypatch.setattr(jobs.queue, "LOST_AFTER", timedelta(seconds=1))
    monkeypatch.setattr(working, "BEAT_EVERY", 0.2)

    def rename(session, old, new):
        session.exec(text(f"ALTER TABLE {old} RENAME TO {new}"))

    async with running(settings, LocalBus()):
        job = await put(ana, "counting", log, to=40, pause=0.03)
        while len(log.read_text().split()) < 5:
            await asyncio.sleep(0.02)
        await db.write(rename, "job", "job_away")
        await asyncio.sleep(0.5)
        await db.write(rename, "job_away", "job")
        over = await until(job, "done", "failed")
    assert (over.state, over.tries) == ("done", 2)
    counted = Counter(int(line) for line in log.read_text().split())
    assert sorted(counted) == list(range(1, 41))
    assert sum(counted.values()) <= 41


@pytest.mark.parametrize(
    ("how", "state", "error", "tries"),
    [
        ("later", "failed", "jobs.error.compute_gone", 1 + jobs.AGAIN),
        ("never", "failed", "jobs.error.compute_failed", 1),
        ("invalid", "failed", "jobs.error.too_many", 1),
        ("crash", "failed", "errors.unexpected", 1),
    ],
)
async def test_what_fails_says_why_and_what_may_pass_is_tried_again(
    database, ana, settings, log, monkeypatch, how, state, error, tries
):
    monkeypatch.setattr(jobs.queue, "PAUSES", (0.05, 0.05, 0.05))
    async with running(settings, LocalBus()):
        over = await until(await put(ana, "failing", log, how=how), "failed", "done")
    assert (over.state, over.error, over.tries) == (state, error, tries)
    assert log.read_text().split() == ["tried"] * tries
    assert words.error("en", over) and "secret" not in words.error("en", over)


async def test_a_kind_that_there_is_no_more_fails_in_words(database, ana, settings, log):
    async with running(settings, LocalBus()):
        over = await until(await put(ana, "gone_with_an_update", log), "failed")
    assert over.error == "errors.unexpected"


@pytest.mark.slow
async def test_a_killed_process_costs_one_step_and_nothing_else(database, ana, settings, log):
    with nursery(database, 25, settings.data_dir, module="tests.job_kinds") as home:
        job = await put(ana, "counting", log, to=60, pause=0.02)
        home.begin()
        for kill in range(1, jobs.AGAIN + 1):
            while len(log.read_text().split()) < kill * 12:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(home.kill)
            assert (await seen(job)).state == "running"
            home.begin()
        over = await until(job, "done", "failed", within=60)
        await asyncio.to_thread(home.kill)
    assert (over.state, over.tries) == ("done", 1 + jobs.AGAIN)
    counted = Counter(int(line) for line in log.read_text().split())
    assert sorted(counted) == list(range(1, 61))
    assert sum(counted.values()) - 60 <= jobs.AGAIN  # at most the number it was at, each time


@pytest.mark.slow
async def test_what_is_killed_once_more_has_failed_in_words(database, ana, settings, log):
    with nursery(database, 25, settings.data_dir, module="tests.job_kinds") as home:
        job = await put(ana, "counting", log, to=10**6, pause=0.02)
        home.begin()
        for kill in range(1, jobs.AGAIN + 2):
            while len(log.read_text().split()) < kill * 5:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(home.kill)
            home.begin()
        over = await until(job, "done", "failed", within=60)
        await asyncio.to_thread(home.kill)
    assert (over.state, over.error, over.tries) == ("failed", "jobs.error.gone", 1 + jobs.AGAIN)


async def test_everything_of_a_person_is_gathered_into_one_archive(database, ana, bruno, settings):
    with files.Writer(settings, ana.id, "../nota.md") as writer:
        writer.write(b"# secret of Ana")
        content = writer.finish()
    await db.write(files.add, now(), ana.id, content, by=BY)
    async with running(settings, LocalBus()):
        for _ in range(2):  # the second does not hold the first
            job = await db.write(jobs.enqueue, now(), ana.id, "account_export", by=BY)
            over = await until(job, "done", "failed")
    assert over.state == "done", over.error
    made = (await db.read(files.listed, ana.id))[0]
    assert over.result["href"] == f"/api/v1/files/{made.id.hex}"
    assert (made.type, made.encrypted, made.expires_at is not None) == ("application/zip", True, True)
    raw = (settings.data_dir / "files" / made.place).read_bytes()
    assert b"account.json" not in raw
    archive = zipfile.ZipFile(io.BytesIO(b"".join(files.chunks(settings, made))))
    assert archive.testzip() is None
    about = json.loads(archive.read("account.json"))
    assert about["account"]["email"] == "ana@example.org"
    assert [one["name"] for one in about["files"]][-1] == "nota.md"
    held = [name for name in archive.namelist() if name.startswith("files/")]
    assert [archive.read(name) for name in held] == [b"# secret of Ana"]
    assert held[0].endswith("-nota.md") and ".." not in held[0]
    assert await db.read(files.listed, bruno.id) == []
