"""From a sample to a mail in somebody's hands, through databases and mail servers that are away for a while."""

import asyncio
import contextlib
import time
from array import array
from datetime import timedelta

import pytest
from sqlmodel import select

from keepai.background import alerting, dispatching
from models import Alert, AlertEvent
from services import alerts, db, outbox
from services.alerts import builtin, rules, silences, words
from services.bus import LocalBus
from services.clock import now
from services.feed import Batch, Feed, Reading
from services.history import blocks
from services.history.codec import encode
from services.history.series import HOUR, MINUTE, floor, key_of, make_subjects
from services.identity import accounts
from services.settings import Settings
from tests.mail_server import MailServer


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """Both databases; the folder's own takes SQLite alone."""
    url = request.getfixturevalue(f"{request.param}_url")
    db.configure(url)
    yield url
    db.configure(None)


@pytest.fixture
async def server():
    made = MailServer()
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


@contextlib.asynccontextmanager
async def running(settings):
    bus, feed = LocalBus(), Feed()
    outbox.configure(bus)
    loops = [asyncio.create_task(loop(settings, bus, feed)) for loop in (alerting.run, dispatching.run)]
    try:
        async with asyncio.timeout(10):
            while not feed.taken:
                await asyncio.sleep(0.01)
        yield bus, feed
    finally:
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


def worker(up, name="aroeira-2", at=None):
    labels = {"kind": "worker", "compute": "c", "worker": name}
    return Batch(at or time.time(), [Reading(labels, name, {"up": up})])


async def stored(model):
    return await db.read(lambda session: list(session.exec(select(model))))


async def until(holds, within=20.0):
    async with asyncio.timeout(within):
        while not (found := await holds()):
            await asyncio.sleep(0.02)
        return found


async def test_a_lost_worker_is_in_the_mail_of_the_first_admin_and_so_is_its_return(
    database, settings, server
):
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", locale="pt-BR")
    async with running(settings) as (_, feed):
        feed.publish(worker(1.0))
        feed.publish(worker(0.0))

        async def told(count):
            return len(server.received) >= count

        await until(lambda: told(1))
        feed.publish(worker(1.0))
        await until(lambda: told(2))
    subjects = [one.message["subject"] for one in server.received]
    assert subjects == ["Crítico: Worker aroeira-2 perdido", "Resolvido: Worker aroeira-2 perdido"]
    assert "Durou" in server.received[1].message.get_body(("plain",)).get_content()


async def test_what_happens_while_the_database_is_away_arrives_afterwards(
    database, settings, server, monkeypatch
):
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    away = True
    write = db.write

    async def writes(fn, *args, **kwargs):
        if away and fn is alerting._write_down:
            raise ConnectionError("the database is away")
        return await write(fn, *args, **kwargs)

    monkeypatch.setattr(alerting.db, "write", writes)
    monkeypatch.setattr(alerting, "AGAIN_AFTER", 0.05)
    async with running(settings) as (_, feed):
        feed.publish(worker(0.0))
        feed.publish(worker(1.0))
        feed.publish(worker(0.0, "ipe-3"))
        await asyncio.sleep(0.3)
        assert not await stored(Alert)
        away = False

        async def written():
            return len(await stored(Alert)) == 2

        await until(written)
    found = {alert.subject: alert.state for alert in await stored(Alert)}
    assert found == {"aroeira-2": "resolved", "ipe-3": "firing"}


async def test_a_subject_that_is_gone_is_forgotten_and_what_was_open_of_it_keeps_its_name(
    database, settings, server, monkeypatch
):
    labels = {"kind": "worker", "compute": "c", "worker": "1"}
    loop = alerting.Alerting(settings, LocalBus(), Feed())
    await loop._load()
    loop._on_batch(Batch(1000.0, [Reading(labels, "aroeira-2", {"up": 0.0})], frozenset({"worker"})))
    loop._on_batch(Batch(1001.0, [], frozenset({"worker"})))
    assert (loop._names, len(loop._evaluator)) == ({}, 0)
    await loop._write()
    assert [(alert.subject, alert.state) for alert in await stored(Alert)] == [("aroeira-2", "resolved")]


async def test_a_loop_that_has_nothing_to_tell_opens_no_transaction_to_write(
    database, settings, server, monkeypatch
):
    monkeypatch.setattr(alerting, "DIGEST_EVERY", 0.05)
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    written, write = [], db.write

    async def writes(fn, *args, **kwargs):
        written.append(fn)
        return await write(fn, *args, **kwargs)

    monkeypatch.setattr(alerting.db, "write", writes)
    async with running(settings) as (_, feed):
        await asyncio.sleep(0.5)
        assert alerting._keep_telling not in written
        feed.publish(worker(0.0))

        async def asked():
            return alerting._keep_telling in written  # what fires may have to be told to others later

        await until(asked)


class Clock:
    """The loop's time, which a test moves on."""

    def __init__(self):
        self.ahead = 0.0

    def time(self):
        return time.time() + self.ahead

    def monotonic(self):
        return time.monotonic()


