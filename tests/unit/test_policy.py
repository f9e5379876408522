"""Policies at the turn of the day, and waits that grow."""

from __future__ import annotations

import time

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import RateLimitItemPerSecond
from limits.storage import Storage

from captcha_guard.counters.client import SITE, WIDE, Client, client_of
from captcha_guard.counters.limits import Limits, Policy, open_storage
from captcha_guard.counters.policy import FREE
from captcha_guard.errors import ConfigError
from tests.conftest import NOON

DAY = 86_400
MIDNIGHT = NOON + DAY / 2
CLIENT = client_of("192.0.2.1", secret=b"sixteen bytes or more")


def counting(policy: Policy, storage: Storage | None = None, strategy: str = "moving-window") -> Limits:
    return Limits(storage or open_storage("memory://"), strategy=strategy, policies={policy.name: policy})


def hits(limits: Limits, policy: str, times: int, client: Client = CLIENT) -> int:
    return sum(limits.hit(policy, client).allowed for _ in range(times))


# The turn of the day


@pytest.mark.parametrize("strategy", ["moving-window", "fixed-window"])
@pytest.mark.parametrize(("text", "seconds"), [("3 per minute", 60), ("3 per hour", 3600), ("3 per day", DAY)])
def test_counts_do_not_start_again_at_midnight(
    storage: Storage, clock: time_machine.Traveller, strategy: str, text: str, seconds: int
) -> None:
    limits = counting(Policy.parse("comments", text), storage, strategy)
    clock.move_to(MIDNIGHT - 1)
    assert hits(limits, "comments", 9) == 3
    clock.move_to(MIDNIGHT + 1)
    assert hits(limits, "comments", 9) == 0
    assert not limits.stats(("comments", CLIENT)).decision("comments").allowed
    clock.move_to(MIDNIGHT - 1 + seconds + 0.5)
    assert hits(limits, "comments", 9) == 3


def test_the_wait_at_midnight_is_as_long_as_at_noon(storage: Storage, clock: time_machine.Traveller) -> None:
    limits = counting(Policy.parse("comments", "2 per hour"), storage)
    clock.move_to(MIDNIGHT - 600)
    assert hits(limits, "comments", 2) == 2
    clock.move_to(MIDNIGHT + 600)
    assert limits.hit("comments", CLIENT).retry_after == 3600 - 1200


def test_the_counts_of_a_network_do_not_start_again_at_midnight(
    storage: Storage, clock: time_machine.Traveller
) -> None:
    limits = counting(Policy.parse("comments", "1 per hour"), storage)
    street = [client_of(f"192.0.2.{number}", secret=b"sixteen bytes or more") for number in range(50)]
    clock.move_to(MIDNIGHT - 1)
    assert sum(limits.hit("comments", one).allowed for one in street[:31]) == 31
    clock.move_to(MIDNIGHT + 1)
    assert sum(limits.hit("comments", one).allowed for one in street[31:]) == 1


@settings(max_examples=150)
@given(
    amount=st.integers(1, 4),
    unit=st.sampled_from([("second", 1), ("minute", 60), ("hour", 3600), ("day", DAY), ("month", 30 * DAY)]),
    pauses=st.lists(st.floats(0, 0.7), min_size=5, max_size=40),
    start=st.floats(-2, 2),
)
def test_a_window_never_allows_more_than_its_limit_wherever_midnight_falls(
    amount: int, unit: tuple[str, int], pauses: list[float], start: float
) -> None:
    """Compare with a list of all allowed hits: each hit is allowed exactly if the list allows it."""
    name, window = unit
    limits = counting(Policy.parse("comments", f"{amount} per {name}"))
    granted: list[float] = []
    with time_machine.travel(MIDNIGHT + start * window, tick=False) as clock:
        now = MIDNIGHT + start * window
        for pause in pauses:
            now += pause * window
            clock.move_to(now)
            room = sum(one >= now - window for one in granted) < amount
            assert limits.hit("comments", CLIENT).allowed == room
            granted += [now] if room else []


