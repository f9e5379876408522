"""More comments at once, from all clients together, than the site's readers write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from limits import RateLimitItemPerMinute

from .client import UNKNOWN_CLIENT, Client
from .policy import Policy

if TYPE_CHECKING:
    from .limits import WindowStats

#: The name under which a surge is counted.
NAME: Final = "surge"

#: Whose the count is: nobody's in particular.
EVERYBODY: Final = UNKNOWN_CLIENT

#: Seconds for which a process goes by what it saw last, where it would have to ask the store only for this.
KNOWN_FOR: Final = 10.0


class Surge:
    """Counts the site's comments of the last minute, and never refuses one.

    :param most: as many in a minute, or more, are a surge; 0: nothing ever is.

    The count stops at twice as many, so that it neither grows with a flood nor falls below ``most`` before that ends.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._policy = Policy(NAME, (RateLimitItemPerMinute(max(1, 10 * most)),), networks=False)
        self._seen_at: float | None = None

    @property
    def asked(self) -> tuple[tuple[Policy, Client], ...]:
        """The (policy, client) pairs whose windows this needs."""
        return ((self._policy, EVERYBODY),) if self._most else ()

    def counted_in(self, stats: WindowStats) -> tuple[tuple[Policy, Client], ...]:
        """Return the windows that a comment is counted in besides its client's."""
        return self.asked if self._most and self._used(stats) < 2 * self._most else ()

    def sees(self, stats: WindowStats, now: float) -> bool:
        """Return whether there is a surge now, and remember it."""
        surging = bool(self._most) and self._used(stats) >= self._most
        self._seen_at = now if surging else None
        return surging

    def seen(self, now: float) -> bool:
        """Say whether this process saw one a moment ago."""
        return self._seen_at is not None and 0 <= now - self._seen_at < KNOWN_FOR

    def _used(self, stats: WindowStats) -> int:
        return stats.used(NAME) * stats.share
