"""Exactly as many hits as a limit allows, and one winner for a nonce, whatever races; controls show the tests fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from limits import parse
from limits.storage import MemcachedStorage, RedisClusterStorage, RedisStorage
from limits.strategies import STRATEGIES

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.counters.windows import Charge, Windows
from tests.broken_counters import GetThenDelete, ReadThenWriteStorage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.conftest import Backend

THREADS = 8
HITS = 15
LIMIT = 40

ITEM = parse(f"{LIMIT} per hour")


def race(act: Callable[[], bool], *, times: int = HITS) -> int:
    """Let eight threads begin together and do the same; returns how often they could."""
    start = Barrier(THREADS)

    def run(_: int) -> int:
        start.wait(30)
        return sum(act() for _ in range(times))

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(run, range(THREADS)))


def patient(storage: Any) -> Any:
    """Let a store take its time on a busy machine; how soon it gives up is tested elsewhere."""
    if isinstance(storage, SQLiteStorage):
        storage._connections._timeout = 30
    elif isinstance(storage, MemcachedStorage):
        storage.options.update({"timeout": 30, "connect_timeout": 30})  # type: ignore[dict-item]
    elif isinstance(storage, RedisClusterStorage):
        for node in storage.storage.get_nodes():
            patient_client(storage.storage.get_redis_connection(node))
    elif isinstance(storage, RedisStorage):
        patient_client(storage.storage)
    return storage


def patient_client(client: Any) -> None:
    client.connection_pool.connection_kwargs.update(socket_timeout=30, socket_connect_timeout=30)


def test_a_fixed_window_grants_exactly_its_limit(backend: Backend) -> None:
    limiter = STRATEGIES["fixed-window"](patient(backend.storage))
    assert race(lambda: limiter.hit(ITEM, "k")) == LIMIT


def test_a_moving_window_grants_exactly_its_limit(exact: Backend) -> None:
    limiter = STRATEGIES["moving-window"](patient(exact.storage))
    assert race(lambda: limiter.hit(ITEM, "k")) == LIMIT


def test_a_sliding_window_grants_exactly_its_limit(exact: Backend) -> None:
    limiter = STRATEGIES["sliding-window-counter"](patient(exact.storage))
    assert race(lambda: limiter.hit(ITEM, "k")) == LIMIT


def test_several_windows_at_once_grant_exactly_what_the_tightest_allows(batched: Backend) -> None:
    windows = Windows(patient(batched.storage), "moving-window")
    charges = [Charge(item, ("k",)) for item in (parse("90 per hour"), ITEM, parse("70 per day"))]
    assert race(lambda: windows.hit(charges).allowed) == LIMIT
    assert [stat.used for stat in windows.stats(charges)] == [LIMIT] * 3  # the refused ones took nothing


def test_a_nonce_is_spent_once(backend: Backend) -> None:
    spent = Spent(patient(backend.storage))
    for number in range(5):
        assert race(lambda nonce=f"nonce{number}": spent.claim(nonce, 900), times=1) == 1  # type: ignore[misc]


# Controls


def together() -> Callable[[], object]:
    """Return what eight threads call to meet; once they all have, they go on."""
    return Barrier(THREADS).wait


@pytest.mark.parametrize("strategy", ["fixed-window", "moving-window"])
def test_control_reading_then_writing_grants_more(tmp_path: Path, strategy: str) -> None:
    storage = patient(ReadThenWriteStorage(f"sqlite:///{tmp_path}/c.sqlite3", between=together()))
    limiter, item = STRATEGIES[strategy](storage), parse("5 per hour")
    assert race(lambda: limiter.hit(item, "k"), times=5) == 5 * THREADS


def test_control_looking_up_then_deleting_lets_every_process_through(backend: Backend) -> None:
    control = GetThenDelete(patient(backend.storage), between=together())
    control.issue("nonce", 900)
    assert race(lambda: control.claim("nonce", 900), times=1) == THREADS