async def test_a_scheduler_and_a_database_away_are_one_alert_and_one_mail_not_hundreds(
    database, settings, server, monkeypatch
):
    clock, away, write = Clock(), False, db.write

    async def writes(fn, *args, **kwargs):
        if away and fn is alerting._write_down:
            raise ConnectionError("the database is away")
        return await write(fn, *args, **kwargs)

    monkeypatch.setattr(alerting, "time", clock)
    monkeypatch.setattr(alerting, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(alerting, "AGAIN_AFTER", 0.05)
    monkeypatch.setattr(alerting.db, "write", writes)
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", locale="en")
    silent = rules.Draft(
        "Silent", "worker.memory_share", critical_fire=95, critical_clear=90, no_data="alert"
    )
    db.write_now(rules.create, now(), silent, alerts_actor())
    names = [f"ipe-{number}" for number in range(300)]

    def second(feed, up, workers):
        clock.ahead += 1.0
        readings = [Reading({"kind": "compute", "compute": "c"}, "tcp://ipe:8786", {"up": up})]
        readings += [
            Reading({"kind": "worker", "compute": "c", "worker": name}, name, values)
            for name, values in workers.items()
        ]
        feed.publish(Batch(clock.time(), readings, frozenset({"compute", "worker"})))

    well = {"up": 1.0, "memory_share": 40.0}
    async with running(settings) as (_, feed):
        for _ in range(30):
            second(feed, 1.0, dict.fromkeys(names, well))
            await asyncio.sleep(0.03)
        away = True
        for number in range(90):
            away = number < 60
            second(feed, 0.0, {name: {} for name in names})
            await asyncio.sleep(0.03)

        async def told():
            return server.received

        await until(told)
        assert [(one.rule_builtin, one.state) for one in await stored(Alert)] == [
            ("compute_out_of_reach", "firing")
        ]
        # Back, with all but two of its workers.
        lost = {name: {"up": 0.0} for name in names[:2]}
        for _ in range(3):
            second(feed, 1.0, {**dict.fromkeys(names, well), **lost})
            await asyncio.sleep(0.03)

        async def all_told():
            return len(server.received) == 4

        await until(all_told)
    found = sorted((one.rule_builtin, one.state) for one in await stored(Alert))
    assert found == [
        ("compute_out_of_reach", "resolved"),
        ("worker_lost", "firing"),
        ("worker_lost", "firing"),
    ]


async def test_a_killed_loop_tells_nobody_twice_and_forgets_nothing(database, settings, server):
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    for _ in range(3):
        async with running(settings) as (_, feed):
            feed.publish(worker(0.0))

            async def fired():
                return len(await stored(Alert)) == 1

            await until(fired)

            async def told():
                return server.received

            await until(told)
    assert [event.kind for event in await stored(AlertEvent)] == ["fired"]
    assert len(server.received) == 1


async def test_what_somebody_ended_is_silent_until_it_was_clear(database, settings, server):
    async with running(settings) as (bus, feed):
        feed.publish(worker(0.0))

        async def fired():
            return await stored(Alert)

        [alert] = await until(fired)
        by = alerts_actor()
        await db.write(alerts.resolve, now(), alert.id, by)
        bus.publish(
            alerts.RESOLVED_TOPIC,
            {"rule": alert.rule_id.hex, "labels": dict(alert.labels), "at": time.time()},
        )
        await asyncio.sleep(0.1)
        feed.publish(worker(0.0))
        await asyncio.sleep(0.2)
        assert len(await stored(Alert)) == 1
        feed.publish(worker(1.0))
        feed.publish(worker(0.0))

        async def again():
            return len(await stored(Alert)) == 2

        await until(again)


def alerts_actor():
    from services.audit import Actor

    return Actor("person", None, "Bruno")


async def test_what_is_still_lost_when_a_silence_is_ended_is_in_the_mail_once(
    database, settings, server, monkeypatch
):
    monkeypatch.setattr(alerting, "DIGEST_EVERY", 0.1)
    db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin")
    draft = silences.Draft(now() + timedelta(hours=1), "troca da fonte", {"worker": "aroeira-2"})
    silence = db.write_now(silences.create, now(), draft, alerts_actor())
    async with running(settings) as (_, feed):
        feed.publish(worker(0.0))

        async def fired():
            return await stored(Alert)

        await until(fired)
        await asyncio.sleep(0.5)
        assert not server.received
        await db.write(silences.end, now(), silence.id, alerts_actor())

        async def told():
            return server.received

        await until(told)
        await asyncio.sleep(0.5)
    assert [one.message["subject"] for one in server.received] == ["Crítico: Worker aroeira-2 perdido"]


async def test_what_is_unusual_is_known_from_what_was_stored_before_the_start(database, settings):
    """A machine that was always so, in a process that was started a moment ago."""
    await db.write(_remembered)
    async with running(settings) as (_bus, feed):

        async def fired():
            values = {"memory_share": 90.0}
            feed.publish(Batch(time.time(), [Reading({"kind": "host"}, "casa", values)]))
            return await stored(Alert)

        (alert,) = await until(fired)
    assert (alert.rule_builtin, alert.severity, alert.summary) == (
        "host_memory_unusual",
        "warning",
        "unusual",
    )
    assert alert.value is not None
    assert words.fact("en", alert, now(), "UTC").startswith("Memory")


def _remembered(session):
    """Two days at 40 %, but the last hours; and the rule switched on."""
    builtin.ensure(session, now())
    for rule in rules.listed(session):
        rule.enabled = rule.builtin == "host_memory_unusual"
        session.add(rule)
    labels = {"kind": "host"}
    key = key_of(labels)
    number = make_subjects(session, [key], now())[key]
    this_hour = floor(time.time(), HOUR)
    for ago in range(48, 0, -1):
        values = array("f", [90.0 if ago <= 2 else 40.0] * 60)
        columns = {"memory_share": [values, values, values, array("f", [1.0] * 60)]}
        blocks.save(session, [blocks.Block(number, MINUTE, this_hour - ago * HOUR, encode(columns))])
