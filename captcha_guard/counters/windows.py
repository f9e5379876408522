"""Rate-limit windows in one storage: charges several windows at once, or reads them."""

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
    """Optional methods of a storage that handle several windows in one round trip. Our own storages have them."""

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        """Add entries to several moving windows, or to none if one of them has no room.

        :param entries: (key, limit, expiry in seconds, amount) for each window. Windows with the same key look at one
            list of entries, to which the amount is added once. Their amounts are equal.
        :returns: None if all entries were added, else the seconds until there is room.
        """
        ...

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Return, for each window, the time of its oldest entry (now if there is none) and the number of entries.

        :param windows: (key, limit, expiry in seconds) for each window. Keys may repeat.
        """
        ...


class Charge(NamedTuple):
    """One window of one client: a limit, and the identifiers that make up its key.

    ``list_key`` is the key of the list of hits that this window shares with the other windows of its policy. It is used
    by storages with the methods of ``SeveralWindows``. If it's empty, the window has a list of its own.
    """

    item: RateLimitItem
    identifiers: tuple[str, ...]
    list_key: str = ""

    @property
    def key(self) -> str:
        """The key of the list of hits."""
        return self.list_key or self.item.key_for(*self.identifiers)


class WindowStat(NamedTuple):
    """The hits in one window, and the seconds until the oldest of them leaves it."""

    used: int
    wait: float


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed. ``retry_after`` is 0 if it is, else the whole seconds to wait (at least 1).

    ``uncounted`` means that the store took no part in the decision.
    """

    allowed: bool
    retry_after: int
    uncounted: bool = False

    @classmethod
    def granted(cls) -> Decision:
        """Return the decision that allows a request."""
        return cls(allowed=True, retry_after=0)

    @classmethod
    def refused(cls, wait: float) -> Decision:
        """Return the decision that refuses a request for ``wait`` seconds, rounded up."""
        return cls(allowed=False, retry_after=max(1, ceil(wait)))


class Windows:
    """Counts hits in one storage. It raises the storage's own errors.

    :param strategy: ``"moving-window"``, ``"sliding-window-counter"`` or ``"fixed-window"``.
    :raises ConfigError: the strategy is unknown, or the storage doesn't support it.
    """

    def __init__(self, storage: Storage, strategy: str) -> None:
        if strategy not in STRATEGIES:
            raise ConfigError(f"strategy is {strategy!r}; allowed: {', '.join(STRATEGIES)}")
        try:
            self._strategy = STRATEGIES[strategy](storage)
        except NotImplementedError:
            raise ConfigError(
                f"{type(storage).__name__} doesn't support {strategy!r}; use 'fixed-window' or another storage"
            ) from None
        self._storage = storage
        moving = strategy == "moving-window"
        self._acquire_entries: Callable[[list[tuple[str, int, int, int]]], float | None] | None = (
            getattr(storage, "acquire_entries", None) if moving else None
        )
        self._get_moving_windows: Callable[[list[tuple[str, int, int]]], list[tuple[float, int]]] | None = (
            getattr(storage, "get_moving_windows", None) if moving else None
        )

    def hit(self, charges: Sequence[Charge]) -> Decision:
        """Charge one hit to every window, or to none if one of them is full.

        If the storage can't do that in one step, a refused hit may have been charged to the windows before the full
        one. In both cases the wait is the longest one of all full windows.
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
        """Return the state of every window, in the same order. Nothing is counted."""
        if self._get_moving_windows is None:
            return [self._stat(charge) for charge in charges]
        windows = [(charge.key, charge.item.amount, charge.item.get_expiry()) for charge in charges]
        now = time.time()
        return [
            WindowStat(used, oldest + expiry - now)
            for (_, _, expiry), (oldest, used) in zip(windows, self._get_moving_windows(windows), strict=True)
        ]

    def clear(self, charges: Sequence[Charge]) -> None:
        """Delete all hits in these windows."""
        if self._acquire_entries is not None:
            for key in {charge.key for charge in charges}:
                self._storage.clear(key)
            return
        for charge in charges:
            self._strategy.clear(charge.item, *charge.identifiers)

    def _stat(self, charge: Charge) -> WindowStat:
        stats = self._strategy.get_window_stats(charge.item, *charge.identifiers)
        wait, expiry = stats.reset_time - time.time(), charge.item.get_expiry()
        if wait > 2 * expiry + LEEWAY:  # counted while a clock was ahead; the next hit corrects it
            return WindowStat(0, expiry)
        return WindowStat(charge.item.amount - stats.remaining, min(wait, expiry))
