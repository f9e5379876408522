"""Whether the counters' store answers, as one process knows it: limits, nonces and fingerprints find out together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from captcha_guard.breaker import Breaker, Outage
from captcha_guard.errors import StoreUnavailableError

#: Seconds for which a store that failed is left alone; then one request asks it.
REST: Final = 2.0

_Said = TypeVar("_Said")

_log = logging.getLogger("captcha_guard")


class Health:
    """Asks the store, unless it failed a moment ago; notes when a fault begins and when it ends.

    One fault is enough to leave the store alone for ``REST`` seconds: each may cost its whole timeout. After that the
    first request that needs the store tries it, and the others wait for no answer until it has one.

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
        self._breaker = Breaker(faults=1, rest=REST)
        self._outage = Outage()

    @property
    def down(self) -> bool:
        """Whether the store failed when it was asked last."""
        return self._outage.lasts

    def ask(self, act: Callable[[], _Said]) -> _Said:
        """Return what the store says.

        :raises StoreUnavailableError: it fails, or did a moment ago and was not asked.
        """
        if not self._breaker.allows(self._clock()):
            raise StoreUnavailableError("the store failed a moment ago and is given a rest")
        try:
            said = act()
        except self._faults as error:
            self._failed(error)
            raise StoreUnavailableError(f"the store fails: {error}") from error
        if self._outage.lasts:
            self._answered()
        return said

    def _failed(self, error: Exception) -> None:
        now = self._clock()
        self._breaker.failed(now)
        if self._outage.begins(now):
            _log.warning(
                "The counters' store fails (%s: %s); until it answers, each process counts for itself and grants less, "
                "and codes are unproven.",
                type(error).__name__,
                error,
            )
            self._tell(error)

    def _answered(self) -> None:
        self._breaker.succeeded()
        seconds = self._outage.ends(self._clock())
        if seconds is not None:
            _log.warning("The counters' store answers again, after %.1f s.", seconds)
            self._tell(None)

    def _tell(self, error: Exception | None) -> None:
        try:
            self._told(error)
        except Exception:
            _log.exception("captcha_guard: whoever listens to the store's faults failed")
