"""Policies: the limits of one kind of request, and the windows in which a hit is counted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from limits import RateLimitItem, RateLimitItemPerSecond, parse

from ..errors import ConfigError
from .windows import Charge

if TYPE_CHECKING:
    from .client import Client, Level

_SEPARATORS: Final = re.compile("[,;|]")

#: The number of hits in a row without a wait. After that the waits grow.
FREE: Final = 5


@dataclass(frozen=True)
class Policy:
    """The limits that apply together to one kind of request, the shortest window first.

    ``networks`` says whether the networks around a client are counted too. For each network only the shortest and the
    longest limit count, multiplied by its level's factor; the ones between would add little. ``waits`` are limits of
    the client alone. ``list_name`` is the last part of the keys of its lists of hits.
    """

    name: str
    limits: tuple[RateLimitItem, ...]
    networks: bool = True
    waits: tuple[RateLimitItem, ...] = ()
    list_name: str = "hits"

    @classmethod
    def parse(cls, name: str, text: str) -> Policy:
        """Return the policy for limits like ``"2 per minute; 10 per hour; 30 per day"``.

        :raises ConfigError: the text isn't a list of limits, or a limit is below 1.
        """
        # One limit at a time and with single spaces: the pattern of limits.parse_many takes exponential time.
        try:
            limits = [parse(" ".join(part.split())) for part in _SEPARATORS.split(text)]
        except ValueError:
            limits = []
        if not limits or any(limit.amount < 1 for limit in limits):
            raise ConfigError(
                f"the limits of {name!r} are {text!r}; write them like '2 per minute; 10 per hour; 30 per day', "
                "each at least 1"
            )
        return cls(name, tuple(dict.fromkeys(sorted(limits, key=RateLimitItem.get_expiry))))

    def with_waits(self, first: int, longest: int) -> Policy:
        """Return the policy with growing waits: ``first`` seconds after ``FREE`` hits, then twice that, and so on.

        Each wait is one more window. A client that goes on as soon as it's allowed makes ``FREE`` hits in the first
        window, one more by the end of the second, and waits ``longest`` seconds for the last. A slower client waits
        less. All hits expire once the longest window has passed. 0 and 0 turn the waits off.
        """
        waits: list[RateLimitItem] = []
        wait, window = first, 0
        while wait > 0:
            window += wait
            waits.append(RateLimitItemPerSecond(FREE + len(waits), window))
            if wait >= longest:
                break
            wait = min(2 * wait, longest)
        return replace(self, waits=tuple(waits))

    @cached_property
    def shortest(self) -> Policy:
        """A policy for reading that has only the shortest of the client's own windows."""
        return replace(self, limits=self.limits[:1], networks=False, waits=())

    def apart(self) -> Policy:
        """Return the policy with lists of hits of its own, which only policies with the same limits share."""
        limits = ";".join(f"{item.amount}/{item.get_expiry()}" for item in self.limits + self.waits)
        return replace(self, list_name=f"hits-{blake2b(limits.encode(), digest_size=4).hexdigest()}")

    def windows(self, client: Client, *, prefix: str, divisor: int = 1) -> list[Charge]:
        """Return the windows that one hit is charged to: the client's before its networks', the shortest first.

        Each limit is divided by ``divisor``, but never below 1. The windows of one client look at one list of hits.
        """
        charges = self._charges(prefix, divisor, client.key, None)
        for level, key in client.networks if self.networks else ():
            charges += self._charges(prefix, divisor, key, level)
        return charges

    def _charges(self, prefix: str, divisor: int, key: str, level: Level | None) -> list[Charge]:
        name = name_at(self.name, level)
        identifiers, list_key = (key, name), f"{prefix}/{key}/{name}/{self.list_name}"
        return [Charge(item, identifiers, list_key) for item in self._items(prefix, divisor, level)]

    def _items(self, prefix: str, divisor: int, level: Level | None) -> tuple[RateLimitItem, ...]:
        asked = prefix, divisor, level
        if asked not in self._scaled:
            if level is None:
                self._scaled[asked] = _scaled(self.limits + self.waits, prefix, 1, divisor)
            else:
                self._scaled[asked] = _scaled((self.limits[0], self.limits[-1]), prefix, level.factor, divisor)
        return self._scaled[asked]

    @cached_property
    def _scaled(self) -> dict[tuple[str, int, Level | None], tuple[RateLimitItem, ...]]:
        return {}


def name_at(name: str, level: Level | None) -> str:
    """Return the name under which a policy counts networks of a level. ``None`` means the client itself."""
    return f"{name}/{level.name}" if level else name


def _scaled(limits: tuple[RateLimitItem, ...], prefix: str, factor: int, divisor: int) -> tuple[RateLimitItem, ...]:
    """Return each limit with its amount multiplied by ``factor`` and divided by ``divisor``, without duplicates."""
    scaled = (type(one)(max(1, one.amount * factor // divisor), one.multiples, prefix) for one in limits)
    return tuple(dict.fromkeys(scaled))
