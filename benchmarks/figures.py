"""Collects figures while a benchmark runs, compares them with what is promised, and writes them down."""

import json
import platform
import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROUNDS = 3
ROOT = Path(__file__).parents[1]
WRITTEN = ROOT / ".build" / "bench.json"
# Recordings that lie beside a checkout of the project; they are not part of it.
RECORDED = ROOT.parent / "shared" / "data" / "dask-recorded" / "scheduler_snapshots.jsonl.gz"


class Skipped(Exception):
    """A benchmark, or a part of it, cannot run here; the text says why."""


@dataclass
class Figure:
    """One figure with a value for each round. It holds when its median is at most `most` and at least `least`;
    with neither it only informs (a baseline, a part of another figure)."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    most: float | None = None
    least: float | None = None

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def holds(self) -> bool | None:
        """Whether the promise is kept; None without one."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.median <= self.most) and (
            self.least is None or self.median >= self.least
        )


class Report:
    """The figures of one benchmark, in the order in which they were first added."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.figures: dict[str, Figure] = {}
        self.notes: list[str] = []
        self.seconds = 0.0
        self.failed = False

    def add(
        self, name: str, *values: float, unit: str, most: float | None = None, least: float | None = None
    ) -> None:
        """One more round of a figure (or several), with the bound that is promised."""
        figure = self.figures.setdefault(name, Figure(name, unit, most=most, least=least))
        figure.values += values
        shown = ", ".join(_number(value) for value in values)
        print(f"    {name}: {shown} {unit}", flush=True)

    def note(self, text: str) -> None:
        """Something a reader of the figures should know."""
        self.notes.append(text)
        print(f"    {text}", flush=True)

    def lines(self) -> list[str]:
        """The table: median, least and most, what is promised, and whether it holds."""
        rows = [_row(figure) for figure in self.figures.values()]
        widths = [max(len(row[column]) for row in rows) for column in range(5)] if rows else []
        table = [
            f"  {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}} {row[2]:<{widths[2]}}  {row[3]:<{widths[3]}}  {row[4]}"
            for row in rows
        ]
        return [f"{self.name} ({self.seconds:.0f} s)", *table, *(f"  {note}" for note in self.notes)]


def write(reports: Iterable[Report], path: Path = WRITTEN) -> None:
    """All figures as JSON, with where they were measured. Benchmarks that did not run keep what was there."""
    before: dict[str, Any] = {}
    if path.exists():
        before = json.loads(path.read_text()).get("benchmarks", {})
    now = {
        report.name: {
            "at": time.time(),
            "seconds": round(report.seconds, 1),
            "figures": [
                {**asdict(figure), "median": figure.median, "holds": figure.holds}
                for figure in report.figures.values()
                if figure.values
            ],
            "notes": report.notes,
        }
        for report in reports
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), "benchmarks": {**before, **now}}, indent=1))


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    import psutil

    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": psutil.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "load": list(psutil.getloadavg()),
    }


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie. Raises ValueError without values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _row(figure: Figure) -> tuple[str, str, str, str, str]:
    bounds = [f"<= {figure.most:g}" if figure.most is not None else ""]
    bounds.append(f">= {figure.least:g}" if figure.least is not None else "")
    said = {None: "", True: "holds", False: "MISSED"}[figure.holds]
    spread = f"({_number(min(figure.values))} to {_number(max(figure.values))})"
    promise = " ".join(part for part in [*bounds, said] if part)
    return figure.name, _number(figure.median), figure.unit, spread, promise


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
