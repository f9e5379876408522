"""The recordings of spoken digits that the package ships, one file per language. ``sounds/README.md`` says more."""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

#: Samples per second of the recordings and of every sound.
RATE: Final = 16_000

#: The sample value of silence.
SILENCE: Final = 128

_ENDING: Final = ".digits"

#: The digits 0 to 9 as one voice speaks them, in 8-bit unsigned samples.
Voice = tuple[bytes, ...]


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Return the tags of all languages with recordings, in the order of the alphabet."""
    return tuple(sorted(file.stem for file in _folder().glob(f"*{_ENDING}")))


@lru_cache(maxsize=16)
def voices(language: str) -> tuple[Voice, ...]:
    """Return every voice of a language. The file is read once per process.

    The file is compressed with zlib. Its first line is a JSON object with the lengths of each voice's ten recordings.
    The differences of successive samples follow, modulo 256.
    """
    index, _, differences = zlib.decompress((_folder() / f"{language}{_ENDING}").read_bytes()).partition(b"\n")
    samples = bytes(value & 0xFF for value in accumulate(differences))
    read, start = [], 0
    for lengths in json.loads(index).values():
        ends = list(accumulate(lengths, initial=start))
        read.append(tuple(samples[here:there] for here, there in pairwise(ends)))
        start = ends[-1]
    return tuple(read)


def _folder() -> Path:
    """Return the folder of the recordings: inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "sounds"
    return installed if installed.is_dir() else package.parent / "sounds"
