"""Simulates the comment limits on recorded POSTs, with the arithmetic of the counters' moving windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..counters.client import SITE, WIDE, Client
from ..counters.policy import Policy
from ..counters.storages import stamps

#: POSTs between two deletions of the hits that have expired.
_SWEEP_EVERY: Final = 20_000

#: Bytes of a network's key.
_BYTES: Final = 16


class _Level:
    """The windows of all clients, or of all networks of one size: (limit, expiry in seconds), and each one's hits."""

    def __init__(self, windows: Sequence[tuple[int, int]]) -> None:
        self.windows = windows
        self.fewest = min(limit for limit, _ in windows)
        self.most = max(limit for limit, _ in windows)
        self.longest = max(expiry for _, expiry in windows)
        self.hits: dict[bytes, bytes] = {}

    def has_room(self, hits: bytes, now: float) -> bool:
        """Return whether none of the windows is full."""
        if len(hits) < stamps.SIZE * self.fewest or stamps.wait(hits, 0, now, self.longest) is None:
            return True
        return all(stamps.wait(hits, limit - 1, now, expiry) is None for limit, expiry in self.windows)


class PastLimits:
    """The windows of all clients and networks during a replay. The POSTs must come in the order of time."""

    def __init__(self, policy: Policy) -> None:
        windows: dict[str, list[tuple[int, int]]] = {}
        for charge in policy.windows(Client("", ((SITE, ""), (WIDE, ""))), prefix=""):
            windows.setdefault(charge.identifiers[1], []).append((charge.item.amount, charge.item.get_expiry()))
        client, site, wide = map(_Level, windows.values())
        #: The levels of a POST, by the bytes of its networks. IPv4 has one network, IPv6 has two.
        self._levels = {0: (client,), _BYTES: (client, wide), 2 * _BYTES: (client, site, wide)}
        self._counted = 0
        self.longest = client.longest

    def allow(self, client: bytes, networks: bytes, now: float) -> bool:
        """Charge a POST to the windows of its client and its networks, or to none if one of them is full.

        Returns whether it is allowed.
        """
        charged = []
        key, start = client, 0
        for level in self._levels[len(networks)]:
            hits = level.hits.get(key, b"")
            if not level.has_room(hits, now):
                return False
            charged.append((level, key, hits))
            key, start = networks[start : start + _BYTES], start + _BYTES
        for level, key, hits in charged:
            level.hits[key] = stamps.entered(hits, 1, now, limit=level.most)
        self._sweep_now_and_then(now)
        return True

    def _sweep_now_and_then(self, now: float) -> None:
        self._counted += 1
        if self._counted % _SWEEP_EVERY == 0:
            since = now - self.longest
            for level in self._levels[2 * _BYTES]:
                level.hits = {key: hits for key, hits in level.hits.items() if stamps.oldest(hits, 1, now, since)[1]}
