"""Leaves what keeps failing alone for a while: an outage costs one visitor's time, not everyone's."""

from __future__ import annotations

import threading

#: Faults in a row that open the breaker.
FAULTS = 3

#: Seconds for which an open breaker asks nothing; then one question probes.
REST = 60.0


class Breaker:
    """Closed: everyone asks. Open: nobody does. Half-open: one asks, and the answer decides for all.

    Times are in seconds, and come in as arguments; threads may share one breaker. A probe that never reports back
    (its thread died) is replaced after another ``rest``.
    """

    def __init__(self, faults: int = FAULTS, rest: float = REST) -> None:
        self._most = faults
        self._rest = rest
        self._lock = threading.Lock()
        self._faults = 0
        self._quiet_from = 0.0

    def allows(self, now: float) -> bool:
        """Say whether to ask now; to be told so while the breaker is open is to be the probe."""
        with self._lock:
            if self._faults < self._most:
                return True
            if 0 <= now - self._quiet_from < self._rest:  # a clock that was set back ends the rest
                return False
            self._quiet_from = now
            return True

    def succeeded(self) -> None:
        """Note an answer: everyone may ask again."""
        with self._lock:
            self._faults = 0

    def failed(self, now: float) -> None:
        """Note a fault; the last of a row, or one more, begins a rest."""
        with self._lock:
            self._faults += 1
            if self._faults >= self._most:
                self._quiet_from = now


class Outage:
    """A time in which something fails: tells one caller that it begins, and one that it is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None

    @property
    def lasts(self) -> bool:
        """Whether it has begun and is not over."""
        return self._since is not None

    def begins(self, now: float) -> bool:
        """Note a fault; True for the first one."""
        with self._lock:
            first = self._since is None
            self._since = now if self._since is None else self._since
        return first

    def ends(self, now: float) -> float | None:
        """Note that all is well; the first one is told how many seconds it lasted."""
        if self._since is None:
            return None
        with self._lock:
            since, self._since = self._since, None
        return None if since is None else now - since
