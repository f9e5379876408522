"""Checks the clock. Hosts whose clocks differ too much refuse each other's tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from limits.storage import RedisClusterStorage, RedisStorage

from ...challenge.token import LEEWAY
from ...counters.store import faults_of
from ..diagnosis import CannotCheckError, Check, Diagnosis, Moment, Severity
from ..site import Site

#: Seconds of difference that may come from the network and are ignored.
TOLERATED = 2.0


class Clock(Check):
    """Compares this host's clock with the clock of Redis or Valkey, which all hosts share."""

    code: ClassVar[str] = "CG205"
    title: ClassVar[str] = "This host's clock and the store's clock differ."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = "Synchronise the clocks of all hosts (chrony, systemd-timesyncd)."

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Send TIME to the store. A difference larger than the leeway of tokens is a fault."""
        storage = site.state.storage
        if not isinstance(storage, RedisStorage):
            return
        if isinstance(storage, RedisClusterStorage):
            raise CannotCheckError("each node of a cluster must be asked separately: redis-cli TIME")
        try:
            before = site.state.clock()
            seconds, microseconds = _time_of(storage.get_connection())
            after = site.state.clock()
        except faults_of(storage) as error:
            raise CannotCheckError(f"the store doesn't answer: {error}") from error
        ahead = (before + after) / 2 - (seconds + microseconds / 1e6)
        if abs(ahead) <= TOLERATED:
            return
        yield self.found(
            f"This host is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}; tokens allow {LEEWAY} s.",
            severity=Severity.FAULT if abs(ahead) > LEEWAY else None,
        )


def _time_of(client: Any) -> tuple[int, int]:
    seconds, microseconds = client.time()
    return int(seconds), int(microseconds)
