"""Decides when a process does its periodic work."""

from __future__ import annotations

import threading
from collections.abc import Callable

#: Seconds between two runs in one process. The first run comes this long after the process starts.
EVERY = 60.0


class Timetable:
    """A schedule that all threads of a process share.

    ``now`` is in monotonic seconds. ``clock`` returns the time of day in seconds, which may move while monotonic time
    doesn't: on a computer that was asleep, or in a test that moves the clock, also back. The work is due when either
    has moved.
    """

    def __init__(self, now: float, every: float = EVERY, clock: Callable[[], float] | None = None) -> None:
        self._due = now + every
        self._every = every
        self._clock = clock
        self._claimed_at = self._time_of_day()
        self._lock = threading.Lock()

    def claim(self, now: float) -> bool:
        """Return whether the caller should do the work now. Only one caller gets True for each run."""
        time_of_day = self._time_of_day()
        with self._lock:
            if now < self._due and abs(time_of_day - self._claimed_at) < self._every:
                return False
            self._due, self._claimed_at = now + self._every, time_of_day
            return True

    def _time_of_day(self) -> float:
        return self._clock() if self._clock is not None else 0.0
