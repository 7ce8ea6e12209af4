"""A KeepAI of its own for a benchmark: data folder, port, people, and a look at its processes."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import psutil

from benchmarks.figures import ROOT
from services import db
from services.clock import now
from services.i18n import LOCALES
from services.identity import accounts, sessions

EMAIL, PASSWORD = "ana@example.org", "correct horse battery staple"
RUN = (sys.executable, "-m", "keepai", "run")
STARTS_WITHIN = 120.0  # s; a machine that is busy with other things is slow, not broken


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until(holds: object, within: float, what: str) -> float:
    """Wait until `holds()` is true; returns the seconds it took, raises TimeoutError after `within`."""
    began = time.monotonic()
    while not holds():  # type: ignore[operator]
        if time.monotonic() - began > within:
            raise TimeoutError(f"{what} took longer than {within:g} s")
        time.sleep(0.02)
    return time.monotonic() - began


class Installation:
    """`with Installation() as installation: installation.start()`. Everything is gone afterwards.

    `variables` are settings without their prefix.
    """

    def __init__(self, **variables: object) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kbench-"))
        self.port = free_port()
        self.variables = {
            "DATA_DIR": self.folder / "data",
            "PORT": self.port,
            "ADMIN_EMAIL": EMAIL,
            "ADMIN_PASSWORD": PASSWORD,
            "LOG_LEVEL": "warning",
            "RATE_LIMITS": "off",
            **variables,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._started: list[psutil.Process] = []

    def __enter__(self) -> "Installation":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        db.configure(None)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / "log.txt"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment it runs in: none of the settings of whoever runs the benchmark, nor of their make."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("KEEPAI_", "MAKE"))}
        given = {f"KEEPAI_{name}": str(value) for name, value in self.variables.items()}
        return {**bare, **given, "LANG": "en_US.UTF-8", **more}

    def start(self, *options: str, app: str = "", command: Sequence[str] = RUN) -> float:
        """Start, and return the seconds until the first page is answered.

        `app` is another ASGI app to serve, for benchmarks that put something around ours; `command` is another
        way to start.
        """
        more = {"_KEEPAI_APP": app} if app else {}
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options],
                cwd=ROOT,
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._answers, STARTS_WITHIN, "starting")
        took = time.monotonic() - began
        self._started = self.tree()
        db.configure(self.database)
        return took

    @property
    def database(self) -> str:
        """The URL of its database."""
        return str(self.variables.get("DATABASE_URL") or f"sqlite:///{self.folder}/data/keepai.db")

    def stop(self) -> None:
        """End it and everything it started."""
        if self.process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            self._started = [*self._started, *self.tree()]
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for process in self._started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process = None

    def cookies(self, count: int, *, people: int = 20) -> list[str]:
        """The cookies of so many new sign-ins, of people who read in turn one language and the other."""
        ids = db.write_now(_people, people)
        return [f"keepai_session={token}" for token in db.write_now(_sign_in, ids, count)]

    def cookie_of_admin(self) -> str:
        """The cookie of a new sign-in of the first admin."""
        account = db.read_now(accounts.by_email, EMAIL)
        assert account is not None
        return f"keepai_session={db.write_now(sessions.start, account.id, now())}"

    # -- processes ------------------------------------------------------------------------------------------

    def tree(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        assert self.process
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def role(self, name: str) -> psutil.Process:
        """The supervisor's child of that name. Raises LookupError."""
        assert self.process
        for process in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if name in process.cmdline()[3:5]:
                    return process
        raise LookupError(name)

    def web_worker(self) -> psutil.Process:
        """The process that serves pages and sockets, and collects. Waits until there is one."""
        found: list[psutil.Process] = []

        def there() -> bool:
            with contextlib.suppress(LookupError, psutil.NoSuchProcess):
                found[:] = [p for p in self.role("web").children() if "resource_tracker" not in _command(p)]
            return bool(found)

        until(there, STARTS_WITHIN, "the web worker")
        return found[0]

    def dask_workers(self) -> list[psutil.Process]:
        """The processes of the embedded Dask workers."""
        return [
            p for p in self.role("compute").children(recursive=True) if "resource_tracker" not in _command(p)
        ]

    def _answers(self) -> bool:
        assert self.process
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended while starting:\n{self.log.read_text()[-2000:]}")
        return answers(f"http://127.0.0.1:{self.port}/login")


def answers(url: str) -> bool:
    """Whether this address answers with a page."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def cpu_seconds(*processes: psutil.Process) -> float:
    """CPU that these processes used so far; one that is gone counts nothing."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


class Clocked:
    """CPU of processes over a stretch of time: `share` is percent of one core."""

    def __init__(self, *processes: psutil.Process) -> None:
        self._processes = processes
        self._began, self._before = time.monotonic(), cpu_seconds(*processes)

    @property
    def seconds(self) -> float:
        """CPU seconds since it was made."""
        return cpu_seconds(*self._processes) - self._before

    @property
    def share(self) -> float:
        """Percent of one core since it was made."""
        return 100 * self.seconds / (time.monotonic() - self._began)


def megabytes(*processes: psutil.Process) -> float:
    """The memory these hold, pages they share counted by their share (PSS); 10^6 bytes."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            held = process.memory_full_info()
            total += getattr(held, "pss", held.uss)
    return total / 1e6


@contextlib.contextmanager
def child(*command: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process of ours that is told things on stdin and answers in lines on stdout; ends with the block."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment or dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return "resource_tracker"


def _people(database: object, count: int) -> list[object]:
    found = []
    for number in range(count):
        email = f"person-{number}@example.org"
        known = accounts.by_email(database, email)  # type: ignore[arg-type]
        found.append(
            known or accounts.create(database, email, PASSWORD, role="viewer", locale=LOCALES[number % 2])
        )  # type: ignore[arg-type]
    return [account.id for account in found]


def _sign_in(database: object, people: Iterable[object], count: int) -> list[str]:
    ids = list(people)
    return [sessions.start(database, ids[number % len(ids)], now()) for number in range(count)]  # type: ignore[arg-type]
