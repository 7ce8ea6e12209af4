"""The read-only pages of a Dask scheduler, which other versions of Dask have in the same form."""

import json
import re
import time
from urllib.parse import urlsplit

import httpx2

from services.compute.endpoint import Endpoint
from services.compute.readings import ComputeReading, compute_reading, integer, number, worker_readings
from services.compute.wire import Unreachable

WITHIN = 1.5  # s for each page
MAX_PAGE = 64 * 2**20  # bytes
DEFAULT_PORT = 8787
_TASKS = re.compile(r'^dask_scheduler_tasks\{state="([a-z-]+)"\} (\S+)', re.MULTILINE)


def address_of(endpoint: Endpoint) -> str:
    """Where the pages are: as configured, or Dask's usual port beside the scheduler."""
    host = urlsplit(endpoint.address).hostname or ""
    return endpoint.http or f"http://{f'[{host}]' if ':' in host else host}:{DEFAULT_PORT}"


class Pages:
    """Reads the pages below one address."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = httpx2.AsyncClient(timeout=WITHIN, trust_env=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def read(self) -> ComputeReading:
        """The compute by `/json/identity.json` and `/metrics`. Raises Unreachable.

        Current task counts are given for the whole compute only: they stand under the prefix "".
        """
        began = time.monotonic()
        try:
            identity = json.loads(await self._get("/json/identity.json"))
            states = task_states(await self._get("/metrics", optional=True))
            return compute_reading(
                identity,
                worker_readings(identity),
                at=time.time(),
                prefixes={"": states} if states else {},
                groups=(),
                via="http",
                took=time.monotonic() - began,
            )
        except ValueError as error:
            raise Unreachable("compute.reason.no_pages", detail=str(error)[:200]) from error

    async def _get(self, path: str, *, optional: bool = False) -> str:
        try:
            async with self._client.stream("GET", self._address + path) as answer:
                if optional and answer.status_code != httpx2.codes.OK:
                    return ""
                answer.raise_for_status()
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_PAGE:
                        raise Unreachable("compute.reason.no_pages", detail=f"{path} > {MAX_PAGE} B")
                return body.decode(errors="replace")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unreachable("compute.reason.no_pages", detail=f"{path}: {error}"[:200]) from error


def task_states(metrics: str) -> dict[str, int]:
    """State -> tasks, from the scheduler's `/metrics`; those above zero."""
    counts = {state: integer(number(_float(value))) for state, value in _TASKS.findall(metrics)}
    return {state: count for state, count in counts.items() if count and state != "forgotten"}


def _float(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0.0
