"""Charges hits against named policies, before anything else happens."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ..errors import StoreUnavailableError
from .policy import Policy
from .storages.memory import LockedMemoryStorage
from .store import health_of, open_storage
from .windows import Decision, Windows, WindowStat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from limits.storage import Storage

    from ..database.connections import Together
    from ..health import Health
    from .client import Client
    from .windows import Charge

__all__ = ["Decision", "Limits", "Policy", "WindowStats", "open_storage"]

#: Seconds after which a client may try again if its request could not be counted.
TRY_AGAIN: Final = 30

#: A (policy, client) pair.
Asked = tuple["str | Policy", "Client"]


@dataclass(frozen=True, slots=True)
class WindowStats:
    """The windows of several policies at one moment.

    ``counted`` is false if they come from this process's own counts. Those allow one ``share``-th of each limit; the
    store's have a ``share`` of 1.
    """

    share: int
    stats: Mapping[str, Sequence[tuple[Charge, WindowStat]]]

    @property
    def counted(self) -> bool:
        """Whether these are the store's counts."""
        return self.share == 1

    def decision(self, name: str) -> Decision:
        """Return whether a hit of this policy would have been allowed. Concurrent callers may all be allowed."""
        full = [stat.wait for charge, stat in self.stats[name] if stat.used >= charge.item.amount]
        decision = Decision.refused(max(full)) if full else Decision.granted()
        return decision if self.counted else replace(decision, uncounted=True)

    def used(self, name: str) -> int:
        """Return how many hits are in the fullest of the policy's windows."""
        return max(stat.used for _, stat in self.stats[name])


class Limits:
    """Counts hits in the store. While the store fails, counts them in this process, with stricter limits.

    :param storage: any ``limits`` storage. One with ``acquire_entries`` (ours) charges all limits of a policy or none,
        in one round trip; with another a refused hit may have been charged against a shorter window.
    :param strategy: ``"moving-window"``, ``"sliding-window-counter"`` or ``"fixed-window"``.
    :param prefix: first part of every key.
    :param policies: the policies by name.
    :param health: the health of the store, if other parts use the same store.
    :param workers: the number of processes that serve the site, on all its hosts. While the store fails, each process
        allows this fraction of every limit, and at most half.
    :param refusing: refuse everything while the store fails, instead of counting in this process.
    :raises ConfigError: an unknown strategy, or one that the storage can't count.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        strategy: str = "moving-window",
        prefix: str = "captcha_guard",
        policies: Mapping[str, Policy],
        health: Health | None = None,
        workers: int = 2,
        refusing: bool = False,
    ) -> None:
        self._store = Windows(storage, strategy)
        self._together: Callable[[], Together] | None = getattr(storage, "together", None)
        self._prefix = prefix
        self._policies = dict(policies)
        self._health = health or health_of(storage)
        self._share = max(2, workers)
        self._refusing = refusing
        self._lock = threading.Lock()
        self._fallback: Windows | None = None

    def hit(self, policy: str | Policy, client: Client, *more: Asked) -> Decision:
        """Charge one request to a client's windows and to those of ``more``, or to none if one of them is full.

        Never raises for a failing store.
        """
        asked = ((policy, client), *more)
        charges = [charge for one in asked for charge in self.windows(*one)]
        try:
            return self._health.write(lambda: self._store.hit(charges))
        except StoreUnavailableError:
            if self._refusing:
                return Decision(allowed=False, retry_after=TRY_AGAIN, uncounted=True)
        charges = [charge for one in asked for charge in self.windows(*one, share=self._share)]
        return replace(self._own_windows().hit(charges), uncounted=True)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all that this thread writes to the store in this context in one transaction, if the store has them.

        Each call in it raises or falls back as usual. If a later one fails, what the earlier ones wrote is lost, too.

        :raises StoreUnavailableError: at the end, if the transaction can't be committed, so nothing was written.
        """
        if self._together is None:
            yield
            return
        joined = self._together()
        try:
            yield
        except BaseException:
            joined.end(commit=False)
            raise
        if joined.broken:
            joined.end(commit=False)
            raise StoreUnavailableError("an error ended the transaction, so nothing of it was written")
        if joined.pending:
            self._health.write(lambda: joined.end(commit=True), insist=True)
        else:
            joined.end(commit=True)

    def stats(self, *asked: Asked) -> WindowStats:
        """Return the windows of these clients, in a single read if the store supports it. Nothing is counted."""
        try:
            return self._health.read(lambda: self._stats(self._store, asked, 1))
        except StoreUnavailableError:
            return self._stats(self._own_windows(), asked, self._share)

    def windows(self, policy: str | Policy, client: Client, *, share: int = 1) -> list[Charge]:
        """Return the windows of a policy that apply to a client, each limit divided by ``share``."""
        return self.policy(policy).windows(client, prefix=self._prefix, divisor=share)

    def clear(self, policy: str | Policy, client: Client) -> None:
        """Delete the counts of a client and its networks. Raises ``StoreUnavailableError`` if the store fails."""
        windows = self.windows(policy, client)
        self._health.write(lambda: self._store.clear(windows))

    def _stats(self, counted: Windows, asked: Sequence[Asked], share: int) -> WindowStats:
        windows = {self.policy(policy).name: self.windows(policy, client, share=share) for policy, client in asked}
        stats = iter(counted.stats([charge for charges in windows.values() for charge in charges]))
        return WindowStats(share, {name: [(one, next(stats)) for one in charges] for name, charges in windows.items()})

    def policy(self, policy: str | Policy) -> Policy:
        """Return the policy with this name, or the policy itself.

        A policy with the limits of the one with its name is that one, so both count the same hits.
        """
        if isinstance(policy, str):
            return self._policies[policy]
        named = self._policies.get(policy.name)
        return named if named is not None and named.limits == policy.limits and policy.networks else policy

    def _own_windows(self) -> Windows:
        """Return this process's own counts. They are kept, so that a store that fails often doesn't grant more.

        They are always moving windows, because those need a bounded amount of memory. Counters are never given up.
        """
        with self._lock:
            if self._fallback is None:
                self._fallback = Windows(LockedMemoryStorage(), "moving-window")
            return self._fallback
