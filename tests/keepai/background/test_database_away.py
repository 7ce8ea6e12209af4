"""PostgreSQL is away for a minute while a worker is lost: who is to hear of it hears of it afterwards, once, and of the
database once."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections import Counter

import pytest
from sqlalchemy.engine import make_url

from tests.browser.house import House, build_once, free_port, mail_settings
from tests.mail_server import MailServer

AWAY = 60.0  # s
WITHIN = 60.0  # s after it is back
GRACE = 20.0  # s after a start nothing is said of what is missing


class Door:
    """A port that leads to a server's socket, and can be shut: with that, whoever is inside is put out."""

    def __init__(self, path):
        self._path, self.port = path, free_port()
        self._loop = asyncio.new_event_loop()
        self._inside = set()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.open()

    def open(self):
        self._server = self._call(asyncio.start_server(self._lead, "127.0.0.1", self.port))

    def shut(self):
        self._call(self._put_out())

    def end(self):
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _put_out(self):
        self._server.close()
        for writer in list(self._inside):
            writer.transport.abort()

    async def _lead(self, reader, writer):
        with contextlib.suppress(OSError):
            inner, outer = await asyncio.open_unix_connection(self._path)
            self._inside |= {writer, outer}
            await asyncio.gather(self._pass(reader, outer), self._pass(inner, writer))
            self._inside -= {writer, outer}

    async def _pass(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(2**16):
                writer.write(data)
                await writer.drain()
        writer.close()


@pytest.fixture
def door(postgresql_url):
    url = make_url(postgresql_url)
    made = Door(f"{url.query['host']}/.s.PGSQL.{url.port or 5432}")
    made.url = f"postgresql://{url.username}@127.0.0.1:{made.port}/{url.database}"
    yield made
    made.end()


@pytest.mark.slow
@pytest.mark.dask
def test_a_worker_that_is_lost_while_the_database_is_away_is_told_when_it_is_back(door, tmp_path):
    build_once()
    with MailServer().in_a_thread() as server:
        house = House(
            tmp_path / "data", DATABASE_URL=door.url, EMBEDDED_WORKERS=2, **mail_settings(server.port)
        ).start()
        try:
            house.until(lambda: len(house.worker_processes()) == 2, 60)
            time.sleep(GRACE)
            assert not server.received
            door.shut()
            time.sleep(AWAY / 2)
            os.kill(house.worker_processes()[0].pid, signal.SIGKILL)
            time.sleep(AWAY / 2)
            assert not server.received
            door.open()
            house.until(lambda: server.received, WITHIN)
            time.sleep(GRACE)
            subjects = Counter(str(mail.message["Subject"]) for mail in server.received)
        finally:
            house.stop()
    # What it says of the worker is how it is by now: its nanny has started another in its place.
    assert subjects == {
        "Critical: Database down": 1,
        "Resolved: Database down": 1,
        "Resolved: Worker worker-1 lost": 1,
    }
