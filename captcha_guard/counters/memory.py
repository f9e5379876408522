"""A storage for ``limits`` in the memory of one process: exact among its threads, and no larger than what still counts.

The memory storage that comes with ``limits`` may lose an increment between threads, starts threads of its own, and
keeps each key of a moving window for ever. ``memory://`` still names that one elsewhere in the host's process.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from math import floor, inf
from typing import TYPE_CHECKING

from limits.storage import MovingWindowSupport, SlidingWindowCounterSupport, Storage
from limits.storage.base import TimestampedSlidingWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

_SWEEP_AFTER = 1024  # writes; or as many as there are keys, so that a sweep costs each of them the same


class LockedMemoryStorage(Storage, MovingWindowSupport, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Counts of one process, read and changed by one thread at a time."""

    STORAGE_SCHEME = ["memory+locked"]  # noqa: RUF012 - declared so by the base class

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_: object) -> None:  # noqa: FBT001, FBT002 (the signature of every storage)
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._lock = threading.RLock()
        self._counters: dict[str, tuple[int, float]] = {}  # value, and when it expires
        self._windows: dict[str, tuple[list[float], float]] = {}  # times of entry, oldest first, and when the last goes
        self._written = 0

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What it raises when it can't be used: nothing."""
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter; a new or expired one lives for ``expiry`` seconds. Returns it after the addition."""
        with self._lock:
            now = time.time()
            value, expires = self._counters.get(key, (0, 0.0))
            if expires <= now:
                value, expires = 0, now + expiry
            self._counters[key] = value + amount, expires
            self._sweep_now_and_then(now)
            return value + amount

    def get(self, key: str) -> int:
        """Read a counter, 0 when there is none."""
        with self._lock:
            value, expires = self._counters.get(key, (0, 0.0))
            return value if expires > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Tell when a counter expires, in seconds since the epoch; now when there is none."""
        with self._lock:
            return max(time.time(), self._counters.get(key, (0, 0.0))[1])

    def check(self) -> bool:
        """Tell that it can be used."""
        return True

    def reset(self) -> int | None:
        """Forget every key; returns how many there were."""
        with self._lock:
            held = len(self._counters) + len(self._windows)
            self._counters.clear()
            self._windows.clear()
            return held

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._counters.pop(key, None)
            self._windows.pop(key, None)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter a moving window ``amount`` times if it has room for all of them."""
        return self.acquire_entries([(key, limit, expiry, amount)]) is None

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        """Enter several moving windows at once: all of them, or none when one has no room.

        :param entries: (key, limit, expiry in seconds, amount) each, no key twice.
        :returns: None when all were entered, else the seconds until there is room, infinite for ``amount > limit``.
        """
        with self._lock:
            now = time.time()
            waits = [self._wait(key, limit - amount, now, expiry) for key, limit, expiry, amount in entries]
            if any(wait is not None for wait in waits):
                return max(wait for wait in waits if wait is not None)
            for key, limit, expiry, amount in entries:
                stamps, _ = self._windows.get(key, ([], 0.0))
                self._windows[key] = [*stamps, *[now] * amount][-limit:], now + expiry
                self._sweep_now_and_then(now)
        return None

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Tell when the oldest entry in the window was made (now when there is none), and how many there are."""
        [window] = self.get_moving_windows([(key, limit, expiry)])
        return window

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Tell the same of several windows.

        :param windows: (key, limit, expiry in seconds) each, no key twice.
        """
        with self._lock:
            now = time.time()
            return [self._oldest(key, limit, now, now - expiry) for key, limit, expiry in windows]

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add to the current window if it and the weighted one before it have room for ``amount``."""
        with self._lock:
            previous, remaining, current, _ = self.get_sliding_window(key, expiry)
            if floor(previous * remaining / expiry + current) + amount > limit:
                return False
            _, current_key = self.sliding_window_keys(key, expiry, time.time())
            self.incr(current_key, 2 * expiry, amount)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Tell the count and the seconds to live of the previous window, then of the current one."""
        with self._lock:
            now = time.time()
            previous, current = (self.get(window_key) for window_key in self.sliding_window_keys(key, expiry, now))
            remaining = expiry - now % expiry
            return previous, remaining if previous else 0.0, current, remaining + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget the previous and the current window of one key."""
        for window_key in self.sliding_window_keys(key, expiry, time.time()):
            self.clear(window_key)

    def _wait(self, key: str, index: int, now: float, expiry: int) -> float | None:
        """Seconds until the entry ``index`` places from the newest leaves the window; None when it has left."""
        if index < 0:
            return inf
        stamps, _ = self._windows.get(key, ([], 0.0))
        if index >= len(stamps) or stamps[-1 - index] < now - expiry:
            return None
        return stamps[-1 - index] + expiry - now

    def _oldest(self, key: str, limit: int, now: float, since: float) -> tuple[float, int]:
        stamps = self._windows.get(key, ([], 0.0))[0][-limit:]
        oldest = bisect_left(stamps, since)
        return (stamps[oldest], len(stamps) - oldest) if oldest < len(stamps) else (now, 0)

    def _sweep_now_and_then(self, now: float) -> None:
        self._written += 1
        if self._written >= max(_SWEEP_AFTER, len(self._counters) + len(self._windows)):
            self._written = 0
            self._counters = {key: kept for key, kept in self._counters.items() if kept[1] > now}
            self._windows = {key: kept for key, kept in self._windows.items() if kept[1] > now}
