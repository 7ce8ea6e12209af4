"""The last seconds of one series, summarised: the value that a rule looks at."""

from collections import deque
from typing import Protocol

from services.alerts.anomaly import Unusual
from services.alerts.engine import Summary

ANEW = 1000  # values after which a running sum is added up anew, so that rounding does not pile up


class Window(Protocol):
    """Takes values as they come and says what they come to."""

    def add(self, at: float, value: float) -> float | None:
        """Take one, and give the summary of those of the last seconds, this one included. None: nothing can be said
        yet."""


class Last:
    """The newest value alone."""

    def add(self, at: float, value: float) -> float:
        """It is what was given."""
        return value


class Mean:
    """The mean of the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._values: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self._added = 0

    def add(self, at: float, value: float) -> float:
        """The mean with this one."""
        values = self._values
        values.append((at, value))
        self._sum += value
        while values[0][0] <= at - self._seconds:
            self._sum -= values.popleft()[1]
        self._added += 1
        if self._added >= ANEW:
            self._added, self._sum = 0, sum(one for _, one in values)
        return self._sum / len(values)


class Extreme:
    """The least or the most of the last `seconds`. Keeps only values that may still become it."""

    def __init__(self, seconds: float, *, most: bool) -> None:
        self._seconds, self._sign = seconds, 1.0 if most else -1.0
        self._values: deque[tuple[float, float]] = deque()

    def add(self, at: float, value: float) -> float:
        """The extreme with this one."""
        values, signed = self._values, self._sign * value
        while values and values[-1][1] <= signed:
            values.pop()
        values.append((at, signed))
        while values[0][0] <= at - self._seconds:
            values.popleft()
        return self._sign * values[0][1]


def window(summary: Summary, seconds: float) -> Window:
    """The window that a rule asks for."""
    if summary == "unusual":
        return Unusual(seconds)
    if summary == "last" or seconds <= 0:
        return Last()
    return Mean(seconds) if summary == "mean" else Extreme(seconds, most=summary == "max")
