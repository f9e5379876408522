"""A household or a few clients lock no neighbour out, and a flood from one network is bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle, islice

import pytest
import time_machine
from limits.storage import Storage

from captcha_guard.counters.client import DAY, Client, client_of
from captcha_guard.counters.limits import Limits, Policy
from captcha_guard.counters.policy import FREE
from tests.conftest import NOON

SECRET = b"sixteen bytes or more"
COMMENTS = Policy.parse("comments", "2 per minute; 10 per hour; 30 per day")


@pytest.fixture
def limits(storage: Storage, clock: time_machine.Traveller) -> Limits:
    wrong = Policy.parse("wrong", "10 per 10 minutes").with_waits(30, 3600)
    return Limits(storage, policies={"comments": COMMENTS, "wrong": wrong})


def at(address: str) -> Client:
    return client_of(address, secret=SECRET)


def household(number: int = 0) -> Iterator[Client]:
    """All 256 /64s of a /56 of 2001:db8:1::/48."""
    return (at(f"2001:db8:1:{number:02x}{subnet:02x}::1") for subnet in range(256))


def street(size: int, network: str = "192.0.2") -> Iterator[Client]:
    """Clients of an IPv4 /24."""
    return (at(f"{network}.{number}") for number in range(1, 1 + size))


def granted(limits: Limits, clients: Iterable[Client], policy: str = "comments") -> int:
    return sum(limits.hit(policy, client).allowed for client in clients)


def over_a_day(limits: Limits, clock: time_machine.Traveller, clients: list[Client], hits: int) -> int:
    """Let clients hit in turn, some every minute, for a day."""
    turn, total = cycle(clients), 0
    for _ in range(DAY // 600):
        total += granted(limits, islice(turn, hits))
        clock.shift(600)
    return total


def test_one_household_of_ipv6_locks_no_other_of_its_network_out(limits: Limits) -> None:
    for _ in range(3):
        granted(limits, household())
    assert limits.hit("comments", at("2001:db8:1:ff00::1")).allowed
    assert limits.look(("comments", at("2001:db8:1:ff00::1"))).decision("comments").allowed


def test_seven_households_lock_no_other_of_their_network_out(limits: Limits) -> None:
    for number in range(7):
        granted(limits, household(number))
    assert limits.hit("comments", at("2001:db8:1:ff00::1")).allowed


def test_a_household_may_do_four_times_what_a_client_may(limits: Limits, clock: time_machine.Traveller) -> None:
    assert granted(limits, household()) == 8
    clock.shift(61)
    assert granted(limits, household()) == 8
    clock.shift(DAY)
    assert over_a_day(limits, clock, list(household()), 20) == 120


def test_one_household_takes_an_eighth_of_its_networks_day(limits: Limits, clock: time_machine.Traveller) -> None:
    assert over_a_day(limits, clock, list(household()), 20) == 120
    assert granted(limits, (next(household(number)) for number in range(1, 65))) == 64


@pytest.mark.parametrize("clients", [1, 4, 8, 31])
def test_a_few_clients_of_an_ipv4_network_lock_the_rest_of_it_out_neither_now_nor_for_the_day(
    limits: Limits, clock: time_machine.Traveller, clients: int
) -> None:
    for _ in range(3):
        granted(limits, street(clients))
    assert limits.hit("comments", at("192.0.2.200")).allowed
    over_a_day(limits, clock, list(street(clients)), 2 * clients)
    assert limits.hit("comments", at("192.0.2.201")).allowed


@pytest.mark.parametrize("network", ["IPv4 /24", "IPv6 /48"])
def test_a_flood_from_one_network_is_held_to_thirty_two_clients(limits: Limits, network: str) -> None:
    everyone = list(street(255)) if network == "IPv4 /24" else [next(household(number)) for number in range(256)]
    assert granted(limits, everyone) == 64
    assert granted(limits, everyone) == 0
    assert limits.hit("comments", at("198.51.100.1")).allowed
    assert limits.hit("comments", at("2001:db8:2::1")).allowed


def test_a_flood_from_one_network_is_held_over_the_day(limits: Limits, clock: time_machine.Traveller) -> None:
    assert over_a_day(limits, clock, list(street(255)), 40) == 960


def test_wrong_codes_of_one_household_are_not_its_neighbours(limits: Limits) -> None:
    for _ in range(FREE):
        granted(limits, household(), "wrong")
    neighbour = at("2001:db8:1:ff00::1")
    assert limits.look(("wrong", neighbour)).decision("wrong").allowed
    assert limits.hit("wrong", neighbour).allowed


def test_a_refused_hit_takes_nothing_from_any_network(limits: Limits) -> None:
    client = at("2001:db8:1::1")
    assert granted(limits, [client] * 500) == 2
    assert granted(limits, household()) == 6


def test_a_client_is_charged_to_the_fewest_windows_that_bind_its_networks(clock: time_machine.Traveller) -> None:
    def windows(address: str) -> list[str]:
        charges = COMMENTS.windows(at(address), prefix="p", now=NOON)
        return [f"{charge.identifiers[1]} {charge.item}" for charge in charges]

    own = ["comments 2 per 1 minute", "comments 10 per 1 hour", "comments 30 per 1 day"]
    site = ["comments/site 8 per 1 minute", "comments/site 120 per 1 day"]
    wide = ["comments/wide 64 per 1 minute", "comments/wide 960 per 1 day"]
    assert windows("192.0.2.1") == own + wide
    assert windows("2001:db8::1") == own + site + wide
