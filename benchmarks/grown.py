"""A real Dask scheduler that knows many workers, without their processes: `python -m benchmarks.grown 1000`.

They register and send heartbeats by calling what a connection of theirs would call, so everything that the scheduler
answers is as with a thousand processes. What they say is recorded, or made up where the recording is not there, and
moves with each heartbeat.

A line on stdout says where it listens. Each line on stdin is answered by one with the CPU used so far and how often
which operation was asked for; a number on it is the new pause between two heartbeats of a worker.
"""

import asyncio
import contextlib
import copy
import gc
import gzip
import json
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dask
from distributed import Scheduler
from distributed.comm.core import Comm
from distributed.versions import get_versions

from benchmarks.figures import RECORDED

PER_HOST = 8
TICK = 0.02  # s; heartbeats come one by one all the time, and not all at once
STEPS = [random.Random(1).gauss(0, 1) for _ in range(1009)]  # drawn beforehand, so that walking costs little
Identity = dict[str, Any]


def recorded(path: Path = RECORDED) -> list[Identity]:
    """Every identity of a worker in the recording, in its order; none where it is not there."""
    if not path.exists():
        return []
    with gzip.open(path, "rt") as lines:
        snapshots = [json.loads(line)["info"]["workers"] for line in lines]
    return [worker for workers in snapshots for worker in workers.values()]


def made_up(count: int = 100) -> list[Identity]:
    """Identities as Dask 2026.8 has them, of workers that are more or less busy."""
    return [_made_up(number / count) for number in range(count)]


def _made_up(load: float) -> Identity:
    seconds = {f"execute|work|{part}|seconds": 0.25 * load + 0.001234567 for part in ("executor", "other")}
    transfers = int(40 * load)
    return {
        "resources": {},
        "nthreads": 1,
        "memory_limit": 700_000_000,
        "services": {"dashboard": 40_000},
        "metrics": {
            "task_counts": {},
            "bandwidth": {"total": 1e8 + 2e8 * load, "workers": {}, "types": {}},
            "digests_total_since_heartbeat": {"tick-duration": 0.4987654321, "latency": 0.00156, **seconds},
            "managed_bytes": int(3e8 * load),
            "spilled_bytes": {"memory": 0, "disk": 0},
            "transfer": {
                f"{way}_{what}": count
                for way in ("incoming", "outgoing")
                for what, count in (("bytes", 0), ("count", 0), ("count_total", transfers))
            },
            "event_loop_interval": 0.02,
            "cpu": 100 * load,
            "memory": int(6.4e7 + 4e8 * load),
            "time": 0.0,
            "host_net_io": {"read_bps": 1e6 * load, "write_bps": 1e6 * load},
            "host_disk_io": {"read_bps": 0.0, "write_bps": 1e5 * load},
            "num_fds": 20,
        },
    }


class Told:
    """One worker that the scheduler is told of: an identity with a place of its own, on a walk."""

    def __init__(self, number: int, like: Identity) -> None:
        host, place = divmod(number, PER_HOST)
        ip = f"10.1.{host // 250}.{host % 250 + 1}"
        self.address = f"tcp://{ip}:{40_000 + place}"
        self.about = {
            "address": self.address,
            "name": f"node-{host + 1}-{place}",
            "nanny": f"tcp://{ip}:{30_000 + place}",
            "local_directory": f"/tmp/dask-scratch-space/worker-{number:08x}",
            "services": {"dashboard": 41_000 + place},
            "nthreads": like["nthreads"],
            "memory_limit": like["memory_limit"],
            "resources": dict(like["resources"]),
            "status": "running",
            "extra": {},
            "versions": {},
            "server_id": f"Worker-{number:08x}",
        }
        self.metrics: dict[str, Any] = copy.deepcopy(like["metrics"])
        self._turn = 7 * number

    def move(self) -> dict[str, Any]:
        """The metrics of the next heartbeat: no figure that is shown or recorded stays as it was."""
        metrics, turn = self.metrics, self._turn
        self._turn += 1
        step = STEPS[turn % len(STEPS)]
        metrics["time"] = time.time()
        metrics["cpu"] = round(_bounced(metrics["cpu"] + 8 * step, 0.0, 100.0), 1)
        metrics["memory"] = int(_bounced(metrics["memory"] + 2e7 * step, 6e7, 5e8))
        metrics["managed_bytes"] = int(_bounced(metrics["managed_bytes"] + 1e7 * step, 0, 2e8))
        metrics["event_loop_interval"] = 0.02 + 0.001 * abs(step)
        metrics["task_counts"] = {"executing": 1, "ready": turn % 37, "memory": 20 + turn % 5}
        for name in ("host_net_io", "host_disk_io"):
            rates = metrics[name]
            rates["read_bps"] = _bounced(rates["read_bps"] * (1 + step / 5), 1e3, 1e8)
            rates["write_bps"] = _bounced(rates["write_bps"] * (1 - step / 5), 1e3, 1e8)
        return metrics


