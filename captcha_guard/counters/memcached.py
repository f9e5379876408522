"""The ``limits`` storage on memcached, made fit for forks and for long windows.

The original would lend a forked process its parent's sockets, where the two read each other's answers; and memcached
takes a life of more than 30 days for a date long past, so that a yearly limit would never count. Its scheme is its own:
``memcached://`` still names the original elsewhere in the host's process.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from limits.storage import MemcachedStorage

PREFIX = "forked+"

#: Seconds; what memcached takes as a life, and not as a date.
LONGEST_LIFE = 30 * 86_400


class ForkedMemcachedStorage(MemcachedStorage):
    """Counters in memcached. Each process has connections of its own; what is longer than 30 days lasts 30 days."""

    STORAGE_SCHEME = [PREFIX + scheme for scheme in MemcachedStorage.STORAGE_SCHEME]  # noqa: RUF012 (declared so by the base class)

    def __init__(self, uri: str, **options: Any) -> None:
        self._process = os.getpid()
        super().__init__(uri.removeprefix(PREFIX), **options)

    @property
    def storage(self) -> Any:
        """The calling thread's client in this process."""
        if self._process != os.getpid():
            self._process, self.local_storage = os.getpid(), threading.local()
        return super().storage

    def incr(self, key: str, expiry: float, amount: int = 1, set_expiration_key: bool = True) -> int:  # noqa: FBT001, FBT002 (as the base class declares it)
        """Add to a counter; returns it after the addition."""
        return super().incr(key, min(expiry, LONGEST_LIFE), amount, set_expiration_key)
