"""The task stream: who ran what and when."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from services.compute.endpoint import Endpoint
from services.compute.readings import integer, items, mapping, number, text
from services.compute.watch import dask_version, has_extension, load_extension
from services.compute.wire import Unreachable, linked

MAX_STEPS = 3000  # steps kept


@dataclass(frozen=True, slots=True)
class Step:
    """Part of a task's life. `action` is Dask's word: compute, transfer, disk-read, disk-write, deserialize."""

    worker: str  # address
    thread: str
    prefix: str
    action: str
    start: float  # unix seconds
    stop: float
    erred: bool


class TaskStream:
    """Who ran what and when, for as long as it is read: the scheduler stops noting it 15 s after the last read.

    One for all viewers. `steps` holds the latest ones, oldest first.
    """

    def __init__(self) -> None:
        self._cursor = 0
        self._steps: deque[Step] = deque(maxlen=MAX_STEPS)
        self._scheduler = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """What was read so far."""
        return tuple(self._steps)

    async def read(self, endpoint: Endpoint) -> tuple[Step, ...]:
        """The steps since the last call; the first call starts the noting. Raises Unreachable or Refused."""
        if endpoint.address != self._scheduler:
            self._scheduler, self._cursor = endpoint.address, 0
            self._steps.clear()
        async with linked(endpoint) as link:
            if not await has_extension(link) and not await load_extension(link, await dask_version(link)):
                raise Unreachable("compute.reason.versions", detail="")
            answer = await link.call("keepai_task_stream", since=self._cursor, plain=True)
        cursor = integer(mapping(answer).get("cursor"))
        if cursor < self._cursor:  # another scheduler behind the same address
            self._steps.clear()
        self._cursor = cursor
        fresh = steps(items(mapping(answer).get("rows")))
        self._steps.extend(fresh)
        return fresh


def steps(self) -> tuple[Step, ...]:
        """What was read so far."""
        return tuple(self._steps)

    async def read(self, endpoint: Endpoint) -> tuple[Step, ...]:
        """The steps since the last call; the first call starts the noting. Raises Unreachable or Refused."""
        if endpoint.address != self._scheduler:
            self._scheduler, self._cursor = endpoint.address, 0
            self._steps.clear()
        async with _link(endpoint) as link:
            if not await has_extension(link) and not await load_extension(link, await dask_version(link)):
                raise Unreachable("compute.reason.versions", detail="")
            answer = await link.call("keepai_task_stream", since=self._cursor, plain=True)
        cursor = integer(_mapping(answer).get("cursor"))
        if cursor < self._cursor:  # another scheduler behind the same address
            self._steps.clear()
        self._cursor = cursor
        fresh = steps(_items(_mapping(answer).get("rows")))
        self._steps.extend(fresh)
        return fresh


def log_lines(rows: Iterable[object]) -> tuple[LogLine, ...]:
    """(time, level, text) or (level, text) rows, cut, masked and without what the text repeats of them."""
    lines: list[LogLine] = []
    for row in rows:
        if len(lines) == MAX_LINES:
            break
        if not isinstance(row, (list, tuple)) or len(row) not in (2, 3):
            continue
        at = number(row[0]) if len(row) == 3 else 0.0
        said = str(row[-1])[: MAX_LINE + 200]
        match = _DASK_LINE.match(said)
        lines.append(
            LogLine(
                at=at,
                level=text(row[-2], 16),
                logger=text(match[1], 100) if match else "",
                text=_clean(said[match.end() :] if match else said),
            )
        )
    return tuple(lines)


def masked(said: str) -> str:
    """The text without passwords, tokens and keys, as far as they can be told."""
    for pattern, replacement in _SECRETS:
        said = pattern.sub(replacement, said)
    return said


def stack_lines(lines: object) -> tuple[str, ...]:
    """A call stack from the task's own code on: without the machinery that called it, and of bounded length."""
    shown = [str(line).strip("\n")[:500] for line in _items(lines)[-4 * MAX_STACK :]]
    own = next((i for i, line in enumerate(shown) if not _MACHINERY.search(line.partition("\n")[0])), 0)
    return tuple(_clean(line) for line in shown[own:][-MAX_STACK:])


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


def flame_graph(tree: object) -> Profile:
    """Bars of a profile tree, level by level; narrow and deep ones are left out, the widest are kept."""
    root = _mapping(tree)
    total = integer(root.get("count"))
    frames: list[Frame] = []
    cut = False
    level: list[tuple[Mapping[Any, Any], float]] = [(root, 0.0)] if total else []
    for depth in range(MAX_DEPTH + 1):
        below: list[tuple[Mapping[Any, Any], float]] = []
        for node, left in level:
            children = sorted(
                (child for child in _values(node.get("children")) if isinstance(child, Mapping)),
                key=lambda child: -integer(child.get("count")),
            )
            for child in children:
                width = integer(child.get("count")) / total
                if width < NARROWEST or len(frames) == MAX_FRAMES or depth == MAX_DEPTH:
                    cut = cut or width > 0
                    break
                frames.append(_frame(child, depth, left, min(width, 1 - left), total))
                below.append((child, left))
                left += width
        level = below
    return Profile(total * SAMPLE, tuple(frames), cut)


def steps(rows: Iterable[object]) -> tuple[Step, ...]:
    """Rows of our part inside the scheduler as steps; what is none is left out."""
    found: list[Step] = []
    for row in rows:
        if isinstance(row, (list, tuple)) and len(row) == 7:
            worker, thread, prefix, action, start, stop, state = row
            begin, end = number(start), number(stop)
            found.append(
                Step(
                    text(worker),
                    text(thread, 32),
                    text(prefix),
                    text(action, 32),
                    begin,
                    max(begin, end),
                    state == "erred",
                )
            )
    return tuple(found[-MAX_STEPS:])
