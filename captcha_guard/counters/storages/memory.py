"""A storage for ``limits`` in the memory of one process: exact among its threads, and of bounded size.

The memory storage that comes with ``limits`` may lose an increment between threads, starts threads of its own, and
keeps each key of a moving window for ever. ``memory://`` still names that one elsewhere in the host's process.
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

_SWEEP_AFTER = 1024  # writes; or as many as there are keys, so that a sweep costs each of them the same
_KEPT = 3 / 4  # of the most, when windows have to make room


class LockedMemoryStorage(Storage, MovingWindowSupport, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Counts of one process, read and changed by one thread at a time.

    :param most_windows: moving windows that are kept, some 0.4 kB each. When there are more, those with the fewest
        entries make room: they bind the least. So a flood of new clients gives up its own windows first, and makes
        those of a client that has used up its limits go only if it enters each of its own as often.
    :param most_bytes: bytes that the entries of all windows take together, 8 each; kept in the same way.
    :param most_counters: counters that are kept, some 0.3 kB each. They are never given up, for a spent nonce would be
        fresh again. One more raises :exc:`limits.errors.StorageError` until others have expired.
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
        self._windows: dict[str, tuple[bytes, float]] = {}  # times of entry, and when the last goes
        self._bytes = 0  # that the times of entry take
        self._most_windows, self._most_bytes, self._most_counters = most_windows, most_bytes, most_counters
        self._written = 0
        self._swept_until = self._lost_at = self._made_room_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What it raises when it can't be used: nothing of its own."""
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter; a new or expired one lives for ``expiry`` seconds. Returns it after the addition.

        :raises StorageError: it would be one counter too many.
        """
        return self.incr_and_lost_at(key, expiry, amount)[0]

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and tell when what was counted before may have been lost.

        :returns: the counter after the addition, and when the clock was found set back, in seconds since 1970, or 0.
        :raises StorageError: it would be one counter too many.
        """
        with self._lock:
            now = time.time()
            if self._swept_until > now + LEEWAY:  # set back: what was deleted would still count
                self._swept_until = self._lost_at = now
            if key not in self._counters:
                self._make_room_for_a_counter(now)
            value, expires = self._counters.get(key, (0, 0.0))
            if expires <= now:
                value, expires = 0, now + expiry
            self._counters[key] = (
                value + amount,
                min(expires, now + expiry),
            )  # a clock that was ahead may have said more
            self._sweep_now_and_then(now)
            return value + amount, self._lost_at

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
            self._bytes = 0
            return held

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._counters.pop(key, None)
            self._bytes -= len(self._windows.pop(key, (b"", 0.0))[0])

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
            waits = [
                stamps.wait(self._stamps(key, expiry, now), limit - amount, now, expiry)
                for key, limit, expiry, amount in entries
            ]
            if any(wait is not None for wait in waits):
                return max(wait for wait in waits if wait is not None)
            for key, limit, expiry, amount in entries:
                before = self._stamps(key, expiry, now)
                after = stamps.entered(before, amount, now, limit=limit)
                self._windows[key] = after, now + expiry
                self._bytes += len(after) - len(before)
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
            return [
                stamps.oldest(self._stamps(key, expiry, now), limit, now, now - expiry)
                for key, limit, expiry in windows
            ]

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

    def _stamps(self, key: str, expiry: int, now: float) -> bytes:
        """Return a window's times of entry, after putting right what a clock that was ahead has written."""
        known = self._windows.get(key)
        if known is None:
            return b""
        right = stamps.put_right(known[0], now)
        if right is not known[0]:
            self._windows[key] = right, now + expiry
        return right

    def _make_room_for_a_counter(self, now: float) -> None:
        """Raise where there are too many counters, and not one has expired."""
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
        """Keep the windows with the most entries; of those with as many the ones that were entered last."""
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
