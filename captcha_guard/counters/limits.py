"""The named policies, and the hits that are charged against them before anything else happens."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from limits import RateLimitItem, parse_many

from captcha_guard.errors import ConfigError

from .ledger import Charge, Decision, Ledger
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
        self._store = Ledger(storage, strategy)
        self._strategy = strategy
        self._prefix = prefix
        self._policies = dict(policies)
        self._clock = clock
        self._faults = faults_of(storage)
        self._lock = threading.Lock()
        self._ask_again_at: float | None = None
        self._fallback: Ledger | None = None

    def hit(self, policy: str | Policy, client: Client) -> Decision:
        """Charge one request of a client; never raises for a failing store."""
        return self._decide(Ledger.hit, policy, client)

    def test(self, policy: str | Policy, client: Client) -> Decision:
        """Tell whether a hit would be allowed now, and charge nothing. Racing callers may all be told yes."""
        return self._decide(_test, policy, client)

    def reached(self, policy: Policy, client: Client, times: int) -> bool:
        """Tell whether a client has hit a policy so many times, by one read for each window.

        False for as long as the store fails: this is for what is better left undone than done on a guess.
        """
        standings = self._ask(Ledger.look, policy, client)
        return standings is not None and any(standing.used >= times for standing in standings)

    def _decide(
        self, act: Callable[[Ledger, Sequence[Charge]], Decision], policy: str | Policy, client: Client
    ) -> Decision:
        if isinstance(policy, str):
            policy = self._policies[policy]
        decision = self._ask(act, policy, client)
        return decision or act(self._own_ledger(), _charges(policy, client, self._prefix, divisor=2))

    def _ask(self, act: Callable[[Ledger, Sequence[Charge]], _Said], policy: Policy, client: Client) -> _Said | None:
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

    def _own_ledger(self) -> Ledger:
        """Give this process's own counts: made when first needed, then kept, so a flapping store grants no more."""
        with self._lock:
            if self._fallback is None:
                self._fallback = Ledger(LockedMemoryStorage(), self._strategy)
            return self._fallback


def _test(ledger: Ledger, charges: Sequence[Charge]) -> Decision:
    standings = zip(charges, ledger.look(charges), strict=True)
    waits = [standing.wait for charge, standing in standings if standing.used >= charge.item.amount]
    return Decision.refused(max(waits)) if waits else Decision.granted()


def _charges(policy: Policy, client: Client, prefix: str, *, divisor: int = 1) -> list[Charge]:
    """List what one hit costs: the client's own limits before the wide ones, short windows before long ones."""
    items, wide_items = _items(policy, prefix, divisor)
    charges = [Charge(item, (policy.name, client.key)) for item in items]
    if client.wide != client.key and policy.wide_factor:
        charges += [Charge(item, (policy.name, "wide", client.wide)) for item in wide_items]
    return charges


@lru_cache(maxsize=256)
def _items(policy: Policy, prefix: str, divisor: int) -> tuple[list[RateLimitItem], list[RateLimitItem]]:
    return _scaled(policy, prefix, 1, divisor), _scaled(policy, prefix, policy.wide_factor, divisor)


def _scaled(policy: Policy, prefix: str, factor: int, divisor: int) -> list[RateLimitItem]:
    return [type(limit)(max(1, limit.amount * factor // divisor), limit.multiples, prefix) for limit in policy.limits]
