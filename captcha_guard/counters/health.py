"""Whether the counters' store answers, as one process knows it: limits, nonces and fingerprints find out together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from captcha_guard.breaker import Breaker, Outage
from captcha_guard.errors import StoreUnavailableError

from .mending import advice

#: Faults in a row after which the store is left alone: one late answer is no outage.
FAULTS: Final = 2

#: Seconds for which it is left alone; then one request asks it.
REST: Final = 2.0

_Said = TypeVar("_Said")

_log = logging.getLogger("captcha_guard")


class Health:
    """Asks the store, unless it failed a moment ago; notes when a fault begins and when it ends.

    After ``FAULTS`` faults in a row the store is left alone for ``REST`` seconds: each may cost its whole timeout. Then
    the first request that needs the store tries it, and the others go on without. A store that can be read and not
    written (a full disk) is still one that fails: only what is written, after the last fault, ends it.

    :param faults: what the store raises when it can't be reached or used.
    :param told: hears of each beginning, with the error, and of each end, with ``None``; what it raises is logged.
    :param clock: monotonic seconds.
    """

    def __init__(
        self,
        faults: tuple[type[Exception], ...],
        *,
        told: Callable[[Exception | None], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._faults = faults
        self._told = told
        self._clock = clock
        self._reading, self._writing = (Breaker(faults=FAULTS, rest=REST) for _ in range(2))
        self._outage = Outage()
        self._failed_at = 0.0

    @property
    def down(self) -> bool:
        """Whether the store failed, and nothing could be written since."""
        return self._outage.lasts

    @property
    def failed_at(self) -> float:
        """When the store failed last, on the monotonic clock; 0 when it never did."""
        return self._failed_at

    def read(self, act: Callable[[], _Said]) -> _Said:
        """Return what the store says to a question that changes nothing.

        :raises StoreUnavailableError: it fails, or did a moment ago and was not asked.
        """
        begun = self._clock()
        said = self._ask(self._reading, act, begun)
        if self._outage.lasts and begun >= self._failed_at:
            self._reading.succeeded()
        return said

    def write(self, act: Callable[[], _Said]) -> _Said:
        """Return what the store says to something that it is to keep.

        :raises StoreUnavailableError: as :meth:`read`; whether it was kept is not known then.
        """
        begun = self._clock()
        said = self._ask(self._writing, act, begun)
        if self._outage.lasts and begun >= self._failed_at:  # what was on its way before the fault proves nothing
            self._answered()
        return said

    def _ask(self, breaker: Breaker, act: Callable[[], _Said], now: float) -> _Said:
        if not breaker.allows(now):
            raise StoreUnavailableError("the store failed a moment ago and is given a rest")
        try:
            return act()
        except self._faults as error:
            self._failed(error)
            raise StoreUnavailableError(f"the store fails: {error}") from error

    def _failed(self, error: Exception) -> None:
        now = self._failed_at = self._clock()
        self._reading.failed(now)
        self._writing.failed(now)
        if self._outage.begins(now):
            _log.warning(
                "The counters' store fails (%s: %s); until it answers, each process counts for itself and grants less, "
                "and codes are unproven.%s",
                type(error).__name__,
                error,
                f" {mend}" if (mend := advice(error)) else "",
            )
            self._tell(error)

    def _answered(self) -> None:
        self._reading.succeeded()
        self._writing.succeeded()
        seconds = self._outage.ends(self._clock())
        if seconds is not None:
            _log.warning("The counters' store answers again, after %.1f s.", seconds)
            self._tell(None)

    def _tell(self, error: Exception | None) -> None:
        try:
            self._told(error)
        except Exception:
            _log.exception("captcha_guard: whoever listens to the store's faults failed")