# Waits that grow


def waits(limits: Limits, clock: time_machine.Traveller, times: int) -> list[int]:
    """Hit as soon as it is allowed; return how long each further hit had to wait."""
    waited: list[int] = []
    for _ in range(times):
        decision = limits.stats(("wrong", CLIENT)).decision("wrong")
        waited.append(decision.retry_after)
        clock.shift(decision.retry_after + 0.001 * (decision.retry_after > 0))
        assert limits.hit("wrong", CLIENT).allowed
    return waited


def test_five_hits_are_free_and_then_the_waits_double_to_an_hour(
    storage: Storage, clock: time_machine.Traveller
) -> None:
    limits = counting(Policy.parse("wrong", "1000 per minute").with_waits(30, 3600), storage)
    assert waits(limits, clock, FREE + 8) == [0] * FREE + [30, 60, 120, 240, 480, 960, 1920, 3600]


@pytest.mark.parametrize(
    ("bounds", "expected"), [((10, 10), [10]), ((10, 25), [10, 20, 25]), ((7, 28), [7, 14, 28]), ((0, 0), [])]
)
def test_waits_are_as_long_as_the_refusal_said(
    clock: time_machine.Traveller, bounds: tuple[int, int], expected: list[int]
) -> None:
    limits = counting(Policy.parse("wrong", "1000 per minute").with_waits(*bounds))
    assert waits(limits, clock, FREE + len(expected)) == [0] * FREE + expected


def test_a_client_that_never_stops_gets_few_tries_in_a_day(clock: time_machine.Traveller) -> None:
    limits, tries = counting(Policy.parse("wrong", "10 per 10 minutes").with_waits(30, 3600)), 0
    end = NOON + DAY
    now = NOON
    while now < end:
        decision = limits.hit("wrong", CLIENT)
        tries += decision.allowed
        now += decision.retry_after + 0.001
        clock.move_to(now)
    assert 100 < tries < 170  # without the waits it would be 1,440


def test_a_client_that_hits_now_and_then_never_waits(clock: time_machine.Traveller) -> None:
    limits = counting(Policy.parse("wrong", "10 per 10 minutes").with_waits(30, 3600))
    for _ in range(50):
        assert limits.hit("wrong", CLIENT).allowed
        clock.shift(900)


def test_the_waits_of_one_client_are_not_those_of_its_network(clock: time_machine.Traveller) -> None:
    limits = counting(Policy.parse("wrong", "1000 per minute").with_waits(30, 3600))
    assert hits(limits, "wrong", 9) == FREE
    assert hits(limits, "wrong", 9, client_of("192.0.2.2", secret=b"sixteen bytes or more")) == FREE


def test_a_configured_limit_that_is_also_a_wait_is_counted_once(storage: Storage) -> None:
    limits = counting(Policy.parse("wrong", f"{FREE} per 30 seconds").with_waits(30, 3600), storage)
    assert hits(limits, "wrong", 9) == FREE


def test_limits_that_become_equal_when_divided_are_one_window() -> None:
    policy = Policy.parse("comments", "2 per minute; 3 per minute")
    keys = [charge.key for charge in policy.windows(CLIENT, prefix="test", divisor=100)]
    assert len(keys) == len(set(keys)) == 2  # the client's, and its network's


def test_the_shortest_window_is_read_from_the_hits_of_the_whole_policy(storage: Storage) -> None:
    policy = Policy.parse("comments", "2 per minute; 10 per hour")
    limits = counting(policy, storage)
    assert limits.hit("comments", CLIENT).allowed
    assert limits.stats((policy.shortest, CLIENT)).used("comments") == 1


def test_a_route_with_other_limits_counts_apart_and_one_with_the_same_limits_does_not(storage: Storage) -> None:
    text = "1 per minute; 9 per hour"
    limits = counting(Policy.parse("comments", text), storage)
    same, other = Policy.parse("comments", text).apart(), Policy.parse("comments", "1 per minute").apart()
    assert limits.hit("comments", CLIENT).allowed
    assert not limits.hit(same, CLIENT).allowed
    assert limits.hit(other, CLIENT).allowed
    assert not limits.hit(other, CLIENT).allowed


