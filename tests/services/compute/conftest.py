"""A real embedded compute in a process of its own, on loopback."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from services.compute import actions, certificates
from services.compute.endpoint import Endpoint, embedded_endpoint
from services.compute.wire import linked

ROOT = Path(__file__).parents[3]
START = """
import asyncio, sys
from pathlib import Path
from services.compute.embedded import run
asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
"""


@dataclass
class Compute:
    """The embedded compute of one data folder, and what tests do to its processes."""

    data_dir: Path
    workers: int = 2
    processes: list[subprocess.Popen] = field(default_factory=list)

    def start(self) -> None:
        """Start it; `endpoint` waits until it listens."""
        command = [sys.executable, "-c", START, str(self.data_dir), str(self.workers)]
        with (self.data_dir.parent / f"{self.data_dir.name}.log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, cwd=ROOT, stderr=log))

    @property
    def process(self) -> subprocess.Popen:
        return self.processes[-1]

    @property
    def settings(self) -> SimpleNamespace:
        """Settings that name this compute."""
        return settings(data_dir=self.data_dir)

    @property
    def endpoint(self) -> Endpoint:
        return eventually(lambda: self.started and embedded_endpoint(self.data_dir))

    @property
    def started(self) -> bool:
        """Whether the file is of the process that runs now."""
        with contextlib.suppress(OSError, ValueError):
            file = self.data_dir / "compute" / "endpoint.json"
            return json.loads(file.read_text())["pid"] == self.process.pid
        return False

    def children(self) -> list[psutil.Process]:
        """The worker processes."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return [
                child
                for child in psutil.Process(self.process.pid).children(recursive=True)
                if "spawn_main" in " ".join(child.cmdline())
            ]
        return []

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        """End it and everything it started."""
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20)
                process.kill()
                process.wait()

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Any]:
        """Somebody else who uses the compute, through Dask's own client."""
        from distributed import Client  # late: tests without a compute do not wait for it

        from services.compute.embedded import security

        files = certificates.Certificates(self.data_dir / "compute" / "tls")
        async with Client(
            self.endpoint.address, security=security(files), asynchronous=True, set_as_default=False
        ) as client:
            yield client

    async def pids(self) -> dict[str, int]:
        """Address -> process id of each worker."""
        async with self.client() as client:
            return await client.run(os.getpid)

    async def listed(self) -> dict[str, dict]:
        """What the scheduler lists now: address -> worker."""
        async with linked(self.endpoint) as link:
            return (await link.call("identity", n_workers=-1))["workers"]

    async def has(self, count: int) -> dict[str, dict]:
        """Bring it to `count` workers and wait until they run."""
        if len(await self.listed()) != count:
            await actions.scale(self.endpoint, count)
        return await self.until(lambda: self._running(count))

    @staticmethod
    async def until(true: Callable[[], Any], within: float = 120) -> Any:
        """The first true value of `true()`, which may be a coroutine function; fails after `within` seconds."""
        ends = time.monotonic() + within
        while True:
            value = true()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            assert time.monotonic() < ends, "it never came"
            await asyncio.sleep(0.05)

    async def _running(self, count: int) -> dict[str, dict] | None:
        listed = await self.listed()
        running = [w for w in listed.values() if w["status"] == "running"]
        return listed if len(running) == len(listed) == count else None


def settings(**over: object) -> SimpleNamespace:
    """The settings that say which compute this is."""
    defaults = {
        "dask_scheduler": "",
        "dask_tls_ca": "",
        "dask_tls_cert": "",
        "dask_tls_key": "",
        "dask_http": "",
    }
    return SimpleNamespace(**{"data_dir": Path("/nowhere"), **defaults, **over})


def eventually(true: Callable, within: float = 120):
    """The first true value of `true()`; fails after `within` seconds."""
    until = time.monotonic() + within
    while not (value := true()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)
    return value


@pytest.fixture(name="settings")
def settings_() -> Callable[..., SimpleNamespace]:
    """Makes settings; `data_dir` names an embedded compute, `dask_scheduler` another."""
    return settings


@pytest.fixture(scope="session")
def shared_compute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compute]:
    compute = Compute(tmp_path_factory.mktemp("compute"))
    compute.start()
    yield compute
    compute.stop()


@pytest.fixture
async def compute(shared_compute: Compute) -> Compute:
    """A compute with two running workers, shared by tests."""
    await shared_compute.has(2)
    return shared_compute


@pytest.fixture
def own_compute(tmp_path: Path) -> Iterator[Compute]:
    """A compute of this test alone, not started yet."""
    compute = Compute(tmp_path / "data", workers=1)
    yield compute
    compute.stop()
