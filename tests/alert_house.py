"""A KeepAI that is killed again and again while alerts fire, clear and are acknowledged, and what then came of them.

As a program it is the place from which such processes are forked, with everything imported already. Each has the loop
of the alerts, the dispatcher and the API, and hears of samples and requests over a socket. Whoever asks, asks again
when it is gone, as Alertmanager and people do.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from models import Alert, AlertNotice, OutboxMessage
from services import db
from services.alerts import notices, outside, rules
from services.audit import Actor
from services.clock import now, rfc3339
from services.identity import accounts, api_keys
from tests.dispatcher import Nursery
from tests.mail_server import MailServer

SOCKET = "house.sock"
ADMIN, PASSPHRASE = "root@example.org", "a long passphrase"
WORKERS = 3
TICK = 0.05  # s between two samples
PENDING = 1.5  # s that the rule waits which is watched for keeping its time
LATE = 2.0  # s in which a process lived and heard of samples; what was forgotten at each kill would take very long
BUDGET, DIGEST_EVERY = 1.0, 0.2  # s; there is no need to wait for a minute here
CLAIM = 3.0  # s; longer than a mail takes when the machine is busy, or one that lives sends it twice
WITHIN = 120.0
LIVES = (0.0, 0.5)  # s of a process, at least and at most, mostly from when it answers
KILLED_EARLY = 0.2  # the share of those that are killed while they begin
NOTICED = ("fired", "raised", "no_data")


FAULTS = ("lost", "untold", "told_twice", "wrong", "unknown", "unexplained")


@dataclass
class Tally:
    """What came of it. All but `kills`, `fired`, `twice` and `latest` is to be empty."""

    kills: int = 0
    fired: Counter[str] = field(default_factory=Counter)  # by sort of alert
    lost: list[str] = field(default_factory=list)  # alerts that are not there, or there twice
    untold: list[str] = field(default_factory=list)  # critical alerts of which no mail arrived
    told_twice: list[str] = field(default_factory=list)  # told again though nothing had happened
    wrong: list[str] = field(default_factory=list)  # not as it was left
    unknown: list[str] = field(default_factory=list)  # mails with an id that no message has
    unexplained: list[str] = field(
        default_factory=list
    )  # came again, though the first was noted before the kill
    twice: int = 0  # mails that arrived again, under the same Message-ID
    latest: float = 0.0  # s after its pending time that an alert fired, of those in which a process lived

    @property
    def faults(self) -> dict[str, list[str]]:
        """All that must not be."""
        found = {name: getattr(self, name) for name in FAULTS}
        return {name: some for name, some in found.items() if some}


class House:
    """The world around the process: what is measured, who sends alerts, who acknowledges."""

    def __init__(self, folder: Path, home: Nursery, seed: int) -> None:
        self._at, self._home, self._random = folder / SOCKET, home, random.Random(seed)
        self.key = db.write_now(_prepare)
        self.up = dict.fromkeys((f"worker-{number}" for number in range(WORKERS)), 1.0)
        self.memory = dict.fromkeys(self.up, 20.0)
        self.sent: dict[str, bool] = {}  # the name of each outside alert, and whether it fires
        self.mine: set[str] = set()  # ids of what was acknowledged
        self.over = False
        self.answers = asyncio.Event()
        self._lived: list[tuple[float, float]] = []  # when each began to answer, and when it was killed
        self._answers_since = 0.0

    def begin(self) -> None:
        """Start a process."""
        self._at.unlink(missing_ok=True)
        self._home.begin()

    def kill(self) -> None:
        """End it where it is."""
        self._home.kill()
        if self.answers.is_set():
            self._lived.append((self._answers_since, time.time()))
        self.answers.clear()

    def lived(self, start: float, end: float) -> float:
        """Seconds between two moments in which a process lived."""
        return sum(max(0.0, min(end, killed) - max(start, began)) for began, killed in self._lived)

    async def measure(self) -> None:
        """Tell of samples, as the collector does."""
        while True:
            some = [
                [
                    {"kind": "worker", "compute": "c", "worker": name},
                    name,
                    {"up": up, "memory_share": self.memory[name]},
                ]
                for name, up in self.up.items()
            ]
            with contextlib.suppress(OSError, ValueError):
                await self._say({"samples": some})
                if not self.answers.is_set():
                    self._answers_since = time.time()
                    self.answers.set()
            await asyncio.sleep(TICK)

    async def lose_workers(self, name: str) -> None:
        """A worker is lost, somebody says "mine", it comes back."""
        while not self.over:
            self.up[name] = 0.0
            alert = await self._until(_one(name, "worker_lost", "firing"))
            if self._random.random() < 0.5:
                await self._acknowledge(alert.id.hex)
            self.up[name] = 1.0
            await self._until(_one(name, "worker_lost", "resolved", alert))

    async def fill_memory(self, name: str) -> None:
        """Something that has to last before it fires."""
        while not self.over:
            self.memory[name] = 99.0
            alert = await self._until(_one(name, "", "firing"))
            self.memory[name] = 20.0
            await self._until(_one(name, "", "resolved", alert))

    async def send(self) -> None:
        """What Alertmanager does: says it until somebody answers."""
        while not self.over:
            first = len(self.sent)
            names = [f"Outside{number}" for number in range(first, first + self._random.randint(1, 4))]
            fire = [_sent(name) for name in names]
            self.sent |= dict.fromkeys(names, True)
            await self._ask(outside_path(), {"version": "4", "alerts": fire})
            if self._random.random() < 0.6:
                done = {**fire[0], "status": "resolved", "endsAt": rfc3339(now())}
                self.sent[names[0]] = False
                await self._ask(outside_path(), {"version": "4", "alerts": [done, *fire[1:]]})
            elif self._random.random() < 0.5:
                await self._acknowledge((await db.read(_named, names[0]))[0].id.hex)
            await asyncio.sleep(self._random.uniform(0, 0.1))

    async def _acknowledge(self, alert_id: str) -> None:
        status = await self._ask(f"/api/v1/alerts/{alert_id}/acknowledge", {})
        if status == 200:
            self.mine.add(alert_id)

    async def _ask(self, path: str, body: Any) -> int:
        while True:
            with contextlib.suppress(OSError, ValueError):
                status: int = await self._say({"path": path, "body": body, "key": self.key})
                if status < 500:
                    assert status in (200, 409), status
                    return status
            await asyncio.sleep(0.02)

    async def _say(self, what: dict[str, Any]) -> Any:
        reader, writer = await asyncio.open_unix_connection(self._at, limit=2**20)
        try:
            writer.write(json.dumps(what).encode() + b"\n")
            await writer.drain()
            return json.loads(await reader.readline())  # ValueError when it died before it answered
        finally:
            writer.close()

    async def _until(self, find: Callable[[Session], Alert | None]) -> Alert:
        while True:
            if found := await db.read(find):
                return found
            await asyncio.sleep(TICK)


async def live_through(server: MailServer, home: Nursery, folder: Path, kills: int, seed: int = 1) -> Tally:
    """Kill it so many times at random moments, then let it come to rest; what came of everything."""
    house, tally = House(folder, home, seed), Tally()
    explained: set[str] = set()
    dice = random.Random(seed)
    house.begin()
    measuring = asyncio.create_task(house.measure())
    name, *others = house.up
    acting = [
        *(asyncio.create_task(house.lose_workers(other)) for other in others),
        asyncio.create_task(house.fill_memory(name)),
        asyncio.create_task(house.send()),
    ]
    try:
        async with asyncio.timeout(WITHIN + 2 * kills):
            for _ in range(kills):
                if dice.random() >= KILLED_EARLY:
                    await house.answers.wait()
                await asyncio.sleep(dice.uniform(*LIVES))
                house.kill()
                tally.kills += 1
                noted = await db.read(sent_ids)
                explained |= {received.id for received in server.received} - noted
                house.begin()
            house.over = True
            await asyncio.gather(*acting)
            while await db.read(_waits):
                await asyncio.sleep(TICK)
    finally:
        for task in (measuring, *acting):
            task.cancel()
        await asyncio.gather(measuring, *acting, return_exceptions=True)
        house.kill()
    db.read_now(_judge, house, server, tally)
    again = {one for one, times in Counter(received.id for received in server.received).items() if times > 1}
    tally.unexplained = sorted(again - explained)
    return tally


def sent_ids(session: Session) -> set[str]:
    """The Message-IDs of what is noted as sent."""
    return set(session.exec(select(OutboxMessage.message_id).where(OutboxMessage.state == "sent")))


def outside_path() -> str:
    """Where Alertmanager sends to."""
    return "/webhook/alertmanager"


def _prepare(session: Session) -> str:
    """Somebody to be told, a key, and a rule that waits."""
    account = accounts.create(session, ADMIN, PASSPHRASE, role="admin")
    waits = rules.Draft(
        "Waits", "worker.memory_share", critical_fire=90.0, critical_clear=80.0, pending=PENDING
    )
    rules.create(session, now(), waits, Actor("person", account.id, ADMIN))
    owner = accounts.principal(account, accounts.roles_of(session, account.id), account.id)
    permissions = ["alerts:write", "alerts:act", "alerts:read"]
    return api_keys.create(session, owner, now(), name="house", permissions=permissions)[1]


def _sent(name: str) -> dict[str, Any]:
    labels = {"alertname": name, "instance": "db-1:9100", "severity": "critical"}
    return {"status": "firing", "labels": labels, "startsAt": rfc3339(now()), "fingerprint": name}


def _one(
    worker: str, builtin: str, state: str, alert: Alert | None = None
) -> Callable[[Session], Alert | None]:
    """The alert of that worker and rule in that state; of several the newest."""

    def find(session: Session) -> Alert | None:
        query = select(Alert).where(Alert.state == state, Alert.subject == worker)
        query = (
            query.where(Alert.rule_builtin == builtin) if alert is None else query.where(Alert.id == alert.id)
        )
        return session.exec(query.order_by(col(Alert.started_at).desc())).first()

    return find


def _named(session: Session, name: str) -> list[Alert]:
    return list(session.exec(select(Alert).where(Alert.rule_name == name)))


def _waits(session: Session) -> bool:
    waiting = select(OutboxMessage.id).where(col(OutboxMessage.state).in_(("waiting", "sending")))
    return bool(notices.waiting(session) or session.exec(waiting).first())


def _judge(session: Session, house: House, server: MailServer, tally: Tally) -> None:
    everything = list(session.exec(select(Alert)))
    arrived = Counter(received.id for received in server.received)
    messages = {row.id: row.message_id for row in session.exec(select(OutboxMessage))}
    told: dict[Any, list[AlertNotice]] = {}
    for notice in session.exec(select(AlertNotice)):
        told.setdefault(notice.alert_id, []).append(notice)
    for name, fires in house.sent.items():
        found = [alert for alert in everything if alert.rule_name == name]
        tally.lost += [name] * (len(found) != 1)
        tally.wrong += [name for alert in found if (alert.state != "resolved") != fires]
    for alert in everything:
        sort = "outside" if alert.labels["kind"] == outside.KIND else alert.rule_builtin or alert.rule_name
        what = f"{sort} {alert.subject} {alert.id.hex}"
        if alert.fired_at is None or alert.worst != "critical":
            continue
        tally.fired[sort] += 1
        heard = [notice for notice in told.get(alert.id, []) if notice.kind in NOTICED]
        if not any(notice.message_id and arrived[messages[notice.message_id]] for notice in heard):
            tally.untold.append(what)
        if len(heard) > 1:
            tally.told_twice.append(what)
        if sort == "Waits":
            due, fired = alert.started_at.timestamp() + PENDING, alert.fired_at.timestamp()
            late = house.lived(due, fired)
            tally.latest = max(tally.latest, late)
            tally.wrong += [f"{what} fired {late:.1f} s late"] * (late > LATE)
            tally.wrong += [f"{what} fired early"] * (fired < due - 0.001)
    tally.wrong += [
        alert.id.hex for alert in everything if alert.id.hex in house.mine and alert.acknowledged_at is None
    ]
    tally.unknown = sorted(set(arrived) - set(messages.values()))
    tally.twice = sum(times - 1 for times in arrived.values())


# -- the process ----------------------------------------------------------------------------------------------------


def _live(app: Any, folder: Path) -> None:
    from keepai.background import alerting, dispatching
    from services.outbox import queue

    queue.CLAIM, dispatching.EVERY = timedelta(seconds=CLAIM), DIGEST_EVERY
    notices.BUDGET, alerting.DIGEST_EVERY = timedelta(seconds=BUDGET), DIGEST_EVERY
    asyncio.run(_serve(app, folder))


async def _serve(app: Any, folder: Path) -> None:
    import httpx2

    from keepai.background import alerting, dispatching
    from services import outbox
    from services.alerts import triage
    from services.bus import LocalBus
    from services.feed import Batch, Feed, Reading
    from services.settings import get_settings

    settings, bus, feed = get_settings(), LocalBus(), Feed()
    outbox.configure(bus)
    triage.configure(bus)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost:3000")

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            said = json.loads(await reader.readline())
            answer = 200
            if "samples" in said:
                readings = [Reading(labels, name, values) for labels, name, values in said["samples"]]
                feed.publish(Batch(time.time(), readings))
            else:
                headers = {"authorization": f"Bearer {said['key']}"}
                got = await client.post(said["path"], json=said["body"], headers=headers)
                answer = got.status_code
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
            writer.close()

    async with asyncio.TaskGroup() as loops:
        loops.create_task(alerting.run(settings, bus, feed))
        loops.create_task(dispatching.run(settings, bus, feed))
        while not feed.taken:
            await asyncio.sleep(0.005)
        server = await asyncio.start_unix_server(hear, folder / SOCKET, limit=2**20)
        loops.create_task(server.serve_forever())


def main() -> None:
    """Fork a process for each line, until there are no more."""
    import keepai.background.alerting
    import keepai.background.dispatching  # noqa: F401  (before the first fork)
    from keepai import api, web
    from keepai.cli.lifeline import die_with_parent
    from services.settings import get_settings

    app, folder, home = web.wrap(api.build()), Path(get_settings().data_dir), os.getpid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        if not (pid := os.fork()):
            die_with_parent(home)
            _live(app, folder)
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
