"""What limits and the guard rely on, the same for every storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from limits import RateLimitItemPerMinute, parse
from limits.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    SlidingWindowCounterRateLimiter,
)

from tests.contract.conftest import NOON

if TYPE_CHECKING:
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


def test_clearing_one_key_leaves_the_others(backend: Backend) -> None:
    for key in ("one", "two"):
        backend.storage.incr(key, 60)
        backend.storage.acquire_entry(f"window of {key}", 1, 60)
    for key in ("one", "window of one"):
        backend.storage.clear(key)
    assert (backend.storage.get("one"), backend.storage.get("two")) == (0, 1)
    assert backend.storage.acquire_entry("window of one", 1, 60)
    assert not backend.storage.acquire_entry("window of two", 1, 60)


def test_reset_forgets_everything(backend: Backend) -> None:
    backend.storage.incr("k", 60)
    backend.storage.acquire_entry("w", 1, 60)
    assert backend.storage.reset() >= 1
    assert backend.storage.get("k") == 0
    assert backend.storage.acquire_entry("w", 1, 60)


def test_a_working_storage_says_so(backend: Backend) -> None:
    assert backend.storage.check() is True


def test_keys_are_taken_literally(backend: Backend) -> None:
    keys = ["a", "A", "a ", "a%", "a*", "a'; DROP TABLE limits_counters; --", "ä", "日本", ""]
    for key in keys:
        backend.storage.incr(key, 60)
        assert backend.storage.acquire_entry(f"w{key}", 1, 60)
    assert [backend.storage.get(key) for key in keys] == [1] * len(keys)


def test_a_fixed_window_grants_exactly_its_limit_and_then_again(backend: Backend) -> None:
    limiter, item = FixedWindowRateLimiter(backend.storage), RateLimitItemPerMinute(3)
    assert [limiter.hit(item, "k") for _ in range(5)] == [True] * 3 + [False] * 2
    assert not limiter.test(item, "k")
    assert limiter.get_window_stats(item, "k").remaining == 0
    backend.advance(60)
    assert limiter.test(item, "k")
    assert limiter.hit(item, "k")


def test_a_moving_window_frees_each_place_when_its_own_entry_leaves(backend: Backend) -> None:
    limiter, item = MovingWindowRateLimiter(backend.storage), RateLimitItemPerMinute(3)
    for _ in range(3):
        assert limiter.hit(item, "k")
        backend.advance(10)
    assert not limiter.hit(item, "k")
    backend.advance(30)  # the first entry is exactly 60 s old: still inside
    assert not limiter.hit(item, "k")
    backend.advance(0.5)
    assert limiter.hit(item, "k")
    assert not limiter.hit(item, "k")
    backend.advance(10)
    assert limiter.hit(item, "k")
    assert not limiter.hit(item, "k")


def test_a_refused_entry_is_not_counted(backend: Backend) -> None:
    limiter, item = MovingWindowRateLimiter(backend.storage), RateLimitItemPerMinute(1)
    assert limiter.hit(item, "k")
    for _ in range(5):
        backend.advance(10)
        assert not limiter.hit(item, "k")
    backend.advance(10.5)
    assert limiter.hit(item, "k")


def test_several_entries_are_made_together_or_not_at_all(backend: Backend) -> None:
    storage = backend.storage
    assert storage.acquire_entry("k", 5, 60, amount=3)
    assert not storage.acquire_entry("k", 5, 60, amount=3)
    assert storage.get_moving_window("k", 5, 60)[1] == 3
    assert storage.acquire_entry("k", 5, 60, amount=2)
    assert not storage.acquire_entry("fresh", 5, 60, amount=6)


def test_a_moving_window_tells_its_oldest_entry_and_their_number(backend: Backend) -> None:
    storage = backend.storage
    assert storage.get_moving_window("k", 10, 60) == (NOON, 0)
    storage.acquire_entry("k", 10, 60)
    backend.advance(10)
    storage.acquire_entry("k", 10, 60, amount=2)
    assert storage.get_moving_window("k", 10, 60) == pytest.approx((NOON, 3), abs=0.01)
    backend.advance(51)
    assert storage.get_moving_window("k", 10, 60) == pytest.approx((NOON + 10, 2), abs=0.01)


def test_moving_window_stats_say_when_the_next_place_is_free(backend: Backend) -> None:
    limiter, item = MovingWindowRateLimiter(backend.storage), parse("2 per hour")
    limiter.hit(item, "k")
    backend.advance(600)
    limiter.hit(item, "k")
    stats = limiter.get_window_stats(item, "k")
    assert tuple(stats) == pytest.approx((NOON + 3600, 0), abs=0.01)


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
