"""How the machine that KeepAI runs on is doing."""

import asyncio
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.settings import get_settings

# Figures this young are given again: the share of the CPU over a shorter span says nothing.
FRESH = 1.0
FIRST_SPAN = 0.1


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes, and percent: `cpu` of all cores together. `load` is None where the system has none (it is the
    number of processes that want to run, over 1, 5 and 15 minutes). `disk_*` is where the data folder lies,
    `own_*` this process alone, its `own_cpu` in percent of one core."""

    name: str
    cores: int
    cpu: float
    load: tuple[float, float, float] | None
    memory_used: int
    memory_total: int
    disk_used: int
    disk_free: int
    disk_total: int
    own_memory: int
    own_cpu: float


_latest: Figures | None = None
_read_at = 0.0
_own = psutil.Process()


async def figures() -> Figures:
    """The machine as it is now, at most a second old; read in a thread."""
    if _latest is not None and time.monotonic() - _read_at < FRESH:
        return _latest
    return await asyncio.to_thread(read, get_settings().data_dir)


def read(folder: Path) -> Figures:
    """The machine as it is now; `folder` lies on the disk of interest. The first call takes a tenth of a second."""
    global _latest, _read_at
    cpu = psutil.cpu_percent(interval=None if _latest else FIRST_SPAN)
    memory = psutil.virtual_memory()
    disk = psutil.disk_usage(str(_existing(folder.absolute())))
    _latest = Figures(
        name=socket.gethostname(),
        cores=psutil.cpu_count() or 1,
        cpu=cpu,
        load=os.getloadavg() if hasattr(os, "getloadavg") else None,
        memory_used=memory.total - memory.available,
        memory_total=memory.total,
        disk_used=disk.used,
        disk_free=disk.free,
        disk_total=disk.total,
        own_memory=_own.memory_info().rss,
        own_cpu=_own.cpu_percent(interval=None),
    )
    _read_at = time.monotonic()
    return _latest


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
