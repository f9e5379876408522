"""Tracks whether a store answers. All parts of one process that use the store share this knowledge."""

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

#: Faults in a row after which the store isn't asked for a while. A single late answer isn't an outage.
FAULTS: Final = 2

#: Seconds for which the store isn't asked. Then one request tries it.
REST: Final = 2.0

_Result = TypeVar("_Result")

_log = logging.getLogger("captcha_guard")


class Trial(NamedTuple):
    """How to find out whether a store works: ``ask`` reads and changes nothing, ``keep`` writes something small."""

    ask: Callable[[], object]
    keep: Callable[[], object]


class Health:
    """Asks the store unless it has just failed, and records when an outage begins and when it ends.

    After ``FAULTS`` faults in a row the store isn't asked for ``REST`` seconds, because each fault may cost a whole
    timeout. Then the first request that needs the store tries it, and other requests continue without the store. A
    store that can be read but not written (a full disk) still fails. Only a successful write after the last fault ends
    the outage.

    :param faults: what the store raises when it can't be reached or used.
    :param name: of the store, for the log: ``"The counters' store"``.
    :param meanwhile: what happens until it answers, for the log.
    :param advice: tells how to mend what was raised, as a sentence for the log; empty where it can't.
    :param describe: returns how the log names what was raised.
    :param trial: of the store, for :meth:`recover`; without one an outage lasts until somebody writes.
    :param told: is called with the error when an outage begins, and with ``None`` when it ends, in order. What it
        raises is logged.
    :param clock: monotonic seconds.
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
        told: Callable[[Exception | None], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._faults = faults
        self._name = name
        self._meanwhile = meanwhile
        self._advice = advice
        self._describe = describe
        self._trial = trial
        self._told = told
        self._clock = clock
        self._reading, self._writing = (Breaker(faults=FAULTS, rest=REST) for _ in range(2))
        self._trials = Breaker(faults=1, rest=REST)
        self._outage = Outage()
        self._failed_at = 0.0
        self._changing, self._reporting = threading.Lock(), threading.Lock()
        self._untold = deque[tuple[str, Exception | None]]()

    @property
    def down(self) -> bool:
        """Whether the store failed and nothing could be written since."""
        return self._outage.lasts

    @property
    def failed_at(self) -> float:
        """When the store last failed, on the monotonic clock. 0 if it never failed."""
        return self._failed_at

    def read(self, act: Callable[[], _Result], *, insist: bool = False) -> _Result:
        """Return the result of ``act``, which reads from the store and changes nothing.

        :param insist: ask the store even during its rest, for callers that can do nothing without this answer.
        :raises StoreUnavailableError: the store fails, or it has just failed and wasn't asked.
        """
        begun = self._clock()
        result = self._ask(self._reading, act, begun, insist=insist)
        if self._outage.lasts and begun >= self._failed_at:
            self._reading.succeeded()
        return result

    def write(self, act: Callable[[], _Result], *, insist: bool = False) -> _Result:
        """Return the result of ``act``, which writes to the store.

        :param insist: as for :meth:`read`.
        :raises StoreUnavailableError: as for :meth:`read`. It isn't known then whether the write took effect.
        """
        begun = self._clock()
        result = self._ask(self._writing, act, begun, insist=insist)
        if self._outage.lasts and begun >= self._failed_at:  # a write that began before the fault proves nothing
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
            raise StoreUnavailableError(f"the store failed a moment ago and isn't asked again for up to {REST:g} s")
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
                mend = f" {said}" if (said := self._advice(error)) else ""
                self._untold.append(
                    (f"fails ({self._describe(error)}); until it answers, {self._meanwhile}.{mend}", error)
                )
        self._tell()

    def _answered(self) -> None:
        now = self._clock()
        with self._changing:
            seconds = self._outage.ends(now)
            if seconds is not None:
                self._untold.append((f"answers again, after {seconds:.1f} s.", None))
        self._reading.succeeded()  # only now: a fault in between begins a new outage, which a later answer ends
        self._writing.succeeded()
        self._tell()

    def _tell(self) -> None:
        """Report all changes in order, from one thread at a time. Otherwise an old outage could be reported last."""
        while self._untold and self._reporting.acquire(blocking=False):
            try:
                while self._untold:
                    self._report(*self._untold.popleft())
            finally:
                self._reporting.release()

    def _report(self, what: str, error: Exception | None) -> None:
        _log.warning("%s %s", self._name, what)
        try:
            self._told(error)
        except Exception:
            _log.exception("captcha_guard: a receiver of the store's signals failed")
