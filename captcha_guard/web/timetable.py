"""Decides when a process does its periodic work."""

from __future__ import annotations

import threading

#: Seconds between two runs in one process. The first run comes this long after the process starts.
EVERY = 60.0


class Timetable:
    """A schedule that all threads of a process share. ``now`` is in monotonic seconds."""

    def __init__(self, now: float, every: float = EVERY) -> None:
        self._due = now + every
        self._every = every
        self._lock = threading.Lock()

    def claim(self, now: float) -> bool:
        """Return whether the caller should do the work now. Only one caller gets True for each run."""
        with self._lock:
            if now < self._due:
                return False
            self._due = now + self._every
            return True
