"""The counts of one process are bounded, and a flood frees no client of its limits."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from captcha_guard.counters.client import client_of
from captcha_guard.counters.limits import Limits, Policy
from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.memory import LockedMemoryStorage
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.errors import StoreUnavailableError
from captcha_guard.health import REST

if TYPE_CHECKING:
    from pathlib import Path

    import time_machine

SECRET = b"sixteen bytes or more"
CLIENTS = 200_000
COMMENTS = Policy.parse("comments", "2 per minute; 10 per hour; 30 per day")


def test_two_hundred_thousand_clients_take_less_than_thirty_megabytes() -> None:
    storage = LockedMemoryStorage()
    tracemalloc.start()
    try:
        for number in range(CLIENTS):
            storage.acquire_entry(f"captcha_guard/{number:032x}/comments/30/1/day", 30, 86_400)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 20_000_000
    assert peak < 30_000_000  # while windows make room


def test_entries_are_bounded_in_bytes_too() -> None:
    storage = LockedMemoryStorage(most_bytes=80_000)
    for number in range(100):
        for _ in range(4):
            storage.acquire_entry(f"window {number}", 1000, 86_400, 250)
        assert storage._bytes <= 80_000
        assert storage._bytes == sum(len(entered) for entered, _ in storage._windows.values())


def test_a_flood_of_new_clients_frees_none_that_has_used_up_its_limits() -> None:
    storage = LockedMemoryStorage(most_windows=1000)
    attacker = ("attacker", 5, 86_400, 1)
    for _ in range(5):
        assert storage.acquire_entries([attacker]) is None
    for number in range(20_000):
        assert storage.acquire_entries([(f"flood {number}", 5, 86_400, 1)]) is None
        assert len(storage._windows) <= 1001
    assert storage.acquire_entries([attacker]) is not None


def test_the_newest_of_a_flood_are_still_counted(clock: time_machine.Traveller) -> None:
    storage = LockedMemoryStorage(most_windows=1000)
    for number in range(20_000):
        storage.acquire_entry(f"flood {number}", 1, 86_400)
        clock.shift(0.01)
    assert not any(storage.acquire_entry(f"flood {number}", 1, 86_400) for number in range(19_500, 20_000))


def test_what_has_expired_makes_room_before_anything_else(clock: time_machine.Traveller) -> None:
    storage = LockedMemoryStorage(most_windows=1000)
    storage.acquire_entry("day", 1, 86_400)
    for number in range(900):
        storage.acquire_entry(f"minute {number}", 9, 60, 9)
    clock.shift(66)
    for number in range(200):
        storage.acquire_entry(f"hour {number}", 9, 3600, 9)
    assert not storage.acquire_entry("day", 1, 86_400)


# While a store is down


@pytest.mark.parametrize("strategy", ["moving-window", "sliding-window-counter", "fixed-window"])
def test_the_counts_of_a_process_whose_store_is_down_are_bounded_whatever_the_strategy(
    tmp_path: Path, strategy: str
) -> None:
    (tmp_path / "file").touch()
    storage = SQLiteStorage(f"sqlite:///{tmp_path}/file/c.sqlite3")
    limits = Limits(storage, strategy=strategy, policies={"comments": COMMENTS}, workers=1)
    own = limits._own_windows()._strategy.storage
    assert isinstance(own, LockedMemoryStorage)
    own._most_windows = 500
    attacker = client_of("198.51.100.1", secret=SECRET)
    minutes = [limits.hit("comments", attacker) for _ in range(3)]
    assert [one.allowed for one in minutes] == [True, False, False]
    for number in range(3000):
        limits.hit("comments", client_of(f"10.{number >> 8}.{number & 255}.1", secret=SECRET))
    assert len(own._windows) <= 510
    assert not own._counters


# Counters are never given up


def test_a_spent_nonce_is_never_given_up_and_one_too_many_is_unproven(clock: time_machine.Traveller) -> None:
    storage = LockedMemoryStorage(most_counters=1000)
    assert all(storage.incr(f"captcha_guard/spent/{number}", 960) == 1 for number in range(1000))
    spent = Spent(storage)
    with pytest.raises(StoreUnavailableError, match="1,000 counters are in memory"):
        spent.claim("one too many", 960, issued_at=1)
    assert not any(Spent(storage).claim(str(number), 960) for number in range(1000))


def test_there_is_room_again_when_counters_have_expired(clock: time_machine.Traveller) -> None:
    storage = LockedMemoryStorage(most_counters=1000)
    for number in range(1000):
        storage.incr(f"{number}", 60)
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            Spent(storage).claim("nonce", 960)
        clock.shift(20)
    clock.shift(REST + 6)
    assert Spent(storage).claim("nonce", 960)


def test_a_flood_of_nonces_takes_no_window_away() -> None:
    storage = LockedMemoryStorage(most_counters=100)
    storage.acquire_entry("k", 1, 86_400)
    for number in range(100):
        storage.incr(f"{number}", 60)
    with pytest.raises(StoreUnavailableError):
        Spent(storage).claim("nonce", 960)
    assert not storage.acquire_entry("k", 1, 86_400)
    assert storage.acquire_entry("another", 1, 86_400)
