"""What a job is given to work with."""

import time
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from models import Job
from services import db
from services.audit import Actor
from services.compute.hands import Hands
from services.jobs import queue
from services.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

AT_MOST_EVERY = 0.5  # s between two writes of how far it is


class Lost(Exception):
    """The job is no longer ours: somebody else runs it, or it is over. Whoever hears this stops at once."""


class Context:
    """One run of one job. `params` is what was asked for, `step` what an earlier run stored to go on from."""

    def __init__(self, settings: Settings, job: Job, hands: Hands) -> None:
        self.settings, self.id, self.account_id = settings, job.id, job.account_id
        self.params: Mapping[str, Any] = job.params
        self.step: Mapping[str, Any] = job.step
        self.runner = job.runner
        self._hands = hands
        self._waits: dict[str, Any] = {}
        self._wrote = 0.0

    @property
    def by(self) -> Actor:
        """For the audit log: KeepAI itself, for that person."""
        return Actor("machine", self.account_id)

    async def progress(self, done: int, total: int, key: str = "", **params: object) -> None:
        """Say how far it is, and in words (a message key) what it does just now. As often as one likes: it is written
        twice a second at most. Raises Lost."""
        self._waits = {"done": done, "total": total, "step_key": key, "step_params": params}
        if time.monotonic() >= self._wrote + AT_MOST_EVERY:
            await self.flush()

    async def save(self, step: Mapping[str, Any]) -> None:
        """Store from where to go on, should this process end now. Raises Lost."""
        self.step = dict(step)
        self._waits["step"] = dict(step)
        await self.flush()

    async def compute(self, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a pure function on the compute of the installation, and return what it returns.

        It is sent as it is, with what it needs of our own modules, so that a worker without KeepAI can run it; what it
        takes and returns is made of None, numbers, texts, bytes, lists, tuples (which come back as lists) and dicts. It
        is cancelled there when the job is. Raises what `Hands.run` does."""
        return await self._hands.run(fn, *args, **kwargs)

    async def flush(self) -> None:
        """Write what was said and not yet written. Raises Lost."""
        waits, self._waits = self._waits, {}
        if not waits:
            return
        self._wrote = time.monotonic()
        if not await db.write(queue.note, self.id, self.runner, self.account_id, **waits):
            raise Lost
