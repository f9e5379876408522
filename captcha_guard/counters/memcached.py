"""The ``limits`` storage on memcached, made fit for forks, for threads that come and go, and for long windows.

The original would lend a forked process its parent's sockets, where the two read each other's answers; it opens new
ones for every thread and closes none; and memcached takes a life of more than 30 days for a date long past, so that a
yearly limit would never count. Its scheme is its own: ``memcached://`` still names the original elsewhere in the host's
process.
"""

from __future__ import annotations

import os
from typing import Any

from limits.storage import MemcachedStorage
from limits.util import get_dependency

PREFIX = "pooled+"

#: Seconds; what memcached takes as a life, and not as a date.
LONGEST_LIFE = 30 * 86_400


class PooledMemcachedStorage(MemcachedStorage):
    """Counters in memcached, over one pool of connections in each process. What would last longer lasts 30 days."""

    STORAGE_SCHEME = [PREFIX + scheme for scheme in MemcachedStorage.STORAGE_SCHEME]  # noqa: RUF012 (declared so by the base class)

    def __init__(self, uri: str, **options: Any) -> None:
        self._clients: dict[int, Any] = {}  # by the process that made them
        super().__init__(uri.removeprefix(PREFIX), **options)

    @property
    def storage(self) -> Any:
        """The process's client."""
        client = self._clients.get(os.getpid())
        if client is None:
            library = self.cluster_library if len(self.hosts) > 1 else self.library
            client = self.client_getter(get_dependency(library)[0], self.hosts, **self.options)
            client = self._clients.setdefault(os.getpid(), client)  # they connect when they are used: one is enough
        return client

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What it raises that can't be reached or used; a pool with no connection left is no error of its library."""
        own = super().base_exceptions
        return (*(own if isinstance(own, tuple) else (own,)), RuntimeError)

    def incr(self, key: str, expiry: float, amount: int = 1, set_expiration_key: bool = True) -> int:  # noqa: FBT001, FBT002 (as the base class declares it)
        """Add to a counter; returns it after the addition."""
        return super().incr(key, min(expiry, LONGEST_LIFE), amount, set_expiration_key)
