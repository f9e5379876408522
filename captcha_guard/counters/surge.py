"""Detects a surge: more comments from all clients together than the site's readers write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from limits import RateLimitItemPerMinute

from .client import UNKNOWN_CLIENT, Client
from .policy import Policy

if TYPE_CHECKING:
    from .limits import WindowStats

#: The name of the policy under which all comments are counted.
NAME: Final = "surge"

#: The client under which the comments of all clients are counted.
ALL_CLIENTS: Final = UNKNOWN_CLIENT

#: Seconds for which a process reuses its last result, if it would otherwise ask the store only for this.
KNOWN_FOR: Final = 10.0


class Surge:
    """Counts the site's comments of the last minute, and never refuses one.

    :param most: the number of comments a minute at which a surge begins. 0 turns this off.

    Counting stops at twice ``most``. So the count stays small during a flood, but above ``most`` until it ends.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._policy = Policy(NAME, (RateLimitItemPerMinute(max(1, 10 * most)),), networks=False)
        self._seen_at: float | None = None

    @property
    def asked(self) -> tuple[tuple[Policy, Client], ...]:
        """The (policy, client) pairs whose windows must be read."""
        return ((self._policy, ALL_CLIENTS),) if self._most else ()

    def counted_in(self, stats: WindowStats) -> tuple[tuple[Policy, Client], ...]:
        """Return the (policy, client) pairs under which a comment is counted besides its own client's."""
        return self.asked if self._most and self._used(stats) < 2 * self._most else ()

    def update(self, stats: WindowStats, now: float) -> bool:
        """Return whether there is a surge now, and keep the result for :meth:`seen`."""
        surging = bool(self._most) and self._used(stats) >= self._most
        self._seen_at = now if surging else None
        return surging

    def seen(self, now: float) -> bool:
        """Return whether this process saw a surge within the last ``KNOWN_FOR`` seconds."""
        return self._seen_at is not None and 0 <= now - self._seen_at < KNOWN_FOR

    def _used(self, stats: WindowStats) -> int:
        return stats.used(NAME) * stats.share
