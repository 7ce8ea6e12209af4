"""How many labelled anomalies the built-in statistical rule finds in recorded series of hosts, beside plain rules.

The series lie beside a checkout (Numenta Anomaly Benchmark v1.1: 24 series, 49 labelled windows). They are halved in
the order of their names, one here, one there: the settings of the rule were chosen on the first half, and are stated on
the second. Learning time is the first 15 % of a series (of 5,000 points at most), which counts for nothing. A window is
found when an alert fires inside it; an alert that fires outside of all is a false one.

Every rule goes through the engine: it fires beyond its threshold and is silent until it has been clear, below half of
that, for as long as the built-in rule wants. The built-in rule has the threshold that was chosen on the first half.
Each plain rule may choose its threshold with hindsight, on the half in question: the one that finds most without more
false alerts than the built-in rule had there. A second row of each may choose its re-arming so as well.
"""

import csv
import gzip
import json
import math
import statistics
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from benchmarks.figures import ROOT, Report, Skipped
from services import measures
from services.alerts.builtin import BUILTIN
from services.alerts.engine import NORMAL, Level, Rule, evaluate
from services.alerts.rules import compiled
from services.alerts.windows import window

FOLDER = ROOT.parent / "shared" / "data" / "nab-host-metrics"
DAY, HOUR = 86_400.0, 3600.0
RATES = (0.05, 0.1, 0.2)  # false alerts per series and day, at which all are compared
# Thresholds that are tried: 24 of each power of ten.
THRESHOLDS = tuple(10 ** (power / 24) for power in range(-12, 52))
AHEAD = 1.2  # times the windows that the best plain rule finds
GOAL_RATE = 0.1  # at which 35 of the 49 windows are wished for

Rearming = tuple[float, float]  # clear below so much of the threshold, for so many seconds
USUAL: tuple[Rearming, ...] = ((0.5, HOUR),)  # as the built-in rule
FREE: tuple[Rearming, ...] = tuple(
    (clear, keep) for clear in (0.5, 0.75, 1.0) for keep in (0.0, HOUR, 4 * HOUR, DAY)
)
Scores = list[tuple[float, float]]  # (unix second, how far it is from what the rule thinks right)


@dataclass(frozen=True, eq=False)
class Series:
    """One recorded series: its points, and the windows in which something was wrong."""

    name: str
    points: list[tuple[float, float]]
    windows: list[tuple[float, float]]

    @property
    def begins(self) -> float:
        """When learning time is over."""
        return self.points[int(0.15 * min(len(self.points), 5000))][0]

    @property
    def days(self) -> float:
        """How long it is after that."""
        return (self.points[-1][0] - self.begins) / DAY


@dataclass(frozen=True)
class Tally:
    """What a rule found in some series."""

    found: int
    false: int
    rate: float  # false alerts per series and day


def main(report: Report, _rounds: int) -> None:
    """Each rule on each half, once: nothing here is left to chance."""
    halves = load()
    for half, series in halves.items():
        windows = sum(len(one.windows) for one in series)
        ours = tally(series, [unusual(one) for one in series], builtin())
        report.add(f"{half}, {windows} windows: the built-in rule", ours.found, unit="windows")
        report.add(f"  {half}: its false alerts", ours.rate, unit="per series and day")
        tried = {name: Tried(series, score) for name, score in {"built-in": unusual, **PLAIN}.items()}
        best = 0
        for name in PLAIN:
            same, free = tried[name].most(ours.rate, USUAL), tried[name].most(ours.rate, FREE)
            report.add(f"  {half}: {name}", same.found, unit="windows")
            report.add(f"  {half}: {name}, re-arming in hindsight too", free.found, unit="windows")
            best = max(best, same.found, free.found)
        report.add(
            f"  {half}: times the windows of the best plain rule", ours.found / best, unit="x", least=AHEAD
        )
        for rate in RATES:
            found = [
                f"{name} {one.most(rate, USUAL).found} ({one.most(rate, FREE).found})"
                for name, one in tried.items()
            ]
            report.note(
                f"{half}, {rate:g} false alerts, thresholds (and re-arming) in hindsight: {', '.join(found)}"
            )
    everything = [one for series in halves.values() for one in series]
    level = Tried(everything, unusual).most(GOAL_RATE, USUAL)
    report.add("both halves, its threshold in hindsight", level.found, unit="of 49 windows")
    report.add(f"  its false alerts, {GOAL_RATE:g} at most", level.rate, unit="per series and day")


def builtin() -> Rule:
    """The rule that KeepAI comes with."""
    draft = BUILTIN["host_memory_unusual"]
    return compiled(draft, measures.by_key()[draft.measure], UUID(int=1))


# -- the rules ----------------------------------------------------------------------------------------------------


@cache
def unusual(series: Series) -> Scores:
    """What the built-in rule looks at."""
    rule = builtin()
    seen = window(rule.summary, rule.window)
    return [(at, seen.add(at, value) or 0.0) for at, value in series.points]


@cache
def three_sigma(series: Series) -> Scores:
    """How many standard deviations of the learning time from its mean."""
    learnt = [value for at, value in series.points if at < series.begins]
    mean, deviation = statistics.fmean(learnt), statistics.pstdev(learnt) or 1e-9
    return [(at, abs(value - mean) / deviation) for at, value in series.points]


