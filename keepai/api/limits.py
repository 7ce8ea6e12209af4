"""How often someone may try a password, counted in this process."""

import threading
import time
from collections import deque
from collections.abc import Hashable

MINUTE = 60.0
MOST_KEYS = 10_000


class Attempts:
    """Failed attempts by key within the last minute. Safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._failed: dict[Hashable, deque[float]] = {}
        self._lock = threading.Lock()

    def exhausted(self, key: Hashable) -> bool:
        """Whether the key has failed as often as it may."""
        with self._lock:
            times = self._failed.get(key, deque())
            while times and times[0] < time.monotonic() - MINUTE:
                times.popleft()
            return len(times) >= self._most

    def failed(self, key: Hashable) -> None:
        """Note a failure. Beyond `MOST_KEYS` the keys noted first are forgotten."""
        with self._lock:
            while len(self._failed) >= MOST_KEYS:
                self._failed.pop(next(iter(self._failed)))
            self._failed.setdefault(key, deque(maxlen=self._most)).append(time.monotonic())

    def succeeded(self, key: Hashable) -> None:
        """Forget the failures: whoever knows the password was not guessing."""
        with self._lock:
            self._failed.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._failed.clear()
