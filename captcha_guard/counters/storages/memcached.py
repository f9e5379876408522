"""The ``limits`` storage on memcached, adapted for forks, for short-lived threads and for long windows.

This storage fixes three faults of the original. A forked process shares its parent's sockets, and the two read each
other's answers. Every thread opens new sockets, and none is closed. And memcached reads a lifetime of more than 30 days
as a date long past, so that a yearly limit would never count. It has a scheme of its own, because ``memcached://`` must
still name the original elsewhere in the host's process.

A missing mark shows that a server was restarted or flushed. It doesn't show evictions, because the mark is read all the
time and a spent nonce isn't.
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

#: The longest lifetime in seconds. memcached reads larger numbers as dates.
LONGEST_LIFE = 30 * 86_400


class PooledMemcachedStorage(MemcachedStorage):
    """Counters in memcached, with one pool of connections in each process. Counters last at most 30 days."""

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
            client = self._clients.setdefault(os.getpid(), client)  # clients connect on first use, so one is enough
        return client

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """The exceptions raised when it can't be reached or used. An exhausted pool raises a ``RuntimeError``."""
        own = super().base_exceptions
        return (*(own if isinstance(own, tuple) else (own,)), RuntimeError)

    def incr(self, key: str, expiry: float, amount: int = 1, set_expiration_key: bool = True) -> int:  # noqa: FBT001, FBT002 (as the base class declares it)
        """Add to a counter, and return its new value."""
        return super().incr(key, min(expiry, LONGEST_LIFE), amount, set_expiration_key)

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and return when its server last lost data.

        The mark is read after counting. A server that was restarted before it counted has no mark then.

        :returns: the counter's new value, and the last whole second (since 1970) whose data may be lost.
        """
        counted = self.incr(key, expiry, amount, set_expiration_key=False)
        return counted, float(int(self._remembers_since(self._mark_of(key))) - 1)

    def remember(self) -> None:
        """Record when each server's history starts, if that isn't recorded. Data from before may be lost."""
        for mark in self._marks().values():
            self.call_memcached_func(self.storage.add, mark, f"{time.time():.6f}", noreply=False)

    def _remembers_since(self, mark: str) -> float:
        """Return when the history at ``mark`` starts. A missing or impossible mark is set to a second from now."""
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
        """Return the key of the mark on the server that holds a key."""
        return MARK if len(self.hosts) == 1 else self._marks()[self.storage.hasher.get_node(key)]

    def _marks(self) -> dict[Any, str]:
        """Return the key of each server's mark, by server. A hash of a key decides which server holds it."""
        if len(self.hosts) == 1:
            return {None: MARK}
        marks: dict[Any, str] = {}
        for number in count():
            if len(marks) == len(self.storage.clients):
                break
            mark = f"{MARK}/{number}"
            marks.setdefault(self.storage.hasher.get_node(mark), mark)
        return marks
