"""Calls a pure function on the compute of the installation, through a process that speaks to it (remote.py)."""

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import msgpack

from models.base import new_id
from services.compute import endpoint
from services.compute.endpoint import ComputeSettings
from services.compute.remote import LENGTH
from services.errors import Upstream

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ROOT = Path(__file__).parents[2]
OURS = ("components", "keepai", "models", "services", "state")
READY_WITHIN = 30.0  # s for the process to start and to reach the scheduler
_pickling = threading.Lock()


class ComputeGone(Upstream):
    """The compute is out of reach, or has lost what was asked of it: trying again can help."""

    key = "jobs.error.compute_gone"


class ComputeFailed(Upstream):
    """The function itself failed there; `params["detail"]` says how."""

    key = "jobs.error.compute_failed"


class Hands:
    """What one job does on the compute. The process is begun with the first call and ended by `close`."""

    def __init__(self, settings: ComputeSettings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._starting = asyncio.Lock()
        self._number = 0

    async def run(self, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What `fn(*args, **kwargs)` returns, called on a worker. Raises ComputeGone or ComputeFailed; cancelled, it
        cancels the task there."""
        call = await asyncio.to_thread(packed, fn, args, kwargs)
        async with self._starting:
            if self._process is None:
                await self._start()
        self._number += 1
        number = self._number
        answer = self._calls[number] = asyncio.get_running_loop().create_future()
        name = getattr(fn, "__name__", "call")
        try:
            await self._send({"id": number, "call": call, "key": f"{name}-{new_id().hex}"})
            return cast(R, await answer)
        except asyncio.CancelledError:
            with contextlib.suppress(ComputeGone):
                await self._send({"cancel": number})
            raise
        finally:
            self._calls.pop(number, None)

    async def close(self) -> None:
        """End the process; the scheduler lets go of what it asked for."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await process.wait()

    async def _start(self) -> None:
        found = await asyncio.to_thread(endpoint.resolve, self._settings)
        if found is None:
            raise ComputeGone("compute.action.away")
        # What it brings back was made by whoever runs tasks there: it need not see our secrets.
        around = {name: value for name, value in os.environ.items() if not name.startswith("KEEPAI_")}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.compute.remote",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
            env=around,
        )
        self._ready = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(self._process))
        try:
            await self._send({"address": found.address, "ca": found.ca, "cert": found.cert, "key": found.key})
            async with asyncio.timeout(READY_WITHIN):
                await self._ready
        except TimeoutError:
            await self.close()
            raise ComputeGone from None
        except BaseException:
            await self.close()
            raise

    async def _send(self, order: Mapping[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise ComputeGone
        data = msgpack.packb(order)
        try:
            process.stdin.write(LENGTH.pack(len(data)) + data)
            await process.stdin.drain()
        except (OSError, RuntimeError):
            raise ComputeGone from None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None and self._ready is not None
        try:
            while True:
                (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
                self._take(msgpack.unpackb(await process.stdout.readexactly(length), strict_map_key=False))
        except asyncio.IncompleteReadError:
            log.warning("the process that speaks to the compute ended")
        finally:
            if self._process is process:
                self._process = None  # the next call begins another
            for future in (self._ready, *self._calls.values()):
                _settle(future, ComputeGone())

    def _take(self, answer: Mapping[str, Any]) -> None:
        if "ready" in answer or "away" in answer:
            assert self._ready is not None
            if "away" in answer:
                log.warning("the compute is out of reach: %s", answer["away"])
            _settle(self._ready, ComputeGone("compute.action.away") if "away" in answer else None)
            return
        future = self._calls.get(answer["id"])
        if future is None or future.done():
            return
        if "gone" in answer:
            log.warning("the compute lost a task: %s", answer["gone"])
            future.set_exception(ComputeGone())
        elif "failed" in answer:
            log.warning("a task failed on the compute: %s", answer["failed"])
            future.set_exception(ComputeFailed(permanent=True, detail=str(answer["failed"])))
        else:
            future.set_result(answer["value"])


def packed(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    """A call as it is sent: with the text of our own modules that it needs, so that no worker has to have them."""
    import cloudpickle

    own = {name for name in OURS if name in sys.modules}
    module = sys.modules.get(fn.__module__)
    file = str(getattr(module, "__file__", "") or "")
    if file.startswith(f"{ROOT}{os.sep}") and "site-packages" not in file:
        own.add(fn.__module__)
    with _pickling:
        for name in own:
            cloudpickle.register_pickle_by_value(sys.modules[name])
        try:
            return bytes(cloudpickle.dumps((fn, args, dict(kwargs))))
        finally:
            for name in own:
                cloudpickle.unregister_pickle_by_value(sys.modules[name])


def _settle(future: asyncio.Future[Any], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
        return
    future.set_exception(error)
    future.exception()  # nobody may be waiting any more
