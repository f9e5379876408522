"""One node of a cluster dies, hangs or comes back empty: what it held is unproven, and nothing is counted twice."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from secrets import token_urlsafe
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.store import NETWORK_TIMEOUT, faults_of, open_storage
from captcha_guard.errors import StoreUnavailableError
from tests.redis_cluster import redis_cluster
from tests.servers import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faulty_redis import FaultyRedis
    from tests.redis_cluster import Cluster

pytestmark = pytest.mark.redis

#: Seconds that one question may cost while a node hangs: its own timeout, and that of asking for the cluster's plan.
PATIENCE = 1.5


@pytest.fixture(scope="module")
def replicated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with redis_cluster(tmp_path_factory.mktemp("replicated"), replicated=True) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with redis_cluster(tmp_path_factory.mktemp("single")) as cluster:
        yield cluster


@contextmanager
def opened(cluster: Cluster, library: str) -> Iterator[Any]:
    """Open the storage of a worker on a cluster that is well, and has begun to remember."""
    wait_until(cluster.is_whole, "a whole cluster")
    storage: Any = open_storage(cluster.uri.replace("redis", library))
    with closing(storage.storage):
        storage.remember()
        yield storage


def nonces_of(node: FaultyRedis, storage: Any, *, elsewhere: bool = False) -> Iterator[str]:
    """Yield nonces that a node keeps, or others."""
    while True:
        nonce = token_urlsafe()
        key = storage.prefixed_key(f"captcha_guard/spent/{nonce}")
        if (storage.storage.get_node_from_key(key).port == node.port) != elsewhere:
            yield nonce


def claim(storage: Any, nonce: str, handed_out: float) -> str:
    """Let a worker that knows of no fault spend a nonce; returns what it is told."""
    try:
        return "spent" if Spent(storage).claim(nonce, 900, issued_at=handed_out) else "spent before"
    except StoreUnavailableError as error:
        return "lost" if "has lost data" in str(error) else "unavailable"


@pytest.mark.parametrize(("library", "number"), [("redis", 0), ("valkey", 1)])
def test_after_a_failover_what_the_dead_node_was_told_last_is_unproven_and_nothing_else(
    replicated: Cluster, library: str, number: int
) -> None:
    primary, replica = replicated.primaries[number], replicated.replicas[number]
    with opened(replicated, library) as storage:
        mine, others = nonces_of(primary, storage), nonces_of(primary, storage, elsewhere=True)
        unseen, unspent, other, later = next(mine), next(mine), next(others), next(mine)
        wait_until(lambda: replica.ask("DBSIZE") == primary.ask("DBSIZE"), "a copy of the marks")
        handed_out = time.time()
        primary.cut_off()
        assert claim(storage, unseen, handed_out) == "spent"
        primary.kill()
        answers: list[str] = []

        def answered() -> bool:
            answers.append(claim(storage, unseen, handed_out))
            return answers[-1] != "unavailable"

        wait_until(answered, "the failover")
        assert answers[-1] == "lost"
        wait_until(replicated.is_whole, "a whole cluster")
        assert claim(storage, unspent, handed_out) == "lost"
        assert claim(storage, other, handed_out) == "spent"
        assert [claim(storage, later, time.time() + 2) for _ in range(2)] == ["spent", "spent before"]


def test_a_node_that_dies_and_comes_back_empty_makes_its_own_codes_unproven_and_no_others(single: Cluster) -> None:
    node = single.primaries[0]
    with opened(single, "redis") as storage:
        mine, others = nonces_of(node, storage), nonces_of(node, storage, elsewhere=True)
        handed_out, used = time.time(), next(mine)
        assert claim(storage, used, handed_out) == "spent"
        node.kill()
        assert claim(storage, used, handed_out) == "unavailable"
        node.start()
        wait_until(single.is_whole, "a whole cluster")
        assert claim(storage, used, handed_out) == "lost"
        assert claim(storage, next(others), handed_out) == "spent"
        assert claim(storage, next(mine), time.time() + 2) == "spent"


@pytest.mark.parametrize("library", ["redis", "valkey"])
def test_a_node_that_answers_late_was_told_once(single: Cluster, library: str) -> None:
    node = single.primaries[1]
    with opened(single, library) as storage:
        key = f"captcha_guard/spent/{next(nonces_of(node, storage))}"
        storage.incr_and_lost_at(key, 900)
        node.stop()
        late = Timer(1.5 * NETWORK_TIMEOUT, node.go_on)
        late.start()
        with pytest.raises(faults_of(storage)):
            storage.incr_and_lost_at(key, 900)
        late.join()
        wait_until(single.is_whole, "a whole cluster")
        assert storage.get(key) == 2


def test_a_node_that_hangs_costs_a_question_little_more_than_its_timeout(single: Cluster) -> None:
    node = single.primaries[2]
    with opened(single, "redis") as storage:
        key = f"captcha_guard/spent/{next(nonces_of(node, storage))}"
        node.stop()
        begun = time.monotonic()
        with pytest.raises(faults_of(storage)):
            storage.incr_and_lost_at(key, 900)
        assert time.monotonic() - begun < PATIENCE
        node.go_on()
