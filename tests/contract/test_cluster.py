"""Moving windows in a cluster, where one script may touch one slot's keys only."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from limits import parse
from limits.strategies import STRATEGIES

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.store import open_storage
from captcha_guard.counters.windows import Charge, Windows
from captcha_guard.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.redis

MINUTE, HOUR, DAY = parse("2 per minute"), parse("10 per hour"), parse("30 per day")


@pytest.fixture(params=["redis", "valkey"])
def storage(request: pytest.FixtureRequest, cluster_uri: str) -> Iterator[Any]:
    storage: Any = open_storage(cluster_uri.replace("redis", request.param))
    with closing(storage.storage):
        yield storage
        storage.reset()


def charges(*names: str) -> list[Charge]:
    """Return the windows of clients or networks, under keys as the guard's policies make them."""
    return [Charge(item, (name, "comments")) for name in names for item in (MINUTE, HOUR, DAY)]


def scripts_run(storage: Any) -> int:
    told = storage.storage.info("commandstats", target_nodes="primaries")
    return sum(int(of_one.get("cmdstat_evalsha", {}).get("calls", 0)) for of_one in told.values())


def test_all_windows_of_one_name_are_entered_and_looked_at_by_one_script(storage: Any) -> None:
    windows = Windows(storage, "moving-window")
    windows.hit(charges("warm"))
    windows.stats(charges("warm"))
    before = scripts_run(storage)
    assert windows.hit(charges("ada")).allowed
    assert scripts_run(storage) - before == 1
    assert [stat.used for stat in windows.stats(charges("ada"))] == [1, 1, 1]
    assert scripts_run(storage) - before == 2


def test_clients_lie_in_slots_of_their_own_and_all_policies_of_one_together(storage: Any) -> None:
    def slots(*identifiers: str) -> set[int]:
        return {storage.storage.keyslot(storage.prefixed_key(item.key_for(*identifiers))) for item in (MINUTE, DAY)}

    assert slots("ada", "comments") == slots("ada", "comments/wide") == slots("ada", "wrong") == slots("ada")
    assert len(set.union(*(slots(f"client{number}", "comments") for number in range(20)))) > 15


def test_a_client_and_its_network_take_a_script_each(storage: Any) -> None:
    windows = Windows(storage, "moving-window")
    asked = charges("ada", "network")
    assert [windows.hit(asked).allowed for _ in range(3)] == [True, True, False]
    assert [stat.used for stat in windows.stats(asked)] == [2] * 6
    assert windows.hit(charges("bob", "network")).retry_after > 50


@pytest.mark.parametrize("strategy", ["fixed-window", "moving-window", "sliding-window-counter"])
def test_each_strategy_counts(storage: Any, strategy: str) -> None:
    limiter = STRATEGIES[strategy](storage)
    assert [limiter.hit(MINUTE, "ada") for _ in range(3)] == [True, True, False]


def test_a_nonce_is_spent_once_by_one_script_and_nonces_are_spread_over_all_nodes(storage: Any) -> None:
    spent = Spent(storage)
    spent.claim("warm", 60)
    before = scripts_run(storage)
    assert [spent.claim("warm", 60), spent.claim("warm", 60)] == [False, False]
    assert scripts_run(storage) - before == 2
    keys = [storage.prefixed_key(f"captcha_guard/spent/nonce{number}") for number in range(200)]
    shares = Counter(storage.storage.get_node_from_key(key).port for key in keys)
    assert len(shares) == 3
    assert min(shares.values()) > 200 / 5


def test_what_changes_nothing_is_asked_again_where_a_node_is_gone_and_nothing_else_is(
    storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = Windows(storage, "moving-window")
    gone = storage.dependency.exceptions.ConnectionError
    connect, asked = storage.get_connection, []

    def once_in_vain(*arguments: Any, **named: Any) -> Any:
        asked.append("")
        if len(asked) == 1:
            raise gone("the primary is dead")
        return connect(*arguments, **named)

    monkeypatch.setattr(storage, "get_connection", once_in_vain)
    assert [stat.used for stat in windows.stats(charges("ada"))] == [0, 0, 0]
    asked.clear()
    storage.remember()
    for act in (lambda: windows.hit(charges("ada")), lambda: storage.incr_and_lost_at("key", 60)):
        asked.clear()
        with pytest.raises(gone):
            act()


def test_a_nonce_can_be_looked_up_and_released(storage: Any) -> None:
    spent = Spent(storage)
    spent.claim("nonce", 60)
    assert spent.is_spent("nonce")
    spent.release("nonce")
    assert not spent.is_spent("nonce")


def test_a_nonce_lies_with_the_mark_that_says_since_when_it_would_be_known(storage: Any) -> None:
    for number in range(200):
        key = f"captcha_guard/spent/nonce{number}"
        slots = {storage.storage.keyslot(one) for one in (storage.prefixed_key(key), storage.mark_of(key))}
        assert len(slots) == 1


def test_codes_from_before_a_cluster_remembered_are_unproven_and_later_ones_good(storage: Any) -> None:
    spent, now = Spent(storage), time.time()
    spent.remember()
    assert all(spent.claim(f"later{number}", 60, issued_at=int(time.time())) for number in range(100))
    for number in range(100):
        with pytest.raises(StoreUnavailableError, match="has lost data"):
            spent.claim(f"before{number}", 60, issued_at=now - 10)


def test_one_bucket_that_forgot_makes_a_worker_look_after_all_with_its_next_code(storage: Any) -> None:
    spent = Spent(storage)
    spent.remember()
    storage.reset()
    with pytest.raises(StoreUnavailableError, match="has lost data"):
        spent.claim("before", 60, issued_at=time.time() - 10)
    spent.remember()
    marks = {f"later{number}": storage.mark_of(f"captcha_guard/spent/later{number}") for number in range(100)}
    others = [nonce for nonce, mark in marks.items() if mark != storage.mark_of("captcha_guard/spent/before")]
    assert all(spent.claim(nonce, 60, issued_at=int(time.time())) for nonce in others)
