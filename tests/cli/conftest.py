"""Real processes of the command line, each on a data folder and a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from keepai.cli import ROOT
from services.i18n import translate


class Installation:
    """A data folder, a port and what runs on them. `**variables` are settings without their prefix."""

    def __init__(self, folder: Path, **variables: object):
        self.folder = folder
        self.port = free_port()
        self.variables = {
            "DATA_DIR": folder,
            "PORT": self.port,
            # An address at which nothing listens: no test waits for an embedded compute unless it asks for one.
            "DASK_SCHEDULER": "tcp://127.0.0.1:9",
            **variables,
        }

    def environment(self, **more: object) -> dict[str, str]:
        bare = {k: v for k, v in os.environ.items() if not k.startswith(("KEEPAI_", "LC_", "LANG"))}
        settings = {**self.variables, **more}
        return {
            **bare,
            "LANG": "en_US.UTF-8",
            "_KEEPAI_APP": "tests.cli.small_app:app",
            **{f"KEEPAI_{k}": str(v) for k, v in settings.items() if k.isupper()},
            **{k: str(v) for k, v in settings.items() if not k.isupper()},
        }

    def command(self, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        environment = self.environment(**more)
        if language := environment.pop("language", ""):
            environment["LANG"] = language
        return subprocess.run(
            [sys.executable, "-m", "keepai", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )


class Running:
    """A started `python -m keepai run`, ready to serve."""

    def __init__(self, installation: Installation, *arguments: str, **more: object):
        self.installation = installation
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keepai", "run", *arguments],
            cwd=ROOT,
            env=installation.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self.seen: dict[int, psutil.Process] = {}
        pipes = (self.process.stdout, self.process.stderr)
        self.listeners = [threading.Thread(target=self._listen, args=(pipe,), daemon=True) for pipe in pipes]
        for listener in self.listeners:
            listener.start()
        self.until(lambda: self.has_said("cli.run.how_to_stop"), 40)
        self.look()

    def _listen(self, pipe) -> None:
        with pipe:
            for line in pipe:
                self.said.append(line.rstrip("\n"))

    def has_said(self, key: str, **params: object) -> bool:
        return any(translate("en", key, **params) in line for line in list(self.said))

    def look(self) -> list[psutil.Process]:
        """All processes below the supervisor; remembered for `left`."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        self.seen.update({p.pid: p for p in found})
        return found

    def child(self, name: str) -> psutil.Process | None:
        """The supervisor's own child with that role."""
        for process in psutil.Process(self.process.pid).children():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and name in process.cmdline():
                    return process
            except psutil.NoSuchProcess:
                continue
        return None

    def left(self) -> list[psutil.Process]:
        """Those ever seen below the supervisor that are still there."""
        return [p for p in self.seen.values() if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def until(self, holds, seconds: float) -> float:
        """Wait until `holds()`; returns how long it took, fails after `seconds`."""
        started = time.monotonic()
        while not holds():
            ended = self.process.poll()
            assert time.monotonic() - started < seconds, (ended, self.said)
            time.sleep(0.01)
        return time.monotonic() - started

    def end(self) -> None:
        if self.process.poll() is None:
            self.look()
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for process in self.left():
            process.kill()
        for listener in self.listeners:
            listener.join(5)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "data")


@pytest.fixture
def start(installation: Installation):
    """Start KeepAI on the installation; whatever was started ends with the test."""
    started: list[Running] = []

    def _start(*arguments: str, on: Installation | None = None, **more: object) -> Running:
        started.append(Running(on or installation, *arguments, **more))
        return started[-1]

    yield _start
    for running in started:
        running.end()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
