"""A real Dask compute with many workers in one process: `python tests/browser/crowd.py 32`.

Prints its address once it listens. Its workers have no nanny, two are paused, one has a very long name, one runs many
tasks that last, and some work goes on all the time.
"""

import asyncio
import contextlib
import logging
import sys
import time

import dask
from distributed import Client, Scheduler, Worker
from distributed.core import Status

BUSY, LASTING = "node-2", 34
LONG = "a-worker-whose-name-somebody-made-from-the-name-of-the-host-the-job-and-the-day-2031-12-24"
CONFIG = {
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.interval": "1s",
    "distributed.worker.profile.cycle": "5s",
    "distributed.admin.log-length": 300,
    "distributed.scheduler.worker-saturation": "inf",
}


def spend_time(number: int) -> int:
    """Takes a little while and costs nothing."""
    time.sleep(2.5)
    if number % 50 == 49:
        raise ValueError("one in fifty fails")
    return number


def hold_on(number: int) -> int:
    """Takes as long as there is somebody to see it."""
    time.sleep(3600)
    return number


async def main(count: int) -> None:
    """Serve until ended."""
    async with contextlib.AsyncExitStack() as open_:
        scheduler = await open_.enter_async_context(
            Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0")
        )
        print(scheduler.address, flush=True)
        found = []
        for number in range(count):
            name = LONG if number == 7 else f"node-{number + 1}"
            worker = Worker(
                scheduler.address,
                name=name,
                nthreads=LASTING + 2 if name == BUSY else 2,
                memory_limit="2 GiB",
                host="127.0.0.1",
                dashboard=False,
            )
            found.append(await open_.enter_async_context(worker))
        for worker in found[3:5]:
            worker.status = Status.paused
        print("ready", flush=True)
        if not count:
            await asyncio.Event().wait()
        client = await open_.enter_async_context(Client(scheduler.address, asynchronous=True))
        busy = next(worker.address for worker in found if worker.name == BUSY)
        lasting = client.map(hold_on, range(LASTING), pure=False, workers=[busy])
        while lasting:
            work = client.map(spend_time, range(200), pure=False)
            await asyncio.wait({asyncio.ensure_future(client.gather(work, errors="skip"))})


if __name__ == "__main__":
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    for name in ("distributed.scheduler", "distributed.worker"):  # told to whoever asks, and to nobody here
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).propagate = False
    with dask.config.set(CONFIG):
        asyncio.run(main(int(sys.argv[1])))
