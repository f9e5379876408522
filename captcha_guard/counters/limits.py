"""The named policies, and the hits that are charged against them before anything else happens."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ..errors import StoreUnavailableError
from .policy import Policy
from .storages.memory import LockedMemoryStorage
from .store import health_of, open_storage
from .windows import Decision, Windows, WindowStat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from limits.storage import Storage

    from ..health import Health
    from .client import Client
    from .windows import Charge

__all__ = ["Decision", "Limits", "Policy", "WindowStats", "open_storage"]

#: Seconds after which whoever can't be counted may try again.
TRY_AGAIN: Final = 30

#: A (policy, client) pair.
Asked = tuple["str | Policy", "Client"]


@dataclass(frozen=True, slots=True)
class WindowStats:
    """The windows of several policies at one moment.

    ``counted`` is false where only this process was asked; it counts a ``share`` of what there is, else all.
    """

    share: int
    stats: Mapping[str, Sequence[tuple[Charge, WindowStat]]]

    @property
    def counted(self) -> bool:
        """Whether the store was asked."""
        return self.share == 1

    def decision(self, name: str) -> Decision:
        """Tell whether a hit of this policy would have been allowed. Racing callers may all be told yes."""
        full = [stat.wait for charge, stat in self.stats[name] if stat.used >= charge.item.amount]
        decision = Decision.refused(max(full)) if full else Decision.granted()
        return decision if self.counted else replace(decision, uncounted=True)

    def used(self, name: str) -> int:
        """Tell how many hits are in the fullest of the policy's windows."""
        return max(stat.used for _, stat in self.stats[name])


class Limits:
    """Counts hits in the store, and more strictly in this process for as long as the store fails.

    :param storage: any ``limits`` storage. One with ``acquire_entries`` (ours) charges all limits of a policy or none,
        in one round trip; with another a refused hit may have been charged against a shorter window.
    :param strategy: ``"moving-window"``, ``"sliding-window-counter"`` or ``"fixed-window"``.
    :param prefix: first part of every key.
    :param policies: by their names.
    :param health: of the store, where it is shared with others that ask the same store.
    :param workers: processes that serve the site, on all its hosts: while nothing can be counted together, each grants
        so small a share of every limit, and half at the most.
    :param refusing: refuse everything while nothing can be counted, in place of counting in this process.
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
        self._prefix = prefix
        self._policies = dict(policies)
        self._health = health or health_of(storage)
        self._share = max(2, workers)
        self._refusing = refusing
        self._lock = threading.Lock()
        self._fallback: Windows | None = None

    def hit(self, policy: str | Policy, client: Client, *more: Asked) -> Decision:
        """Charge one request of a client, all that is named or nothing; never raises for a failing store."""
        asked = ((policy, client), *more)
        charges = [charge for one in asked for charge in self.windows(*one)]
        try:
            return self._health.write(lambda: self._store.hit(charges))
        except StoreUnavailableError:
            if self._refusing:
                return Decision(allowed=False, retry_after=TRY_AGAIN, uncounted=True)
        charges = [charge for one in asked for charge in self.windows(*one, share=self._share)]
        return replace(self._own_windows().hit(charges), uncounted=True)

    def stats(self, *asked: Asked) -> WindowStats:
        """Return the windows of these clients, in one read of the store where it can; nothing is counted."""
        try:
            return self._health.read(lambda: self._stats(self._store, asked, 1))
        except StoreUnavailableError:
            return self._stats(self._own_windows(), asked, self._share)

    def windows(self, policy: str | Policy, client: Client, *, share: int = 1) -> list[Charge]:
        """List the windows of a policy that hold for a client, each limit divided by ``share``."""
        return list(self.policy(policy).windows(client, prefix=self._prefix, divisor=share))

    def clear(self, policy: str | Policy, client: Client) -> None:
        """Forget what a client and its networks did; raises ``StoreUnavailableError`` when the store fails."""
        windows = self.windows(policy, client)
        self._health.write(lambda: self._store.clear(windows))

    def _stats(self, counted: Windows, asked: Sequence[Asked], share: int) -> WindowStats:
        windows = {self.policy(policy).name: self.windows(policy, client, share=share) for policy, client in asked}
        stats = iter(counted.stats([charge for charges in windows.values() for charge in charges]))
        return WindowStats(share, {name: [(one, next(stats)) for one in charges] for name, charges in windows.items()})

    def policy(self, policy: str | Policy) -> Policy:
        """Return a policy by its name, or itself."""
        return self._policies[policy] if isinstance(policy, str) else policy

    def _own_windows(self) -> Windows:
        """Give this process's own counts: made when first needed, then kept, so a flapping store grants no more.

        They are moving windows whatever the strategy: those are bounded in memory, while counters are never given up.
        """
        with self._lock:
            if self._fallback is None:
                self._fallback = Windows(LockedMemoryStorage(), "moving-window")
            return self._fallback
