"""Hosts whose clocks differ refuse each other's tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from limits.storage import RedisClusterStorage, RedisStorage

from ...challenge.token import LEEWAY
from ...counters.store import faults_of
from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..site import Site

#: Seconds that are put down to the way there and back.
TOLERATED = 2.0


class Clock(Check):
    """Compares this host's clock with that of Redis or Valkey, which all hosts share."""

    code: ClassVar[str] = "CG205"
    title: ClassVar[str] = "This host's clock and that of the store differ."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = "Let all hosts follow the same time (chrony, systemd-timesyncd)."

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Ask for TIME; more than tokens forgive is a fault."""
        storage = site.state.storage
        if not isinstance(storage, RedisStorage):
            return
        if isinstance(storage, RedisClusterStorage):
            raise CannotTellError("a cluster's nodes must be asked one by one: redis-cli TIME")
        try:
            before = site.state.clock()
            seconds, microseconds = _time_of(storage.get_connection())
            after = site.state.clock()
        except faults_of(storage) as error:
            raise CannotTellError(f"the store does not answer: {error}") from error
        ahead = (before + after) / 2 - (seconds + microseconds / 1e6)
        if abs(ahead) <= TOLERATED:
            return
        yield self.found(
            f"This host is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}; tokens forgive {LEEWAY} s.",
            severity=Severity.FAULT if abs(ahead) > LEEWAY else None,
        )


def _time_of(client: Any) -> tuple[int, int]:
    seconds, microseconds = client.time()
    return int(seconds), int(microseconds)
