"""A primary, its replica and a sentinel that watches them, on free loopback ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faulty_redis import FaultyRedis, faulty_redis, running
from tests.servers import wait_until

#: Milliseconds without an answer after which the sentinel considers a server dead.
DOWN_AFTER = 700

#: A setting: a replica's first copy starts without waiting for other replicas.
AT_ONCE = "repl-diskless-sync-delay 0"


class Sentinel(FaultyRedis):
    """A sentinel, which is a server that watches others."""

    def _mode(self) -> Sequence[str]:
        return ["--sentinel"]


@dataclass(frozen=True)
class Watched:
    """Two servers, of which the first is the initial primary, and their sentinel."""

    primary: FaultyRedis
    replica: FaultyRedis
    sentinel: Sentinel

    @property
    def uri(self) -> str:
        """Their address for the guard."""
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/journal"

    def wait_for_promotion(self) -> None:
        """Return when the sentinel reports the replica as the primary, and it is."""
        wait_until(lambda: self._primary() == self.replica.port and is_primary(self.replica), "a promotion")

    def _primary(self) -> int:
        _, port = self.sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "journal")
        return int(port)


@contextmanager
def watched_redis(folder: Path, *, down_after: int = DOWN_AFTER) -> Iterator[Watched]:
    """Start them, and return when the sentinel knows both. One sentinel is enough for a failover here."""
    with ExitStack() as stack:
        primary = stack.enter_context(faulty_redis(folder, AT_ONCE))
        replica = stack.enter_context(replica_of(primary, folder))
        settings = [f"monitor journal 127.0.0.1 {primary.port} 1", f"down-after-milliseconds journal {down_after}"]
        sentinel = Sentinel(folder, *(f"sentinel {line}" for line in settings))
        watched = Watched(primary, replica, stack.enter_context(running(sentinel)))
        wait_until(lambda: knows(sentinel, replica), "the sentinel's knowledge of the replica")
        yield watched


@contextmanager
def replica_of(primary: FaultyRedis, folder: Path, *, keeps: bool = False) -> Iterator[FaultyRedis]:
    """Start a replica of another server, and return when it has copied the data."""
    with faulty_redis(folder, f"replicaof 127.0.0.1 {primary.port}", AT_ONCE, keeps=keeps) as replica:
        wait_until(lambda: has_copied(replica), "a replica's first copy")
        yield replica


def has_copied(replica: FaultyRedis) -> bool:
    """Return whether a replica is connected to its primary and has all of its data."""
    return bool(replica.ask("INFO", "replication").get("master_link_status") == "up")


def is_primary(server: FaultyRedis) -> bool:
    """Return whether a server is a primary."""
    return bool(server.ask("INFO", "replication")["role"] == "master")


def knows(sentinel: Sentinel, replica: FaultyRedis) -> bool:
    """Return whether the sentinel could promote a replica."""
    replicas = [dict(zip(one[::2], one[1::2], strict=True)) for one in sentinel.ask("SENTINEL", "REPLICAS", "journal")]
    return [(one["port"], one["master-link-status"]) for one in replicas] == [(str(replica.port), "ok")]
