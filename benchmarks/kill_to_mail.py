"""How soon after `kill -9` of a worker a mail about it is at the mail server. Beside it Prometheus and Alertmanager,
where they are installed (Debian: `apt install prometheus prometheus-alertmanager`), that watch workers of the same Dask
by their own pages: with all intervals at a second, and as they come.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Report, percentile
from benchmarks.installation import Installation, free_port, until
from benchmarks.worker_killed import BACK_WITHIN, Compute, dask_client
from tests.mail_server import MailServer

KILLS, APART = 20, 12.0
KILLS_BY_DEFAULT = 2
WITHIN, WITHIN_BY_DEFAULT = 60.0, 900.0
WORKERS = 2
PROMETHEUS, ALERTMANAGER = "prometheus", "prometheus-alertmanager"


def main(report: Report, rounds: int) -> None:
    """Each round both ways; as they come, theirs is measured once."""
    peers = bool(shutil.which(PROMETHEUS) and shutil.which(ALERTMANAGER))
    if not peers:
        report.note("Prometheus and Alertmanager are not installed: measured without them")
    for number in range(rounds):
        took = ours()
        report.add("ours: p95 until the mail is there", percentile(took, 0.95), unit="s", most=3)
        report.add("  median", percentile(took, 0.5), unit="s")
        if peers:
            took = theirs(KILLS, "1s", WITHIN)
            report.add("Prometheus and Alertmanager, all at 1 s: p95", percentile(took, 0.95), unit="s")
            report.add("    median", percentile(took, 0.5), unit="s")
            if number == 0:
                report.add("  as they come", *theirs(KILLS_BY_DEFAULT, "", WITHIN_BY_DEFAULT), unit="s")


def ours() -> list[float]:
    """Seconds from each kill to its mail."""
    with MailServer().in_a_thread() as server:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "SMTP_TLS": "none"}
        with Installation(EMBEDDED_WORKERS=WORKERS, SMTP_FROM="keepai@example.org", **mail) as installation:
            installation.start()
            return asyncio.run(_ours(installation, server))


async def _ours(installation: Installation, server: MailServer) -> list[float]:
    took = []
    async with dask_client(installation) as compute:
        for number in range(KILLS):
            began = time.monotonic()
            name, pid = await _one(compute, installation, number)
            await asyncio.sleep(random.uniform(0, 1))
            before = len(server.received)
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            while not any(name in str(mail.message["Subject"]) for mail in server.received[before:]):
                if time.monotonic() - killed > WITHIN:
                    raise TimeoutError(f"no mail about {name}")
                await asyncio.sleep(0.005)
            took.append(time.monotonic() - killed)
            await asyncio.sleep(max(0.0, APART - (time.monotonic() - began)))
    return took


async def _one(compute: Compute, installation: Installation, number: int) -> tuple[str, int]:
    """The name and the process of a worker that runs, once all of them do."""
    async with asyncio.timeout(BACK_WITHIN):
        while True:
            with contextlib.suppress(OSError, KeyError):
                workers = await compute.workers()
                ours = {process.pid for process in installation.dask_workers()}
                running = {name: pid for name, (_, pid) in workers.items() if pid in ours}
                if len(running) == WORKERS:
                    name = sorted(running)[number % WORKERS]
                    return name, running[name]
            await asyncio.sleep(0.2)


def theirs(kills: int, every: str, within: float) -> list[float]:
    """Seconds from each kill to its mail, with these intervals ("": as they come)."""
    with (
        tempfile.TemporaryDirectory(prefix="kbench-") as folder,
        MailServer().in_a_thread() as server,
        _dask() as workers,
        _watched(Path(folder), list(workers), server.port, every),
    ):
        took = []
        for number in range(kills):
            began = time.monotonic()
            port = list(workers)[number % len(workers)]
            before = len(server.received)
            killed = time.monotonic()
            workers[port].kill()
            until(lambda before=before: len(server.received) > before, within, "the mail")  # type: ignore[misc]
            took.append(time.monotonic() - killed)
            workers[port].start()
            rest = APART if every else 2 * APART
            time.sleep(max(2.0, rest - (time.monotonic() - began)))
        return took


class _Worker:
    """A worker of Dask's without a nanny, whose own page is always at the same port."""

    def __init__(self, scheduler: str, port: int) -> None:
        self._scheduler, self.port = scheduler, port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until its page answers."""
        self._process = _run(
            *(sys.executable, "-m", "distributed.cli.dask_worker", self._scheduler, "--no-nanny"),
            *("--nthreads", "1", "--dashboard-address", f"127.0.0.1:{self.port}"),
        )
        until(lambda: _answers(f"http://127.0.0.1:{self.port}/metrics"), 60, "a worker")

    def kill(self) -> None:
        """End it as a machine does that loses its power."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def _dask() -> Iterator[dict[int, _Worker]]:
    """A scheduler and two workers."""
    port = free_port()
    scheduler = _run(
        *(sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"),
        *("--port", str(port), "--dashboard-address", f"127.0.0.1:{free_port()}"),
    )
    workers = {page: _Worker(f"tcp://127.0.0.1:{port}", page) for page in (free_port(), free_port())}
    try:
        for worker in workers.values():
            worker.start()
        yield workers
    finally:
        for worker in workers.values():
            worker.kill()
        scheduler.kill()
        scheduler.wait()


@contextlib.contextmanager
def _watched(folder: Path, pages: list[int], mail: int, every: str) -> Iterator[None]:
    """Prometheus that scrapes these pages, and Alertmanager that mails."""
    port, alertmanager = free_port(), free_port()
    targets = ", ".join(f"'127.0.0.1:{page}'" for page in pages)
    intervals = f"global: {{scrape_interval: {every}, evaluation_interval: {every}}}\n" if every else ""
    waits = f", group_wait: {every}, group_interval: {every}" if every else ""
    (folder / "rules.yml").write_text(
        "groups: [{name: g, rules: [{alert: WorkerLost, expr: up == 0, annotations: {a: lost}}]}]\n"
    )
    (folder / "prometheus.yml").write_text(
        f"{intervals}rule_files: ['{folder}/rules.yml']\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}\n"
        f"scrape_configs: [{{job_name: dask, static_configs: [{{targets: [{targets}]}}]}}]\n"
    )
    (folder / "alertmanager.yml").write_text(
        f"global: {{smtp_smarthost: '127.0.0.1:{mail}', smtp_from: a@example.org, smtp_require_tls: false}}\n"
        f"route: {{receiver: mail, group_by: [instance]{waits}}}\n"
        "receivers: [{name: mail, email_configs: [{to: b@example.org, send_resolved: false}]}]\n"
    )
    running = [
        _run(
            *(ALERTMANAGER, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/am"),
            *(f"--web.listen-address=127.0.0.1:{alertmanager}", "--cluster.listen-address="),
        ),
        _run(
            *(PROMETHEUS, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"),
            f"--web.listen-address=127.0.0.1:{port}",
        ),
    ]
    try:
        until(lambda: _answers(f"http://127.0.0.1:{port}/-/ready"), 60, "Prometheus")
        until(lambda: _answers(f"http://127.0.0.1:{alertmanager}/-/ready"), 60, "Alertmanager")
        time.sleep(5 if every else 60)  # until each page was scraped once
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _run(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False
