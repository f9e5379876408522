"""A nonce is spent once, whoever tries first."""

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
    """The nonces that were tried, in the counters' store until they could no longer be accepted anyway.

    :param health: of the store, where it is shared with others that ask the same store.
    """

    def __init__(self, storage: Storage, health: Health | None = None) -> None:
        self._storage = storage
        self._health = health or health_of(storage)
        self._count = _counting(storage)
        self._remember: Callable[[], None] | None = getattr(storage, "remember", None)
        self._remembered: float | None = None

    def remember(self) -> None:
        """Let the store note since when it remembers, before a nonce is handed out; asked once, and after each fault.

        A store that fails is asked again the next time. Whatever it forgot until then is noticed by :meth:`claim`.
        """
        failed_at = self._health.failed_at
        if self._remember is None or self._remembered == failed_at:
            return
        with suppress(StoreUnavailableError):
            self._health.read(self._remember)  # it may find that there is nothing to write, which proves nothing
            self._remembered = failed_at

    def claim(self, nonce: str, ttl: int, *, issued_at: float | None = None) -> bool:
        """Spend a nonce; True for the first caller only, in whatever thread, process or host.

        One atomic increment decides: a look-up before it would let two callers through.

        :param ttl: seconds the nonce stays spent; at least the rest of its token's life.
        :param issued_at: when the nonce was handed out, in seconds since 1970. One that is older than the loss of what
            the store knew, with a corrupt file, a restart or a clock that was ahead, may have been spent before.
        :raises StoreUnavailableError: nothing can be said; the nonce may or may not be spent now.
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
            self._remembered = None  # a store of several parts may have more to note than this one's loss
            raise StoreUnavailableError("the nonce may have been spent before the store lost what it knew")
        return first

    def is_spent(self, nonce: str) -> bool:
        """Say whether a nonce was spent; good for showing things, never for deciding who spends it.

        :raises StoreUnavailableError: nothing can be said.
        """
        try:
            return self._health.read(lambda: self._storage.get(_key(nonce))) > 0
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be looked up: {error}") from error

    def release(self, nonce: str) -> None:
        """Forget that a nonce was spent.

        :raises StoreUnavailableError: the nonce stays as it was.
        """
        try:
            self._health.write(lambda: self._storage.clear(_key(nonce)))
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be released: {error}") from error


def _key(nonce: str) -> str:
    return f"captcha_guard/spent/{nonce}"


def _counting(storage: Storage) -> Callable[[str, int], tuple[int, float]]:
    """Return what adds one to a counter and tells when what was counted was lost, as far as the storage knows."""
    both: Callable[[str, int], tuple[int, float]] | None = getattr(storage, "incr_and_lost_at", None)
    return both or (lambda key, ttl: (storage.incr(key, ttl), 0.0))
