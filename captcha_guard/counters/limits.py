"""The named policies, and the hits that are charged against them before anything else happens."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from limits import RateLimitItem, parse_many
from limits.strategies import STRATEGIES

from captcha_guard.errors import ConfigError

from .memory import LockedMemoryStorage
from .store import faults_of, open_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from limits.storage import Storage

    from .client import Client

__all__ = ["Decision", "Limits", "Policy", "open_storage"]

#: Seconds after which a store that failed is asked again.
ASK_AGAIN = 2.0

_Said = TypeVar("_Said")

_log = logging.getLogger("captcha_guard")


@dataclass(frozen=True)
class Policy:
    """Limits that hold together for one kind of request, shortest window first.

    ``wide_factor``: how many times as much the network around a client may do; 0: it is not counted.
    """

    name: str
    limits: tuple[RateLimitItem, ...]
    wide_factor: int = 4

    @classmethod
    def parse(cls, name: str, text: str) -> Policy:
        """Read limits written like ``"2 per minute; 10 per hour; 30 per day"``.

        :raises ConfigError: the text is no such list, or allows nothing at all.
        """
        try:
            limits = parse_many(text)
        except ValueError:
            limits = []
        if not limits or any(limit.amount < 1 for limit in limits):
            raise ConfigError(
                f"the limits of {name!r} are {text!r}; write them like '2 per minute; 10 per hour; 30 per day', "
                "each at least 1"
            )
        return cls(name, tuple(dict.fromkeys(sorted(limits, key=RateLimitItem.get_expiry))))


@dataclass(frozen=True)
class Decision:
    """Whether a request may go on; if not, after how many whole seconds it may (at least 1, else 0)."""

    allowed: bool
    retry_after: int


class _Charge(NamedTuple):
    item: RateLimitItem
    identifiers: tuple[str, ...]


class Limits:
    """Counts hits in the store, and more strictly in this process for as long as the store fails.

    :param storage: any ``limits`` storage. One with ``acquire_entries`` (ours on SQLite) charges all limits of a policy
        or none, in one transaction; with another a refused hit may have been charged against a shorter window.
    :param strategy: ``"moving-window"``, ``"sliding-window-counter"`` or ``"fixed-window"``.
    :param prefix: first part of every key.
    :param policies: by their names.
    :param clock: monotonic seconds, to know when a failed store is asked again.
    :raises ConfigError: an unknown strategy, or one that the storage can't count.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        strategy: str = "moving-window",
        prefix: str = "captcha_guard",
        policies: Mapping[str, Policy],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = _Ledger(storage, strategy)
        self._strategy = strategy
        self._prefix = prefix
        self._policies = dict(policies)
        self._clock = clock
        self._faults = faults_of(storage)
        self._lock = threading.Lock()
        self._ask_again_at: float | None = None
        self._fallback: _Ledger | None = None

    def hit(self, policy: str | Policy, client: Client) -> Decision:
        """Charge one request of a client; never raises for a failing store."""
        return self._decide(_Ledger.hit, policy, client)

    def test(self, policy: str | Policy, client: Client) -> Decision:
        """Tell whether a hit would be allowed now, and charge nothing. Racing callers may all be told yes."""
        return self._decide(_Ledger.test, policy, client)

    def reached(self, policy: Policy, client: Client, times: int) -> bool:
        """Tell whether a client has hit a policy so many times, by one read for each window.

        False for as long as the store fails: this is for what is better left undone than done on a guess.
        """
        return bool(self._ask(lambda ledger, charges: ledger.reached(charges, times), policy, client))

    def _decide(
        self, act: Callable[[_Ledger, Sequence[_Charge]], Decision], policy: str | Policy, client: Client
    ) -> Decision:
        if isinstance(policy, str):
            policy = self._policies[policy]
        decision = self._ask(act, policy, client)
        return decision or act(self._own_ledger(), _charges(policy, client, self._prefix, divisor=2))

    def _ask(self, act: Callable[[_Ledger, Sequence[_Charge]], _Said], policy: Policy, client: Client) -> _Said | None:
        """Return what the store says; None while it fails."""
        if not self._may_ask():
            return None
        try:
            said = act(self._store, _charges(policy, client, self._prefix))
        except self._faults as error:
            self._note_fault(error)
            return None
        self._note_answer()
        return said

    def _may_ask(self) -> bool:
        """While the store fails, let one caller try it every few seconds."""
        if self._ask_again_at is None:
            return True
        with self._lock:
            now = self._clock()
            if self._ask_again_at is not None and now < self._ask_again_at:
                return False
            self._ask_again_at = now + ASK_AGAIN
            return True

    def _note_fault(self, error: Exception) -> None:
        with self._lock:
            begins = self._ask_again_at is None
            self._ask_again_at = self._clock() + ASK_AGAIN
        if begins:
            _log.warning(
                "The counters' store fails (%s: %s); until it answers, each process grants half of each limit.",
                type(error).__name__,
                error,
            )

    def _note_answer(self) -> None:
        if self._ask_again_at is None:
            return
        with self._lock:
            ends = self._ask_again_at is not None
            self._ask_again_at = None
        if ends:
            _log.warning("The counters' store answers again; limits are counted there.")

    def _own_ledger(self) -> _Ledger:
        """Give this process's own counts: made when first needed, then kept, so a flapping store grants no more."""
        with self._lock:
            if self._fallback is None:
                self._fallback = _Ledger(LockedMemoryStorage(), self._strategy)
            return self._fallback


