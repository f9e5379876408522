"""Simulates the comment limits on recorded POSTs, with the arithmetic of the counters' moving windows."""

from __future__ import annotations

from typing import Final

from ..counters.client import SITE, WIDE, Client, Level
from ..counters.policy import Policy
from ..counters.storages import stamps
from .record import Record

#: Lists of hits that were written between two deletions of those that have expired.
_SWEEP_EVERY: Final = 50_000

#: The networks of a record, by their number: IPv4 has one, IPv6 has two.
_LEVELS: Final[dict[int, tuple[Level, ...]]] = {0: (), 1: (WIDE,), 2: (SITE, WIDE)}


class PastLimits:
    """The windows of all clients during a replay. The records must come in the order of time."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lists: dict[str, bytes] = {}
        self._written = 0
        self.longest = max(item.get_expiry() for item in policy.limits)

    def allow(self, record: Record) -> bool:
        """Charge a POST to the windows of its client and its networks, or to none if one of them is full.

        Returns whether it is allowed.
        """
        now = record.judged_at
        networks = tuple(zip(_LEVELS[len(record.networks)], record.networks, strict=True))
        entries = [
            (charge.key, charge.item.amount, charge.item.get_expiry(), 1)
            for charge in self._policy.windows(Client(record.client, networks), prefix="")
        ]
        known = {key: self._lists.get(key, b"") for key, *_ in entries}
        if any(stamps.wait(known[key], limit - 1, now, expiry) is not None for key, limit, expiry, _ in entries):
            return False
        for key, (limit, _, amount) in stamps.by_list(entries).items():
            self._lists[key] = stamps.entered(known[key], amount, now, limit=limit)
        self._sweep(now, len(known))
        return True

    def _sweep(self, now: float, written: int) -> None:
        self._written += written
        if self._written < _SWEEP_EVERY:
            return
        self._written = 0
        last = now - self.longest
        self._lists = {key: hits for key, hits in self._lists.items() if stamps.oldest(hits, 1, now, last)[1]}
