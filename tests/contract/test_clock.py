"""A clock that was wrong for a while: nothing is accepted twice, and no one waits longer than if it had been right."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from captcha_guard.counters.client import client_of
from captcha_guard.counters.limits import Limits, Policy
from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.stamps import LEEWAY
from captcha_guard.counters.store import open_storage
from captcha_guard.errors import StoreUnavailableError
from tests.conftest import NOON

if TYPE_CHECKING:
    from pathlib import Path

    import time_machine

pytestmark = pytest.mark.usefixtures("clock")  # before the storage is opened

HOUR, DAY = 3600, 86_400
TTL = 960

_EXAMPLES = count()


def keep_busy(storage: Any, writes: int = 1100) -> None:
    """Write so much that all that has expired is deleted."""
    for number in range(writes):
        storage.acquire_entry(f"busy {number % 3}", writes, 1)


def claimed(storage: Any, nonce: str, issued_at: float) -> bool | None:
    """Claim a nonce as another process would; None when it is unproven."""
    try:
        return Spent(storage).claim(nonce, TTL, issued_at=issued_at)
    except StoreUnavailableError:
        return None


# Codes


@pytest.mark.parametrize("ahead", [TTL + LEEWAY + 1, HOUR, DAY, 400 * DAY])
def test_a_spent_code_is_never_accepted_again_after_a_clock_was_ahead(
    storage: Any, clock: time_machine.Traveller, ahead: float
) -> None:
    assert claimed(storage, "spent", NOON)
    clock.shift(ahead)
    keep_busy(storage)
    clock.shift(-ahead)
    assert claimed(storage, "spent", NOON) is None


def test_what_is_issued_once_the_clock_is_right_again_is_proven_at_once(
    storage: Any, clock: time_machine.Traveller
) -> None:
    assert claimed(storage, "spent", NOON)
    clock.shift(DAY)
    keep_busy(storage)
    clock.shift(10 - DAY)
    assert claimed(storage, "open while the clock was wrong", NOON) is None
    clock.shift(1)
    for minute in range(3):
        assert claimed(storage, f"fresh {minute}", NOON + 11 + 60 * minute)
        assert claimed(storage, f"fresh {minute}", NOON + 11 + 60 * minute) is False
        clock.shift(60)
    assert claimed(storage, "spent", NOON) is not True


def test_a_clock_that_is_set_back_twice_is_noticed_twice(storage: Any, clock: time_machine.Traveller) -> None:
    assert claimed(storage, "spent", NOON)
    clock.shift(2 * DAY)
    keep_busy(storage)
    clock.shift(-DAY)
    assert claimed(storage, "other", NOON) is None
    clock.shift(-DAY)
    assert claimed(storage, "spent", NOON) is None
    clock.shift(1)
    assert claimed(storage, "fresh", NOON + 1)


@pytest.mark.parametrize("step", [0.1, 1, LEEWAY])
def test_a_clock_that_is_stepped_by_seconds_makes_no_code_unproven_and_none_fresh(
    storage: Any, clock: time_machine.Traveller, step: float
) -> None:
    storage.incr("long expired by then", 1)
    assert claimed(storage, "spent", NOON)
    clock.shift(TTL - step / 2)
    for number in range(3):
        clock.shift(step)
        keep_busy(storage)
        clock.shift(-step)
        assert claimed(storage, f"fresh {number}", NOON)
    assert claimed(storage, "spent", NOON + TTL) is False


def test_processes_whose_clocks_differ_by_a_second_make_no_code_unproven(
    storage: Any, clock: time_machine.Traveller
) -> None:
    for number in range(200):
        clock.shift(1 if number % 2 else -1)
        assert claimed(storage, f"nonce {number}", NOON)
        assert claimed(storage, f"nonce {number}", NOON) is False
        keep_busy(storage, 70)
        clock.shift(20)


def test_a_file_that_was_lost_while_the_clock_was_ahead_makes_no_later_code_unproven(
    tmp_path: Path, clock: time_machine.Traveller
) -> None:
    clock.shift(DAY)
    (tmp_path / "c.sqlite3.corrupt-20270101T000000Z").touch()
    with closing(open_storage(f"sqlite:///{tmp_path}/c.sqlite3")) as storage:  # type: ignore[type-var]
        storage.incr("k", 60)
        clock.shift(-DAY)
        assert claimed(storage, "before", NOON) is None
        for later in (1, HOUR, DAY - TTL, 10, TTL):
            clock.shift(later)
            assert claimed(storage, f"fresh {later}", NOON + later)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.sampled_from([-DAY, -HOUR, -TTL, -60, -3, 1, 30, 600, TTL, HOUR, DAY, "sweep", "claim"]), max_size=25
    )
)
def test_however_the_clock_moves_a_code_that_is_in_time_is_accepted_once(
    storage: Any, clock: time_machine.Traveller, steps: list[int | str]
) -> None:
    """One code, issued before the clock goes astray; it is sent whenever the clock says that it is in time."""
    number = next(_EXAMPLES)
    now = start = NOON + DAY * 100 * number  # later than any example before
    clock.move_to(start)
    nonce = f"nonce {number}"
    accepted = 0
    for step in ["claim", *steps, "claim"]:
        if step == "sweep":
            keep_busy(storage)
        elif step == "claim":
            if -30 <= now - start <= TTL - 60:
                accepted += claimed(storage, nonce, start) is True
        else:
            now += float(step)
            clock.move_to(now)
    assert accepted <= 1


# Windows


def test_a_window_binds_for_one_window_at_most_after_the_clock_was_set_back(
    storage: Any, clock: time_machine.Traveller
) -> None:
    clock.shift(5 * HOUR)
    assert storage.acquire_entries([("k", 2, 60, 2), ("free", 9, 60, 1)]) is None
    clock.shift(-5 * HOUR)
    assert storage.acquire_entries([("k", 2, 60, 1), ("free", 9, 60, 1)]) == pytest.approx(60)
    clock.shift(30)
    assert storage.acquire_entries([("k", 2, 60, 1)]) == pytest.approx(30)
    clock.shift(30.5)
    assert storage.acquire_entries([("k", 2, 60, 1)]) is None


def test_whoever_only_looks_sees_the_wait_go_down(storage: Any, clock: time_machine.Traveller) -> None:
    limits = Limits(storage, policies={"wrong": Policy.parse("wrong", "2 per hour").with_waits(30, 3600)})
    client = client_of("192.0.2.1", secret=b"sixteen bytes or more")
    clock.shift(HOUR * 10)
    assert all(limits.hit("wrong", client).allowed for _ in range(2))
    clock.shift(-HOUR * 10)
    told = []
    for _ in range(4):
        told.append(limits.stats(("wrong", client)).decision("wrong").retry_after)
        clock.shift(1200.5)
    assert told == [3600, 2400, 1199, 0]


@pytest.mark.parametrize("step", [0.2, 1, 3, LEEWAY, 30, HOUR, DAY])
def test_setting_the_clock_back_grants_no_hit_more(storage: Any, clock: time_machine.Traveller, step: float) -> None:
    assert storage.acquire_entry("k", 3, 60, 2)
    clock.shift(-step)
    assert [storage.acquire_entry("k", 3, 60) for _ in range(3)] == [True, False, False]
    assert storage.get_moving_window("k", 3, 60)[1] == 3
    clock.shift(59)
    assert not storage.acquire_entry("k", 3, 60)
    clock.shift(1 + min(step, LEEWAY) + 0.5)
    assert storage.acquire_entry("k", 3, 60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.floats(0, 40), min_size=5, max_size=40), slews=st.lists(st.floats(-2, 2), min_size=40))
def test_clocks_that_are_off_by_seconds_grant_no_more_and_refuse_no_longer_than_these_seconds(
    storage: Any, clock: time_machine.Traveller, pauses: list[float], slews: list[float]
) -> None:
    storage.reset()
    true = NOON
    granted: list[float] = []
    for pause, slew in zip(pauses, slews, strict=False):
        true += pause
        clock.move_to(true + slew)
        allowed = storage.acquire_entry("k", 3, 60)
        assert not (allowed and sum(one > true - 60 + 4 for one in granted) >= 3)
        assert allowed or sum(one >= true - 60 - 4 for one in granted) >= 3
        granted += [true] if allowed else []


def test_a_look_and_a_hit_agree_after_a_clock_was_stepped_by_seconds(
    storage: Any, clock: time_machine.Traveller
) -> None:
    clock.shift(3)
    assert storage.acquire_entry("k", 2, 60)
    clock.shift(-3)
    assert storage.acquire_entry("k", 2, 60)
    clock.shift(61.5)
    assert storage.get_moving_window("k", 2, 60)[1] == 2
    assert not storage.acquire_entry("k", 2, 60)


@pytest.mark.parametrize("strategy", [FixedWindowRateLimiter, SlidingWindowCounterRateLimiter])
def test_counted_windows_bind_for_two_windows_at_most(
    storage: Any, clock: time_machine.Traveller, strategy: Any
) -> None:
    limiter, item = strategy(storage), RateLimitItemPerMinute(1)
    clock.shift(DAY)
    assert limiter.hit(item, "k")
    clock.shift(-DAY)
    limiter.hit(item, "k")
    clock.shift(121)
    assert limiter.hit(item, "k")


def test_a_look_at_a_fixed_window_does_not_refuse_for_hours(storage: Any, clock: time_machine.Traveller) -> None:
    limits = Limits(storage, strategy="fixed-window", policies={"wrong": Policy.parse("wrong", "1 per minute")})
    client = client_of(None, secret=b"sixteen bytes or more")
    clock.shift(5 * HOUR)
    assert limits.hit("wrong", client).allowed
    clock.shift(-5 * HOUR)
    assert limits.stats(("wrong", client)).decision("wrong").allowed
    assert limits.hit("wrong", client).retry_after == 60
    assert limits.stats(("wrong", client)).decision("wrong").retry_after == 60
    clock.shift(61)
    assert limits.hit("wrong", client).allowed


def test_a_fingerprint_is_remembered_for_its_day_and_no_longer(storage: Any, clock: time_machine.Traveller) -> None:
    spent = Spent(storage)
    clock.shift(30 * DAY)
    assert spent.claim("said", DAY)
    clock.shift(-30 * DAY)
    assert not spent.claim("said", DAY)
    clock.shift(DAY + 1)
    assert spent.claim("said", DAY)


def test_a_look_writes_nothing_while_the_clock_is_right(tmp_path: Path, clock: time_machine.Traveller) -> None:
    with closing(open_storage(f"sqlite:///{tmp_path}/c.sqlite3")) as storage:  # type: ignore[type-var]
        storage.acquire_entries([("k", 2, 60, 1)])  # type: ignore[attr-defined]
        with closing(sqlite3.connect(tmp_path / "c.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert storage.get_moving_windows([("k", 2, 60)]) == [(NOON, 1)]  # type: ignore[attr-defined]
            other.execute("ROLLBACK")
