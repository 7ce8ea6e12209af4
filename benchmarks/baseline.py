"""Serves the baseline app in a process of its own."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.figures import ROOT
from benchmarks.installation import Installation, answers, until


@dataclass(frozen=True)
class Served:
    """A running baseline."""

    address: str
    worker: psutil.Process
    seconds: float  # until it answered


@contextlib.contextmanager
def serve(payload: int = 1000) -> Iterator[Served]:
    """The baseline, sending each tab so many bytes a second."""
    with Installation() as folder, tempfile.TemporaryDirectory(prefix="kbench-") as web:
        environment = folder.environment(
            BENCH_PAYLOAD=str(payload),
            REFLEX_ENV_MODE="prod",
            __REFLEX_SKIP_COMPILE="true",
            REFLEX_WEB_WORKDIR=web,
            REFLEX_TELEMETRY_ENABLED="false",
            REFLEX_CHECK_LATEST_VERSION="0",
            REFLEX_DIR=str(Path(web) / "reflex"),
        )
        server = ["granian", "--interface", "asgi", "--factory", "--workers", "1"]
        with folder.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *server, "--port", str(folder.port), "benchmarks.baseline_app:app"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        workers: list[psutil.Process] = []
        try:
            seconds = until(lambda: answers(f"{folder.address}/ping"), 120, f"the baseline ({folder.log})")
            workers = psutil.Process(process.pid).children()
            (worker,) = workers
            yield Served(folder.address, worker, seconds)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for one in workers:  # one that was busy with its tabs outlives its server
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
