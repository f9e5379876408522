"""Simulates the comment limits on recorded POSTs, with the arithmetic of the counters' moving windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..counters.client import SITE, WIDE, Client
from ..counters.policy import Policy
from ..counters.storages import stamps
from .record import Record

#: POSTs between two deletions of the hits that have expired.
_SWEEP_EVERY: Final = 20_000


class _Level:
    """The windows of all clients, or of all networks of one size: (limit, expiry in seconds), and each one's hits."""

    def __init__(self, windows: Sequence[tuple[int, int]]) -> None:
        self.windows = windows
        self.most = max(limit for limit, _ in windows)
        self.hits: dict[str, bytes] = {}


class PastLimits:
    """The windows of all clients and networks during a replay. The records must come in the order of time."""

    def __init__(self, policy: Policy) -> None:
        windows: dict[str, list[tuple[int, int]]] = {}
        for charge in policy.windows(Client("", ((SITE, ""), (WIDE, ""))), prefix=""):
            windows.setdefault(charge.identifiers[1], []).append((charge.item.amount, charge.item.get_expiry()))
        client, site, wide = map(_Level, windows.values())
        #: The levels of a record, by the number of its networks. IPv4 has one network, IPv6 has two.
        self._levels = ((client,), (client, wide), (client, site, wide))
        self._counted = 0
        self.longest = max(item.get_expiry() for item in policy.limits)

    def allow(self, record: Record) -> bool:
        """Charge a POST to the windows of its client and its networks, or to none if one of them is full.

        Returns whether it is allowed.
        """
        now, keys = record.judged_at, (record.client, *record.networks)
        charged = []
        for level, key in zip(self._levels[len(record.networks)], keys, strict=True):
            hits = level.hits.get(key, b"")
            for limit, expiry in level.windows:
                if stamps.wait(hits, limit - 1, now, expiry) is not None:
                    return False
            charged.append((level, key, hits))
        for level, key, hits in charged:
            level.hits[key] = stamps.entered(hits, 1, now, limit=level.most)
        self._sweep_now_and_then(now)
        return True

    def _sweep_now_and_then(self, now: float) -> None:
        self._counted += 1
        if self._counted % _SWEEP_EVERY == 0:
            since = now - self.longest
            for level in self._levels[-1]:
                level.hits = {key: hits for key, hits in level.hits.items() if stamps.oldest(hits, 1, now, since)[1]}
