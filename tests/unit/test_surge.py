"""A surge: more comments than readers write. Its comments are counted and not refused, and it ends by itself."""

from __future__ import annotations

import pytest
import time_machine
from limits.storage import Storage

from captcha_guard.counters.client import client_of
from captcha_guard.counters.limits import Limits, Policy, WindowStats, open_storage
from captcha_guard.counters.surge import ALL_CLIENTS, KNOWN_FOR, NAME, Surge
from captcha_guard.counters.windows import WindowStat


def limits_of(storage: Storage, strategy: str = "moving-window") -> Limits:
    return Limits(storage, strategy=strategy, policies={"comments": Policy.parse("comments", "1 per minute")})


def comment(limits: Limits, surge: Surge, number: int) -> tuple[bool, bool]:
    """Post as another client each time; return whether there was a surge, and whether the comment was granted."""
    stats = limits.stats(*surge.asked)
    client = client_of(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", secret=b"secret")
    surging = surge.update(stats, 0)
    return surging, limits.hit("comments", client, *surge.counted_in(stats)).allowed


@pytest.mark.parametrize("strategy", ["moving-window", "fixed-window", "sliding-window-counter"])
def test_a_surge_begins_with_the_first_comment_above_the_number_and_refuses_none(
    storage: Storage, clock: time_machine.Traveller, strategy: str
) -> None:
    limits, surge = limits_of(storage, strategy), Surge(10)
    answers = [comment(limits, surge, 1000 * number) for number in range(40)]
    assert [surging for surging, _ in answers] == [False] * 10 + [True] * 30
    assert all(granted for _, granted in answers)


def test_a_surge_lasts_as_long_as_the_flood_and_a_minute_longer_at_most(
    storage: Storage, clock: time_machine.Traveller
) -> None:
    limits, surge = limits_of(storage), Surge(10)
    flood = []
    for number in range(300):  # one a second
        flood.append(comment(limits, surge, 1000 * number)[0])
        clock.shift(1)
    assert flood == [False] * 10 + [True] * 290
    clock.shift(61)
    assert not surge.update(limits.stats(*surge.asked), 0)


def test_the_count_of_a_flood_does_not_grow_without_end(storage: Storage, clock: time_machine.Traveller) -> None:
    limits, surge = limits_of(storage), Surge(10)
    for number in range(100):
        comment(limits, surge, 1000 * number)
    assert limits.stats(*surge.asked).used("surge") == 20


def test_a_steady_number_of_comments_below_the_limit_is_not_a_surge(
    storage: Storage, clock: time_machine.Traveller
) -> None:
    limits, surge = limits_of(storage), Surge(10)
    for number in range(100):
        assert not comment(limits, surge, 1000 * number)[0]
        clock.shift(6.7)


def test_refused_comments_do_not_count_for_a_surge(storage: Storage, clock: time_machine.Traveller) -> None:
    limits, surge = limits_of(storage), Surge(10)
    for _ in range(50):
        comment(limits, surge, 7)
    assert limits.stats(*surge.asked).used("surge") == 1


def test_a_process_remembers_a_surge_for_forms_that_do_not_read_the_store() -> None:
    limits, surge = limits_of(open_storage("memory://")), Surge(1)
    assert not surge.seen(0)
    comment(limits, surge, 1)
    assert surge.update(limits.stats(*surge.asked), 100)
    assert surge.seen(100)
    assert surge.seen(100 + KNOWN_FOR - 0.1)
    assert not surge.seen(100 + KNOWN_FOR)


def test_0_turns_surges_off(clock: time_machine.Traveller) -> None:
    surge = Surge(0)
    assert surge.asked == ()


def test_a_process_remembers_only_a_surge_that_it_saw_last(storage: Storage, clock: time_machine.Traveller) -> None:
    limits, surge = limits_of(storage), Surge(1)
    surge.update(limits.stats(*surge.asked), 100.0)
    assert not surge.seen(100.0)
    comment(limits, surge, 1)
    surge.update(limits.stats(*surge.asked), 100.0)
    assert [surge.seen(now) for now in (99.0, 100.0, 100.0 + KNOWN_FOR - 1, 100.0 + KNOWN_FOR)] == [
        False,
        True,
        True,
        False,
    ]
    clock.shift(61)
    surge.update(limits.stats(*surge.asked), 101.0)
    assert not surge.seen(101.0)


def test_a_process_that_counts_alone_multiplies_what_it_saw_by_the_number_of_processes() -> None:
    surge = Surge(40)
    [(policy, _)] = surge.asked
    [charge] = policy.windows(ALL_CLIENTS, prefix="test")
    for used, surging, counted in ((9, False, True), (10, True, True), (19, True, True), (20, True, False)):
        stats = WindowStats(4, {NAME: [(charge, WindowStat(used, 30))]})
        assert surge.update(stats, 0) == surging
        assert bool(surge.counted_in(stats)) == counted
