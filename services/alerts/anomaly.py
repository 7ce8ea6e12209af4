"""How unusual a series is: how far its mean goes beyond whatever was usual for it.

What is usual is learnt from the series itself, hour by hour: the least and the most that the mean of the last
`seconds` came to in each hour of the last fourteen days. The usual range reaches to the 99th percentile of the most and
to the first of the least, so that three odd hours in a fortnight do not count. What is said is how far the mean lies
outside, in percent of the width of that range: 0 within it, 50 half of its width beyond it, above or below alike.

So a series that swings each day, or has peaks each hour, has a wide range and is not unusual in what it always does;
and a lasting change is unusual at first and usual after a few hours. Until a day of hours is known nothing is said.

The settings were chosen on one half of the labelled series of `benchmarks/anomalies.py` and stated on the other; they
are the same for every series.
"""

from array import array
from bisect import bisect_left, insort
from collections import deque

HOUR = 3600.0
KNOWN = 14 * 24  # hours that are remembered
LEAST = 24  # hours, before anything is said
EDGE = 0.99
# A range is at least so much of its larger edge wide: of what hardly ever moved, a small move is no news.
NARROWEST = 0.1
SLOTS = 120  # parts of the window, of which each counts alike, however many samples came in it
SHORTEST_SLOT = 60.0  # s; the stored history is no finer for most of the time
MOST = 1000.0  # %; beyond it there is no telling apart


class Unusual:
    """Takes values as they come and says how unusual the mean of the last `seconds` is, in percent; None until
    enough is known. Holds 336 hours and at most 120 parts of the window, however many values come."""

    def __init__(self, seconds: float) -> None:
        self._slot = max(SHORTEST_SLOT, seconds / SLOTS)
        self._slots = max(1.0, seconds / self._slot)
        self._means: deque[tuple[float, float]] = deque()  # (slot, mean) of those that are over
        self._past = 0.0  # their sum
        self._at, self._sum, self._count = -1.0, 0.0, 0
        self._hours = array("d")
        self._lows, self._highs = _Ordered(), _Ordered()
        self._hour, self._low, self._high = -1.0, 0.0, 0.0
        self._usual: tuple[float, float, float] | None = None  # from, to, and the width that counts

    def add(self, at: float, value: float) -> float | None:
        """How unusual it is with this one."""
        slot = at // self._slot
        if slot > self._at:
            self._begin(slot)
        self._sum += value
        self._count += 1
        mean = (self._past + self._sum / self._count) / (len(self._means) + 1)
        if at >= (self._hour + 1) * HOUR:
            self._learn(at // HOUR)
            self._low = self._high = mean
        elif mean < self._low:
            self._low = mean
        elif mean > self._high:
            self._high = mean
        if self._usual is None:
            return None
        low, high, width = self._usual
        beyond = mean - high if mean > high else low - mean if mean < low else 0.0
        return min(MOST, 100 * beyond / width) if beyond else 0.0

    @property
    def usual(self) -> tuple[float, float] | None:
        """From where to where it usually goes; None until enough is known."""
        return self._usual[:2] if self._usual else None

    def _begin(self, slot: float) -> None:
        if self._count:
            mean = self._sum / self._count
            self._means.append((self._at, mean))
            self._past += mean
        while self._means and self._means[0][0] <= slot - self._slots:
            self._past -= self._means.popleft()[1]
        self._at, self._sum, self._count = slot, 0.0, 0

    def _learn(self, hour: float) -> None:
        """An hour is over: it belongs to what is usual from now on."""
        if self._hour >= 0:
            self._hours.append(self._hour)
            self._lows.add(self._low)
            self._highs.add(self._high)
        while self._hours and self._hours[0] < hour - KNOWN:
            del self._hours[0]
            self._lows.drop_oldest()
            self._highs.drop_oldest()
        self._hour = hour
        # Added up anew, so that rounding does not pile up.
        self._past = sum(mean for _, mean in self._means)
        if len(self._hours) < LEAST:
            self._usual = None
            return
        low, high = self._lows.quantile(1 - EDGE), self._highs.quantile(EDGE)
        narrowest = NARROWEST * max(abs(low), abs(high))
        self._usual = low, high, max(high - low, narrowest, 1e-12)


class _Ordered:
    """Values in the order in which they came, and by size: an hour begins for all series at once."""

    def __init__(self) -> None:
        self._came, self._sized = array("d"), array("d")

    def add(self, value: float) -> None:
        self._came.append(value)
        insort(self._sized, value)

    def drop_oldest(self) -> None:
        del self._sized[bisect_left(self._sized, self._came[0])]
        del self._came[0]

    def quantile(self, share: float) -> float:
        """The value below which `share` of the values lie, between the two nearest ones."""
        place = share * (len(self._sized) - 1)
        below = int(place)
        if below + 1 >= len(self._sized):
            return self._sized[below]
        return self._sized[below] + (self._sized[below + 1] - self._sized[below]) * (place - below)
