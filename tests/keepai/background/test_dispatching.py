"""What is put is sent: at once, again where the server says later, and whatever kills the process that sends it."""

import asyncio
import contextlib
import ssl
import time
from datetime import timedelta

import pytest

from keepai.background import dispatching
from services import db, outbox
from services.bus import LocalBus
from services.clock import now
from services.feed import Feed
from services.outbox import Recipient, mail, queue, rules
from services.settings import Settings
from tests import dispatcher
from tests.cli.certificate import self_signed
from tests.mail_server import MailServer, hang_up


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """Both databases; the folder's own takes SQLite alone."""
    url = request.getfixturevalue(f"{request.param}_url")
    db.configure(url)
    yield url
    db.configure(None)


@pytest.fixture
async def server(tmp_path):
    self_signed(tmp_path / "cert.pem", tmp_path / "key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    made = MailServer(context)
    async with made.listening():
        yield made


@pytest.fixture
def settings(tmp_path, server):
    return Settings(
        data_dir=tmp_path,
        smtp_host="127.0.0.1",
        smtp_port=server.port,
        smtp_tls="none",
        smtp_from="keepai@example.org",
    )


@pytest.fixture
def put(database, settings):
    async def put_(**more):
        to = Recipient("address", "eve@example.org")
        return await db.write(outbox.put, settings, now(), to, outbox.MessageTest(by="Ana"), **more)

    return put_


@contextlib.asynccontextmanager
async def running(settings):
    bus = LocalBus()
    outbox.configure(bus)
    task = asyncio.create_task(dispatching.run(settings, bus, Feed()))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(message, state, within=10.0):
    async with asyncio.timeout(within):
        while (found := await db.read(outbox.get, message.id)).state != state:
            await asyncio.sleep(0.01)
        return found


async def test_what_is_put_is_sent_at_once(put, server, settings, monkeypatch):
    monkeypatch.setattr(dispatching, "EVERY", 30.0)
    async with running(settings):
        await asyncio.sleep(0.2)
        began = time.monotonic()
        message = await put()
        sent = await until(message, "sent")
        assert time.monotonic() - began < 5
    assert [one.id for one in server.received] == [sent.message_id]
    assert (sent.tries, sent.address, sent.body) == (1, "", "")


async def test_what_nobody_told_of_is_found_all_the_same(put, server, settings, monkeypatch):
    monkeypatch.setattr(dispatching, "EVERY", 0.1)
    async with running(settings):
        outbox.configure(LocalBus())  # as another process that puts something
        await until(await put(), "sent")


async def test_a_greylisting_server_gets_it_again_under_the_same_id(put, server, settings, monkeypatch):
    monkeypatch.setattr(dispatching, "EVERY", 0.05)
    monkeypatch.setattr(rules, "FIRST_PAUSE", timedelta(seconds=0.2))
    server.answers["RCPT"] = "450 4.2.0 greylisted"
    async with running(settings):
        message = await put()
        async with asyncio.timeout(10):
            while (found := await db.read(outbox.get, message.id)).tries < 3:
                await asyncio.sleep(0.01)
        assert found.state in ("waiting", "sending")
        del server.answers["RCPT"]
        sent = await until(message, "sent")
    assert [one.id for one in server.received] == [message.message_id]
    assert sent.error == ""


async def test_what_is_refused_for_good_is_dead_after_one_try(put, server, settings):
    server.answers["RCPT"] = "550 5.1.1 <eve@example.org> unknown"
    async with running(settings):
        dead = await until(await put(), "dead")
    assert (dead.tries, dead.error, dead.detail) == (
        1,
        "outbox.error.refused",
        "550 5.1.1 <e•••@example.org> unknown",
    )


async def test_a_message_of_which_nobody_knows_is_sent_again_under_the_same_id(
    put, server, settings, monkeypatch
):
    monkeypatch.setattr(dispatching, "EVERY", 0.05)
    monkeypatch.setattr(rules, "FIRST_PAUSE", timedelta(seconds=0.2))
    server.answers["."] = hang_up
    async with running(settings):
        message = await put()
        async with asyncio.timeout(10):
            while not server.received:
                await asyncio.sleep(0.01)
        del server.answers["."]
        await until(message, "sent")
    assert {one.id for one in server.received} == {message.message_id}
    assert len(server.received) >= 2


async def test_several_go_out_at_once(put, server, settings):
    """One slow answer holds nobody up but its own message."""

    async def slow(writer):
        await asyncio.sleep(1.0)
        writer.write(b"250 2.0.0 queued\r\n")
        await writer.drain()

    server.answers["."] = slow
    messages = [await put() for _ in range(dispatching.AT_ONCE)]
    began = time.monotonic()
    async with running(settings):
        for message in messages:
            await until(message, "sent")
    assert time.monotonic() - began < 1.0 * dispatching.AT_ONCE / 2


async def test_what_is_under_way_is_finished_when_the_loop_is_told_to_end(put, server, settings):
    message = await put()
    handed_over = asyncio.Event()

    async def slow(writer):
        handed_over.set()
        await asyncio.sleep(0.5)
        writer.write(b"250 2.0.0 queued\r\n")
        await writer.drain()

    server.answers["."] = slow
    async with running(settings):
        await asyncio.wait_for(handed_over.wait(), 10)
    assert (await db.read(outbox.get, message.id)).state == "sent"


async def test_without_a_mail_server_it_touches_nothing(put, tmp_path):
    message = await put()
    async with running(Settings(data_dir=tmp_path)) as task:
        await asyncio.sleep(0.2)
        assert not task.done()
    assert (await db.read(outbox.get, message.id)).state == "waiting"


async def test_a_failure_of_our_own_is_no_end(put, server, settings, monkeypatch, caplog):
    monkeypatch.setattr(dispatching, "EVERY", 0.05)
    monkeypatch.setattr(rules, "FIRST_PAUSE", timedelta(seconds=0.1))
    compose, broken = mail.compose, [True]

    def breaks(*args):
        if broken.pop() if broken else False:
            raise RuntimeError("broken on purpose")
        return compose(*args)

    monkeypatch.setattr(mail, "compose", breaks)
    async with running(settings):
        await until(await put(), "sent")
    assert "could not be sent" in caplog.text


async def test_ten_kills_in_the_middle_of_a_hundred_mails(database, server, settings, monkeypatch):
    """None is lost; one that arrives twice does so under the same Message-ID, and only where a kill fell between the
    server's yes and our note."""
    monkeypatch.setattr(queue, "CLAIM", timedelta(seconds=dispatcher.CLAIM))
    await db.write(dispatcher.put_many, settings, 100)
    with dispatcher.nursery(database, server.port, settings.data_dir) as home:
        tally = await dispatcher.send_through(server, home, 100, 10)
    assert sum(tally.kills.values()) == 10
    assert set(tally.kills) == set(dispatcher.STAGES)
    assert (tally.lost, tally.unsent, tally.unknown, tally.unexplained) == ([], [], [], [])
    # A kill when a message was taken and nobody had heard of it: that one must come again.
    assert tally.twice.total() >= tally.kills["."]
