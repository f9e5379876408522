"""Counters that read first and write afterwards, as many programs do. They are the controls of the exact tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from captcha_guard.counters.storages.sqlite import SQLiteStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from limits.storage import Storage


def _go_on() -> None:
    """Do nothing between reading and writing."""


class ReadThenWriteStorage(SQLiteStorage):
    """Reads a count and then writes it back plus one, so a concurrent hit is lost.

    ``between`` is called after each read. Processes that meet there always lose hits.
    """

    STORAGE_SCHEME = ["read-then-write"]  # noqa: RUF012 - as the base class declares it

    def __init__(self, uri: str, between: Callable[[], object] = _go_on) -> None:
        super().__init__(uri, timeout=60)  # a busy machine must not make it fail
        self.between = between

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        return self.incr_and_lost_at(key, expiry, amount)[0]

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        value = self.get(key) + amount
        self.between()
        with self._connections.writing() as connection:
            row = (key, value, time.time() + expiry)
            connection.execute("INSERT OR REPLACE INTO limits_counters VALUES (?, ?, ?)", row)
        return value, 0

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        read = "SELECT stamps FROM limits_windows WHERE key = ?"
        for key, limit, expiry, amount in entries:
            with self._connections.reading() as connection:
                [stamps] = connection.execute(read, (key,)).fetchone() or [b""]
            self.between()
            if len(stamps) // 8 + amount > limit:  # longer than the windows of the tests
                return float(expiry)
            row = (key, stamps + bytes(8 * amount), time.time() + expiry)
            with self._connections.writing() as connection:
                connection.execute("INSERT OR REPLACE INTO limits_windows VALUES (?, ?, ?)", row)
        return None


class GetThenDelete:
    """Single use as in other packages: an issued nonce is looked up, then deleted."""

    def __init__(self, storage: Storage, between: Callable[[], object] = _go_on) -> None:
        self._storage = storage
        self.between = between

    def issue(self, nonce: str, ttl: int) -> None:
        self._storage.incr(nonce, ttl)

    def claim(self, nonce: str, _ttl: int) -> bool:
        found = self._storage.get(nonce) > 0
        self.between()
        self._storage.clear(nonce)
        return found
