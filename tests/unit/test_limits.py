from __future__ import annotations

import logging
import re
import sqlite3
from dataclasses import FrozenInstanceError, replace
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage, Storage

from captcha_guard.counters.client import WIDE, Client, client_of
from captcha_guard.counters.limits import Decision, Limits, Policy, open_storage
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.counters.storages.stamps import LEEWAY
from captcha_guard.counters.windows import Windows
from captcha_guard.errors import ConfigError, StoreUnavailableError
from captcha_guard.health import FAULTS, REST, Health
from tests.conftest import local_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


NETWORK = ((WIDE, "street"),)
ALICE = Client("alice", NETWORK)
BOB = Client("bob", NETWORK)
UNKNOWN = client_of(None, secret=b"secret")
YES = Decision(allowed=True, retry_after=0)

COMMENTS = Policy.parse("comments", "2 per minute; 3 per hour")


def no(retry_after: int) -> Decision:
    return Decision(allowed=False, retry_after=retry_after)


@pytest.fixture(params=["memory", "sqlite", "limits' memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """The local storages, and the one of limits, which counts one window at a time."""
    with local_storage(request.param, tmp_path) as one:
        yield one


@pytest.fixture
def limits(storage: Storage) -> Limits:
    return Limits(storage, policies={"comments": COMMENTS, "pictures": Policy.parse("pictures", "1/day")})


def stands(limits: Limits, policy: str | Policy, client: Client) -> Decision:
    name = policy if isinstance(policy, str) else policy.name
    return limits.stats((policy, client)).decision(name)


def used(limits: Limits, policy: Policy, client: Client) -> int:
    return limits.stats((policy, client)).used(policy.name)


def hits(limits: Limits, policy: str | Policy, client: Client, times: int) -> int:
    return sum(limits.hit(policy, client).allowed for _ in range(times))


# Policies


def test_a_policy_is_read_from_a_text_shortest_window_first() -> None:
    policy = Policy.parse("comments", "10/hour; 2 per minute, 2 per minute")
    assert policy.limits == (RateLimitItemPerMinute(2), RateLimitItemPerHour(10))
    assert (policy.name, policy.networks) == ("comments", True)
    with pytest.raises(FrozenInstanceError):
        policy.networks = False  # type: ignore[misc]


@pytest.mark.parametrize(
    "text", ["", " ", "2", "two per minute", "2 per fortnight", "2 per minute;", "0 per minute", "-1/day"]
)
def test_a_text_without_valid_limits_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"'comments'.*2 per minute; 10 per hour; 30 per day") as refusal:
        Policy.parse("comments", text)
    assert repr(text) in str(refusal.value)


@given(text=st.text(alphabet="0123456789 per/minutehoday;,|-."))
def test_any_text_is_read_or_refused_with_a_config_error(text: str) -> None:
    try:
        policy = Policy.parse("comments", text)
    except ConfigError:
        return
    assert policy.limits
    assert all(limit.amount >= 1 and limit.get_expiry() >= 1 for limit in policy.limits)


# Counting


def test_a_client_gets_its_limit_and_then_a_waiting_time(limits: Limits, clock: time_machine.Traveller) -> None:
    assert [limits.hit("comments", ALICE) for _ in range(3)] == [YES, YES, no(60)]
    clock.shift(59.5)
    assert limits.hit("comments", ALICE) == no(1)
    clock.shift(1)
    assert limits.hit("comments", ALICE) == YES
    assert limits.hit("comments", ALICE) == no(3600 - 60)


def test_a_client_that_waits_as_long_as_asked_is_allowed(limits: Limits, clock: time_machine.Traveller) -> None:
    granted = 0
    while granted < 20:
        decision = limits.hit("comments", ALICE)
        granted += decision.allowed
        clock.shift(decision.retry_after + 0.001)
        if not decision.allowed:
            assert limits.hit("comments", ALICE) == YES
            granted += 1


def test_the_wait_is_the_longest_of_all_full_windows(limits: Limits, clock: time_machine.Traveller) -> None:
    both = Policy.parse("comments", "2 per minute; 2 per hour")
    assert [limits.hit(both, ALICE) for _ in range(3)] == [YES, YES, no(3600)]
    assert stands(limits, both, ALICE) == no(3600)


def test_reading_the_windows_gives_the_same_decision_and_charges_nothing(
    limits: Limits, clock: time_machine.Traveller
) -> None:
    assert [stands(limits, "comments", ALICE) for _ in range(10)] == [YES] * 10
    assert hits(limits, "comments", ALICE, 2) == 2
    assert stands(limits, "comments", ALICE) == limits.hit("comments", ALICE) == no(60)


def test_a_refused_hit_is_not_charged_to_a_longer_window(limits: Limits, clock: time_machine.Traveller) -> None:
    assert hits(limits, "comments", ALICE, 50) == 2
    clock.shift(61)
    assert limits.hit("comments", ALICE) == YES


def test_one_client_cannot_use_up_the_limit_of_its_network(limits: Limits) -> None:
    assert hits(limits, "comments", ALICE, 50) == 2
    assert hits(limits, "comments", BOB, 50) == 2


def test_a_network_gets_32_times_the_limit_of_a_client(limits: Limits) -> None:
    assert sum(hits(limits, "comments", Client(f"client{n}", NETWORK), 2) for n in range(50)) == 64
    assert hits(limits, "comments", Client("client99", ((WIDE, "elsewhere"),)), 2) == 2


def test_clients_without_an_address_share_the_limit_of_one_client(limits: Limits) -> None:
    assert hits(limits, "comments", UNKNOWN, 50) == 2
    assert limits.hit("comments", ALICE) == YES


def test_policies_are_counted_apart(limits: Limits) -> None:
    assert hits(limits, "comments", ALICE, 9) == 2
    assert hits(limits, "pictures", ALICE, 9) == 1


def test_a_route_may_bring_its_own_policy(limits: Limits) -> None:
    assert hits(limits, Policy.parse("guestbook", "5 per minute"), ALICE, 9) == 5
    assert limits.hit("comments", ALICE) == YES


@pytest.mark.parametrize("strategy", ["fixed-window", "sliding-window-counter", "moving-window"])
def test_every_strategy_counts_two_prefixes_on_one_store_apart(storage: Storage, strategy: str) -> None:
    policies = {"pictures": Policy.parse("pictures", "1 per minute")}
    one, other = (Limits(storage, strategy=strategy, prefix=name, policies=policies) for name in ("one", "other"))
    assert one.hit("pictures", ALICE).allowed
    assert other.hit("pictures", ALICE).allowed
    assert not one.hit("pictures", ALICE).allowed


def test_two_prefixes_on_one_store_are_counted_apart(storage: Storage) -> None:
    one, other = (Limits(storage, prefix=name, policies={"comments": COMMENTS}) for name in ("one", "other"))
    assert hits(one, "comments", ALICE, 9) == hits(other, "comments", ALICE, 9) == 2


SLIPS = replace(Policy.parse("slips", "5 per minute"), networks=False)


@pytest.mark.parametrize("strategy", ["fixed-window", "sliding-window-counter", "moving-window"])
def test_every_strategy_returns_how_often_a_policy_was_hit(
    storage: Storage, strategy: str, clock: time_machine.Traveller
) -> None:
    limits, counts = Limits(storage, strategy=strategy, policies={}), []
    for _ in range(7):
        counts.append(used(limits, SLIPS, ALICE))
        limits.hit(SLIPS, ALICE)
    assert counts == [0, 1, 2, 3, 4, 5, 5]
    clock.shift(121)
    assert used(limits, SLIPS, ALICE) == 0


def test_a_policy_without_networks_counts_only_the_client(limits: Limits) -> None:
    assert sum(hits(limits, SLIPS, Client(f"client{n}", NETWORK), 9) for n in range(20)) == 100
    assert used(limits, SLIPS, ALICE) == 0
    assert used(limits, SLIPS, Client("client0", ((WIDE, "elsewhere"),))) == 5


@pytest.mark.parametrize("strategy", ["fixed-window", "sliding-window-counter", "moving-window"])
def test_every_strategy_allows_the_limit_and_returns_the_wait(
    storage: Storage, strategy: str, clock: time_machine.Traveller
) -> None:
    limits = Limits(storage, strategy=strategy, policies={"pictures": Policy.parse("pictures", "5 per minute")})
    assert hits(limits, "pictures", ALICE, 5) == 5
    for decision in (stands(limits, "pictures", ALICE), limits.hit("pictures", ALICE)):
        assert not decision.allowed
        assert 1 <= decision.retry_after <= 60


@pytest.mark.parametrize("strategy", ["fixed-window", "sliding-window-counter", "moving-window"])
def test_clearing_forgets_the_hits_of_a_client_and_its_networks_under_one_policy(
    storage: Storage, strategy: str
) -> None:
    policies = {"comments": COMMENTS, "pictures": Policy.parse("pictures", "1/day")}
    limits = Limits(storage, strategy=strategy, policies=policies)
    for policy, client in (("comments", ALICE), ("pictures", ALICE), ("comments", UNKNOWN)):
        limits.hit(policy, client)
    limits.clear("comments", ALICE)
    windows = limits.stats(("comments", ALICE)).stats["comments"]
    assert [stat.used for _, stat in windows] == [0] * 4
    assert stands(limits, "pictures", ALICE).allowed is False
    assert limits.stats(("comments", UNKNOWN)).used("comments") == 1


@pytest.mark.parametrize(("ahead", "used"), [(60, 1), (60 + LEEWAY, 1), (60 + LEEWAY + 1, 0), (86_400, 0)])
def test_a_hit_that_was_counted_while_the_clock_was_ahead_does_not_lengthen_the_wait(
    clock: time_machine.Traveller, ahead: float, used: int
) -> None:
    limits = Limits(
        MemoryStorage(), strategy="fixed-window", policies={"comments": Policy.parse("comments", "1 per minute")}
    )
    clock.shift(ahead)
    assert limits.hit("comments", UNKNOWN).allowed
    clock.shift(-ahead)
    [(_, stat)] = limits.stats(("comments", UNKNOWN)).stats["comments"]
    assert stat == (used, 60)


def test_a_hit_that_other_clients_have_forced_out_waits_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may take the last place, and its hit may expire before the windows are read."""
    windows = Windows(MemoryStorage(), "fixed-window")
    monkeypatch.setattr(windows._strategy, "hit", lambda *_: False)
    assert windows.hit(COMMENTS.windows(ALICE, prefix="test")) == no(1)


class Transaction:
    """The transaction of a storage. ``ended`` records how it ended."""

    def __init__(self, *, broken: bool = False, pending: bool = True) -> None:
        self.broken, self.pending = broken, pending
        self.ended: list[bool] = []

    def end(self, *, commit: bool) -> None:
        self.ended.append(commit)
        if commit and not self.pending:
            assert not self.broken


def joined_by(transaction: Transaction, health: Health | None = None) -> Limits:
    storage: Any = MemoryStorage()
    storage.together = lambda: transaction
    return Limits(storage, policies={}, health=health)


@pytest.mark.parametrize("pending", [True, False])
def test_what_is_written_together_is_committed_once_at_the_end(pending: bool) -> None:
    transaction = Transaction(pending=pending)
    with joined_by(transaction).together():
        assert transaction.ended == []
    assert transaction.ended == [True]


def test_an_error_undoes_what_was_written_together() -> None:
    transaction = Transaction()
    with pytest.raises(KeyError), joined_by(transaction).together():
        raise KeyError
    assert transaction.ended == [False]


def test_a_transaction_that_an_error_has_ended_counts_as_a_failing_store() -> None:
    transaction = Transaction(broken=True)
    with (
        pytest.raises(StoreUnavailableError, match=r"^an error ended the transaction, so nothing of it was written$"),
        joined_by(transaction).together(),
    ):
        pass
    assert transaction.ended == [False]


def test_a_commit_is_tried_even_while_the_store_rests() -> None:
    health = Health((OSError,), clock=lambda: 1000.0)
    for _ in range(FAULTS):
        with pytest.raises(StoreUnavailableError):
            health.write(_fail)
    transaction = Transaction()
    with joined_by(transaction, health).together():
        pass
    assert transaction.ended == [True]


def _fail() -> None:
    raise ConnectionError("the store is down")


def test_a_storage_without_transactions_writes_each_part_at_once(limits: Limits) -> None:
    with limits.together():
        limits.hit("comments", ALICE)
    assert limits.stats(("comments", ALICE)).used("comments") == 1


def test_a_site_may_refuse_everything_while_the_store_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    limits = Limits(
        SQLiteStorage(f"sqlite:///{tmp_path}/file/c.sqlite3"), policies={"comments": COMMENTS}, refusing=True
    )
    assert limits.hit("comments", ALICE) == Decision(allowed=False, retry_after=30, uncounted=True)


@pytest.mark.parametrize(("workers", "granted"), [(1, 10), (2, 10), (3, 6), (4, 5), (20, 1), (50, 1)])
def test_while_the_store_fails_each_process_grants_its_share(workers: int, granted: int, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    policies = {"comments": Policy.parse("comments", "20 per hour")}
    storage = SQLiteStorage(f"sqlite:///{tmp_path}/file/c.sqlite3")
    limits = Limits(storage, policies=policies, workers=workers)
    decisions = [limits.hit("comments", UNKNOWN) for _ in range(21)]
    assert sum(decision.allowed for decision in decisions) == granted
    assert all(decision.uncounted for decision in decisions)
    stats = limits.stats(("comments", UNKNOWN))
    assert (stats.share, stats.counted, stats.decision("comments").uncounted) == (max(2, workers), False, True)
    assert not stats.decision("comments").allowed


def test_a_policy_with_the_limits_of_the_one_with_its_name_is_that_one(limits: Limits) -> None:
    same = Policy.parse("comments", "2 per minute; 3 per hour")
    other = Policy.parse("comments", "2 per minute")
    alone = replace(same, networks=False)
    unknown = Policy.parse("unknown", "2 per minute; 3 per hour")
    named = limits.policy("comments")
    assert limits.policy(replace(same, list_name="elsewhere")) is named
    for policy in (other, alone, unknown):
        assert limits.policy(policy) is policy


def test_an_unknown_strategy_is_refused(storage: Storage) -> None:
    with pytest.raises(
        ConfigError, match="'leaky-bucket'; allowed: sliding-window-counter, fixed-window, moving-window"
    ):
        Limits(storage, strategy="leaky-bucket", policies={})


def test_a_strategy_the_storage_cannot_count_is_refused() -> None:
    class PlainStorage(Storage):
        STORAGE_SCHEME = None
        base_exceptions = OSError
        incr = get = get_expiry = check = reset = clear = lambda *_: 0  # type: ignore[assignment]

    with pytest.raises(ConfigError, match="PlainStorage doesn't support 'moving-window'; use 'fixed-window'"):
        Limits(PlainStorage(), policies={})


def test_keys_do_not_contain_addresses(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/c.sqlite3")
    limits = Limits(storage, policies={"comments": COMMENTS})
    limits.hit("comments", client_of("192.0.2.77", secret=b"secret"))
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert re.search(rb"captcha_guard/[0-9a-f]{32}/comments/hits", stored)
    assert b"192.0.2" not in stored


# A failing store


class Stopwatch:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


class Faulty:
    """Guarded limits on a SQLite storage that fails whenever ``down`` is set; ``asked`` counts its calls."""

    def __init__(self, storage: SQLiteStorage, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch) -> None:
        self.down = False
        self.asked = 0
        for name in ("acquire_entries", "get_moving_windows"):
            monkeypatch.setattr(storage, name, self._watch(getattr(storage, name)))
        policies = {"comments": Policy.parse("comments", "6 per minute; 1 per second")}
        self.health = Health((sqlite3.Error,), clock=stopwatch)
        self.limits = Limits(storage, policies=policies, health=self.health)

    def _watch(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.asked += 1
            if self.down:
                raise sqlite3.OperationalError("disk I/O error")
            return method(*arguments)

        return call


@pytest.fixture
def faulty(
    tmp_path: Path, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> Faulty:
    return Faulty(SQLiteStorage(f"sqlite:///{tmp_path}/c.sqlite3"), stopwatch, monkeypatch)


def per_second(limits: Limits, client: Client, clock: time_machine.Traveller, seconds: int) -> int:
    granted = 0
    for _ in range(seconds):
        granted += limits.hit("comments", client).allowed
        clock.shift(1.001)
    return granted


def test_while_the_store_fails_half_of_each_limit_is_allowed(faulty: Faulty, clock: time_machine.Traveller) -> None:
    faulty.down = True
    assert [faulty.limits.hit("comments", ALICE).allowed for _ in range(3)] == [True, False, False]  # half of 1 is 1
    clock.shift(1.001)
    assert per_second(faulty.limits, ALICE, clock, 5) == 2  # and half of 6 is 3
    assert stands(faulty.limits, "comments", ALICE) == faulty.limits.hit("comments", ALICE)
    assert not stands(faulty.limits, "comments", ALICE).allowed


def test_read_windows_say_whether_the_store_was_used(faulty: Faulty, stopwatch: Stopwatch) -> None:
    for _ in range(3):
        faulty.limits.hit(SLIPS, ALICE)
    faulty.down = True
    readings = [faulty.limits.stats((SLIPS, ALICE)) for _ in range(5)]
    assert [(stats.counted, stats.used("slips")) for stats in readings] == [(False, 0)] * 5
    faulty.down = False
    stopwatch.now += REST
    stats = faulty.limits.stats((SLIPS, ALICE))
    assert (stats.counted, stats.used("slips")) == (True, 3)


def test_networks_and_clients_without_an_address_are_limited_while_the_store_fails(
    faulty: Faulty, clock: time_machine.Traveller
) -> None:
    faulty.down = True
    assert per_second(faulty.limits, UNKNOWN, clock, 5) == 3
    street = [Client(f"client{number}", NETWORK) for number in range(60)]
    assert sum(faulty.limits.hit("comments", client).allowed for client in street) == 16
    clock.shift(1.001)


def test_a_failing_store_is_asked_every_few_seconds_only(faulty: Faulty, stopwatch: Stopwatch) -> None:
    faulty.down = True
    for _ in range(10):
        faulty.limits.hit("comments", ALICE)
        stands(faulty.limits, "comments", ALICE)
    assert faulty.asked == FAULTS
    stopwatch.now += REST
    for _ in range(10):
        faulty.limits.hit("comments", ALICE)
    assert faulty.asked == FAULTS + 1


def test_limits_recover_by_themselves_and_log_it_once(
    faulty: Faulty, stopwatch: Stopwatch, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    assert faulty.limits.hit("comments", ALICE) == YES
    assert caplog.messages == []
    faulty.down = True
    for _ in range(3):
        stopwatch.now += REST
        faulty.limits.hit("comments", ALICE)
    faulty.down = False
    faulty.limits.hit("comments", ALICE)
    assert len(caplog.messages) == 1
    stopwatch.now += REST
    clock.shift(1.001)
    assert per_second(faulty.limits, ALICE, clock, 10) == 5  # with the one before the fault: 6 in the store
    begin, end = caplog.records
    assert "OperationalError: disk I/O error" in begin.getMessage()
    assert "answers again" in end.getMessage()
    assert begin.name == end.name == "captcha_guard"
    assert begin.levelno == end.levelno == logging.WARNING


def test_a_store_that_fails_often_does_not_reset_the_counts(
    faulty: Faulty, stopwatch: Stopwatch, clock: time_machine.Traveller
) -> None:
    granted = 0
    for second in range(40):
        faulty.down = second % 2 == 0
        stopwatch.now += REST
        granted += faulty.limits.hit("comments", ALICE).allowed
        clock.shift(1.001)
    assert granted == 6 + 3


def test_a_healthy_store_needs_no_counts_in_the_process(limits: Limits, tmp_path: Path) -> None:
    healthy = Limits(open_storage(f"sqlite:///{tmp_path}/d.sqlite3"), policies={"comments": COMMENTS})
    healthy.hit("comments", ALICE)
    assert healthy._fallback is None


def test_a_refused_redis_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    storage = open_storage("redis://127.0.0.1:1/0")
    assert isinstance(storage, RedisStorage)
    limits = Limits(storage, policies={"comments": Policy.parse("comments", "4 per minute")})
    assert hits(limits, "comments", ALICE, 10) == 2
    assert len(caplog.messages) == 1
