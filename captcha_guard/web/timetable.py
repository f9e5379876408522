"""When a process does what is due now and then."""

from __future__ import annotations

import threading

#: Seconds between two times in one process; the first comes so long after its start.
EVERY = 60.0


class Timetable:
    """Says, in all threads of a process together, whether it is time again. ``now`` is in monotonic seconds."""

    def __init__(self, now: float, every: float = EVERY) -> None:
        self._due = now + every
        self._every = every
        self._lock = threading.Lock()

    def claim(self, now: float) -> bool:
        """Say whether to go ahead; True for one caller each time."""
        with self._lock:
            if now < self._due:
                return False
            self._due = now + self._every
            return True
