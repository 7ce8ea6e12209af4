"""What it costs alerts when KeepAI is killed: 200 times at random moments while workers are lost and come back, memory
is full for long enough, outside alerts fire and end, and people acknowledge; and the whole product a few times.

A process that was killed is begun anew from one that has everything imported; a digest comes after a second here, and
what a dead process was sending is sent again after half a second, so that the round is short.
"""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from sqlmodel import Session, col, select

from benchmarks import outside
from benchmarks.figures import Report
from benchmarks.installation import Installation, until
from benchmarks.outbox import databases
from models import Alert
from services import db
from tests import alert_house, dispatcher
from tests.mail_server import MailServer

KILLS, OF_THE_PRODUCT = 200, 5
EACH = 1  # critical alerts while it is away; more than ten messages a minute would wait for the digest
BACK_WITHIN = 90.0


def main(report: Report, rounds: int) -> None:
    """Each round on both databases; the baseline is the same without kills."""
    with tempfile.TemporaryDirectory(prefix="kbench-") as folder, databases(Path(folder)) as urls:
        for number in range(rounds):
            for kind, url in urls(number):  # type: ignore[operator]
                _tell(report, kind, asyncio.run(_round(url, KILLS, seed=number + 1)))
    for _ in range(rounds):
        _whole(report)


async def _round(url: str, kills: int, seed: int) -> alert_house.Tally:
    db.configure(url)
    folder = Path(tempfile.mkdtemp(prefix="kah-"))
    try:
        server = MailServer()
        async with server.listening():
            more = {"module": "tests.alert_house", "KEEPAI_RATE_LIMITS": "off"}
            with dispatcher.nursery(url, server.port, folder, **more) as home:
                return await alert_house.live_through(server, home, folder, kills, seed)
    finally:
        db.configure(None)
        shutil.rmtree(folder, ignore_errors=True)


def _tell(report: Report, kind: str, tally: alert_house.Tally) -> None:
    for name, some in tally.faults.items():
        report.note(f"{kind}, {name}: {', '.join(some[:5])}")
    lost = len(tally.lost) + len(tally.untold)
    report.add(f"{kind}: lost or not told in {tally.kills} kills", lost, unit="alerts", most=0)
    report.add(
        f"  {kind}: told again though nothing had happened", len(tally.told_twice), unit="alerts", most=0
    )
    wrong = len(tally.wrong) + len(tally.unknown) + len(tally.unexplained)
    report.add(
        f"  {kind}: not as they were left, late, or mailed again unasked", wrong, unit="alerts", most=0
    )
    report.add(f"  {kind}: critical alerts that fired", tally.fired.total(), unit="alerts")
    report.add(
        f"  {kind}: fired after their pending time by at most (while one lived)", tally.latest, unit="s"
    )
    report.add(f"  {kind}: mails that came twice, under the same Message-ID", tally.twice, unit="mails")


def _whole(report: Report) -> None:
    """The product as it runs, whose web process with all its loops is killed while an alert is on its way."""
    with MailServer().in_a_thread() as server:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TLS": "none"}
        with Installation(EMBEDDED_WORKERS=1, SMTP_FROM="keepai@example.org", **mail) as installation:
            installation.start()
            key = outside.key_of(installation)
            sent = [asyncio.run(_kill(installation, key, number)) for number in range(OF_THE_PRODUCT)]
            names = [one["labels"]["instance"] for some in sent for one in some]
            until(lambda: not set(names) - _told(server), 150, "the mails")
            open_now = {row["labels"].get("instance") for row in outside.found(installation, key)}
    report.add("the whole product: lost or not told", len(set(names) - open_now), unit="alerts", most=0)


async def _kill(installation: Installation, key: str, number: int) -> list[outside.Alert]:
    """An alert that comes in the moment of a kill: whoever sends it says it until somebody answers."""
    some = [outside.alert(EACH * number + place, number) for place in range(EACH)]
    worker = installation.web_worker()
    asking = asyncio.create_task(_until_answered(installation, key, some))
    await asyncio.sleep(0.01 * number)  # before it is read, while it is written, while it is told
    worker.kill()
    await asking
    return some


async def _until_answered(installation: Installation, key: str, some: list[outside.Alert]) -> None:
    end = time.monotonic() + BACK_WITHIN
    while True:
        try:
            await outside.post_all(installation.address + outside.AT, [outside.message(some)], 0, key)
        except Exception:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.1)
        else:
            return


def _told(server: MailServer) -> set[str]:
    """The instances of which a mail arrived."""
    subjects = " ".join(str(received.message["Subject"]) for received in server.received)
    return {
        alert.labels["instance"] for alert in db.read_now(_outside) if alert.labels["instance"] in subjects
    }


def _outside(session: Session) -> list[Alert]:
    return list(session.exec(select(Alert).where(col(Alert.rule_name).startswith("Kind"))))
