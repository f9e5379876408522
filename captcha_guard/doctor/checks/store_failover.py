"""Checks that the guard can notice a failover, in which a promoted replica may lack recent writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from limits.storage import RedisClusterStorage, RedisStorage

from ...counters.store import faults_of
from ..diagnosis import CannotCheckError, Check, Diagnosis, Moment, Severity
from ..site import Site


class StoreFailover(Check):
    """Sends INFO replication to Redis and Valkey, as the guard's scripts do."""

    code: ClassVar[str] = "CG206"
    title: ClassVar[str] = "After a failover of the store, a used code could be accepted again."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = "Allow the guard's user this command: ACL SETUSER name +info."

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Read it from the server. A primary that accepts writes while disconnected from its replicas is a hint."""
        storage = site.state.storage
        if not (isinstance(storage, RedisStorage) and hasattr(storage, "remember")):
            return
        if isinstance(storage, RedisClusterStorage):
            raise CannotCheckError("each node of a cluster must be asked separately: redis-cli INFO replication")
        try:
            client: Any = storage.get_connection()
            info = client.info("replication")
        except faults_of(storage) as error:
            if type(error).__name__ != "NoPermissionError":
                raise CannotCheckError(f"the store doesn't answer: {error}") from error
            yield self.found("The guard isn't allowed to use INFO, so it can't notice a failover.")
            return
        if "master_replid" not in info:
            yield self.found("The store's INFO has no master_replid.", fix="Use a server that reports master_replid.")
        elif info.get("connected_slaves") and "min_slaves_good_slaves" not in info:
            yield self.found(
                "The primary accepts writes while disconnected from its replicas, one of which may be promoted.",
                severity=Severity.HINT,
                fix="Set min-replicas-to-write 1, and min-replicas-max-lag below the time until a replica is promoted.",
            )
