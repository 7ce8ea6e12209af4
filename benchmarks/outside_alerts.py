"""How long it takes to tell KeepAI of one alert, at 1,000 a minute. Beside it Alertmanager, where it is installed, that
is told the same at the same pace; it keeps them in memory."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from benchmarks import outside
from benchmarks.figures import Report, percentile
from benchmarks.installation import Clocked, Installation
from tests.mail_server import MailServer

ALERTS, WITHIN = 1000, 60.0


def main(report: Report, rounds: int) -> None:
    """Each round both, the one that is first in turn."""
    peer = bool(shutil.which(outside.ALERTMANAGER))
    if not peer:
        report.note("Alertmanager is not installed: measured without it")
    for number in range(rounds):
        for which in ("ours", "theirs") if number % 2 == 0 else ("theirs", "ours"):
            if which == "ours":
                _ours(report)
            elif peer:
                took = _theirs()
                report.add("baseline, Alertmanager: p95 of a request", percentile(took, 0.95), unit="s")


def _some() -> list[outside.Alert]:
    return [outside.alert(number, number % 50) for number in range(ALERTS)]


def _ours(report: Report) -> None:
    with MailServer().in_a_thread() as server:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TLS": "none"}
        given = {**mail, "RATE_LIMITS": "on"}  # which have to let it through
        with Installation(EMBEDDED_WORKERS=1, SMTP_FROM="keepai@example.org", **given) as installation:
            installation.start()
            key = outside.key_of(installation)
            clocked = Clocked(installation.web_worker())
            bodies = [outside.message([one]) for one in _some()]
            took = asyncio.run(outside.post_all(installation.address + outside.AT, bodies, WITHIN, key))
            share = clocked.share
            rows = outside.found(installation, key)
            known = {row["labels"]["instance"] for row in rows if row["labels"].get("kind") == "outside"}
    report.add("p95 of a request with one alert", percentile(took, 0.95), unit="s", most=0.2)
    report.add("  median", percentile(took, 0.5), unit="s")
    report.add("  CPU of the web process meanwhile", share, unit="% of a core")
    report.add("  not found afterwards", ALERTS - len(known), unit="alerts", most=0)


def _theirs() -> list[float]:
    with (
        tempfile.TemporaryDirectory(prefix="kbench-") as folder,
        outside.alertmanager(Path(folder)) as address,
    ):
        bodies = [outside.for_alertmanager([one]) for one in _some()]
        return asyncio.run(outside.post_all(f"{address}/api/v2/alerts", bodies, WITHIN))
