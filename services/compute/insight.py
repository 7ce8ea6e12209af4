"""A closer look at the compute, asked for only while somebody looks: logs, stacks, profile, versions.

All of it was written by people's code and may be large or hostile: everything is cut to a size a page can bear,
and what looks like a secret is masked. (The task stream is in stream.py.)
"""

import time
from collections.abc import Mapping

from services.compute.endpoint import Endpoint
from services.compute.flame import Profile, flame_graph
from services.compute.logs import MAX_LINES, LogLine, log_lines
from services.compute.packages import Versions, compare_versions, our_packages, packages_of
from services.compute.readings import items, mapping, text, values
from services.compute.stacks import MAX_TASKS, Executing, executing_since, stack_lines
from services.compute.watch import ask_identity, has_extension
from services.compute.wire import Link, Refused, linked

MAX_ASKED = 50  # workers asked for their versions when the scheduler cannot tell


async def worker_logs(
    endpoint: Endpoint, address: str, n: int = 200, *, nanny: bool = False
) -> tuple[LogLine, ...]:
    """The latest lines of a worker or of its nanny, newest first. Raises Unreachable or Refused."""
    message = {"op": "get_logs", "n": _bounded(n, MAX_LINES), "timestamps": True}
    async with linked(endpoint) as link:
        await _must_know(link, address)
        answers = await link.call("broadcast", workers=[address], nanny=nanny, msg=message)
    return log_lines(line for lines in values(answers) for line in items(lines))


async def scheduler_logs(endpoint: Endpoint, n: int = 200) -> tuple[LogLine, ...]:
    """The latest lines of the scheduler, newest first. Raises Unreachable or Refused."""
    async with linked(endpoint) as link:
        return log_lines(items(await link.call("logs", n=_bounded(n, MAX_LINES), timestamps=True)))


async def executing(endpoint: Endpoint, address: str) -> tuple[Executing, ...]:
    """What a worker runs now, with stacks, the longest first. Raises Unreachable or Refused."""
    async with linked(endpoint) as link:
        await _must_know(link, address)
        stacks = await link.call("proxy", worker=address, msg={"op": "call_stack", "keys": None})
        if not isinstance(stacks, Mapping):
            return ()
        keys = list(stacks)[:MAX_TASKS]
        story = await link.call("proxy", worker=address, msg={"op": "get_story", "keys_or_stimuli": keys})
    began = executing_since(items(story))
    now = time.time()
    tasks = [
        Executing(text(key), max(0.0, now - began[key]) if key in began else None, stack_lines(stacks[key]))
        for key in keys
    ]
    return tuple(sorted(tasks, key=lambda task: -(task.seconds or 0)))


async def profile(endpoint: Endpoint, address: str, seconds: float | None = None) -> Profile:
    """Where a worker's tasks spent their time, lately or ever. Raises Unreachable or Refused."""
    start = time.time() - seconds if seconds else None
    async with linked(endpoint) as link:
        return flame_graph(await link.call("profile", workers=[address], start=start))


async def versions(endpoint: Endpoint) -> Versions:
    """Who runs which packages. Raises Unreachable or Refused."""
    async with linked(endpoint) as link:
        answer = await link.call("versions")
        scheduler = packages_of(answer)
        if await has_extension(link):
            found = await link.call("keepai_versions", plain=True)
            workers = {text(address): packages_of({"packages": p}) for address, p in mapping(found).items()}
        else:
            workers = await _ask_workers(link)
    return compare_versions(our_packages(scheduler), scheduler, workers)


async def _must_know(link: Link, address: str) -> None:
    """Raises Refused when the scheduler has no such worker; it would try half a minute to reach it."""
    if address not in mapping(await link.call("ncores", workers=[address])):
        raise Refused("compute.action.gone")


async def _ask_workers(link: Link) -> dict[str, dict[str, str]]:
    """The packages of a few workers, asked one by one through the scheduler."""
    identity = await ask_identity(link)
    addresses = list(mapping(identity.get("workers")))[:MAX_ASKED]
    answers = await link.call("broadcast", workers=addresses, msg={"op": "versions"}, on_error="ignore")
    return {text(address): packages_of(answer) for address, answer in mapping(answers).items()}


def _bounded(n: int, most: int) -> int:
    return max(1, min(int(n), most))
