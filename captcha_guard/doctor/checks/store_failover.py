"""What a promoted replica never heard of must not pass unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from limits.storage import RedisClusterStorage, RedisStorage

from ...counters.store import faults_of
from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..site import Site


class StoreFailover(Check):
    """Asks Redis and Valkey what the guard's scripts ask: INFO replication."""

    code: ClassVar[str] = "CG206"
    title: ClassVar[str] = "After a failover of the store a spent code could be spent again."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = "Allow the guard's user the command: ACL SETUSER name +info."

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Ask the server; a primary that goes on when it is cut off from its replicas is a hint."""
        storage = site.state.storage
        if not (isinstance(storage, RedisStorage) and hasattr(storage, "remember")):
            return
        if isinstance(storage, RedisClusterStorage):
            raise CannotTellError("a cluster's nodes must be asked one by one: redis-cli INFO replication")
        try:
            client: Any = storage.get_connection()
            told = client.info("replication")
        except faults_of(storage) as error:
            if type(error).__name__ != "NoPermissionError":
                raise CannotTellError(f"the store does not answer: {error}") from error
            yield self.found("The store does not let the guard ask for INFO, and so for its history.")
            return
        if "master_replid" not in told:
            yield self.found("The store's INFO does not name its history.", fix="Use a server that has master_replid.")
        elif told.get("connected_slaves") and "min_slaves_good_slaves" not in told:
            yield self.found(
                "The primary goes on writing when it is cut off from its replicas, one of which may be promoted.",
                severity=Severity.HINT,
                fix="Set min-replicas-to-write 1, and min-replicas-max-lag below the time after which one is promoted.",
            )
