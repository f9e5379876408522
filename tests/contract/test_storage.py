"""What limits and the guard rely on, the same for every storage."""

from __future__ import annotations

import threading
from math import inf
from typing import TYPE_CHECKING

import pytest
from limits import RateLimitItemPerMinute, parse
from limits.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    SlidingWindowCounterRateLimiter,
)

from captcha_guard.counters.storages.memory import LockedMemoryStorage
from captcha_guard.counters.storages.stamps import LEEWAY
from captcha_guard.counters.store import open_storage
from tests.conftest import NOON

if TYPE_CHECKING:
    import time_machine

    from tests.contract.conftest import Backend


def test_a_counter_adds_up(backend: Backend) -> None:
    storage = backend.storage
    assert [storage.incr("k", 60), storage.incr("k", 60, 3), storage.incr("k", 60)] == [1, 4, 5]
    assert storage.get("k") == 5


def test_an_unknown_counter_is_zero_and_expires_now(backend: Backend) -> None:
    assert backend.storage.get("never") == 0
    assert backend.storage.get_expiry("never") == pytest.approx(NOON, abs=1)


def test_a_counter_lives_from_its_first_increment_not_its_last(backend: Backend) -> None:
    backend.storage.incr("k", 60)
    backend.advance(40)
    assert backend.storage.incr("k", 60) == 2
    assert backend.storage.get_expiry("k") == pytest.approx(NOON + 60, abs=1)
    backend.advance(20)
    assert backend.storage.get("k") == 0
    assert backend.storage.incr("k", 60) == 1
    assert backend.storage.get_expiry("k") == pytest.approx(NOON + 120, abs=1)


def test_a_counter_may_live_for_more_than_a_month(backend: Backend) -> None:
    assert [backend.storage.incr("k", 366 * 86_400), backend.storage.incr("k", 366 * 86_400)] == [1, 2]
    backend.advance(29 * 86_400)
    assert backend.storage.get("k") == 2


def test_clearing_one_key_leaves_the_others(backend: Backend) -> None:
    for key in ("one", "two"):
        backend.storage.incr(key, 60)
    backend.storage.clear("one")
    assert (backend.storage.get("one"), backend.storage.get("two")) == (0, 1)


def test_clearing_one_window_leaves_the_others(exact: Backend) -> None:
    for key in ("one", "two"):
        exact.storage.acquire_entry(key, 1, 60)
    exact.storage.clear("one")
    assert exact.storage.acquire_entry("one", 1, 60)
    assert not exact.storage.acquire_entry("two", 1, 60)


def test_reset_forgets_everything(exact: Backend) -> None:
    exact.storage.incr("k", 60)
    exact.storage.acquire_entry("w", 1, 60)
    assert exact.storage.reset() >= 1
    assert exact.storage.get("k") == 0
    assert exact.storage.acquire_entry("w", 1, 60)


def test_a_working_storage_says_so(backend: Backend) -> None:
    assert backend.storage.check() is True


def test_keys_are_taken_literally(exact: Backend) -> None:
    keys = ["a", "A", "a ", "a%", "a*", "a'; DROP TABLE limits_counters; --", "ä", "日本", ""]
    for key in keys:
        exact.storage.incr(key, 60)
        assert exact.storage.acquire_entry(f"w{key}", 1, 60)
    assert [exact.storage.get(key) for key in keys] == [1] * len(keys)


def test_a_fixed_window_grants_exactly_its_limit_and_then_again(backend: Backend) -> None:
    limiter, item = FixedWindowRateLimiter(backend.storage), RateLimitItemPerMinute(3)
    assert [limiter.hit(item, "k") for _ in range(5)] == [True] * 3 + [False] * 2
    assert not limiter.test(item, "k")
    assert limiter.get_window_stats(item, "k").remaining == 0
    backend.advance(60)
    assert limiter.test(item, "k")
    assert limiter.hit(item, "k")


def test_a_moving_window_frees_each_place_when_its_own_entry_leaves(exact: Backend) -> None:
    limiter, item = MovingWindowRateLimiter(exact.storage), RateLimitItemPerMinute(3)
    for _ in range(3):
        assert limiter.hit(item, "k")
        exact.advance(10)
    assert not limiter.hit(item, "k")
    exact.advance(29)
    assert not limiter.hit(item, "k")
    exact.advance(1.5)
    assert limiter.hit(item, "k")
    assert not limiter.hit(item, "k")
    exact.advance(10)
    assert limiter.hit(item, "k")
    assert not limiter.hit(item, "k")


