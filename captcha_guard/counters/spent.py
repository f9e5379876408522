"""A nonce is spent once, whoever tries first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from captcha_guard.errors import StoreUnavailableError

from .health import Health
from .store import faults_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from limits.storage import Storage


class Spent:
    """The nonces that were tried, in the counters' store until they could no longer be accepted anyway.

    :param health: of the store, where it is shared with others that ask the same store.
    """

    def __init__(self, storage: Storage, health: Health | None = None) -> None:
        self._storage = storage
        self._health = health or Health(faults_of(storage))
        self._lost_at: Callable[[], float] = getattr(storage, "lost_at", _never)

    def claim(self, nonce: str, ttl: int, *, issued_at: float | None = None) -> bool:
        """Spend a nonce; True for the first caller only, in whatever thread, process or host.

        One atomic increment decides: a look-up before it would let two callers through.

        :param ttl: seconds the nonce stays spent; at least the rest of its token's life.
        :param issued_at: when the nonce was handed out, in seconds since 1970. One that is older than the loss of what
            the store knew, to a corrupt file, may have been spent before.
        :raises StoreUnavailableError: nothing can be said; the nonce may or may not be spent now.
        """
        try:
            first = self._health.ask(lambda: self._storage.incr(_key(nonce), ttl)) == 1
            lost = first and issued_at is not None and issued_at <= self._health.ask(self._lost_at)
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be spent: {error}") from error
        if lost:
            raise StoreUnavailableError("the nonce may have been spent before the store lost what it knew")
        return first

    def is_spent(self, nonce: str) -> bool:
        """Say whether a nonce was spent; good for showing things, never for deciding who spends it.

        :raises StoreUnavailableError: nothing can be said.
        """
        try:
            return self._health.ask(lambda: self._storage.get(_key(nonce))) > 0
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be looked up: {error}") from error

    def release(self, nonce: str) -> None:
        """Forget that a nonce was spent.

        :raises StoreUnavailableError: the nonce stays as it was.
        """
        try:
            self._health.ask(lambda: self._storage.clear(_key(nonce)))
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be released: {error}") from error


def _key(nonce: str) -> str:
    return f"captcha_guard/spent/{nonce}"


def _never() -> float:
    return 0.0
