"""What it costs to be killed: mails whose dispatcher is killed 200 times on the way, beside the same mails without.

The mail server is on this machine and answers at once, so that a kill falls anywhere in a conversation; what a dead
process was sending is sent again after half a second here, not after a minute.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Report
from services import db
from services.settings import Settings
from tests import dispatcher
from tests.conftest import PostgreSQL, run_migrations
from tests.mail_server import MailServer

MAILS, KILLS = 1000, 200


def main(report: Report, rounds: int) -> None:
    """Each round both ways, on both databases in turn."""
    with tempfile.TemporaryDirectory(prefix="kbench-") as folder, databases(Path(folder)) as urls:
        for number in range(rounds):
            for kind, url in urls(number):
                for kills in (0, KILLS):
                    tally = asyncio.run(send(url, Path(folder), kills))
                    tell(report, kind, kills, tally)


async def send(url: str, folder: Path, kills: int) -> dispatcher.Tally:
    """One run, with an empty outbox."""
    db.configure(url)
    try:
        server = MailServer()
        async with server.listening():
            given = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_from": "keepai@example.org"}
            await db.write(dispatcher.empty)
            await db.write(dispatcher.put_many, Settings(data_dir=folder, **given), MAILS)  # type: ignore[arg-type]
            with dispatcher.nursery(url, server.port, folder) as home:
                return await dispatcher.send_through(server, home, MAILS, kills)
    finally:
        db.configure(None)


def tell(report: Report, kind: str, kills: int, tally: dispatcher.Tally) -> None:
    """The figures of one run."""
    if not kills:
        report.add(f"baseline, {kind}: without kills", MAILS / tally.seconds, unit="mails/s")
        return
    assert sum(tally.kills.values()) == kills
    wrong = len(tally.unexplained) + len(tally.unknown)
    report.add(f"{kind}: lost in {kills} kills", len(tally.lost) + len(tally.unsent), unit="mails", most=0)
    report.add(f"  {kind}: twice though the first was noted, or another id", wrong, unit="mails", most=0)
    report.add(f"  {kind}: twice in a kill, under the same Message-ID", tally.twice.total(), unit="mails")
    report.add(f"  {kind}: sent all the same", MAILS / tally.seconds, unit="mails/s")


@contextlib.contextmanager
def databases(folder: Path) -> Iterator[object]:
    """New databases for each round: their kinds and URLs."""
    server = PostgreSQL(folder / "postgresql")

    def made(number: int) -> list[tuple[str, str]]:
        sqlite = f"sqlite:///{folder / f'{number}.db'}"
        run_migrations(sqlite)
        return [("SQLite", sqlite), ("PostgreSQL", server.create(f"round_{number}"))]

    try:
        yield made
    finally:
        server.stop()
