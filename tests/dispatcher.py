"""A dispatcher that is killed again and again while it sends, and what then came of its messages.

As a program it is the place dispatchers are forked from, which has everything imported already: a line on stdin
begins one, its process id is the answer.
"""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from subprocess import PIPE, Popen

import psutil
from sqlalchemy import delete
from sqlmodel import Session, select

from models import OutboxMessage
from services import db, outbox
from services.clock import now
from services.feed import Feed
from services.outbox import Recipient
from services.settings import Settings, get_settings
from tests.mail_server import MailServer

ROOT = Path(__file__).parents[1]
CLAIM = (
    0.5  # s until what a dead process was sending is sent by the next; there is no need to wait a minute here
)
# Where in a conversation a kill falls: before anything was said, in the middle, when the message was taken but the
# dispatcher has not heard of it, and when it may have heard.
STAGES = ("CONNECT", "RCPT", "DATA", ".", "taken")
WITHIN = 120.0


class Nursery:
    """Begins dispatchers and kills them."""

    def __init__(self, process: "Popen[str]") -> None:
        self._process = process
        self.pid = 0

    def begin(self) -> None:
        """Start one; there must be none."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.pid = int(self._process.stdout.readline())

    def kill(self) -> None:
        """End it where it is."""
        dispatcher, self.pid = psutil.Process(self.pid), 0
        dispatcher.kill()
        dispatcher.wait(10)


@contextmanager
def nursery(
    url: str, port: int, data_dir: Path, *, module: str = "tests.dispatcher", **more: str
) -> Iterator[Nursery]:
    """A place for dispatchers of this database that hand mail in at this port. None of them is left afterwards.

    `module` begins other processes in the same way, with more settings.
    """
    bare = {name: value for name, value in os.environ.items() if not name.startswith("KEEPAI_")}
    process = Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={**bare, **variables(port, data_dir), "KEEPAI_DATABASE_URL": url, **more},
        stdin=PIPE,
        stdout=PIPE,
        text=True,
    )
    try:
        yield Nursery(process)
    finally:
        process.communicate()


def variables(port: int, data_dir: Path) -> dict[str, str]:
    """The settings of an installation that hands mail in at this port of this machine."""
    return {
        "KEEPAI_DATA_DIR": str(data_dir),
        "KEEPAI_SMTP_HOST": "127.0.0.1",
        "KEEPAI_SMTP_PORT": str(port),
        "KEEPAI_SMTP_TLS": "none",
        "KEEPAI_SMTP_FROM": "keepai@example.org",
    }


@dataclass
class Tally:
    """What came of messages whose dispatcher was killed."""

    lost: list[str] = field(default_factory=list)  # never arrived
    unsent: list[str] = field(default_factory=list)  # not noted as sent
    twice: Counter[str] = field(default_factory=Counter)  # arrived again, by Message-ID
    unexplained: list[str] = field(
        default_factory=list
    )  # again, though no kill fell between the yes and our note
    unknown: list[str] = field(default_factory=list)  # with an id that no message has
    kills: Counter[str] = field(default_factory=Counter)  # by stage
    seconds: float = 0.0


def put_many(database: Session, settings: Settings, count: int) -> None:
    """So many messages, each to another address."""
    for number in range(count):
        to = Recipient("address", f"person-{number}@example.org")
        outbox.put(database, settings, now(), to, outbox.MessageTest(by="Ana"))


def empty(database: Session) -> None:
    """Forget every message."""
    database.execute(delete(OutboxMessage))


async def send_through(server: MailServer, home: Nursery, count: int, kills: int) -> Tally:
    """Let `count` messages be sent by dispatchers of which `kills` are killed on the way, evenly spread."""
    tally, explained = Tally(), set()
    stages = cycle(STAGES)
    every = max(1, count // (2 * max(1, kills)))
    stage, due, killed = next(stages), every, asyncio.Event()

    def on(now_at: str) -> None:
        if home.pid and sum(tally.kills.values()) < kills and now_at == stage and len(server.received) >= due:
            home.kill()
            killed.set()

    server.on = on
    began = time.monotonic()
    home.begin()
    async with asyncio.timeout(WITHIN + kills):
        for _ in range(kills):
            await killed.wait()
            killed.clear()
            tally.kills[stage] += 1
            noted = await db.read(_ids, "sent")
            explained |= {received.id for received in server.received} - noted
            stage, due = next(stages), len(server.received) + every
            home.begin()
        while len(await db.read(_ids, "sent")) < count:
            await asyncio.sleep(0.02)
    tally.seconds = time.monotonic() - began
    home.kill()
    arrived = Counter(received.id for received in server.received)
    ours = await db.read(_ids, "")
    tally.lost = sorted(ours - set(arrived))
    tally.unsent = sorted(ours - await db.read(_ids, "sent"))
    tally.unknown = sorted(set(arrived) - ours)
    tally.twice = Counter({one: times - 1 for one, times in arrived.items() if times > 1})
    tally.unexplained = sorted(set(tally.twice) - explained)
    return tally


def _ids(database: Session, state: str) -> set[str]:
    query = select(OutboxMessage.message_id)
    return set(database.exec(query.where(OutboxMessage.state == state) if state else query))


def _dispatch() -> None:
    from keepai.background import dispatching
    from services.bus import LocalBus
    from services.outbox import queue

    queue.CLAIM = timedelta(seconds=CLAIM)
    dispatching.EVERY = CLAIM / 2
    asyncio.run(dispatching.run(get_settings(), LocalBus(), Feed()))


def main() -> None:
    """Fork a dispatcher for each line, until there are no more."""
    import keepai.background.dispatching  # noqa: F401  (before the first fork)
    from keepai.cli.lifeline import die_with_parent

    home = os.getpid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        if not (pid := os.fork()):
            die_with_parent(home)
            _dispatch()
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
