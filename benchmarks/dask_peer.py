"""The peer: a Dask of its own with the dashboard that Dask brings, kept busy as `--demo` keeps ours.

Two processes, `python -m benchmarks.dask_peer serve` and `… work ADDRESS`. Each ends with its stdin.
"""

import contextlib
import itertools
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.installation import child
from keepai.cli import demo

WORKERS = 2  # as many as ours has


@dataclass(frozen=True)
class Peer:
    """A running peer."""

    address: str  # of its HTTP port
    scheduler: psutil.Process


@contextlib.contextmanager
def busy() -> Iterator[Peer]:
    """A Dask with its dashboard and the work of `--demo`."""
    with child("-m", "benchmarks.dask_peer", "serve") as server:
        assert server.stdout
        said: dict[str, Any] = json.loads(server.stdout.readline())
        with child("-m", "benchmarks.dask_peer", "work", said["scheduler"]) as worked:
            yield Peer(said["dashboard"], psutil.Process(server.pid))
            if worked.poll() is not None:
                raise RuntimeError("the work ended before the benchmark")


def serve() -> None:
    """A scheduler in this process, workers in others. Says where it is."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=WORKERS,
        threads_per_worker=max(1, (psutil.cpu_count() or 1) // WORKERS),
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        port = cluster.scheduler.http_server.port
        print(
            json.dumps({"scheduler": cluster.scheduler_address, "dashboard": f"http://127.0.0.1:{port}"}),
            flush=True,
        )
        sys.stdin.read()


def work(address: str) -> None:
    """The rounds of `--demo`."""
    from distributed import Client

    threading.Thread(target=_end_with_stdin, daemon=True).start()
    with Client(address, set_as_default=False) as client, client.as_current():
        for number in itertools.count():
            demo._round(client, number)
            time.sleep(demo.RESTS)


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)  # in the middle of a round; there is nothing to put in order


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else work(sys.argv[2])
