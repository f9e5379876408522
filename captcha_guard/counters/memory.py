"""The ``limits`` memory storage under one lock: exact among the threads of one process.

The original may lose an increment between threads, and raises ``RuntimeError`` when two of them start its timer at
once. Its scheme is its own: ``memory://`` still names the original elsewhere in the host's process.
"""

from __future__ import annotations

import threading

from limits.storage import MemoryStorage


class LockedMemoryStorage(MemoryStorage):
    """Counts of one process, read and changed by one thread at a time."""

    STORAGE_SCHEME = ["memory+locked"]  # noqa: RUF012 - as the base class declares it

    def __init__(self, uri: str | None = None, **_: object) -> None:
        self._lock = threading.RLock()
        super().__init__(uri)

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter; returns it after the addition."""
        with self._lock:
            return super().incr(key, expiry, amount)

    def get(self, key: str) -> int:
        """Read a counter, 0 when there is none."""
        with self._lock:
            return super().get(key)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter a moving window if it has room."""
        with self._lock:
            return super().acquire_entry(key, limit, expiry, amount)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter a sliding window if it has room."""
        with self._lock:
            return super().acquire_sliding_window_entry(key, limit, expiry, amount)

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            super().clear(key)
