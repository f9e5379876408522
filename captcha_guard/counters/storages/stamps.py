"""The entry times of a moving window, packed as little-endian doubles, the oldest first: 8 bytes an entry.

Times never decrease from one entry to the next. So the newest one shows whether a clock that was ahead has written any
of them. Times are in seconds since 1970, as from ``time.time()``.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from math import inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds by which a clock may be adjusted, or differ between processes, without any effect. Expired entries are kept
#: this much longer, and times up to this far in the future are accepted.
LEEWAY: Final = 5.0

_STAMP: Final = struct.Struct("<d")

#: Bytes of one entry.
SIZE: Final = _STAMP.size


def by_list(entries: Sequence[tuple[str, int, int, int]]) -> dict[str, tuple[int, int, int]]:
    """Return the largest limit and expiry, and the amount, for each list of entries by its key.

    :param entries: (key, limit, expiry in seconds, amount) for each window. Windows of one list have the same key.
    """
    lists: dict[str, tuple[int, int, int]] = {}
    for key, limit, expiry, amount in entries:
        most, longest, _ = lists.get(key, (0, 0, 0))
        lists[key] = max(most, limit), max(longest, expiry), amount
    return lists


def corrected(stamps: bytes, now: float) -> bytes:
    """Return the stamps, with every time that only a clock ahead of ours can have written replaced by now.

    Such an entry then counts for one window from now. That is never shorter than with a correct clock.
    """
    if not stamps or _STAMP.unpack_from(stamps, len(stamps) - _STAMP.size)[0] <= now + LEEWAY:
        return stamps
    return b"".join(_STAMP.pack(min(stamp, now)) for (stamp,) in _STAMP.iter_unpack(stamps))


def entered(stamps: bytes, amount: int, now: float, *, limit: int) -> bytes:
    """Return the stamps with ``amount`` new entries, shortened to the ``limit`` newest."""
    last = _STAMP.unpack_from(stamps, len(stamps) - _STAMP.size)[0] if stamps else now
    return (stamps + _STAMP.pack(max(now, last)) * amount)[-_STAMP.size * limit :]


def wait(stamps: bytes, index: int, now: float, expiry: int) -> float | None:
    """Return the seconds until the entry ``index`` places from the newest leaves the window. None if it has left.

    Infinite for a negative index, because there will never be room.
    """
    if index < 0:
        return inf
    offset = len(stamps) - _STAMP.size * (index + 1)
    if offset < 0:
        return None
    [stamp] = _STAMP.unpack_from(stamps, offset)
    return float(stamp + expiry - now) if stamp >= now - expiry else None


def oldest(stamps: bytes, limit: int, now: float, since: float) -> tuple[float, int]:
    """Return the oldest of the ``limit`` newest entries after ``since`` (now if there is none), and their number."""
    if not stamps:
        return now, 0
    newest = [stamp for (stamp,) in _STAMP.iter_unpack(stamps[-_STAMP.size * limit :])]
    first = bisect_left(newest, since)
    return (newest[first], len(newest) - first) if first < len(newest) else (now, 0)
