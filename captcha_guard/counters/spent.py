"""Spends nonces, each of them once."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import StoreUnavailableError
from .store import health_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from limits.storage import Storage

    from ..health import Health


class Spent:
    """The nonces that were spent. The counters' store keeps each one until its token has expired.

    :param health: the health of the store, if other parts use the same store.
    """

    def __init__(self, storage: Storage, health: Health | None = None) -> None:
        self._storage = storage
        self._health = health or health_of(storage)
        self._count = _counting(storage)
        self._remember: Callable[[], None] | None = getattr(storage, "remember", None)
        self._remembered: float | None = None

    def remember(self) -> None:
        """Record in the store when its history starts, before a nonce is handed out.

        This is done once, and again after each fault. If the store fails, the next call tries again. :meth:`claim`
        notices any data that the store has lost by then.
        """
        failed_at = self._health.failed_at
        if self._remember is None or self._remembered == failed_at:
            return
        with suppress(StoreUnavailableError):
            self._health.read(self._remember)  # a read for the health, because often nothing needs to be written
            self._remembered = failed_at

    def claim(self, nonce: str, ttl: int, *, issued_at: float | None = None) -> bool:
        """Spend a nonce. Returns True for the first caller only, across all threads, processes and hosts.

        One atomic increment decides. A look-up before it would let two callers through.

        :param ttl: seconds for which the nonce stays spent; at least the rest of its token's life.
        :param issued_at: when the nonce was handed out, in seconds since 1970. If the store has lost data since then
            (a corrupt file, a restart, a clock that was ahead), the nonce may have been spent before.
        :raises StoreUnavailableError: the store fails, or it has lost data. The nonce may or may not be spent now.
        """
        count_only = issued_at is None
        try:
            count, lost_at = self._health.write(
                lambda: (self._storage.incr(_key(nonce), ttl), 0.0) if count_only else self._count(_key(nonce), ttl)
            )
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be spent: {error}") from error
        first = count == 1
        if first and issued_at is not None and issued_at <= lost_at:
            self._remembered = None  # other parts of the store may have lost data too, so record their starts again
            raise StoreUnavailableError("the store has lost data, so the nonce may have been spent before")
        return first

    def is_spent(self, nonce: str) -> bool:
        """Return whether a nonce was spent. Use this for display only, never to decide who spends it.

        :raises StoreUnavailableError: the store fails.
        """
        try:
            return self._health.read(lambda: self._storage.get(_key(nonce))) > 0
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be looked up: {error}") from error

    def release(self, nonce: str) -> None:
        """Make a nonce unspent again.

        :raises StoreUnavailableError: the store fails, and the nonce stays as it was.
        """
        try:
            self._health.write(lambda: self._storage.clear(_key(nonce)))
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be released: {error}") from error


def _key(nonce: str) -> str:
    return f"captcha_guard/spent/{nonce}"


def _counting(storage: Storage) -> Callable[[str, int], tuple[int, float]]:
    """Return a function that adds one to a counter and returns (count, time of the last data loss; 0 if unknown)."""
    both: Callable[[str, int], tuple[int, float]] | None = getattr(storage, "incr_and_lost_at", None)
    return both or (lambda key, ttl: (storage.incr(key, ttl), 0.0))