def test_waits_begin_with_the_first_one_even_if_it_is_a_second_and_0_turns_them_off() -> None:
    policy = Policy.parse("comments", "1 per minute")
    assert policy.with_waits(0, 0).waits == ()
    waits = policy.with_waits(1, 3).waits
    assert [(item.amount, item.get_expiry()) for item in waits] == [(5, 1), (6, 3), (7, 6)]
    assert policy.with_waits(2, 2).waits == (RateLimitItemPerSecond(5, 2),)


def test_policies_set_apart_share_a_list_of_hits_only_if_their_limits_are_equal() -> None:
    texts = ("1 per minute", "1 per minute; 9 per hour", "2 per minute", "1 per hour", "1 per minute; 19 per hour")
    lists = [Policy.parse("comments", text).apart().list_name for text in texts]
    assert len({*lists, Policy.parse("comments", "1 per minute").list_name}) == len(texts) + 1
    assert lists == [Policy.parse("comments", text).apart().list_name for text in texts]
    assert lists[1] == "hits-775bb744"  # or an upgrade of the package would forget the hits
    waiting = Policy.parse("comments", "1 per minute").with_waits(30, 3600).apart()
    assert waiting.list_name not in lists
    assert waiting.limits == Policy.parse("comments", "1 per minute").limits


def test_hits_still_count_after_the_limits_were_changed(storage: Storage) -> None:
    assert hits(counting(Policy.parse("comments", "3 per minute"), storage), "comments", 2) == 2
    stricter = counting(Policy.parse("comments", "2 per minute; 9 per hour"), storage)
    assert hits(stricter, "comments", 2) == 0


def test_the_windows_of_a_client_and_its_networks_have_lists_of_their_own() -> None:
    policy = Policy.parse("comments", "2 per minute; 9 per hour; 30 per day").with_waits(30, 30)
    client = Client("ada", ((SITE, "her site"), (WIDE, "her network")))
    windows = policy.windows(client, prefix="test")
    assert [(one.item.amount, one.item.get_expiry()) for one in windows] == [
        *((2, 60), (9, 3600), (30, DAY), (5, 30)),
        *((8, 60), (120, DAY)),
        *((64, 60), (960, DAY)),
    ]
    assert [one.list_key for one in windows] == [
        *["test/ada/comments/hits"] * 4,
        *["test/her site/comments/site/hits"] * 2,
        *["test/her network/comments/wide/hits"] * 2,
    ]
    assert {one.identifiers for one in windows} == {
        ("ada", "comments"),
        ("her site", "comments/site"),
        ("her network", "comments/wide"),
    }
    assert {one.item.namespace for one in windows} == {"test"}
    assert [one.item.amount for one in policy.windows(client, prefix="test", divisor=3)] == [
        1,
        3,
        10,
        1,
        2,
        40,
        21,
        320,
    ]


def test_limits_are_sorted_by_their_seconds() -> None:
    policy = Policy.parse("comments", "5 per 120 minutes; 1 per hour; 5 per 120 minutes")
    assert [item.get_expiry() for item in policy.limits] == [3600, 7200]


@pytest.mark.parametrize("text", ["", "0 per minute", "many"])
def test_the_error_about_limits_says_how_to_write_them(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Policy.parse("comments", text)
    assert str(caught.value) == (
        f"the limits of 'comments' are {text!r}; write them like '2 per minute; 10 per hour; 30 per day', "
        "each at least 1"
    )


@pytest.mark.parametrize("text", ["1 per minute; " * 10, "1" + " " * 400 + "per" + " " * 400 + "!"])
def test_a_list_that_cannot_be_read_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ConfigError, match="write them like"):
        Policy.parse("comments", text)
    assert time.process_time() - start < 0.5