def _bounced(value: float, least: float, most: float) -> float:
    if value < least:
        return min(most, 2 * least - value)
    return max(least, 2 * most - value) if value > most else value


class Silent(Comm):  # type: ignore[misc]  # distributed is untyped to us
    """The scheduler's end of a connection to a worker that never says anything by itself."""

    def __init__(self, peer: str) -> None:
        super().__init__()
        self._peer, self._ended = peer, asyncio.Event()

    @property
    def local_address(self) -> str:
        return "tcp://127.0.0.1:0"

    @property
    def peer_address(self) -> str:
        return self._peer

    async def read(self, deserializers: object = None) -> Any:
        await self._ended.wait()
        return {"op": "close-stream"}

    async def write(self, msg: Any, serializers: object = None, on_error: object = None) -> int:
        return 0

    async def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        self._ended.set()

    def closed(self) -> bool:
        return self._ended.is_set()


class Counted(dict[str, Callable[..., Any]]):
    """The operations of a scheduler, and how often each was asked for."""

    def __init__(self, handlers: dict[str, Callable[..., Any]]) -> None:
        super().__init__(handlers)
        self.asked: Counter[str] = Counter()

    def __getitem__(self, op: str) -> Callable[..., Any]:
        self.asked[op] += 1
        return super().__getitem__(op)


class Heart:
    """Lets each worker send a heartbeat every so many seconds."""

    def __init__(self, scheduler: Scheduler, workers: Sequence[Told]) -> None:
        self._scheduler = scheduler
        self._workers = random.Random(2).sample(workers, len(workers))  # neighbours in the table move apart
        self.every = 1.0

    async def beat(self) -> None:
        """For ever."""
        count, turn, due = len(self._workers), 0, 0.0
        while True:
            await asyncio.sleep(TICK)
            due = min(due + TICK * count / self.every, count)
            for _ in range(int(due)):
                worker = self._workers[turn % count]
                turn += 1
                # What a heartbeat leaves behind for readers. The rest of it costs more each second of the first
                # minute, and figures are compared with those of an idle scheduler.
                known = self._scheduler.workers[worker.address]
                known.metrics, known.last_seen = worker.move(), time.time()
            due -= int(due)


async def main(count: int) -> None:
    """Serve until stdin ends."""
    said = recorded()
    like = said or made_up()
    workers = [Told(number, like[number % len(like)]) for number in range(count)]
    versions = get_versions()
    async with Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0") as scheduler:
        scheduler.handlers = handlers = Counted(scheduler.handlers)
        streams = [asyncio.create_task(_register(scheduler, worker)) for worker in workers]
        while len(scheduler.workers) < count:
            await asyncio.sleep(0.05)
        for worker in scheduler.workers.values():  # later, since all are compared whenever one comes
            worker.versions = versions
        gc.collect()  # as in one that has run for long: the next full pass may be far away
        heart = Heart(scheduler, workers)
        beating = asyncio.create_task(heart.beat())
        pages = f"http://127.0.0.1:{scheduler.http_server.port}"
        print(json.dumps({"address": scheduler.address, "pages": pages, "recorded": len(said)}), flush=True)
        async for line in _lines():
            heart.every = float(line) if line.strip() else heart.every
            used = {"cpu": time.process_time(), "asked": handlers.asked}
            print(json.dumps(used), flush=True)
        for task in (beating, *streams):
            task.cancel()


async def _register(scheduler: Scheduler, worker: Told) -> None:
    """Be connected until cancelled."""
    await scheduler.add_worker(
        Silent(worker.address),
        **worker.about,
        resolve_address=False,
        now=time.time(),
        metrics=worker.move(),
        stimulus_id=f"register-{worker.address}",
    )


async def _lines():  # type: ignore[no-untyped-def]
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        yield line.decode()


if __name__ == "__main__":
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set({"distributed.admin.event-loop": "asyncio"}), contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1])))
