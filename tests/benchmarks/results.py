"""Results of a benchmark in a file that several processes share."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import DataclassInstance

_One = TypeVar("_One", bound="DataclassInstance")
_BEYOND = 1 << 40  # bytes; locks lie past any file's end


class Results(Generic[_One]):
    """A file with one JSON object a line, each a ``kind``; the processes that use it take turns by locks on it.

    ``kind`` is a dataclass whose fields JSON can hold; tuples come back as lists. A process must hold one of these for
    a file: closing any other handle of it would drop the locks (POSIX.1-2017, fcntl).
    """

    def __init__(self, path: Path, kind: type[_One]) -> None:
        self._file = path.open("a+", encoding="utf-8")
        self._kind = kind

    def all(self) -> list[_One]:
        """Return everything in the file."""
        self._file.seek(0)
        return [self._kind(**json.loads(line)) for line in self._file]

    def append(self, one: _One) -> None:
        """Add a line."""
        self._file.write(json.dumps(asdict(one)) + "\n")
        self._file.flush()

    @contextlib.contextmanager
    def claimed(self, name: str) -> Iterator[bool]:
        """Keep other processes from this name for a while; yields False when another already does."""
        place = _BEYOND + zlib.crc32(name.encode())
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place, os.SEEK_SET)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place, os.SEEK_SET)
