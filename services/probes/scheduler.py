"""The Dask scheduler of the compute that is watched."""

import time

from services.compute import endpoint, wire
from services.compute.readings import text
from services.probes.base import Failure, ProbeResult, answered
from services.settings import Settings


class Scheduler:
    """Connects anew and asks who is there, without the list of workers. Detail: `id`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def check(self) -> ProbeResult:
        """See Probe."""
        target = endpoint.resolve(self._settings)
        if target is None:
            raise Failure("compute.reason.not_started")
        try:
            async with wire.linked(target) as link:
                began = time.perf_counter()
                name = await _who(link)
                return answered(time.perf_counter() - began, id=name)
        except wire.Unreachable as error:
            raise Failure(error.key) from error


async def _who(link: wire.Link) -> str:
    """The scheduler's id. One of an older version does not know the question, but answers."""
    try:
        answer = await link.call("identity", n_workers=0)
    except wire.Refused:
        return ""
    return text(answer.get("id")) if isinstance(answer, dict) else ""
