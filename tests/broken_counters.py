"""Counters that ask first and write afterwards, as many programs do: the controls that exact tests must catch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from captcha_guard.counters.storages.sqlite import SQLiteStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from limits.storage import Storage


def _go_on() -> None:
    """Lose no time between reading and writing."""


class ReadThenWriteStorage(SQLiteStorage):
    """Reads a count and writes it back one higher, in two steps: who reads in between is lost.

    ``between`` is called after each reading; racers that meet there lose for certain.
    """

    STORAGE_SCHEME = ["read-then-write"]  # noqa: RUF012 - as the base class declares it

    def __init__(self, uri: str, between: Callable[[], object] = _go_on) -> None:
        super().__init__(uri, timeout=60)  # it is to lose counts, not to give up on a busy machine
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
            if len(stamps) // 8 + amount > limit:  # the tests' windows outlast them
                return float(expiry)
            row = (key, stamps + bytes(8 * amount), time.time() + expiry)
            with self._connections.writing() as connection:
                connection.execute("INSERT OR REPLACE INTO limits_windows VALUES (?, ?, ?)", row)
        return None


class GetThenDelete:
    """Single use as peers write it: an issued nonce is looked up, then deleted."""

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
