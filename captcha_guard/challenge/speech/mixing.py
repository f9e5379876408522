"""Arithmetic on tracks of 8-bit unsigned samples, in which 128 is silence.

The package doesn't depend on numpy, so each step is one call of C code where possible: ``bytes.translate`` changes the
volume, slices move samples, and one addition of large integers adds up whole tracks.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise, repeat
from operator import rshift
from typing import Final

from .recordings import SILENCE

#: Places in a recording are in units of 1/65536 of a quarter of a sample.
_PLACE_BITS: Final = 16
_FINER: Final = 4


@lru_cache(maxsize=512)
def volume(percent: int) -> bytes:
    """Return the table for ``bytes.translate`` that multiplies every sample by ``percent``, which may be negative."""
    return bytes(min(max(SILENCE + (value - SILENCE) * percent // 100, 0), 255) for value in range(256))


def played(samples: bytes, start: float, end: float) -> bytes:
    """Return the samples played at a speed that changes evenly from ``start`` to ``end``, as a tape would play them.

    The pitch changes with the speed. Values are interpolated to a quarter of a sample.
    """
    fine = _interpolated(samples)
    count = int(2 * len(samples) / (start + end)) - 8
    first, last = (int(speed * _FINER * (1 << _PLACE_BITS)) for speed in (start, end))
    change = (last - first) // count
    steps = range(first, first + change * count, change) if change else [first] * count
    return bytes(map(fine.__getitem__, map(rshift, accumulate(steps), repeat(_PLACE_BITS))))


@lru_cache(maxsize=512)
def _interpolated(samples: bytes) -> bytes:
    """Return the samples with three values between each two. Cached, because the recordings are few."""
    fine = bytearray(_FINER * (len(samples) - 1))
    for part in range(_FINER):
        pairs = pairwise(samples)
        fine[part::_FINER] = bytes([((_FINER - part) * here + part * following) // _FINER for here, following in pairs])
    return bytes(fine)


def hurried(samples: bytes, every: int) -> bytes:
    """Return the samples without each ``every``-th one. That's a cheap way to play them faster and higher."""
    left = bytearray(samples)
    del left[::every]
    return bytes(left)


def mixed(tracks: Sequence[bytes]) -> bytes:
    """Return the sum of tracks of the same length. Loud peaks are compressed, not wrapped."""
    size = 2 * len(tracks[0])
    total = sum(_as_number(track) for track in tracks)
    sums = array("H", total.to_bytes(size, sys.byteorder))
    return bytes(map(_compressed(len(tracks)).__getitem__, sums))


def _as_number(track: bytes) -> int:
    """Return the track as one large number with 16 bits for each sample."""
    wide = bytearray(2 * len(track))
    wide[0 if sys.byteorder == "little" else 1 :: 2] = track
    return int.from_bytes(wide, sys.byteorder)


@lru_cache(maxsize=8)
def _compressed(tracks: int) -> bytes:
    """Return the sample value for each sum of ``tracks`` samples: the same up to 80, and at most 127 beyond it."""
    limit, room = 80, 47
    table = bytearray()
    for value in range(tracks * 255 + 1):
        amplitude = value - tracks * SILENCE
        size = abs(amplitude)
        if size > limit:
            size = limit + room * (size - limit) // (size - limit + room)
        table.append(SILENCE + (size if amplitude > 0 else -size))
    return bytes(table)
