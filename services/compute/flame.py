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
            for child, samples in _samples_below(node):
                width = samples / total
                if width < NARROWEST or len(frames) == MAX_FRAMES or depth == MAX_DEPTH:
                    cut = cut or width > 0
                    break
                frames.append(_frame(child, samples, depth, left, min(width, 1 - left)))
                below.append((child, left))
                left += width
        level = below
    return Profile(total * SAMPLE, tuple(frames), cut)


def _samples_below(node: Mapping[Any, Any]) -> list[tuple[Mapping[Any, Any], float]]:
    """The children of a node with how many samples met them, the most first.

    Dask counts at a node the samples that went on to a child, but not at the child in which they ended. What is
    missing is shared among the children that lead nowhere.
    """
    children = [child for child in values(node.get("children")) if isinstance(child, Mapping)]
    counts = [integer(child.get("count")) for child in children]
    missing = max(0, integer(node.get("count")) - sum(counts))
    ends = [not child.get("children") for child in children]
    if not any(ends):
        ends = [True] * len(children)
    share = missing / sum(ends) if children else 0
    samples = [count + share * end for count, end in zip(counts, ends, strict=True)]
    return sorted(zip(children, samples, strict=True), key=lambda pair: -pair[1])


def _frame(node: Mapping[Any, Any], samples: float, depth: int, left: float, width: float) -> Frame:
    about = mapping(node.get("description"))
    return Frame(
        name=text(about.get("name")),
        file=text(about.get("filename"), 300),
        line=integer(about.get("line_number")),
        source=masked(text(str(about.get("line", "")).strip(), 300)),
        seconds=samples * SAMPLE,
        depth=depth,
        left=left,
        width=width,
    )
