"""The installed reading programs for the tuning page. They are loaded once."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from ..statistics.interval import Share
from .attack.opponent import AttackError, NotInstalledError
from .attack.opponents import OPPONENTS, Installed, load
from .attack.outcome import Sample, attack
from .attack.quick import quick_ways


class Row(NamedTuple):
    """How many pictures one program read without treatment, and in its best way."""

    program: str
    plain: Share
    best: Share
    way: str


class Report(NamedTuple):
    """A row for each program that read the pictures, and the errors of the others.

    ``busy`` means that the programs were still reading for another request, so they read nothing for this one.
    """

    rows: Sequence[Row] = ()
    failures: Sequence[str] = ()
    missing: Sequence[NotInstalledError] = ()
    busy: bool = False


class ReadingPrograms:
    """The installed programs with these names. ``symbols`` are the symbols of the codes."""

    def __init__(self, symbols: str, names: Sequence[str] = tuple(OPPONENTS)) -> None:
        self._symbols, self._names = symbols, names
        self._reading = threading.Lock()

    @cached_property
    def _installed(self) -> Installed:
        return load(self._symbols, self._names)

    def read(self, samples: Iterable[Sample]) -> Report:
        """Let every program read the pictures in a few ways. A concurrent call returns at once, with ``busy`` set."""
        if not self._reading.acquire(blocking=False):
            return Report(busy=True)
        try:
            return self._read(list(samples))
        finally:
            self._reading.release()

    def _read(self, samples: Sequence[Sample]) -> Report:
        rows, failures = [], [str(error) for error in self._installed.broken]
        for opponent in self._installed.programs:
            try:
                outcome = attack(opponent, samples, quick_ways(opponent))
            except AttackError as error:
                failures.append(str(error))
                continue
            best = outcome.share(outcome.best)
            way = str(outcome.best) if best.hits else "none"
            rows.append(Row(f"{opponent.name} {opponent.version}", outcome.plain, best, way))
        return Report(rows, failures, self._installed.missing)
