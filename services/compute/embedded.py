"""The compute that comes with KeepAI: a Dask scheduler and its workers on loopback, in a process of its own.

Everything between them is TLS with certificates of our own; no HTTP port of Dask is open. The scheduler's
address is written to a file, where KeepAI finds it again whenever this process was replaced.
"""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import dask
from dask.system import CPU_COUNT
from distributed import Nanny, Scheduler, Worker
from distributed.core import Status
from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.security import Security
from distributed.system import MEMORY_LIMIT

from services import clock
from services.compute import certificates, extension, naming, scheduler_side
from services.compute.endpoint import compute_folder, endpoint_file

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
MAX_WORKERS = 64
MEMORY_SHARE = 0.5  # of the machine; the rest is for KeepAI, its database and the models
CLOSE_WITHIN = 4.0  # s for workers to end politely
KEEP_EVERY = 1.0  # s between looks at whether every worker is there
_PR_SET_PDEATHSIG = 1

# Set for this process and handed by nannies to their workers. Dask's own files and variables stay below these.
_CONFIG = {
    "distributed.worker.daemon": True,
    "distributed.worker.profile.enabled": True,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.preload": [],
    "distributed.worker.preload": [],
    "distributed.nanny.preload": [],
}


class EmbeddedSettings(Protocol):
    """The settings that the embedded compute needs."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def embedded_workers(self) -> int: ...


async def serve(settings: EmbeddedSettings) -> None:
    """Run until SIGTERM or SIGINT, then end every worker and return."""
    await run(Path(settings.data_dir), settings.embedded_workers)


async def run(data_dir: Path, workers: int) -> None:
    """Run a scheduler with `workers` workers that keep their files in `data_dir`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _quiet_console()
    with dask.config.set(_CONFIG):
        compute = _prepared(data_dir, workers)
        work = asyncio.create_task(compute.work())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()  # raises what went wrong
        finally:
            for task in (work, stopped):
                task.cancel()
            await asyncio.wait({work, stopped}, timeout=1)
            await compute.close()


def _prepared(data_dir: Path, workers: int) -> "Embedded":
    data_dir = data_dir.absolute()
    files = certificates.ensure(compute_folder(data_dir) / "tls", clock.now())
    return Embedded(data_dir, security(files), _workers_before(data_dir) or workers)


def security(files: certificates.Certificates) -> Security:
    """TLS for every role, with the one certificate."""
    cert, key = str(files.cert), str(files.key)
    return Security(
        require_encryption=True,
        tls_ca_file=str(files.ca),
        tls_client_cert=cert,
        tls_client_key=key,
        tls_scheduler_cert=cert,
        tls_scheduler_key=key,
        tls_worker_cert=cert,
        tls_worker_key=key,
    )


def _quiet_console() -> None:
    """Print warnings only. What Dask says in calmer moments stays readable over RPC."""
    for handler in logging.getLogger("distributed").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.WARNING)


