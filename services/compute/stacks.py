"""Tasks that run now, with the call stack of each. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.compute.logs import clean
from services.compute.readings import items, number

MAX_TASKS = 50  # executing tasks whose stack is shown
MAX_STACK = 60  # frames of one stack
# Frames of the machinery around a task, which say nothing about it.
_MACHINERY = re.compile(
    r"/(?:threading|distributed/[\w/]+|dask/_task_spec|concurrent/futures/\w+|asyncio/\w+)\.py\b"
)


@dataclass(frozen=True, slots=True)
class Executing:
    """A task that runs now. `seconds` is None where the worker did not tell since when."""

    key: str
    seconds: float | None
    stack: tuple[str, ...]  # outermost first


def stack_lines(lines: object) -> tuple[str, ...]:
    """A call stack from the task's own code on: without the machinery that called it, and of bounded length."""
    shown = [str(line).strip("\n")[:500] for line in items(lines)[-4 * MAX_STACK :]]
    own = next((i for i, line in enumerate(shown) if not _MACHINERY.search(line.partition("\n")[0])), 0)
    return tuple(clean(line) for line in shown[own:][-MAX_STACK:])


def executing_since(story: Iterable[object]) -> dict[Any, float]:
    """Key -> when its latest execution began (unix seconds, the worker's clock), from the worker's story."""
    began: dict[Any, float] = {}
    for row in story:
        # (key, start, wanted finish, actual finish, recommendations, stimulus, time)
        if (
            isinstance(row, (list, tuple))
            and len(row) == 7
            and row[3] == "executing"
            and row[1] != "long-running"
        ):
            began[row[0]] = number(row[6])
    return began
