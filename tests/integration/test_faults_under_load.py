"""Redis dies, hangs or is slow while visitors comment: no 500, no lost comment, no comment without a spent nonce."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.crowd.blog import MODERATED, OPEN
from tests.crowd.siege import Account, account, besieged, states
from tests.faulty_redis import faulty_redis, proxy
from tests.redis_cluster import Cluster, redis_cluster
from tests.redis_sentinel import Watched, is_primary, watched_redis
from tests.servers import wait_until

pytestmark = [pytest.mark.redis, pytest.mark.xdist_group("many workers")]

#: POSTs before, during and after a fault.
ENOUGH = 40

#: Seconds after the store's return.
RECOVERED = 5

#: The delay of a slow store's answers in seconds.
SLOW = 2.0

#: How often a failover is repeated in a control until it loses data.
TRIES = 8


@dataclass(frozen=True)
class Fault:
    """A store at ``uri`` and how its fault begins and ends."""

    uri: str
    begin: Callable[[], None]
    end: Callable[[], None]


@pytest.fixture(params=["killed", "emptied", "hung", "slow", "failed over", "a node failed over"])
def fault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fault]:
    with ExitStack() as stack:
        if request.param == "failed over":
            yield failover(stack.enter_context(watched_redis(tmp_path)))
            return
        if request.param == "a node failed over":
            yield failover_of_a_node(stack.enter_context(redis_cluster(tmp_path, replicated=True)))
            return
        redis = stack.enter_context(faulty_redis(tmp_path, keeps=request.param != "emptied"))
        if request.param in ("killed", "emptied"):
            yield Fault(redis.uri, redis.kill, redis.start)
        elif request.param == "hung":
            yield Fault(redis.uri, redis.stop, redis.go_on)
        else:
            between = stack.enter_context(proxy(redis.port))

            def late(seconds: float) -> None:
                between.delay = seconds

            yield Fault(between.uri, lambda: late(SLOW), lambda: late(0))


def failover(watched: Watched) -> Fault:
    """Stop copying to the replica, then kill the primary."""

    def fail_over() -> None:
        watched.primary.kill()
        watched.wait_for_promotion()

    return Fault(watched.uri, watched.primary.cut_off, fail_over)


def failover_of_a_node(cluster: Cluster) -> Fault:
    """Do the same with one primary of a cluster."""
    primary, replica = cluster.primaries[0], cluster.replicas[0]

    def fail_over() -> None:
        primary.kill()
        wait_until(lambda: is_primary(replica) and cluster.is_whole(), "the failover")

    return Fault(cluster.uri, primary.cut_off, fail_over)


def test_a_store_that_fails_and_returns_loses_no_comment(fault: Fault, tmp_path: Path) -> None:
    result = commented_through(fault, tmp_path / "blog")
    assert result.failures == 0, result
    assert result.lost == 0, result
    assert result.twice == 0, result
    assert set(result.states[OPEN]) == {"published", "shown"}, result
    assert set(result.states[MODERATED]) == {"published", "held"}, result
    assert result.recovery[0] < RECOVERED, result


def test_control_without_noticing_lost_data_tokens_are_accepted_again_after_a_crash(tmp_path: Path) -> None:
    with faulty_redis(tmp_path) as redis:
        result = commented_through(Fault(redis.uri, redis.kill, redis.start), tmp_path / "blog", forgetful=True)
    assert result.twice > 0, f"nothing was let through again, so the test above could not fail: {result}"


def test_control_without_the_replication_history_tokens_are_accepted_again_after_a_failover(
    tmp_path: Path,
) -> None:
    results = []
    for number in range(TRIES):  # a failover may not lose the last nonce
        folder = tmp_path / str(number)
        folder.mkdir()
        with watched_redis(folder) as watched:
            for server in (watched.primary, watched.replica):
                server.ask("ACL", "SETUSER", "writers", "on", "nopass", "~*", "+@all", "-info")
            fault = replace(failover(watched), uri=f"{watched.uri}?username=writers&password=any")
            results.append(commented_through(fault, folder / "blog"))
        if results[-1].twice:
            return
    pytest.fail(f"nothing was let through again, so the test above could not fail: {results}")


def commented_through(fault: Fault, folder: Path, *, forgetful: bool = False) -> Account:
    """Let visitors comment before, during and after a fault, and return the result."""
    with besieged(folder, fault.uri, workers=2, forgetful=forgetful) as siege:
        with siege.running():
            siege.until(lambda sent: len(sent) >= ENOUGH, since=0)
            began = time.monotonic()
            fault.begin()
            siege.until(lambda sent: len(sent) >= ENOUGH, since=began)
            fault.end()
            ended = time.monotonic()
            siege.until(lambda sent: states(folder, sent).count("published") >= ENOUGH, since=ended)
        return account(siege, [(began, ended)])
