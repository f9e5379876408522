"""A circuit breaker: stops requests to a service that keeps failing, so that few visitors wait during an outage."""

from __future__ import annotations

import threading

#: Faults in a row that open the breaker.
FAULTS = 3

#: Seconds for which an open breaker allows no requests. Then it allows one as a probe.
REST = 60.0


class Breaker:
    """Decides whether callers may send a request.

    Closed: all callers may. Open: none may. Half-open: one caller may, and its result closes or opens the breaker.
    Times are arguments, in seconds. Threads may share one breaker. If the caller of the half-open state never reports a
    result (its thread died), another one may try after another ``rest``.
    """

    def __init__(self, faults: int = FAULTS, rest: float = REST) -> None:
        self._most = faults
        self._rest = rest
        self._lock = threading.Lock()
        self._faults = 0
        self._quiet_from = 0.0

    def allows(self, now: float) -> bool:
        """Return whether the caller may send a request now. While the breaker is open, such a caller is the probe."""
        with self._lock:
            if self._faults < self._most:
                return True
            if (
                0 <= now - self._quiet_from < self._rest
            ):  # it's negative after the clock was set back, which ends the rest
                return False
            self._quiet_from = now
            return True

    def succeeded(self) -> None:
        """Record a success, so that all callers may send requests again."""
        with self._lock:
            self._faults = 0

    def failed(self, now: float) -> None:
        """Record a fault. After enough faults in a row, each one starts a new rest."""
        with self._lock:
            self._faults += 1
            if self._faults >= self._most:
                self._quiet_from = now


class Outage:
    """A period in which something fails. Its begin and its end are each returned to one caller, which can log them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None

    @property
    def lasts(self) -> bool:
        """Whether the outage has begun and not ended."""
        return self._since is not None

    def begins(self, now: float) -> bool:
        """Record a fault. Returns True for the first one."""
        with self._lock:
            first = self._since is None
            self._since = now if self._since is None else self._since
        return first

    def ends(self, now: float) -> float | None:
        """Record a success. The first caller gets the duration of the outage in seconds. All others get None."""
        if self._since is None:
            return None
        with self._lock:
            since, self._since = self._since, None
        return None if since is None else now - since
