"""A storage for ``limits`` in the memory of one process. It is exact across threads, and its size is bounded.

The memory storage of ``limits`` can lose an increment between threads, starts threads of its own, and keeps each key of
a moving window forever. ``memory://`` still names that one elsewhere in the host's process.
"""

from __future__ import annotations

import threading
import time
from math import floor
from typing import TYPE_CHECKING

from limits.errors import StorageError
from limits.storage import MovingWindowSupport, SlidingWindowCounterSupport, Storage
from limits.storage.base import TimestampedSlidingWindow

from . import stamps
from .stamps import LEEWAY

if TYPE_CHECKING:
    from collections.abc import Sequence

_SWEEP_AFTER = 1024  # writes; with more keys, as many writes as keys, so that the cost per write stays the same
_KEPT = 3 / 4  # the share of the limits that remains after windows were given up


class LockedMemoryStorage(Storage, MovingWindowSupport, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """The counts of one process. One thread at a time reads or changes them.

    :param most_windows: the most moving windows to keep, about 0.4 kB each. If there are more, those with the fewest
        entries are given up first, because they restrict a client the least. So a flood of new clients gives up its
        own windows first. It displaces the windows of a client at its limits only by entering its own as often.
    :param most_bytes: the most bytes that the entries of all windows take together, 8 each. Works in the same way.
    :param most_counters: the most counters to keep, about 0.3 kB each. They are never given up, because a spent nonce
        would be fresh again. One more raises :exc:`limits.errors.StorageError` until others have expired.
    """

    STORAGE_SCHEME = ["memory+locked"]  # noqa: RUF012 - declared so by the base class

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = False,  # noqa: FBT001, FBT002 (the signature of every storage)
        most_windows: int = 50_000,
        most_bytes: int = 16_000_000,
        most_counters: int = 100_000,
        **_: object,
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._lock = threading.RLock()
        self._counters: dict[str, tuple[int, float]] = {}  # value, and when it expires
        self._windows: dict[str, tuple[bytes, float]] = {}  # entry times, and when the last one expires
        self._bytes = 0  # the size of all entry times
        self._most_windows, self._most_bytes, self._most_counters = most_windows, most_bytes, most_counters
        self._written = 0
        self._swept_until = self._lost_at = self._made_room_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """The exceptions raised when it can't be used: none of its own."""
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter, and return its new value. A new or expired counter lives for ``expiry`` seconds.

        :raises StorageError: there are too many counters.
        """
        return self.incr_and_lost_at(key, expiry, amount)[0]

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and return when counts may have been lost.

        :returns: the counter's new value, and when the clock was found to be set back, in seconds since 1970, or 0.
        :raises StorageError: there are too many counters.
        """
        with self._lock:
            now = time.time()
            if self._swept_until > now + LEEWAY:  # the clock was set back, so deleted counts would still be valid
                self._swept_until = self._lost_at = now
            if key not in self._counters:
                self._make_room_for_a_counter(now)
            value, expires = self._counters.get(key, (0, 0.0))
            if expires <= now:
                value, expires = 0, now + expiry
            # A clock that was ahead may have written a later expiry.
            self._counters[key] = (value + amount, min(expires, now + expiry))
            self._sweep_now_and_then(now)
            return value + amount, self._lost_at

    def get(self, key: str) -> int:
        """Return a counter's value, 0 if there is none."""
        with self._lock:
            value, expires = self._counters.get(key, (0, 0.0))
            return value if expires > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return when a counter expires, in seconds since 1970. Now if there is none."""
        with self._lock:
            return max(time.time(), self._counters.get(key, (0, 0.0))[1])

    def check(self) -> bool:
        """Return True, because memory can always be used."""
        return True

    def reset(self) -> int | None:
        """Delete every key, and return their number."""
        with self._lock:
            held = len(self._counters) + len(self._windows)
            self._counters.clear()
            self._windows.clear()
            self._bytes = 0
            return held

    def clear(self, key: str) -> None:
        """Delete one key."""
        with self._lock:
            self._counters.pop(key, None)
            self._bytes -= len(self._windows.pop(key, (b"", 0.0))[0])

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add ``amount`` entries to a moving window. Returns False, without adding any, if it has no room for all."""
        return self.acquire_entries([(key, limit, expiry, amount)]) is None

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        """Add entries to several moving windows at once, or to none if one of them has no room.

        :param entries: (key, limit, expiry in seconds, amount) for each window. Windows with the same key look at one
            list of entries, to which the amount is added once.
        :returns: None if all entries were added, else the seconds until there is room, infinite for ``amount > limit``.
        """
        lists = stamps.by_list(entries)
        with self._lock:
            now = time.time()
            known = {key: self._stamps(key, expiry, now) for key, (_, expiry, _) in lists.items()}
            waits = [stamps.wait(known[key], limit - amount, now, expiry) for key, limit, expiry, amount in entries]
            if any(wait is not None for wait in waits):
                return max(wait for wait in waits if wait is not None)
            for key, (limit, expiry, amount) in lists.items():
                after = stamps.entered(known[key], amount, now, limit=limit)
                self._windows[key] = after, now + expiry
                self._bytes += len(after) - len(known[key])
                self._sweep_now_and_then(now)
        return None

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the time of the window's oldest entry (now if there is none), and the number of entries."""
        [window] = self.get_moving_windows([(key, limit, expiry)])
        return window

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Return the same as ``get_moving_window`` for several windows.

        :param windows: (key, limit, expiry in seconds) for each window. Keys may repeat.
        """
        with self._lock:
            now = time.time()
            return [
                stamps.oldest(self._stamps(key, expiry, now), limit, now, now - expiry)
                for key, limit, expiry in windows
            ]

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add to the current window if it has room for ``amount``, with the weighted count of the previous window."""
        with self._lock:
            previous, remaining, current, _ = self.get_sliding_window(key, expiry)
            if floor(previous * remaining / expiry + current) + amount > limit:
                return False
            _, current_key = self.sliding_window_keys(key, expiry, time.time())
            self.incr(current_key, 2 * expiry, amount)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return the count and the remaining seconds of the previous window, then of the current one."""
        with self._lock:
            now = time.time()
            previous, current = (self.get(window_key) for window_key in self.sliding_window_keys(key, expiry, now))
            remaining = expiry - now % expiry
            return previous, remaining if previous else 0.0, current, remaining + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Delete the previous and the current window of one key."""
        for window_key in self.sliding_window_keys(key, expiry, time.time()):
            self.clear(window_key)

    def _stamps(self, key: str, expiry: int, now: float) -> bytes:
        """Return a window's entry times, after correcting those that a clock that was ahead has written."""
        known = self._windows.get(key)
        if known is None:
            return b""
        right = stamps.corrected(known[0], now)
        if right is not known[0]:
            self._windows[key] = right, now + expiry
        return right

    def _make_room_for_a_counter(self, now: float) -> None:
        """Raise ``StorageError`` if there are too many counters and none of them has expired."""
        if len(self._counters) < self._most_counters:
            return
        if abs(now - self._made_room_at) >= 1:
            self._made_room_at = now
            self._sweep(now)
        if len(self._counters) >= self._most_counters:
            raise StorageError(MemoryError(f"{self._most_counters:,} counters are in memory, and none has expired"))

    def _sweep_now_and_then(self, now: float) -> None:
        self._written += 1
        if self._written >= max(_SWEEP_AFTER, len(self._counters) + len(self._windows)):
            self._sweep(now)
        if len(self._windows) > self._most_windows or self._bytes > self._most_bytes:
            self._sweep(now)
            self._give_up_windows()

    def _sweep(self, now: float) -> None:
        self._written = 0
        gone = now - LEEWAY
        counters = {key: kept for key, kept in self._counters.items() if kept[1] > gone}
        if len(counters) < len(self._counters):
            self._swept_until = max(self._swept_until, now)
        self._counters = counters
        self._keep_windows({key: kept for key, kept in self._windows.items() if kept[1] > gone})

    def _give_up_windows(self) -> None:
        """Keep the windows with the most entries. Among windows with equally many, keep the ones entered last."""
        most_windows, room = int(self._most_windows * _KEPT), int(self._most_bytes * _KEPT)
        if len(self._windows) <= most_windows and self._bytes <= room:
            return
        kept: dict[str, tuple[bytes, float]] = {}
        for key, window in sorted(self._windows.items(), key=lambda one: (len(one[1][0]), one[1][1]), reverse=True):
            if len(kept) < most_windows and len(window[0]) <= room:
                kept[key] = window
                room -= len(window[0])
        self._keep_windows(kept)

    def _keep_windows(self, windows: dict[str, tuple[bytes, float]]) -> None:
        self._windows = windows
        self._bytes = sum(len(entered) for entered, _ in windows.values())
