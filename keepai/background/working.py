"""The loop that does the long work that people asked for: a few jobs at once, each noted by itself."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from models import Job
from services import db, jobs
from services.bus import Bus
from services.clock import now
from services.compute.hands import ComputeGone, Hands
from services.errors import KeepAIError, Upstream
from services.feed import Feed
from services.jobs import Context, Ended
from services.settings import Settings

log = logging.getLogger(__name__)

EVERY = 1.0  # s between two looks, when nobody says that there is something
BEAT_EVERY = 2.0  # s between two signs of life
AT_ONCE = 2
LAST_WORDS = 2.0  # s for what is under way when the loop is told to end


class Run:
    """One job that is being run here. `cancelled` says that its person gave it up, `lost` that it is no longer ours."""

    def __init__(self, settings: Settings, job: Job) -> None:
        self.job = job
        self.hands = Hands(settings)
        self.context = Context(settings, job, self.hands)
        self.cancelled = self.lost = False
        self.task: asyncio.Task[None] | None = None

    def stop(self, why: str) -> None:
        """End it for one of both reasons."""
        if self.cancelled or self.lost or self.task is None:
            return
        self.cancelled, self.lost = why == "cancel", why == "lost"
        self.task.cancel()


async def run(settings: Settings, bus: Bus, _feed: Feed) -> None:
    """Run what is due, until cancelled. A message on the topic `jobs` says that there is something to look at."""
    holder = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
    woken = asyncio.Event()
    bus.subscribe(jobs.TOPIC, lambda _message: woken.set())
    runs: dict[UUID, Run] = {}
    beaten = 0.0
    try:
        while True:
            said = woken.is_set()
            woken.clear()
            try:
                if runs and (said or time.monotonic() >= beaten + BEAT_EVERY):
                    # Before anything is claimed: what nobody could note while the database was away is still run here.
                    await _beat(runs)
                    beaten = time.monotonic()
                free = AT_ONCE - len(runs)
                if free > 0 and await db.read(jobs.is_due, now()):
                    for job in await db.write(jobs.claim, settings, now(), holder, free):
                        _begin(settings, job, runs, woken)
            except SQLAlchemyError as error:  # what is run here goes on as long as it needs no database
                log.warning("jobs could not be looked at: %s", error)
            await _sleep(woken)
    finally:
        for one in runs.values():
            if one.task:
                one.task.cancel()
        if under_way := [one.task for one in runs.values() if one.task]:
            await asyncio.wait(under_way, timeout=LAST_WORDS)


def _begin(settings: Settings, job: Job, runs: dict[UUID, Run], woken: asyncio.Event) -> None:
    if (before := runs.get(job.id)) is not None:
        before.stop("lost")  # it did not give a sign of life for so long that it was claimed again
    one = runs[job.id] = Run(settings, job)
    one.task = asyncio.create_task(_work(settings, one))

    def over(_task: asyncio.Task[None]) -> None:
        if runs.get(job.id) is one:
            del runs[job.id]
        woken.set()

    one.task.add_done_callback(over)


async def _beat(runs: dict[UUID, Run]) -> None:
    """Say that they are being run, hear which are no longer wanted, and write how far the others are."""
    said = await db.write(jobs.beat, now(), {one.job.id: one.job.runner for one in runs.values()})
    for one in list(runs.values()):
        if why := said.get(one.job.id):
            one.stop(why)
            continue
        with contextlib.suppress(jobs.Lost):
            await one.context.flush()


async def _work(settings: Settings, one: Run) -> None:
    """Run one and note what came of it. What is not noted is run again."""
    job = one.job
    try:
        try:
            ended: Ended | Upstream = await _outcome(one)
        finally:
            await one.hands.close()
    except asyncio.CancelledError:
        if one.cancelled:
            await _noted(settings, job, Ended("cancelled"))
        elif not one.lost:
            await asyncio.shield(_release(job))
        return
    except jobs.Lost:
        log.info("job %s is no longer ours", job.id)
        return
    await _noted(settings, job, ended)


async def _outcome(one: Run) -> Ended | Upstream:
    """How it ended, or why it should be begun again. Raises Lost and CancelledError."""
    try:
        kind = jobs.kind_of(one.job.kind)
        return Ended("done", result=await kind.run(one.context))
    except jobs.Lost:
        raise
    except ComputeGone as error:
        return error
    except KeepAIError as error:
        if isinstance(error, Upstream) and not error.permanent:
            return error
        log.info("job %s (%s) failed: %s %s", one.job.id, one.job.kind, error.key, error.params)
        return Ended("failed", error=error.key, error_params=_plain(error))
    except SQLAlchemyError as error:
        # Should the database be away, this cannot be noted either; it is begun again once nobody gives a sign of life.
        log.warning("job %s (%s) met a database that does not answer: %s", one.job.id, one.job.kind, error)
        return Upstream("errors.unexpected")
    except Exception:
        log.exception("job %s (%s) failed", one.job.id, one.job.kind)
        return Ended("failed", error="errors.unexpected")


async def _noted(settings: Settings, job: Job, ended: Ended | Upstream) -> None:
    try:
        if isinstance(ended, Upstream):
            args = (job.id, job.runner, ended.key, _plain(ended))
            await db.write(jobs.run_again, settings, now(), *args)
        else:
            await db.write(jobs.finish, settings, now(), job.id, job.runner, ended)
    except Exception as error:
        log.warning("what came of job %s could not be noted: %s", job.id, error)


async def _release(job: Job) -> None:
    try:
        await db.write(jobs.release, now(), job.id, job.runner)
    except Exception as error:
        log.debug("job %s was not let go: %s", job.id, error)


def _plain(error: KeepAIError) -> dict[str, object]:
    return {
        name: value if isinstance(value, int | float) else str(value) for name, value in error.params.items()
    }


async def _sleep(woken: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(EVERY):
            await woken.wait()
