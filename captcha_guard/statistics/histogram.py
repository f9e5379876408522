"""A histogram of whole seconds whose bins become wider as the seconds grow, so that few bins are enough.

Up to 31 s each second has its own bin. After that, a bin is at most 1/16 as wide as its lower edge (32 to 33 s, 64 to
67 s, 128 to 135 s ...), so its middle is at most 3 % from any value in it. One hour has fewer than 144 bins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: The number of leading bits of the seconds that a bin preserves.
_BITS: Final = 5


def edge_of(seconds: int) -> int:
    """Return the lower edge of the bin that ``seconds`` belongs to."""
    seconds = max(0, seconds)
    return seconds // _width(seconds) * _width(seconds)


def median(bins: Mapping[int, int]) -> float | None:
    """Return the median in seconds: the middle of its bin. ``None`` if nothing was counted.

    ``bins`` has the number of values by the lower edge of their bin. An even number of values has two in the middle,
    and the result is between them.
    """
    total = sum(bins.values())
    if total <= 0:
        return None
    return (_at(bins, (total - 1) // 2) + _at(bins, total // 2)) / 2


def _at(bins: Mapping[int, int], rank: int) -> float:
    """Return the middle of the bin with the value of this rank, counted from 0."""
    seen, edge = 0, 0
    for edge in sorted(bins):
        seen += bins[edge]
        if seen > rank:
            break
    return edge + (_width(edge) - 1) / 2


def _width(seconds: int) -> int:
    return 1 << max(0, seconds.bit_length() - _BITS)
