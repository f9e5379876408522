"""Whether a store answers, as one process knows it: all who ask it find out together."""

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

#: Faults in a row after which the store is left alone: one late answer is no outage.
FAULTS: Final = 2

#: Seconds for which it is left alone; then one request asks it.
REST: Final = 2.0

_Said = TypeVar("_Said")

_log = logging.getLogger("captcha_guard")


class Trial(NamedTuple):
    """How to find out whether a store is well: a question that changes nothing, and something small to keep."""

    ask: Callable[[], object]
    keep: Callable[[], object]


class Health:
    """Asks the store, unless it failed a moment ago; notes when a fault begins and when it ends.

    After ``FAULTS`` faults in a row the store is left alone for ``REST`` seconds: each may cost its whole timeout. Then
    the first request that needs the store tries it, and the others go on without. A store that can be read and not
    written (a full disk) is still one that fails: only what is written, after the last fault, ends it.

    :param faults: what the store raises when it can't be reached or used.
    :param name: of the store, for the log: ``"The counters' store"``.
    :param meanwhile: what happens until it answers, for the log.
    :param advice: tells how to mend what was raised, as a sentence for the log; empty where it can't.
    :param describe: returns how the log names what was raised.
    :param trial: of the store, for :meth:`recover`; without one an outage lasts until somebody writes.
    :param told: hears of each beginning, with the error, and of each end, with ``None``, in their order; what it raises
        is logged.
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
        self._turning, self._telling = threading.Lock(), threading.Lock()
        self._untold = deque[tuple[str, Exception | None]]()

    @property
    def down(self) -> bool:
        """Whether the store failed, and nothing could be written since."""
        return self._outage.lasts

    @property
    def failed_at(self) -> float:
        """When the store failed last, on the monotonic clock; 0 when it never did."""
        return self._failed_at

    def read(self, act: Callable[[], _Said], *, insist: bool = False) -> _Said:
        """Return what the store says to a question that changes nothing.

        :param insist: ask even a store that is given a rest, where somebody waits for nothing but this answer.
        :raises StoreUnavailableError: it fails, or did a moment ago and was not asked.
        """
        begun = self._clock()
        said = self._ask(self._reading, act, begun, insist=insist)
        if self._outage.lasts and begun >= self._failed_at:
            self._reading.succeeded()
        return said

    def write(self, act: Callable[[], _Said], *, insist: bool = False) -> _Said:
        """Return what the store says to something that it is to keep.

        :param insist: as :meth:`read`.
        :raises StoreUnavailableError: as :meth:`read`; whether it was kept is not known then.
        """
        begun = self._clock()
        said = self._ask(self._writing, act, begun, insist=insist)
        if self._outage.lasts and begun >= self._failed_at:  # what was on its way before the fault proves nothing
            self._answered()
        return said

    def recover(self) -> None:
        """Let whoever reads the site end an outage that is over: where nobody posts, nothing else would be written.

        While an outage lasts, the first caller after each rest asks the store something, and has it keep something if
        it answers. So no caller waits for the store in vain more than once.
        """
        if self._trial is None or not self._outage.lasts or not self._trials.allows(self._clock()):
            return
        with suppress(StoreUnavailableError):
            self.read(self._trial.ask)
            self.write(self._trial.keep)

    def _ask(self, breaker: Breaker, act: Callable[[], _Said], now: float, *, insist: bool) -> _Said:
        if not insist and not breaker.allows(now):
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
        self._trials.failed(now)
        with self._turning:
            if self._outage.begins(now):
                mend = f" {said}" if (said := self._advice(error)) else ""
                self._untold.append(
                    (f"fails ({self._describe(error)}); until it answers, {self._meanwhile}.{mend}", error)
                )
        self._tell()

    def _answered(self) -> None:
        now = self._clock()
        with self._turning:
            seconds = self._outage.ends(now)
            if seconds is not None:
                self._untold.append((f"answers again, after {seconds:.1f} s.", None))
        self._reading.succeeded()  # after the end: faults in between begin an outage, which another answer ends
        self._writing.succeeded()
        self._tell()

    def _tell(self) -> None:
        """Tell what has turned, one thread for all: or else the last word could be that of an outage that is over."""
        while self._untold and self._telling.acquire(blocking=False):
            try:
                while self._untold:
                    self._say(*self._untold.popleft())
            finally:
                self._telling.release()

    def _say(self, what: str, error: Exception | None) -> None:
        _log.warning("%s %s", self._name, what)
        try:
            self._told(error)
        except Exception:
            _log.exception("captcha_guard: whoever listens to the store's faults failed")
