"""Tracks whether a store works. All parts of a process that use the store share one ``Health``."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple, TypeVar

from .breaker import Breaker, Outage
from .errors import StoreUnavailableError

#: The number of faults in a row after which the store isn't used for a while. A single late answer isn't an outage.
FAULTS: Final = 2

#: Seconds for which the store isn't used. Then one request tries it.
REST: Final = 2.0

_Result = TypeVar("_Result")

_log = logging.getLogger("captcha_guard")


class Trial(NamedTuple):
    """Two ways to test a store: ``ask`` only reads, and ``keep`` writes something small."""

    ask: Callable[[], object]
    keep: Callable[[], object]


class Health:
    """Uses the store unless it has just failed, and records when an outage begins and ends.

    After ``FAULTS`` faults in a row the store isn't used for ``REST`` seconds, because each fault may cost a whole
    timeout. Then the first request that needs the store tries it, and other requests continue without the store. A
    store that can be read but not written (a full disk) still fails. Only a successful write after the last fault ends
    the outage.

    :param faults: the exceptions that the store raises when it can't be reached or used.
    :param name: the store's name in the log, such as ``"The counters' store"``.
    :param meanwhile: what the guard does during an outage, for the log.
    :param advice: returns how to fix an error, as a sentence for the log, or "" if that isn't known.
    :param describe: returns an error as text for the log.
    :param trial: tests the store in :meth:`recover`. Without it, an outage lasts until another write succeeds.
    :param on_change: is called with the error when an outage begins, and with ``None`` when it ends, in this order. If
        it raises an error, that is logged.
    :param clock: returns monotonic seconds.
    """

    def __init__(
        self,
        faults: tuple[type[Exception], ...],
        *,
        name: str = "The store",
        meanwhile: str = "requests go on without it",
        advice: Callable[[Exception], str] = lambda _: "",
        describe: Callable[[Exception], str] = lambda error: f"{type(error).__name__}: {error}",
        trial: Trial | None = None,
        on_change: Callable[[Exception | None], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._faults = faults
        self._name = name
        self._meanwhile = meanwhile
        self._advice = advice
        self._describe = describe
        self._trial = trial
        self._on_change = on_change
        self._clock = clock
        self._reading, self._writing = (Breaker(faults=FAULTS, rest=REST) for _ in range(2))
        self._trials = Breaker(faults=1, rest=REST)
        self._outage = Outage()
        self._failed_at = 0.0
        self._changing, self._reporting = threading.Lock(), threading.Lock()
        self._unreported = deque[tuple[str, Exception | None]]()

    @property
    def down(self) -> bool:
        """Whether the store failed and no write has succeeded since."""
        return self._outage.lasts

    @property
    def failed_at(self) -> float:
        """When the store last failed, on the monotonic clock. 0 if it never failed."""
        return self._failed_at

    def read(self, act: Callable[[], _Result], *, insist: bool = False) -> _Result:
        """Return the result of ``act``, which reads from the store and changes nothing.

        :param insist: use the store even during its rest, for callers that need the result.
        :raises StoreUnavailableError: the store failed, now or so recently that it wasn't used.
        """
        begun = self._clock()
        result = self._ask(self._reading, act, begun, insist=insist)
        if self._outage.lasts and begun >= self._failed_at:
            self._reading.succeeded()
        return result

    def write(self, act: Callable[[], _Result], *, insist: bool = False) -> _Result:
        """Return the result of ``act``, which writes to the store.

        :param insist: as for :meth:`read`.
        :raises StoreUnavailableError: as for :meth:`read`. The write may have taken effect anyway.
        """
        begun = self._clock()
        result = self._ask(self._writing, act, begun, insist=insist)
        if self._outage.lasts and begun >= self._failed_at:  # a write that began before the fault doesn't count
            self._answered()
        return result

    def recover(self) -> None:
        """Try the store during an outage, so that page views can end the outage on a site without any POSTs.

        The first caller after each rest reads from the store and, if it answers, writes something small. So no caller
        waits for a failing store more than once.
        """
        if self._trial is None or not self._outage.lasts or not self._trials.allows(self._clock()):
            return
        with suppress(StoreUnavailableError):
            self.read(self._trial.ask)
            self.write(self._trial.keep)

    def _ask(self, breaker: Breaker, act: Callable[[], _Result], now: float, *, insist: bool) -> _Result:
        if not insist and not breaker.allows(now):
            raise StoreUnavailableError(f"the store failed a moment ago and isn't used for up to {REST:g} s")
        try:
            return act()
        except self._faults as error:
            self._failed(error)
            raise StoreUnavailableError(f"the store fails: {error}") from error

    def _failed(self, error: Exception) -> None:
        now = self._failed_at = self._clock()
        self._reading.failed(now)
        self._writing.failed(now)
        self._trials.failed(now)
        with self._changing:
            if self._outage.begins(now):
                advice = f" {sentence}" if (sentence := self._advice(error)) else ""
                self._unreported.append(
                    (f"fails ({self._describe(error)}); until it answers, {self._meanwhile}.{advice}", error)
                )
        self._report_changes()

    def _answered(self) -> None:
        now = self._clock()
        with self._changing:
            seconds = self._outage.ends(now)
            if seconds is not None:
                self._unreported.append((f"answers again, after {seconds:.1f} s.", None))
        self._reading.succeeded()  # after the end of the outage, so that a fault in between begins a new one
        self._writing.succeeded()
        self._report_changes()

    def _report_changes(self) -> None:
        """Report all changes in order, in one thread at a time. Otherwise an old outage could be reported last."""
        while self._unreported and self._reporting.acquire(blocking=False):
            try:
                while self._unreported:
                    self._report(*self._unreported.popleft())
            finally:
                self._reporting.release()

    def _report(self, change: str, error: Exception | None) -> None:
        _log.warning("%s %s", self._name, change)
        try:
            self._on_change(error)
        except Exception:
            _log.exception("captcha_guard: a receiver of the store's signals failed")
