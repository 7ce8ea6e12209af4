"""A profile of Dask's as the bars of a flame graph, as many as a page can draw. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.compute.logs import masked
from services.compute.readings import integer, mapping, text, values

MAX_DEPTH, MAX_FRAMES = 60, 1500
NARROWEST = 0.001  # of the whole width
SAMPLE = 0.01  # s between two samples of Dask's profiler


@dataclass(frozen=True, slots=True)
class Frame:
    """One bar of a flame graph. `left` and `width` are shares of the whole, `depth` counts from 0."""

    name: str
    file: str
    line: int
    source: str
    seconds: float
    depth: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Where a worker's threads spent their time. `cut` is whether small or deep bars were left out."""

    seconds: float
    frames: tuple[Frame, ...]
    cut: bool


def flame_graph(tree: object) -> Profile:
    """Bars of a profile tree, level by level; narrow and deep ones are left out, the widest are kept."""
    root = mapping(tree)
    total = integer(root.get("count"))
    frames: list[Frame] = []
    cut = False
    level: list[tuple[Mapping[Any, Any], float]] = [(root, 0.0)] if total else []
    for depth in range(MAX_DEPTH + 1):
        below: list[tuple[Mapping[Any, Any], float]] = []
        for node, left in level:
            children = sorted(
                (child for child in values(node.get("children")) if isinstance(child, Mapping)),
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


def _frame(node: Mapping[Any, Any], depth: int, left: float, width: float, total: int) -> Frame:
    about = mapping(node.get("description"))
    return Frame(
        name=text(about.get("name")),
        file=text(about.get("filename"), 300),
        line=integer(about.get("line_number")),
        source=masked(text(str(about.get("line", "")).strip(), 300)),
        seconds=integer(node.get("count")) * SAMPLE,
        depth=depth,
        left=left,
        width=width,
    )
