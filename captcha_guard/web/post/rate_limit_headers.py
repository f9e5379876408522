"""What a client has left of its limits, in the header fields ``RateLimit`` and ``RateLimit-Policy``.

They follow the draft "RateLimit header fields for HTTP" of the IETF's HTTPAPI working group, revision 10: lists of
policies, ``q`` the quota, ``w`` its window in seconds, ``r`` what remains, ``t`` the seconds until some comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

    from ...counters.limits import WindowStats


@dataclass(frozen=True, slots=True)
class Window:
    """One limit of a client's own: how many of ``amount`` remain in ``seconds``, and when some come back."""

    name: str
    amount: int
    seconds: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of one policy as they stand for one client; the network around it is nobody's business."""

    windows: tuple[Window, ...]

    @classmethod
    def of(cls, stats: WindowStats, name: str) -> Quota | None:
        """Read it off a look; nothing is told while only this process counts."""
        if not stats.counted:
            return None
        windows = []
        for charge, stat in stats.stats[name]:
            item = charge.item
            if charge.identifiers[1] == name:
                seconds, left = item.get_expiry(), max(0, item.amount - stat.used)
                reset = max(1, ceil(stat.wait)) if stat.used else seconds
                windows.append(Window(f"{name}-{seconds}", item.amount, seconds, left, reset))
        return cls(tuple(windows))

    def after_hit(self) -> Quota:
        """Return it with one request taken off."""
        return Quota(tuple(replace(one, remaining=max(0, one.remaining - 1)) for one in self.windows))

    def write(self, headers: Headers) -> None:
        """Set the header fields of a response."""
        headers["RateLimit-Policy"] = ", ".join(f'"{one.name}";q={one.amount};w={one.seconds}' for one in self.windows)
        headers["RateLimit"] = ", ".join(f'"{one.name}";r={one.remaining};t={one.reset}' for one in self.windows)
