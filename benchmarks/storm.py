"""5,000 critical alerts of 50 kinds within 10 s: none is lost, all are found, and nobody gets very many messages.

They come in messages of 50, as Alertmanager sends them, to a KeepAI that hands its mail in on this machine. Beside it
Alertmanager as it comes, where it is installed: told the same, it mails once for each kind.
"""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from sqlmodel import Session, col, func, select

from benchmarks import outside
from benchmarks.figures import Report, percentile
from benchmarks.installation import Installation, until
from models import Alert, AlertNotice, OutboxMessage
from services import db
from tests.mail_server import MailServer

ALERTS, KINDS, WITHIN, EACH = 5000, 50, 10.0, 50
# For so long after it messages are counted. Once nothing waits, neither for a digest nor in the outbox, no more can
# come: then it is over after a while of quiet.
AFTER, QUIET = 180.0, 10.0
MOST_MESSAGES = 50


def main(report: Report, rounds: int) -> None:
    """Each round both."""
    peer = bool(shutil.which(outside.ALERTMANAGER))
    if not peer:
        report.note("Alertmanager is not installed: measured without it")
    for _ in range(rounds):
        _ours(report)
        if peer:
            report.add("baseline, Alertmanager: messages to a person", _theirs(), unit="")


def _storm() -> list[list[outside.Alert]]:
    some = [outside.alert(number, number % KINDS) for number in range(ALERTS)]
    return [some[first : first + EACH] for first in range(0, ALERTS, EACH)]


def _ours(report: Report) -> None:
    with MailServer().in_a_thread() as server:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TLS": "none"}
        with Installation(EMBEDDED_WORKERS=1, SMTP_FROM="keepai@example.org", **mail) as installation:
            installation.start()
            key = outside.key_of(installation)
            messages = [outside.message(some) for some in _storm()]
            began = time.monotonic()
            took = asyncio.run(outside.post_all(installation.address + outside.AT, messages, WITHIN, key))
            all_taken = time.monotonic() - began
            rows = outside.found(installation, key)
            told = _wait_for_messages()
            sent = {one["labels"]["instance"] for message in messages for one in message["alerts"]}
            seen = Counter(
                row["labels"]["instance"] for row in rows if row["labels"].get("kind") == "outside"
            )
            to = Counter(received.recipient for received in server.received)
    report.add("lost", len(sent - set(seen)), unit="alerts", most=0)
    report.add("  found twice", seen.total() - len(seen), unit="alerts", most=0)
    report.add("  that nobody was told of", ALERTS - told, unit="alerts", most=0)
    report.add("messages to a person", max(to.values()), unit="", most=MOST_MESSAGES)
    report.add("  all were taken in after", all_taken, unit="s")
    report.add(f"  p95 of a request with {EACH}", percentile(took, 0.95), unit="s")


def _wait_for_messages() -> int:
    """Until no more can come, at most as long as is promised for. Returns of how many alerts somebody was told."""
    end, quiet_since = time.monotonic() + AFTER, time.monotonic()
    while time.monotonic() < end and time.monotonic() - quiet_since < QUIET:
        if db.read_now(_waits):
            quiet_since = time.monotonic()
        time.sleep(0.5)
    return db.read_now(_count_told)


def _waits(session: Session) -> bool:
    notices = select(func.count()).select_from(AlertNotice).where(col(AlertNotice.told_at).is_(None))
    letters = (
        select(func.count())
        .select_from(OutboxMessage)
        .where(col(OutboxMessage.state).in_(("waiting", "sending")))
    )
    return bool(session.exec(notices).one() or session.exec(letters).one())


def _count_told(session: Session) -> int:
    """Of how many of them somebody was told."""
    query = (
        select(func.count(func.distinct(col(AlertNotice.alert_id))))
        .join(Alert, col(Alert.id) == AlertNotice.alert_id)
        .where(col(AlertNotice.message_id).is_not(None), col(Alert.rule_name).startswith("Kind"))
    )
    return session.exec(query).one()


def _theirs() -> int:
    """How many messages Alertmanager sends of the same in its first minute."""
    with (
        tempfile.TemporaryDirectory(prefix="kbench-") as folder,
        MailServer().in_a_thread() as server,
        outside.alertmanager(Path(folder), server.port) as address,
    ):
        bodies = [outside.for_alertmanager(some) for some in _storm()]
        asyncio.run(outside.post_all(f"{address}/api/v2/alerts", bodies, WITHIN))
        until(lambda: len(server.received) >= KINDS, 60, "its messages")
        time.sleep(QUIET)
        return len(server.received)
