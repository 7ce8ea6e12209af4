"""A whole KeepAI in its own data folder and on its own port, started as anybody starts it."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import psutil
from sqlalchemy import Engine
from sqlmodel import Session

from keepai.cli import ROOT, build
from models import Account
from models.base import new_id
from services import db, workers
from services.audit import Actor
from services.clock import now
from services.compute import actions, certificates, embedded
from services.compute.endpoint import embedded_endpoint
from services.compute.inventory import WorkerEntry
from services.compute.readings import WorkerReading
from services.identity import accounts, sessions
from services.settings import Settings
from tests.conftest import run_migrations

R = TypeVar("R")

PASSWORD = "correct horse battery staple"
STARTS_WITHIN = 240.0  # s; a shared machine may have other things to do
LOCALES = {"pt-BR": "pt", "en": "en"}


def build_once() -> None:
    """Build the frontend unless it is current; of several test processes one builds and the others wait."""
    build.KEPT.mkdir(exist_ok=True)
    with (build.KEPT / "tests.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        assert build.ensure() == 0
        assert build.is_current(), "the frontend could not be built; only an older one is there"


class House:
    """One installation. `options` are those of `run`; settings in capitals are KEEPAI_… variables without the
    prefix."""

    def __init__(
        self,
        folder: Path,
        *,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://localhost:{self.port}"
        self._settings = {
            "ADMIN_EMAIL": "admin@example.org",
            "ADMIN_PASSWORD": PASSWORD,
            "RATE_LIMITS": "off",  # tests ask far more often than people
            **settings,
        }
        self._options = options
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._engine: Engine | None = None

    # -- its processes --------------------------------------------------------------------------------------

    def start(self) -> "House":
        """Start it and wait until it serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        bare = {name: value for name, value in os.environ.items() if not name.startswith("KEEPAI_")}
        named = {"DATA_DIR": self.folder, "PORT": self.port, **self._settings}
        environment = {
            **bare,
            **self._environment,
            "LANG": "en_US.UTF-8",
            **{f"KEEPAI_{name}": str(value) for name, value in named.items()},
        }
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "keepai", "run", *self._options],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.until(self._serves, STARTS_WITHIN)
        return self

    def stop(self) -> None:
        """End it as Ctrl-C does, and whatever is left by force."""
        if self._process is None:
            return
        below = psutil.Process(self._process.pid).children(recursive=True) if self.runs else []
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        self._process.kill()
        self._process.wait()
        for process in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process = None

    @property
    def runs(self) -> bool:
        """Whether its first process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder.parent / f"{self.folder.name}.log"

    def role(self, name: str) -> psutil.Process:
        """The process of a role: web or compute."""
        assert self._process is not None
        for process in psutil.Process(self._process.pid).children():
            if process.status() != psutil.STATUS_ZOMBIE and name in process.cmdline():
                return process
        raise AssertionError(f"no process with the role {name}")

    def restart_web(self) -> None:
        """Kill the web server with everything below it; the supervisor brings another."""
        web = self.role("web")
        for process in [*web.children(recursive=True), web]:
            process.kill()

    def worker_processes(self) -> list[psutil.Process]:
        """The processes of the embedded compute's workers, below their nannies."""
        found = self.role("compute").children(recursive=True)
        return [process for process in found if _is_worker(process)]

    def stop_compute(self) -> None:
        """Freeze the embedded compute with its workers, as a machine does that hangs."""
        self._signal_compute(signal.SIGSTOP)

    def go_on_with_compute(self) -> None:
        """Let it go on."""
        self._signal_compute(signal.SIGCONT)

    def _signal_compute(self, number: int) -> None:
        compute = self.role("compute")
        for process in [compute, *compute.children(recursive=True)]:
            process.send_signal(number)

    def _serves(self) -> bool:
        assert self.runs, self.log.read_text()
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"{self.address}/api/v1/health/live", timeout=5).status_code == 200
        return False

    def until(self, holds: Callable[[], R], seconds: float) -> R:
        """Wait until `holds()` is true and return it; fails after `seconds` with what the server said."""
        end = time.monotonic() + seconds
        while not (result := holds()):
            assert time.monotonic() < end, f"{holds}\n{self.log.read_text()[-4000:]}"
            time.sleep(0.05)
        return result

    # -- its database ---------------------------------------------------------------------------------------

    def ask(self, fn: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Call a service function on the server's own database, in one transaction."""
        if self._engine is None:
            self._engine = db.open_engine(f"sqlite:///{self.folder / 'keepai.db'}")
        with Session(self._engine.execution_options(keepai_write=True), expire_on_commit=False) as session:
            result = fn(session, *args, **kwargs)
            session.commit()
            return result

    def person(self, role: str, locale: str = "pt-BR", *, must_change: bool = False) -> Account:
        """Somebody with this role who reads this language; made once."""
        name = f"{role.title()} {LOCALES[locale].upper()}"
        email = f"{role}-{LOCALES[locale]}{'-new' if must_change else ''}@example.org"
        found = self.ask(accounts.by_email, email)
        return found or self.ask(
            accounts.create, email, PASSWORD, role=role, name=name, locale=locale, must_change=must_change
        )

    def as_new(self, account: Account) -> None:
        """Give a person's taste back to what it was."""
        locale = "en" if account.email.split("@")[0].split("-")[1] == "en" else "pt-BR"
        self.ask(accounts.update_profile, account.id, locale=locale, theme="system", zone="America/Sao_Paulo")

    def token(self, account: Account) -> str:
        """A new sign-in of this person."""
        by = Actor("nobody", address="127.0.0.1", agent="Mozilla/5.0 Chrome/1 Linux")
        return self.ask(sessions.start, account.id, now(), by=by)

    def keep_workers(self, compute: str, entries: list[WorkerEntry]) -> None:
        """Put workers on the stored list of a compute before the first start, as they are before a second one."""
        self.folder.mkdir(parents=True)
        run_migrations(f"sqlite:///{self.folder / 'keepai.db'}")
        self.ask(_keep, compute, entries, now())

    def mail_settings(self) -> Settings:
        """Its settings as far as its outbox needs them."""
        given = {name.lower(): value for name, value in self._settings.items() if name.startswith("SMTP_")}
        return Settings(data_dir=self.folder, **given)  # type: ignore[arg-type]

    # -- its compute ----------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Any]:
        """Somebody else who uses the embedded compute, through Dask's own client."""
        from distributed import Client  # late: most tests do not need it

        found = embedded_endpoint(self.folder)
        assert found is not None
        files = certificates.Certificates(self.folder / "compute" / "tls")
        async with Client(
            found.address, security=embedded.security(files), asynchronous=True, set_as_default=False
        ) as client:
            yield client

    async def has_workers(self, count: int) -> None:
        """Bring the embedded compute to so many workers that all run."""

        def running() -> bool:
            rows = self.dashboard(token)["workers"]
            return [row["state"] for row in rows if row["state"] != "lost"] == ["running"] * count

        token = self.token(self.person("viewer"))
        if not running():
            found = embedded_endpoint(self.folder)
            assert found is not None
            await actions.scale(found, count)
            await asyncio.to_thread(self.until, running, 60)

    def dashboard(self, token: str) -> dict[str, Any]:
        """What programs read of the compute now."""
        newest = {"cache-control": "no-cache"}
        answer = httpx2.get(
            f"{self.address}/api/v1/dashboard",
            cookies={"keepai_session": token},
            headers=newest,
            timeout=30,
        )
        return dict(answer.json())


def _is_worker(process: psutil.Process) -> bool:
    """Whether it runs a worker; one that has just ended does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return "spawn_main" in " ".join(process.cmdline())
    return False


def mail_settings(port: int) -> dict[str, object]:
    """The settings for a mail server at this port of this machine."""
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": port,
        "SMTP_TLS": "none",
        "SMTP_FROM": "keepai@example.org",
    }


def lost_workers(count: int) -> list[WorkerEntry]:
    """Workers that were lost lately, as the list keeps them: with their last values."""
    moment = time.time()
    return [
        WorkerEntry(
            id=new_id().hex,
            name=f"gone-{number + 1}",
            host="10.0.0.7",
            address=f"tcp://10.0.0.7:{4000 + number}",
            nanny=f"tcp://10.0.0.7:{5000 + number}",
            state="lost",
            since=moment - 600 * (number + 1),
            reading=_last_reading(number, moment - 600 * (number + 1)),
            first_seen=moment - 7200,
            restarts=number,
        )
        for number in range(count)
    ]


def _last_reading(number: int, at: float) -> WorkerReading:
    """What a worker said last."""
    return WorkerReading(
        address=f"tcp://10.0.0.7:{4000 + number}",
        name=f"gone-{number + 1}",
        host="10.0.0.7",
        nanny=f"tcp://10.0.0.7:{5000 + number}",
        status="running",
        nthreads=4,
        memory_limit=8 * 2**30,
        memory=(1 + number % 7) * 2**30,
        managed=(1 + number % 5) * 2**29,
        spilled=(number % 3) * 2**28,
        cpu=float(37 * number % 400),
        last_seen=at,
        tasks={"executing": number % 5, "ready": 11 * number % 40},
        net_read=3e6,
        net_write=1e6,
        disk_read=0.0,
        disk_write=2e5,
        event_loop=0.012,
        fds=60,
        extra={},
    )


def _keep(session: Session, compute: str, entries: list[WorkerEntry], at: datetime) -> None:
    workers.save(session, workers.ensure_compute(session, compute, at), entries)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def running(house: House) -> Iterator[House]:
    """The house while it runs."""
    try:
        yield house.start()
    finally:
        house.stop()
