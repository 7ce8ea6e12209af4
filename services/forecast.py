"""When something that shrinks will be used up, at the rate of the last minutes."""

from collections import deque

LONGEST = 30 * 86_400.0  # s; what lasts longer than a month is as good as not shrinking
LEAST_SPAN, LEAST_POINTS = 600.0, 10


class Depletion:
    """The least-squares line through what was left over the last `seconds`, followed to zero."""

    def __init__(self, seconds: float = 3600.0) -> None:
        self._seconds = seconds
        self._points: deque[tuple[float, float]] = deque()

    def add(self, at: float, left: float) -> float | None:
        """How many seconds what is left (now `left`, at unix second `at`) will last: at most a month. None before there
        are ten minutes of it."""
        self._points.append((at, left))
        while self._points[0][0] < at - self._seconds:
            self._points.popleft()
        count = len(self._points)
        if count < LEAST_POINTS or at - self._points[0][0] < LEAST_SPAN:
            return None
        mean_at = sum(point[0] for point in self._points) / count
        mean_left = sum(point[1] for point in self._points) / count
        spread = sum((moment - mean_at) ** 2 for moment, _ in self._points)
        slope = sum((moment - mean_at) * (value - mean_left) for moment, value in self._points) / spread
        return min(LONGEST, left / -slope) if slope < 0 else LONGEST
