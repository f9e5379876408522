"""Moving windows in a cluster, where one script may touch one slot's keys only."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from limits import parse
from limits.strategies import STRATEGIES

from captcha_guard.counters.ledger import Charge, Ledger
from captcha_guard.counters.spent import Spent
from captcha_guard.counters.store import open_storage
from tests.redis_server import redis_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.redis

MINUTE, HOUR, DAY = parse("2 per minute"), parse("10 per hour"), parse("30 per day")


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as uri:
        yield uri


@pytest.fixture(params=["redis", "valkey"])
def storage(request: pytest.FixtureRequest, uri: str) -> Iterator[Any]:
    storage: Any = open_storage(uri.replace("redis", request.param))
    with closing(storage.storage):
        yield storage
        storage.reset()


def charges(*names: str) -> list[Charge]:
    return [Charge(item, ("comments", name)) for name in names for item in (MINUTE, HOUR, DAY)]


def scripts_run(storage: Any) -> int:
    told = storage.storage.info("commandstats")
    return int(told.get("cmdstat_evalsha", {}).get("calls", 0))


def test_all_windows_of_one_name_are_entered_and_looked_at_by_one_script(storage: Any) -> None:
    ledger = Ledger(storage, "moving-window")
    ledger.hit(charges("warm"))
    ledger.look(charges("warm"))
    before = scripts_run(storage)
    assert ledger.hit(charges("ada")).allowed
    assert scripts_run(storage) - before == 1
    assert [standing.used for standing in ledger.look(charges("ada"))] == [1, 1, 1]
    assert scripts_run(storage) - before == 2


def test_a_client_and_its_network_take_a_script_each(storage: Any) -> None:
    ledger = Ledger(storage, "moving-window")
    asked = charges("ada", "network")
    assert [ledger.hit(asked).allowed for _ in range(3)] == [True, True, False]
    assert [standing.used for standing in ledger.look(asked)] == [2] * 6
    assert ledger.hit(charges("bob", "network")).retry_after > 50


@pytest.mark.parametrize("strategy", ["fixed-window", "moving-window", "sliding-window-counter"])
def test_each_strategy_counts(storage: Any, strategy: str) -> None:
    limiter = STRATEGIES[strategy](storage)
    assert [limiter.hit(MINUTE, "ada") for _ in range(3)] == [True, True, False]


def test_a_nonce_is_spent_once_and_nonces_lie_in_slots_of_their_own(storage: Any) -> None:
    spent = Spent(storage)
    assert [spent.claim("nonce", 60), spent.claim("nonce", 60)] == [True, False]
    keys = [storage.prefixed_key(f"captcha_guard/spent/nonce{number}") for number in range(20)]
    assert len({storage.storage.keyslot(key) for key in keys}) > 15
