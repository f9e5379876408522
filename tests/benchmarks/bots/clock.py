"""A clock that several processes share and that a benchmark moves forward, so that hours pass within minutes."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import time_machine

#: When every run begins: all posts of the journal are published, and none is a year old.
START = datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp()

_OFFSET = struct.Struct("d")


class Clock:
    """The time of this process and of all others that read ``file``. It ticks, and ``sleep`` moves it forward."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        self._offset = 0.0
        self._traveller: time_machine.Traveller | None = None

    def begin(self) -> None:
        """Start the shared time at ``START``."""
        self._move(START - _real_time())

    def sleep(self, seconds: float) -> None:
        """Move the time of all processes forward."""
        self._move(self._offset + seconds)

    def follow(self) -> None:
        """Take over the time that another process has set."""
        stored = os.pread(self._file, _OFFSET.size, 0)
        if (offset := float(_OFFSET.unpack(stored)[0])) != self._offset:
            self._offset = offset
            self._travel()

    def stop(self) -> None:
        """Return to the real time."""
        if self._traveller is not None:
            self._coordinates.stop()
            self._traveller = None
        os.close(self._file)

    def _move(self, offset: float) -> None:
        os.pwrite(self._file, _OFFSET.pack(offset), 0)
        self._offset = offset
        self._travel()

    def _travel(self) -> None:
        there = _real_time() + self._offset
        if self._traveller is None:
            self._coordinates = time_machine.travel(there)
            self._traveller = self._coordinates.start()
        else:
            self._traveller.move_to(there)


def _real_time() -> float:
    hatch = time_machine.escape_hatch
    return hatch.time.time() if hatch.is_travelling() else time.time()


@contextmanager
def moving_clock(folder: Path) -> Iterator[Clock]:
    """Lend a clock whose file is in ``folder``. It starts at ``START``."""
    clock = Clock(folder / "clock")
    clock.begin()
    try:
        yield clock
    finally:
        clock.stop()
