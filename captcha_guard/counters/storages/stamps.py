"""The times of entry of a moving window, packed oldest first as little-endian doubles: 8 bytes an entry.

They never fall from one to the next, so that the newest tells whether a clock that was ahead has written them. Times
are in seconds since 1970, as ``time.time()`` has them.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from math import inf
from typing import Final

#: Seconds by which clocks may be stepped, or differ between processes, without any effect: what has expired is kept so
#: much longer, and a time that is no further ahead is taken as it stands.
LEEWAY: Final = 5.0

_STAMP: Final = struct.Struct("<d")


def put_right(stamps: bytes, now: float) -> bytes:
    """Return the stamps, with now in place of every time that only a clock which was ahead can have written.

    So such an entry counts for one window from now. That is never shorter than if the clock had been right.
    """
    if not stamps or _STAMP.unpack_from(stamps, len(stamps) - _STAMP.size)[0] <= now + LEEWAY:
        return stamps
    return b"".join(_STAMP.pack(min(stamp, now)) for (stamp,) in _STAMP.iter_unpack(stamps))


def entered(stamps: bytes, amount: int, now: float, *, limit: int) -> bytes:
    """Return the stamps with ``amount`` entries more, and of all no more than the ``limit`` newest."""
    last = _STAMP.unpack_from(stamps, len(stamps) - _STAMP.size)[0] if stamps else now
    return (stamps + _STAMP.pack(max(now, last)) * amount)[-_STAMP.size * limit :]


def wait(stamps: bytes, index: int, now: float, expiry: int) -> float | None:
    """Return the seconds until the entry ``index`` places from the newest leaves the window; None when it has left.

    Infinite for a negative index: there will never be room.
    """
    if index < 0:
        return inf
    offset = len(stamps) - _STAMP.size * (index + 1)
    if offset < 0:
        return None
    [stamp] = _STAMP.unpack_from(stamps, offset)
    return float(stamp + expiry - now) if stamp >= now - expiry else None


def oldest(stamps: bytes, limit: int, now: float, since: float) -> tuple[float, int]:
    """Return the oldest of the ``limit`` newest entries since then, and how many there are; now if there are none."""
    newest = [stamp for (stamp,) in _STAMP.iter_unpack(stamps[-_STAMP.size * limit :])]
    first = bisect_left(newest, since)
    return (newest[first], len(newest) - first) if first < len(newest) else (now, 0)
