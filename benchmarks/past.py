"""Gives a fresh installation a past, so that its pages show and send what they would after some hours."""

import asyncio
import math
import time

from benchmarks.installation import Installation
from services import db, history, workers
from services.clock import now
from services.history.series import moment

MINUTE = 60
GIB = 2**30


def fill(installation: Installation, *, hours: float = 2.0, compute: str = "embedded") -> str:
    """Samples of the compute as a whole, a reading each second; returns the id of the compute."""
    db.configure(installation.database)
    compute_id = db.write_now(workers.ensure_compute, compute, now())
    end = int(time.time()) // MINUTE * MINUTE
    asyncio.run(_record({"kind": "compute", "compute": str(compute_id)}, end - int(hours * 3600), end))
    return str(compute_id)


async def _record(labels: dict[str, str], start: int, end: int) -> None:
    recorder = history.Recorder()
    for at in range(start, end):
        recorder.add(float(at), labels, figures(at))
        if at % MINUTE == MINUTE - 1:
            await recorder.flush(at + 3.0)
    await recorder.flush(end + 3.0, everything=True)
    await history.roll_up(moment(end), pause=0)


def figures(at: float) -> dict[str, float]:
    """A compute that works in waves."""
    wave = 0.5 + 0.5 * math.sin(at / 97) * math.cos(at / 1013)
    memory = GIB * (0.4 + 0.5 * wave)
    return {
        "workers": 2.0,
        "threads": 2.0,
        "executing": float(round(2 * wave)),
        "memory": memory,
        "managed": memory * 0.4 * wave,
        "unmanaged": memory * (1 - 0.4 * wave),
        "spilled": 0.0,
        "limit": 6.0 * GIB,
        "cpu": 100 * wave,
        "queued": float(round(40 * wave)),
        "processing": float(round(42 * wave)),
        "erred": 0.0,
        "net": 1e6 * wave,
        "read_seconds": 0.004 + 0.002 * wave,
    }
