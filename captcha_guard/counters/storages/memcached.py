"""The ``limits`` storage on memcached, made fit for forks, for threads that come and go, and for long windows.

The original would lend a forked process its parent's sockets, where the two read each other's answers; it opens new
ones for every thread and closes none; and memcached takes a life of more than 30 days for a date long past, so that a
yearly limit would never count. Its scheme is its own: ``memcached://`` still names the original elsewhere in the host's
process.

A server that was started again, or flushed, is noticed by a mark that is gone. What was evicted is not: the mark is
read all the time, and a spent nonce never.
"""

from __future__ import annotations

import os
import time
from itertools import count
from math import inf
from typing import Any

from limits.storage import MemcachedStorage
from limits.util import get_dependency

from .data_loss import MARK

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
            several = len(self.hosts) > 1
            library = self.cluster_library if several else self.library
            options = {"use_pooling": True, **self.options} if several else self.options
            client = self.client_getter(get_dependency(library)[0], self.hosts, **options)
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

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and tell when what its server had counted before was lost.

        The mark is asked for afterwards: a server that was started again before it counted has none then.

        :returns: the counter after the addition, and the last whole second, since 1970, of which nothing is known.
        """
        counted = self.incr(key, expiry, amount, set_expiration_key=False)
        return counted, float(int(self._remembers_since(self._mark_of(key))) - 1)

    def remember(self) -> None:
        """Let each server begin to remember, where that has not begun: what was counted before is not known."""
        for mark in self._marks().values():
            self.call_memcached_func(self.storage.add, mark, f"{time.time():.6f}", noreply=False)

    def _remembers_since(self, mark: str) -> float:
        """Tell since when; written anew, a second from now, where there is no mark or one that can't be true."""
        written, now = self.call_memcached_func(self.storage.get, mark), time.time()
        try:
            since = float(written)
        except (TypeError, ValueError):
            since = inf
        if since <= now + 1:
            return since
        write = self.storage.add if written is None else self.storage.set
        self.call_memcached_func(write, mark, f"{now + 1:.6f}", noreply=False)
        return now + 1

    def _mark_of(self, key: str) -> str:
        """Return the key of the mark that lies on the same server as a key."""
        return MARK if len(self.hosts) == 1 else self._marks()[self.storage.hasher.get_node(key)]

    def _marks(self) -> dict[Any, str]:
        """Return a mark's key for each server, by the server; which server has a key is decided by a hash of it."""
        if len(self.hosts) == 1:
            return {None: MARK}
        marks: dict[Any, str] = {}
        for number in count():
            if len(marks) == len(self.storage.clients):
                break
            mark = f"{MARK}/{number}"
            marks.setdefault(self.storage.hasher.get_node(mark), mark)
        return marks
