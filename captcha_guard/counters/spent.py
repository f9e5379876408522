"""A nonce is spent once, whoever tries first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from captcha_guard.errors import StoreUnavailableError

from .health import Health
from .store import faults_of

if TYPE_CHECKING:
    from limits.storage import Storage


class Spent:
    """The nonces that were tried, in the counters' store until they could no longer be accepted anyway.

    :param health: of the store, where it is shared with others that ask the same store.
    """

    def __init__(self, storage: Storage, health: Health | None = None) -> None:
        self._storage = storage
        self._health = health or Health(faults_of(storage))

    def claim(self, nonce: str, ttl: int) -> bool:
        """Spend a nonce; True for the first caller only, in whatever thread, process or host.

        One atomic increment decides: a look-up before it would let two callers through.

        :param ttl: seconds the nonce stays spent; at least the rest of its token's life.
        :raises StoreUnavailableError: nothing can be said; the nonce may or may not be spent now.
        """
        try:
            return self._health.ask(lambda: self._storage.incr(_key(nonce), ttl)) == 1
        except StoreUnavailableError as error:
            raise StoreUnavailableError(f"the nonce could not be spent: {error}") from error

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