def test_a_refused_entry_is_not_counted(exact: Backend) -> None:
    limiter, item = MovingWindowRateLimiter(exact.storage), RateLimitItemPerMinute(1)
    assert limiter.hit(item, "k")
    for _ in range(5):
        exact.advance(10)
        assert not limiter.hit(item, "k")
    exact.advance(10.5)
    assert limiter.hit(item, "k")


def test_several_entries_are_made_together_or_not_at_all(exact: Backend) -> None:
    storage = exact.storage
    assert storage.acquire_entry("k", 5, 60, amount=3)
    assert not storage.acquire_entry("k", 5, 60, amount=3)
    assert storage.get_moving_window("k", 5, 60)[1] == 3
    assert storage.acquire_entry("k", 5, 60, amount=2)
    assert not storage.acquire_entry("fresh", 5, 60, amount=6)


def test_a_moving_window_tells_its_oldest_entry_and_their_number(exact: Backend) -> None:
    storage = exact.storage
    assert storage.get_moving_window("k", 10, 60) == pytest.approx((NOON, 0), abs=0.5)
    storage.acquire_entry("k", 10, 60)
    exact.advance(10)
    storage.acquire_entry("k", 10, 60, amount=2)
    assert storage.get_moving_window("k", 10, 60) == pytest.approx((NOON, 3), abs=0.5)
    exact.advance(51)
    assert storage.get_moving_window("k", 10, 60) == pytest.approx((NOON + 10, 2), abs=0.5)


def test_moving_window_stats_say_when_the_next_place_is_free(exact: Backend) -> None:
    limiter, item = MovingWindowRateLimiter(exact.storage), parse("2 per hour")
    limiter.hit(item, "k")
    exact.advance(600)
    limiter.hit(item, "k")
    stats = limiter.get_window_stats(item, "k")
    assert tuple(stats) == pytest.approx((NOON + 3600, 0), abs=0.5)


def test_a_sliding_window_counts_the_share_of_the_one_before(backend: Backend) -> None:
    limiter, item = SlidingWindowCounterRateLimiter(backend.storage), RateLimitItemPerMinute(4)
    assert [limiter.hit(item, "k") for _ in range(5)] == [True] * 4 + [False]
    backend.advance(90.5)  # half of the four still count, and a little less
    assert limiter.test(item, "k")
    assert [limiter.hit(item, "k") for _ in range(5)] == [True] * 3 + [False] * 2
    previous, remaining, current, _ = backend.storage.get_sliding_window(item.key_for("k"), item.get_expiry())
    assert (previous, current) == (4, 3)
    assert remaining == pytest.approx(29.5, abs=0.2)


def test_a_sliding_window_forgets_after_two_windows(backend: Backend) -> None:
    limiter, item = SlidingWindowCounterRateLimiter(backend.storage), RateLimitItemPerMinute(2)
    assert limiter.hit(item, "k", cost=2)
    assert not limiter.hit(item, "k")
    backend.advance(121)
    assert limiter.hit(item, "k", cost=2)
    assert not limiter.hit(item, "other", cost=3)


def test_a_sliding_window_can_be_cleared(backend: Backend) -> None:
    limiter, item = SlidingWindowCounterRateLimiter(backend.storage), RateLimitItemPerMinute(1)
    assert limiter.hit(item, "k")
    limiter.clear(item, "k")
    assert limiter.get_window_stats(item, "k").remaining == 1
    assert limiter.hit(item, "k")


# Several windows at once, where a storage can do that


def test_a_batch_enters_every_window_or_none(batched: Backend) -> None:
    storage, batch = batched.storage, [("minute", 2, 60, 1), ("hour", 3, 3600, 1)]
    assert storage.acquire_entries(batch) is None
    batched.advance(10)
    assert storage.acquire_entries(batch) is None
    assert storage.acquire_entries(batch) == pytest.approx(50, abs=0.5)
    assert [storage.get_moving_window(key, limit, expiry)[1] for key, limit, expiry, _ in batch] == [2, 2]
    batched.advance(51)
    assert storage.acquire_entries(batch) is None
    assert storage.acquire_entries(batch) == pytest.approx(3600 - 61, abs=0.5)  # the longest of both waits


def test_a_batch_that_asks_for_more_than_a_limit_waits_for_ever(batched: Backend) -> None:
    assert batched.storage.acquire_entries([("a", 5, 60, 1), ("b", 5, 60, 6)]) == inf
    assert batched.storage.get_moving_window("a", 5, 60)[1] == 0


