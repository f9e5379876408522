"""A replica is promoted, or a server starts again: what its predecessor was told last is unproven."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.store import open_storage
from captcha_guard.errors import StoreUnavailableError
from tests.faulty_redis import FaultyRedis, faulty_redis
from tests.redis_sentinel import AT_ONCE, has_copied, is_primary, replica_of
from tests.servers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.redis

Connect: TypeAlias = "Callable[[FaultyRedis], Spent]"
Follow: TypeAlias = "Callable[[FaultyRedis], FaultyRedis]"

#: What was copied to a replica once names its history on disk.
REPLICATED = pytest.mark.parametrize("replicated", [False, True])


@pytest.fixture
def first(tmp_path: Path) -> Iterator[FaultyRedis]:
    """The primary to begin with."""
    with faulty_redis(tmp_path, AT_ONCE, keeps=True) as server:
        yield server


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    """Start a replica of a server."""
    with ExitStack() as stack:
        yield lambda server: stack.enter_context(replica_of(server, tmp_path, keeps=True))


@pytest.fixture(params=["redis", "valkey"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Spend nonces in a server, as one worker does."""
    with ExitStack() as stack:

        def spent(server: FaultyRedis) -> Spent:
            storage: Any = open_storage(server.uri.replace("redis", request.param))
            stack.enter_context(closing(storage.storage))
            return Spent(storage)

        yield spent


def spend_unseen(first: FaultyRedis, replica: FaultyRedis, connect: Connect) -> float:
    """Spend "nonce" in a primary after its replica has had a last copy of it; returns when the nonce was handed out."""
    spent = connect(first)
    spent.remember()
    wait_until(lambda: replica.ask("DBSIZE") == 1, "a copy of the mark")
    handed_out = time.time()
    first.cut_off()
    assert spent.claim("nonce", 900, issued_at=handed_out)
    return handed_out


def promote(replica: FaultyRedis) -> None:
    replica.ask("REPLICAOF", "NO", "ONE")
    wait_until(lambda: is_primary(replica), "a promotion")


def is_unproven(spent: Spent, nonce: str, handed_out: float) -> bool:
    try:
        spent.claim(nonce, 900, issued_at=int(handed_out))
    except StoreUnavailableError as error:
        if "has lost data" not in str(error):
            raise
        return True
    return False


def test_after_a_promotion_codes_from_before_are_unproven_and_later_ones_are_spent_once(
    first: FaultyRedis, follow: Follow, connect: Connect
) -> None:
    second = follow(first)
    handed_out = spend_unseen(first, second, connect)
    first.kill()
    promote(second)
    spent = connect(second)
    assert is_unproven(spent, "nonce", handed_out)
    assert is_unproven(spent, "another", handed_out)
    assert [spent.claim("later", 900, issued_at=time.time() + 2) for _ in range(2)] == [True, False]


def test_a_worker_that_saw_the_promotion_notes_it_so_that_its_next_code_is_good(
    first: FaultyRedis, follow: Follow, connect: Connect
) -> None:
    second = follow(first)
    handed_out = spend_unseen(first, second, connect) - 2
    first.kill()
    promote(second)
    spent = connect(second)
    spent.remember()
    assert spent.claim("next", 900, issued_at=int(time.time()))
    assert is_unproven(connect(second), "nonce", handed_out)


def test_a_second_promotion_hides_no_first_one(first: FaultyRedis, follow: Follow, connect: Connect) -> None:
    second, third = follow(first), follow(first)
    handed_out = spend_unseen(first, second, connect)
    first.kill()
    promote(second)
    third.ask("REPLICAOF", "127.0.0.1", str(second.port))
    wait_until(lambda: has_copied(third), "the second's history")
    second.kill()
    promote(third)
    assert is_unproven(connect(third), "nonce", handed_out)


def test_what_a_primary_took_that_had_been_replaced_is_unproven_when_it_returns(
    first: FaultyRedis, follow: Follow, connect: Connect
) -> None:
    second = follow(first)
    first.cut_off()
    promote(second)
    spent = connect(second)
    spent.remember()
    handed_out = time.time()
    assert spent.claim("nonce", 900, issued_at=handed_out)
    first.ask("ACL", "SETUSER", "default", "+psync", "+sync")
    first.ask("REPLICAOF", "127.0.0.1", str(second.port))
    wait_until(lambda: has_copied(first), "a copy of the second")
    second.cut_off()
    assert spent.claim("unseen", 900, issued_at=handed_out)
    second.kill()
    promote(first)
    back = connect(first)
    assert is_unproven(back, "unseen", handed_out)
    assert not back.claim("nonce", 900, issued_at=handed_out)


def test_a_planned_failover_loses_nothing_and_makes_codes_unproven_all_the_same(
    first: FaultyRedis, follow: Follow, connect: Connect
) -> None:
    second = follow(first)
    spent = connect(first)
    spent.remember()
    handed_out = time.time()
    assert spent.claim("nonce", 900, issued_at=handed_out)
    first.ask("FAILOVER")
    wait_until(lambda: is_primary(second), "the failover")
    assert not connect(second).claim("nonce", 900, issued_at=handed_out)
    assert is_unproven(connect(second), "unspent", handed_out)


@REPLICATED
def test_a_server_that_starts_again_with_all_it_was_told_remembers_on(
    first: FaultyRedis, follow: Follow, connect: Connect, replicated: bool
) -> None:
    if replicated:
        follow(first)
    spent = connect(first)
    spent.remember()
    handed_out = time.time()
    assert spent.claim("nonce", 900, issued_at=handed_out)
    first.kill()
    first.start()
    assert not connect(first).claim("nonce", 900, issued_at=handed_out)
    assert connect(first).claim("another", 900, issued_at=handed_out)


@REPLICATED
def test_a_server_that_starts_again_with_an_old_snapshot_does_not(
    tmp_path: Path, follow: Follow, connect: Connect, replicated: bool
) -> None:
    with faulty_redis(tmp_path, AT_ONCE) as server:
        if replicated:
            follow(server)
            wait_until(lambda: not server.ask("INFO", "persistence")["rdb_bgsave_in_progress"], "the first copy's end")
        spent = connect(server)
        spent.remember()
        server.ask("SAVE")
        handed_out = time.time()
        assert spent.claim("nonce", 900, issued_at=handed_out)
        server.kill()
        server.start()
        assert is_unproven(connect(server), "nonce", handed_out)


def test_control_where_the_history_may_not_be_asked_for_a_promotion_is_not_noticed(
    first: FaultyRedis, follow: Follow, connect: Connect
) -> None:
    second = follow(first)
    for server in (first, second):
        server.ask("ACL", "SETUSER", "default", "-info")
    handed_out = spend_unseen(first, second, connect)
    first.kill()
    second.ask("REPLICAOF", "NO", "ONE")
    assert connect(second).claim("nonce", 900, issued_at=handed_out)


def test_who_may_ask_for_the_history_from_now_on_does_not_trust_what_went_before(
    first: FaultyRedis, connect: Connect
) -> None:
    first.ask("ACL", "SETUSER", "default", "-info")
    spent = connect(first)
    spent.remember()
    handed_out = time.time()
    assert spent.claim("nonce", 900, issued_at=handed_out)
    first.ask("ACL", "SETUSER", "default", "+info")
    assert is_unproven(spent, "other", handed_out)
    assert not is_unproven(spent, "later", time.time() + 2)
