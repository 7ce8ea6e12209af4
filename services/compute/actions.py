"""What people may do to the compute. Each asks the scheduler, looks at what came of it, and says so in words.

The answer is an Outcome and never an exception: a refusal is a result like any other, and is recorded.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from services.compute.endpoint import Endpoint
from services.compute.readings import mapping
from services.compute.watch import ask_identity, dask_version, has_extension, load_extension
from services.compute.wire import Link, Refused, Unreachable, linked

RETIRE_WITHIN = 600.0  # s; moving the data of a large worker takes minutes
RESTART_WITHIN = 60.0
SCALE_WITHIN = 600.0
CANCEL_WITHIN = 60.0
# s for the process of a retired worker to end: Dask gives a task in one of its threads 30 s to come to an end.
GONE_WITHIN = 45.0
LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an action. `key` is a message key, `params` fill its placeholders."""

    ok: bool
    key: str
    params: Mapping[str, str] = field(default_factory=dict)


async def retire(endpoint: Endpoint, address: str) -> Outcome:
    """Move a worker's data to others, close it, and see that its process is really gone."""
    return await _on_scheduler(endpoint, lambda link: _retire(link, address))


async def restart(endpoint: Endpoint, address: str) -> Outcome:
    """End a worker's process and see its nanny start another. Refused without a nanny: it would only end."""
    return await _on_scheduler(endpoint, lambda link: _restart(link, address))


async def scale(endpoint: Endpoint, workers: int) -> Outcome:
    """Have so many workers on the embedded compute. Leaving ones are retired: their data moves first."""
    if not endpoint.embedded:
        return Outcome(False, "compute.action.not_embedded")
    return await _on_scheduler(endpoint, lambda link: _scale(link, workers))


async def cancel(endpoint: Endpoint, name: str, *, prefix: bool = False) -> Outcome:
    """Cancel a computation: a task group, or with `prefix` every group of that prefix.

    All of its tasks and all that wait for them are released for every client that wants them, as if each had
    cancelled its futures; finished results of the group go too. What only they needed goes with them, other
    computations stay. A task that runs in a thread ends by itself and its result is dropped.
    """
    return await _on_scheduler(endpoint, lambda link: _cancel(link, name, prefix))


async def _on_scheduler(endpoint: Endpoint, act: Callable[[Link], Awaitable[Outcome]]) -> Outcome:
    try:
        async with linked(endpoint) as link:
            return await act(link)
    except (Unreachable, Refused) as error:
        return Outcome(False, error.key, {"detail": str(error.params.get("detail", ""))})


async def _retire(link: Link, address: str) -> Outcome:
    worker = (await _workers(link)).get(address)
    if worker is None:
        return Outcome(False, "compute.action.gone")
    # A nanny closes its port only after its worker's process has ended.
    process = str(worker.get("nanny") or address)
    seen = await _accepts(process)
    retired = await link.call(
        "retire_workers", workers=[address], close_workers=True, remove=True, within=RETIRE_WITHIN
    )
    if not isinstance(retired, dict) or address not in retired:
        return Outcome(False, "compute.action.could_not_retire")
    if seen and not await _becomes(GONE_WITHIN, lambda: _refuses(process)):
        return Outcome(False, "compute.action.still_running", {"address": process})
    return Outcome(True, "compute.action.retired")


async def _restart(link: Link, address: str) -> Outcome:
    worker = (await _workers(link)).get(address)
    if worker is None:
        return Outcome(False, "compute.action.gone")
    nanny = worker.get("nanny")
    if not nanny:
        return Outcome(False, "compute.action.no_nanny")
    answer = await link.call(
        "restart_workers",
        workers=[address],
        timeout=RESTART_WITHIN / 2,
        wait_for_workers=False,
        stimulus_id=f"keepai-restart-{time.time()}",
        within=RESTART_WITHIN,
    )
    if answer is None:  # Dask before 2023 cannot
        return Outcome(False, "compute.reason.versions")
    outcome = mapping(answer).get(address)
    if outcome != "OK":
        return Outcome(False, "compute.action.restart_failed", {"detail": str(outcome or "")[:200]})

    async def is_back() -> bool:
        return any(
            other.get("nanny") == nanny and other.get("local_directory") != worker.get("local_directory")
            for other in (await _workers(link)).values()
        )

    if not await _becomes(RESTART_WITHIN / 2, is_back):
        return Outcome(False, "compute.action.not_back")
    return Outcome(True, "compute.action.restarted")


async def _scale(link: Link, workers: int) -> Outcome:
    answer = await link.call("keepai_scale", workers=workers, within=SCALE_WITHIN)
    if not isinstance(answer, dict):
        return Outcome(False, "compute.action.not_embedded")
    params = {"workers": str(answer.get("workers", ""))}
    if stuck := answer.get("could_not_retire"):
        names = ", ".join(str(name) for name in stuck)
        return Outcome(False, "compute.action.scale_stuck", {**params, "names": names[:300]})
    return Outcome(True, "compute.action.scaled", params)


async def _cancel(link: Link, name: str, prefix: bool) -> Outcome:
    if not await has_extension(link) and not await load_extension(link, await dask_version(link)):
        return Outcome(False, "compute.action.cannot_cancel")
    answer = await link.call("keepai_cancel", name=name, prefix=prefix, within=CANCEL_WITHIN)
    tasks, left = int(answer["tasks"]), int(answer["left"])
    if not tasks:
        return Outcome(False, "compute.action.no_such_group")
    if left:
        return Outcome(False, "compute.action.cancelled_partly", {"left": str(left), "tasks": str(tasks)})
    return Outcome(True, "compute.action.cancelled", {"tasks": str(tasks)})


async def _workers(link: Link) -> Mapping[Any, Any]:
    return mapping((await ask_identity(link)).get("workers"))


async def _becomes(within: float, true: Callable[[], Awaitable[bool]]) -> bool:
    """Whether something becomes true in time."""
    until = time.monotonic() + within
    while not await true():
        if time.monotonic() > until:
            return False
        await asyncio.sleep(LOOK_EVERY)
    return True


async def _refuses(address: str) -> bool:
    return not await _accepts(address)


async def _accepts(address: str) -> bool:
    """Whether something listens there, as far as we can reach it."""
    parts = urlsplit(address)
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError, ValueError):
        return False
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
