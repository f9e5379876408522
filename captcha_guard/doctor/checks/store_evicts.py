"""Checks whether the store evicts keys. A nonce that was evicted can be spent again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from limits.storage import MemcachedStorage, RedisClusterStorage, RedisStorage

from ...counters.store import faults_of
from ..diagnosis import CannotCheckError, Check, Diagnosis, Moment, Severity
from ..site import Site


class StoreEvicts(Check):
    """Reads ``maxmemory-policy`` from Redis and Valkey, and the number of evictions from memcached."""

    code: ClassVar[str] = "CG203"
    title: ClassVar[str] = "The store evicts counters when its memory is full."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Set maxmemory-policy noeviction, in a Redis that isn't also used as a cache. A full store then refuses "
        "writes, and the guard holds comments instead of accepting a code twice."
    )

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Read it from the server. Raises ``CannotCheckError`` for a cluster, or if the server doesn't answer."""
        storage = site.state.storage
        if isinstance(storage, RedisClusterStorage):
            raise CannotCheckError("each node of a cluster must be asked separately: redis-cli INFO memory")
        try:
            if isinstance(storage, RedisStorage):
                yield from self._redis(storage.get_connection())
            elif isinstance(storage, MemcachedStorage):
                yield from self._memcached(storage.storage)
        except faults_of(storage) as error:
            raise CannotCheckError(f"the store doesn't answer: {error}") from error

    def _redis(self, client: Any) -> Iterator[Diagnosis]:
        memory = client.info("memory")
        policy, most = str(memory.get("maxmemory_policy", "noeviction")), int(memory.get("maxmemory", 0))
        if policy == "noeviction":
            return
        if most:
            yield self.found(f"maxmemory-policy is {policy}, with maxmemory {most} bytes.")
        else:
            yield self.found(f"maxmemory-policy is {policy}, but maxmemory isn't set.", severity=Severity.HINT)

    def _memcached(self, client: Any) -> Iterator[Diagnosis]:
        stats = {key.decode(): value for key, value in client.stats().items()}
        if evicted := int(stats.get("evictions", 0)):
            yield self.found(
                f"This memcached has evicted {evicted} items before they expired.",
                fix="Give it more memory (-m), or give the guard its own. Redis with noeviction never evicts.",
            )
