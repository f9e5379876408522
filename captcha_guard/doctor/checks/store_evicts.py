"""A nonce that the store has dropped can be spent again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from limits.storage import MemcachedStorage, RedisClusterStorage, RedisStorage

from ...counters.store import faults_of
from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..site import Site


class StoreEvicts(Check):
    """Asks Redis and Valkey for ``maxmemory-policy``, memcached for what it has evicted."""

    code: ClassVar[str] = "CG203"
    title: ClassVar[str] = "The store drops what it should count when its memory is full."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Set maxmemory-policy noeviction, in a Redis that holds no cache of pages; a full store then refuses, and the "
        "guard holds comments instead of taking a code twice."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Ask the server; raises ``CannotTellError`` for a cluster, and while it does not answer."""
        storage = site.state.storage
        if isinstance(storage, RedisClusterStorage):
            raise CannotTellError("a cluster's nodes must be asked one by one: redis-cli INFO memory")
        try:
            if isinstance(storage, RedisStorage):
                yield from self._redis(storage.get_connection())
            elif isinstance(storage, MemcachedStorage):
                yield from self._memcached(storage.storage)
        except faults_of(storage) as error:
            raise CannotTellError(f"the store does not answer: {error}") from error

    def _redis(self, client: Any) -> Iterator[Diagnosis]:
        memory = client.info("memory")
        policy, most = str(memory.get("maxmemory_policy", "noeviction")), int(memory.get("maxmemory", 0))
        if policy == "noeviction":
            return
        if most:
            yield self.found(f"maxmemory-policy is {policy}, with maxmemory {most} octets.")
        else:
            yield self.found(f"maxmemory-policy is {policy}, so far without a maxmemory.", severity=Severity.HINT)

    def _memcached(self, client: Any) -> Iterator[Diagnosis]:
        stats = {key.decode(): value for key, value in client.stats().items()}
        if evicted := int(stats.get("evictions", 0)):
            yield self.found(
                f"This memcached has evicted {evicted} items that were not over yet.",
                fix="Give it more memory (-m), or a memcached of its own; Redis with noeviction never does this.",
            )
