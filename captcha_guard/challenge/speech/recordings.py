"""The recordings of spoken digits that the package ships, one file per language. ``sounds/README.md`` says more."""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final

#: Samples per second of the recordings and of every sound.
RATE: Final = 16_000

#: The sample value of silence.
SILENCE: Final = 128

_ENDING: Final = ".digits"

#: The recordings of one digit by several voices, in 8-bit unsigned samples.
Takes = tuple[bytes, ...]


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Return the tags of all languages with recordings, in the order of the alphabet."""
    return tuple(sorted(file.stem for file in bundled_folder().glob(f"*{_ENDING}")))


@lru_cache(maxsize=16)
def digits(language: str) -> tuple[Takes, ...]:
    """Return the recordings of the digits 0 to 9 in a language. The file is read once per process.

    The file is compressed with zlib. Its first line is a JSON object with the lengths of each voice's ten recordings; 0
    means that the voice has no recording of the digit. The differences of successive samples follow, modulo 256.
    """
    index, _, differences = zlib.decompress((bundled_folder() / f"{language}{_ENDING}").read_bytes()).partition(b"\n")
    samples = bytes(value & 0xFF for value in accumulate(differences))
    read: list[list[bytes]] = [[] for _ in range(10)]
    start = 0
    for lengths in json.loads(index).values():
        for digit, length in enumerate(lengths):
            if length:
                read[digit].append(samples[start : start + length])
                start += length
    return tuple(tuple(takes) for takes in read)


def bundled_folder() -> Path:
    """Return the folder of the recordings: inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "sounds"
    return installed if installed.is_dir() else package.parent / "sounds"