class _Ledger:
    """One storage and the strategy by which it counts."""

    def __init__(self, storage: Storage, strategy: str) -> None:
        if strategy not in STRATEGIES:
            raise ConfigError(f"strategy is {strategy!r}; allowed: {', '.join(STRATEGIES)}")
        try:
            self._strategy = STRATEGIES[strategy](storage)
        except NotImplementedError:
            raise ConfigError(
                f"{type(storage).__name__} can't count by {strategy!r}; use 'fixed-window' or another storage"
            ) from None
        self._acquire_entries: Callable[[list[tuple[str, int, int, int]]], float | None] | None = (
            getattr(storage, "acquire_entries", None) if strategy == "moving-window" else None
        )

    def hit(self, charges: Sequence[_Charge]) -> Decision:
        if self._acquire_entries is not None:
            wait = self._acquire_entries(
                [(item.key_for(*names), item.amount, item.get_expiry(), 1) for item, names in charges]
            )
            return _allowed() if wait is None else _refused(wait)
        for charge in charges:
            if not self._strategy.hit(charge.item, *charge.identifiers):
                return _refused(self._wait(charge))
        return _allowed()

    def test(self, charges: Sequence[_Charge]) -> Decision:
        waits = [self._wait(charge) for charge in charges if not self._strategy.test(charge.item, *charge.identifiers)]
        return _refused(max(waits)) if waits else _allowed()

    def reached(self, charges: Sequence[_Charge], times: int) -> bool:
        return any(
            not self._strategy.test(charge.item, *charge.identifiers, cost=charge.item.amount - times + 1)
            for charge in charges
        )

    def _wait(self, charge: _Charge) -> float:
        stats = self._strategy.get_window_stats(charge.item, *charge.identifiers)
        return min(stats.reset_time - time.time(), charge.item.get_expiry())


def _allowed() -> Decision:
    return Decision(allowed=True, retry_after=0)


def _refused(wait: float) -> Decision:
    return Decision(allowed=False, retry_after=max(1, ceil(wait)))


def _charges(policy: Policy, client: Client, prefix: str, *, divisor: int = 1) -> list[_Charge]:
    """List what one hit costs: the client's own limits before the wide ones, short windows before long ones."""
    items, wide_items = _items(policy, prefix, divisor)
    charges = [_Charge(item, (policy.name, client.key)) for item in items]
    if client.wide != client.key and policy.wide_factor:
        charges += [_Charge(item, (policy.name, "wide", client.wide)) for item in wide_items]
    return charges


@lru_cache(maxsize=256)
def _items(policy: Policy, prefix: str, divisor: int) -> tuple[list[RateLimitItem], list[RateLimitItem]]:
    return _scaled(policy, prefix, 1, divisor), _scaled(policy, prefix, policy.wide_factor, divisor)


def _scaled(policy: Policy, prefix: str, factor: int, divisor: int) -> list[RateLimitItem]:
    return [type(limit)(max(1, limit.amount * factor // divisor), limit.multiples, prefix) for limit in policy.limits]
