"""A circuit breaker: stops asking a service that keeps failing, so that an outage costs one visitor's time only."""

from __future__ import annotations

import threading

#: Faults in a row that open the breaker.
FAULTS = 3

#: Seconds for which an open breaker allows no requests. Then it allows one as a probe.
REST = 60.0


class Breaker:
    """Closed: all callers may ask. Open: no caller may. Half-open: one caller asks, and the answer decides for all.

    Times are arguments, in seconds. Threads may share one breaker. A probe that never reports back (its thread died)
    is replaced after another ``rest``.
    """

    def __init__(self, faults: int = FAULTS, rest: float = REST) -> None:
        self._most = faults
        self._rest = rest
        self._lock = threading.Lock()
        self._faults = 0
        self._quiet_from = 0.0

    def allows(self, now: float) -> bool:
        """Return whether to ask now. A caller that gets True while the breaker is open is the probe."""
        with self._lock:
            if self._faults < self._most:
                return True
            if 0 <= now - self._quiet_from < self._rest:  # negative if the clock was set back, which ends the rest
                return False
            self._quiet_from = now
            return True

    def succeeded(self) -> None:
        """Record an answer, so that all callers may ask again."""
        with self._lock:
            self._faults = 0

    def failed(self, now: float) -> None:
        """Record a fault. With enough faults in a row, each one begins a new rest."""
        with self._lock:
            self._faults += 1
            if self._faults >= self._most:
                self._quiet_from = now


class Outage:
    """A period in which something fails. One caller learns that it begins, and one that it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None

    @property
    def lasts(self) -> bool:
        """Whether it has begun and hasn't ended."""
        return self._since is not None

    def begins(self, now: float) -> bool:
        """Record a fault. Returns True for the first one."""
        with self._lock:
            first = self._since is None
            self._since = now if self._since is None else self._since
        return first

    def ends(self, now: float) -> float | None:
        """Record a success. The first caller gets the seconds that the outage lasted, all others get None."""
        if self._since is None:
            return None
        with self._lock:
            since, self._since = self._since, None
        return None if since is None else now - since