def test_a_batch_takes_as_many_places_as_it_says(batched: Backend) -> None:
    storage = batched.storage
    assert storage.acquire_entries([("a", 5, 60, 3), ("b", 9, 60, 1)]) is None
    assert storage.acquire_entries([("b", 9, 60, 1), ("a", 5, 60, 3)]) == pytest.approx(60, abs=0.5)
    assert storage.get_moving_windows([("a", 5, 60), ("b", 9, 60)]) == [
        pytest.approx((NOON, 3), abs=0.5),
        pytest.approx((NOON, 1), abs=0.5),
    ]


def test_windows_of_one_list_count_each_hit_once(batched: Backend) -> None:
    storage, batch = batched.storage, [("list", 2, 60, 1), ("list", 3, 3600, 1), ("other", 9, 60, 1)]
    assert storage.acquire_entries(batch) is None
    batched.advance(10)
    assert storage.acquire_entries(batch) is None
    assert storage.acquire_entries(batch) == pytest.approx(50, abs=0.5)
    batched.advance(51)
    assert storage.acquire_entries(batch) is None
    assert storage.acquire_entries(batch) == pytest.approx(3600 - 61, abs=0.5)
    windows = [("list", 2, 60), ("list", 3, 3600), ("other", 9, 60)]
    assert [count for _, count in storage.get_moving_windows(windows)] == [2, 3, 2]
    batched.advance(3600 - 60)
    assert storage.acquire_entries(batch) is None  # the list is kept as long as its longest window


def test_an_empty_batch_is_granted(batched: Backend) -> None:
    assert batched.storage.acquire_entries([]) is None
    assert batched.storage.get_moving_windows([]) == []


def test_several_windows_are_told_in_the_order_they_are_asked_for(batched: Backend) -> None:
    storage = batched.storage
    storage.acquire_entries([("a", 5, 60, 2)])
    batched.advance(30)
    storage.acquire_entries([("a", 5, 60, 1), ("b", 5, 600, 1)])
    batched.advance(31)
    told = storage.get_moving_windows([("b", 5, 600), ("never", 5, 60), ("a", 5, 60)])
    assert told == [
        pytest.approx((NOON + 30, 1), abs=0.5),
        pytest.approx((NOON + 61, 0), abs=0.5),
        pytest.approx((NOON + 30, 1), abs=0.5),
    ]


def test_several_windows_are_read_at_once_each_as_it_is_read_alone(batched: Backend) -> None:
    for key in ("a", "a", "a", "b"):
        batched.storage.acquire_entry(key, 3, 60)
    windows = [("b", 2, 60), ("never", 5, 60), ("a", 2, 60)]
    read = batched.storage.get_moving_windows(windows)
    assert [count for _, count in read] == [1, 0, 2]
    for together, window in zip(read, windows, strict=True):
        assert together == pytest.approx(batched.storage.get_moving_window(*window), abs=0.5)


def test_a_window_that_was_entered_alone_counts_in_a_batch(batched: Backend) -> None:
    storage = batched.storage
    assert storage.acquire_entry("a", 2, 60)
    assert storage.acquire_entries([("a", 2, 60, 1)]) is None
    assert not storage.acquire_entry("a", 2, 60)
    assert storage.acquire_entries([("b", 2, 60, 1), ("a", 2, 60, 1)]) == pytest.approx(60, abs=0.5)


# The memory of one process


def test_memory_keeps_no_more_than_what_still_counts(clock: time_machine.Traveller) -> None:
    storage = open_storage("memory://")
    assert isinstance(storage, LockedMemoryStorage)
    for number in range(5000):
        storage.acquire_entry(f"window {number}", 5, 60)
        storage.incr(f"counter {number}", 60)
    clock.shift(60 + LEEWAY)
    for _ in range(10_000):
        storage.acquire_entry("one", 5, 60)
        storage.incr("two", 60)
    assert storage.reset() == 2


def test_memory_keeps_no_more_times_of_a_window_than_its_limit(clock: time_machine.Traveller) -> None:
    storage = open_storage("memory://")
    assert isinstance(storage, LockedMemoryStorage)
    for _ in range(100):
        assert storage.acquire_entry("k", 5, 60, 5)
        clock.shift(61)
    [(stamps, _)] = storage._windows.values()
    assert len(stamps) == 5 * 8


def test_memory_starts_no_thread() -> None:
    before = threading.active_count()
    storage = open_storage("memory://")
    storage.incr("k", 60)
    assert threading.active_count() == before
