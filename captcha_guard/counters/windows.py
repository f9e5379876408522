"""Rate-limit windows in one storage: hit several at once, or read them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, Protocol

from limits.strategies import STRATEGIES

from ..errors import ConfigError
from .storages.stamps import LEEWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from limits import RateLimitItem
    from limits.storage import Storage


class SeveralWindows(Protocol):
    """What a storage may offer besides its duties, each in one round trip; our SQLite storage does."""

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        """Enter several moving windows, or none when one has no room.

        :param entries: (key, limit, expiry in seconds, amount) each, no key twice.
        :returns: None when all were entered, else the seconds until there is room.
        """
        ...

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Tell of each window when its oldest entry was made (now when there is none), and how many there are.

        :param windows: (key, limit, expiry in seconds) each, no key twice.
        """
        ...


class Charge(NamedTuple):
    """One window of one client: a limit, and the words that make its key."""

    item: RateLimitItem
    identifiers: tuple[str, ...]

    @property
    def key(self) -> str:
        """The key under which it is counted."""
        return self.item.key_for(*self.identifiers)


@dataclass(frozen=True, slots=True)
class WindowStat:
    """One window: the hits in it, and the seconds until the oldest of them leaves."""

    used: int
    wait: float


@dataclass(frozen=True)
class Decision:
    """Whether a request may go on; if not, after how many whole seconds it may (at least 1, else 0).

    ``uncounted`` says that the store had no part in it.
    """

    allowed: bool
    retry_after: int
    uncounted: bool = False

    @classmethod
    def granted(cls) -> Decision:
        """Return the decision that lets a request go on."""
        return cls(allowed=True, retry_after=0)

    @classmethod
    def refused(cls, wait: float) -> Decision:
        """Return the decision that makes a request wait so many seconds, rounded up."""
        return cls(allowed=False, retry_after=max(1, ceil(wait)))


class Windows:
    """Counts in one storage. It raises what the storage raises.

    :param strategy: ``"moving-window"``, ``"sliding-window-counter"`` or ``"fixed-window"``.
    :raises ConfigError: an unknown strategy, or one that the storage can't count.
    """

    def __init__(self, storage: Storage, strategy: str) -> None:
        if strategy not in STRATEGIES:
            raise ConfigError(f"strategy is {strategy!r}; allowed: {', '.join(STRATEGIES)}")
        try:
            self._strategy = STRATEGIES[strategy](storage)
        except NotImplementedError:
            raise ConfigError(
                f"{type(storage).__name__} can't count by {strategy!r}; use 'fixed-window' or another storage"
            ) from None
        moving = strategy == "moving-window"
        self._acquire_entries: Callable[[list[tuple[str, int, int, int]]], float | None] | None = (
            getattr(storage, "acquire_entries", None) if moving else None
        )
        self._get_moving_windows: Callable[[list[tuple[str, int, int]]], list[tuple[float, int]]] | None = (
            getattr(storage, "get_moving_windows", None) if moving else None
        )

    def hit(self, charges: Sequence[Charge]) -> Decision:
        """Charge one hit to every window, or to none when one is full.

        Where the storage can't do that at once, a refused hit may have been charged to the windows before the full one.
        Either way the wait is that of the window which is full the longest.
        """
        if self._acquire_entries is not None:
            wait = self._acquire_entries(
                [(charge.key, charge.item.amount, charge.item.get_expiry(), 1) for charge in charges]
            )
            return Decision.granted() if wait is None else Decision.refused(wait)
        if all(self._strategy.hit(charge.item, *charge.identifiers) for charge in charges):
            return Decision.granted()
        stats = zip(charges, self.stats(charges), strict=True)
        full = [stat.wait for charge, stat in stats if stat.used >= charge.item.amount]
        return Decision.refused(max(full, default=0))

    def stats(self, charges: Sequence[Charge]) -> list[WindowStat]:
        """Return every window, in the same order; nothing is counted."""
        if self._get_moving_windows is None:
            return [self._stand(charge) for charge in charges]
        windows = [(charge.key, charge.item.amount, charge.item.get_expiry()) for charge in charges]
        now = time.time()
        return [
            WindowStat(used, oldest + expiry - now)
            for (_, _, expiry), (oldest, used) in zip(windows, self._get_moving_windows(windows), strict=True)
        ]

    def clear(self, charges: Sequence[Charge]) -> None:
        """Forget all hits in these windows."""
        for charge in charges:
            self._strategy.clear(charge.item, *charge.identifiers)

    def _stand(self, charge: Charge) -> WindowStat:
        stats = self._strategy.get_window_stats(charge.item, *charge.identifiers)
        wait, expiry = stats.reset_time - time.time(), charge.item.get_expiry()
        if wait > 2 * expiry + LEEWAY:  # counted while a clock was ahead; the next hit puts it right
            return WindowStat(0, expiry)
        return WindowStat(charge.item.amount - stats.remaining, min(wait, expiry))