@cache
def rolling(series: Series) -> Scores:
    """How many standard deviations of the last day from its mean."""
    found, last = [], deque[tuple[float, float]]()
    middle = statistics.fmean(value for _, value in series.points)  # for the sake of rounding alone
    total = squares = 0.0
    for at, value in series.points:
        while last and last[0][0] < at - DAY:
            gone = last.popleft()[1]
            total, squares = total - gone, squares - gone * gone
        far = 0.0
        if len(last) >= 10:
            mean = total / len(last)
            deviation = math.sqrt(max(0.0, squares / len(last) - mean * mean))
            far = abs(value - middle - mean) / max(deviation, 1e-9 * (abs(middle) or 1.0))
        found.append((at, min(far, 1e6)))
        last.append((at, value - middle))
        total, squares = total + value - middle, squares + (value - middle) ** 2
    return found


def held(score: Callable[[Series], Scores]) -> Callable[[Series], Scores]:
    """The least of three points: it is beyond a threshold when all of them are."""

    @cache
    def three(series: Series) -> Scores:
        found = score(series)
        return [
            (at, min(far for _, far in found[place - 2 : place + 1]) if place >= 2 else 0.0)
            for place, (at, _) in enumerate(found)
        ]

    return three


PLAIN: dict[str, Callable[[Series], Scores]] = {
    "three sigma": three_sigma,
    "rolling z-score": rolling,
    "three sigma held for three points": held(three_sigma),
    "rolling z-score held for three points": held(rolling),
}


# -- what they find -----------------------------------------------------------------------------------------------


class Tried:
    """One rule on some series, with every threshold and every way of re-arming."""

    def __init__(self, series: Sequence[Series], score: Callable[[Series], Scores]) -> None:
        self._series, self._scores = series, [score(one) for one in series]
        self._ordered = [Ordered(one) for one in self._scores]
        self._known: dict[Rearming, list[tuple[float, Tally]]] = {}

    def most(self, rate: float, rearming: Iterable[Rearming]) -> Tally:
        """The most that it finds without more false alerts than this. What is stated went through the engine."""
        best, chosen = Tally(0, 0, 0.0), None
        for how in rearming:
            if how not in self._known:
                self._known[how] = [(fire, self._try(fire, how)) for fire in THRESHOLDS]
            for fire, found in self._known[how]:
                if found.rate <= rate and (found.found, -found.false) > (best.found, -best.false):
                    best, chosen = found, (fire, how)
        if chosen is not None:
            fire, (clear, keep) = chosen
            rule = replace(builtin(), warning=Level(fire, fire * clear), keep=keep)
            assert tally(self._series, self._scores, rule) == best, "the shortcut is not what the engine does"
        return best

    def _try(self, fire: float, how: Rearming) -> Tally:
        clear, keep = how
        return _tally(self._series, [one.fired(fire, fire * clear, keep) for one in self._ordered])


def tally(series: Sequence[Series], scores: Sequence[Scores], rule: Rule) -> Tally:
    """What one rule finds, by the engine."""
    return _tally(series, [list(alerts(rule, one)) for one in scores])


def alerts(rule: Rule, scores: Scores) -> Iterator[float]:
    """When it fires, by the engine."""
    standing = NORMAL
    for at, value in scores:
        standing, happened = evaluate(rule, standing, value, at)
        for one in happened:
            if one.kind == "fired":
                yield at


class Ordered:
    """The same for very many thresholds: it looks only at what is not clear. What is stated in the end goes through
    the engine."""

    def __init__(self, scores: Scores) -> None:
        self._scores = scores
        self._places = sorted(range(len(scores)), key=lambda place: -scores[place][1])
        self._falling = [-scores[place][1] for place in self._places]

    def fired(self, fire: float, clear: float, keep: float) -> list[float]:
        """When a rule with these thresholds fires."""
        scores, told, armed, before = self._scores, [], True, -1
        for place in sorted(self._places[: bisect_right(self._falling, -clear)]):
            if place > before + 1:
                armed = armed or scores[place - 1][0] - scores[before + 1][0] >= keep
            if armed and scores[place][1] > fire:
                armed = False
                told.append(scores[place][0])
            before = place
        return told


def _tally(series: Sequence[Series], fired: Sequence[Sequence[float]]) -> Tally:
    found = false = 0
    for one, instants in zip(series, fired, strict=True):
        counted = [at for at in instants if at >= one.begins]
        found += sum(any(start <= at <= end for at in counted) for start, end in one.windows)
        false += sum(all(not start <= at <= end for start, end in one.windows) for at in counted)
    return Tally(found, false, false / sum(one.days for one in series))


# -- the series ---------------------------------------------------------------------------------------------------


def load(folder: Path = FOLDER) -> dict[str, list[Series]]:
    """Both halves. Raises Skipped where the series are not there."""
    labels = folder / "windows.json"
    if not labels.exists():
        raise Skipped(f"there are no recorded series in {folder}")
    windows = json.loads(labels.read_text())
    series = [
        Series(name, _points(folder / f"{name}.gz"), [(_at(start), _at(end)) for start, end in windows[name]])
        for name in sorted(windows)
    ]
    return {"first half": series[::2], "second half": series[1::2]}


def _points(path: Path) -> list[tuple[float, float]]:
    with gzip.open(path, "rt") as file:
        return sorted((_at(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file))


def _at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