class QuietScheduler(Scheduler):  # type: ignore[misc]  # distributed is untyped to us
    """A scheduler without an HTTP server."""

    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Open no port."""


class QuietWorker(Worker):  # type: ignore[misc]  # distributed is untyped to us
    """A worker without an HTTP server, which leaves Ctrl-C to its parent and does not outlive it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _quiet_console()
        if sys.platform == "linux":
            # Dask's own watch is a Python thread, which a task that holds the interpreter lock can starve.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        super().__init__(*args, **kwargs)

    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Open no port."""


class _Leaving(SchedulerPlugin):  # type: ignore[misc]  # distributed is untyped to us
    """Tells which workers were retired, so that they are not replaced."""

    name = "keepai-leaving"

    def __init__(self, on_retired: Callable[[Sequence[str]], None]) -> None:
        self.on_retired = on_retired

    def log_event(self, topic: str, msg: Any) -> None:
        """Called with everything the scheduler notes."""
        if topic == "all" and isinstance(msg, dict) and msg.get("action") == "retire-workers":
            self.on_retired([str(address) for address in msg.get("retired", ())])


@dataclass
class Embedded:
    """A scheduler and its nannies. `workers` is how many are wanted."""

    data_dir: Path
    security: Security
    workers: int
    scheduler: Any = None
    nannies: dict[str, Any] = field(default_factory=dict)  # by worker name
    addresses: dict[str, str] = field(default_factory=dict)  # name -> last address of the worker
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None:
        """Listen, say where, and start the workers."""
        self.scheduler = QuietScheduler(
            host=HOST, port=0, protocol="tls://", security=self.security, dashboard=False
        )
        self.scheduler.handlers["keepai_scale"] = self.scale
        await self.scheduler
        ours = scheduler_side.Extension(extension.version())
        await ours.start(self.scheduler)
        self.scheduler.add_plugin(ours)
        self.scheduler.add_plugin(_Leaving(self._on_retired))
        async with self._changing:
            self._say_where()
            await self._start_all([self._add() for _ in range(self.workers)])

    async def work(self) -> None:
        """Start, and then keep every worker there until the scheduler ends."""
        await self.start()
        while self.scheduler.status not in _ENDED:
            await asyncio.sleep(KEEP_EVERY)
            async with self._changing:
                await self._replace_nannies()

    async def scale(self, workers: int) -> dict[str, Any]:
        """Have so many workers: start more, or retire those with the highest numbers.

        Answers {"workers": how many there are, "could_not_retire": [names]}; called over RPC.
        """
        wanted = max(0, min(int(workers), MAX_WORKERS))
        async with self._changing:
            self._remember_addresses()
            missing = wanted - len(self.nannies)
            if missing > 0:
                self.workers = wanted
                await self._start_all([self._add() for _ in range(missing)])
            stuck = await self._retire(naming.leaving(self.nannies, wanted))
        self.workers = len(self.nannies)
        self._say_where()
        return {"workers": self.workers, "could_not_retire": stuck}

    async def close(self) -> None:
        """End every worker and the scheduler, and take our address away."""
        with contextlib.suppress(OSError):
            endpoint_file(self.data_dir).unlink()
        closing = [
            nanny.close(timeout=CLOSE_WITHIN / 2, reason="keepai-stops") for nanny in self.nannies.values()
        ]
        await _within(CLOSE_WITHIN, asyncio.gather(*closing, return_exceptions=True))
        for nanny in self.nannies.values():
            _kill(nanny)
        if self.scheduler is not None:
            await _within(1.0, self.scheduler.close(reason="keepai-stops"))

    async def _replace_nannies(self) -> None:
        """Start those anew that ended without being retired. Workers that end are the nannies' business."""
        gone = [name for name, nanny in self.nannies.items() if nanny.status in _ENDED]
        for name in gone:
            log.warning("%s ended and is started again", name)
            self.nannies[name] = self._nanny(name)
        await self._start_all(gone)

    def _add(self) -> str:
        name = naming.next_name(self.nannies)
        self.nannies[name] = self._nanny(name)
        return name

    async def _retire(self, names: Sequence[str]) -> list[str]:
        """Retire workers. Returns the names of those that could not be."""
        unstarted = [name for name in names if name not in self.addresses]
        for name in unstarted:
            await self.nannies.pop(name).close(reason="keepai-scales-down")
        leaving = {self.addresses[name]: name for name in names if name not in unstarted}
        if not leaving:
            return []
        retired = await self.scheduler.retire_workers(workers=list(leaving), close_workers=True)
        return [name for address, name in leaving.items() if address not in retired]

    def _on_retired(self, addresses: Sequence[str]) -> None:
        self._remember_addresses()
        for name, address in list(self.addresses.items()):
            if address in addresses:
                del self.addresses[name]
                # Its worker closes it; nothing of ours keeps it any longer.
                self.nannies.pop(name, None)
                self.workers = len(self.nannies)
                self._say_where()

    def _remember_addresses(self) -> None:
        """A nanny forgets the address when its worker ends; we need it to know who was retired."""
        for name, nanny in self.nannies.items():
            if nanny.worker_address:
                self.addresses[name] = nanny.worker_address

    async def _start_all(self, names: Sequence[str]) -> None:
        outcomes = await asyncio.gather(
            *(_started(self.nannies[name]) for name in names), return_exceptions=True
        )
        for name, outcome in zip(names, outcomes, strict=True):
            if isinstance(outcome, Exception):
                log.error("%s did not start: %s", name, outcome)
        self._remember_addresses()

    def _nanny(self, name: str) -> Any:
        count = max(self.workers, 1)
        scratch = compute_folder(self.data_dir) / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        return Nanny(
            self.scheduler.address,
            name=name,
            nthreads=max(1, CPU_COUNT // count),
            memory_limit=int(MEMORY_LIMIT * MEMORY_SHARE / count),
            local_directory=str(scratch),
            host=HOST,
            protocol="tls://",
            security=self.security,
            worker_class=QuietWorker,
            dashboard=False,
            quiet=True,
        )

    def _say_where(self) -> None:
        """Write the file in which KeepAI looks us up, whole or not at all."""
        path = endpoint_file(self.data_dir)
        new = path.with_suffix(".new")
        new.write_text(
            json.dumps({"address": self.scheduler.address, "pid": os.getpid(), "workers": self.workers})
        )
        new.chmod(0o600)
        new.replace(path)


_ENDED = (Status.closed, Status.failed)


async def _started(nanny: Any) -> None:
    await nanny


async def _within(seconds: float, work: Awaitable[Any]) -> None:
    """Wait for `work`, but not longer, and whatever comes of it."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except Exception as error:
        log.debug("while stopping: %r", error)


def _kill(nanny: Any) -> None:
    pid = nanny.pid
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _workers_before(data_dir: Path) -> int:
    """How many workers a compute had that did not end by itself: it comes back as it was scaled. 0: none."""
    try:
        workers = json.loads(endpoint_file(data_dir).read_text())["workers"]
    except (OSError, ValueError, TypeError, KeyError):
        return 0
    return workers if isinstance(workers, int) and 0 < workers <= MAX_WORKERS else 0
