"""What sentinels and servers that are dead, hang or ask for a password cost those who count there."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from captcha_guard.counters.store import NETWORK_TIMEOUT, faults_of, open_storage
from tests.redis_sentinel import Sentinel, watched_redis
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.redis_sentinel import Watched

pytestmark = pytest.mark.redis

#: Seconds that are not noticed, on a busy machine; the waits between a client's tries would be longer by far.
SOON = 0.75


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Servers whose sentinel is in no hurry, so that a test may let one hang."""
    with watched_redis(tmp_path_factory.mktemp("watched"), down_after=60_000) as watched:
        yield watched


@pytest.fixture(params=["redis", "valkey"])
def library(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def seconds(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def test_a_dead_sentinel_at_the_head_of_the_list_costs_next_to_nothing(watched: Watched, library: str) -> None:
    uri = watched.uri.replace("127", f"127.0.0.1:{free_port()},127", 1).replace("redis", library, 1)
    storage: Any = open_storage(uri)
    with closing(storage.storage):
        assert seconds(lambda: storage.incr("key", 60)) < SOON


def test_a_sentinel_that_hangs_costs_its_timeout_once(watched: Watched, library: str, tmp_path: Path) -> None:
    hung = Sentinel(tmp_path)
    hung.start()
    hung.stop()
    uri = watched.uri.replace("127", f"127.0.0.1:{hung.port},127", 1).replace("redis", library, 1)
    storage: Any = open_storage(uri)
    try:
        assert NETWORK_TIMEOUT < seconds(lambda: storage.incr("key", 60)) < NETWORK_TIMEOUT + SOON
        storage.storage.connection_pool.disconnect()
        assert seconds(lambda: storage.incr("key", 60)) < NETWORK_TIMEOUT
    finally:
        hung.kill()
        storage.storage.close()


def test_a_primary_that_hangs_costs_a_question_its_timeout(watched: Watched, library: str) -> None:
    storage: Any = open_storage(watched.uri.replace("redis", library, 1))
    with closing(storage.storage):
        storage.incr("key", 60)
        watched.primary.stop()
        try:
            for _ in range(2):  # over the connection that it has, and over a new one
                begun = time.monotonic()
                with pytest.raises(faults_of(storage)):
                    storage.incr("key", 60)
                assert time.monotonic() - begun < NETWORK_TIMEOUT + SOON
        finally:
            watched.primary.go_on()


def test_a_replica_that_hangs_costs_nothing_for_nobody_asks_it(watched: Watched, library: str) -> None:
    storage: Any = open_storage(watched.uri.replace("redis", library, 1))
    with closing(storage.storage):
        storage.incr("counted", 60)
        watched.replica.stop()
        try:
            assert storage.get("counted") == 1
        finally:
            watched.replica.go_on()
            storage.clear("counted")


def test_servers_may_ask_for_a_password_that_their_sentinels_do_not_know(watched: Watched, library: str) -> None:
    for server in (watched.primary, watched.replica):
        server.ask("ACL", "SETUSER", "journal", "on", ">p@ss/word", "~*", "+@all")
    uri = f"{watched.uri}?username=journal&password=p%40ss%2Fword".replace("redis", library, 1)
    storage: Any = open_storage(uri)
    with closing(storage.storage):
        storage.incr("key", 60)
        assert storage.storage.acl_whoami() in ("journal", b"journal")
