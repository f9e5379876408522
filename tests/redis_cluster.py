"""A real cluster on free loopback ports, with a replica for each primary or with none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.faulty_redis import FaultyRedis, faulty_redis
from tests.redis_sentinel import AT_ONCE, has_copied
from tests.servers import free_port, wait_until

SLOTS = 16384

#: Milliseconds without an answer after which the nodes consider a node dead.
NODE_TIMEOUT = 1000


@dataclass(frozen=True)
class Cluster:
    """The nodes: the initial primaries, and the replica of each, if there are any."""

    primaries: Sequence[FaultyRedis]
    replicas: Sequence[FaultyRedis]

    @property
    def uri(self) -> str:
        """Its address for the guard."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.primaries)

    def is_whole(self) -> bool:
        """Return whether every running node knows that every slot is served."""
        running = [node for node in (*self.primaries, *self.replicas) if node.is_running]
        return all(node.ask("CLUSTER INFO")["cluster_state"] == "ok" for node in running)


@contextmanager
def redis_cluster(folder: Path, primaries: int = 3, *, replicated: bool = False) -> Iterator[Cluster]:
    """Start a cluster, and return when it is complete."""
    with ExitStack() as stack:

        def node() -> FaultyRedis:
            return stack.enter_context(faulty_redis(folder, *settings()))

        first = [node() for _ in range(primaries)]
        cluster = Cluster(first, [node() for _ in first] if replicated else [])
        nodes = [*cluster.primaries, *cluster.replicas]
        bounds = [SLOTS * number // primaries for number in range(primaries + 1)]
        for number, one in enumerate(nodes):
            one.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for one, (begin, end) in zip(cluster.primaries, pairwise(bounds), strict=True):
            one.ask("CLUSTER", "ADDSLOTSRANGE", str(begin), str(end - 1))
        for other in nodes[1:]:
            nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", str(other.port), bus_of(other))
        wait_until(lambda: all(known_nodes(one) == len(nodes) for one in nodes), "the nodes' acquaintance")
        for replica, primary in zip(cluster.replicas, cluster.primaries, strict=False):
            replica.ask("CLUSTER", "REPLICATE", primary.ask("CLUSTER", "MYID"))
        wait_until(lambda: cluster.is_whole() and all(map(has_copied, cluster.replicas)), "a whole cluster")
        yield cluster


def settings() -> list[str]:
    """Return the settings that make a server a node. A replica stands for election however old its data is."""
    timeouts = [f"cluster-node-timeout {NODE_TIMEOUT}", "cluster-replica-validity-factor 0"]
    return ["cluster-enabled yes", f"cluster-port {free_port()}", *timeouts, AT_ONCE]


def bus_of(node: FaultyRedis) -> str:
    """Return the port on which nodes talk to a node."""
    return str(node.ask("CONFIG GET", "cluster-port")["cluster-port"])


def known_nodes(node: FaultyRedis) -> int:
    """Return how many nodes a node knows, including itself."""
    return int(node.ask("CLUSTER INFO")["cluster_known_nodes"])
