"""The ways that the commands try: few enough to wait for, and the ones that read most in the benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from .opponent import Opponent
from .rapidocr import RapidocrDetector
from .ways import PLAIN, Way, ways

_TREATMENTS = (PLAIN, "smoothed", "thin lines removed")
_CUTS = ("whole", "halves at 50 %", "valley", "deskewed", "seam")


def quick_ways(opponent: Opponent) -> Sequence[Way]:
    """Return the ways to try with a program; a detector cuts the picture by itself, and takes long for it."""
    if isinstance(opponent, RapidocrDetector):
        return ways(opponent.modes, treatments=_TREATMENTS, cuts=["whole"], rotations=[0])
    return ways(opponent.modes, treatments=_TREATMENTS, cuts=_CUTS, rotations=[0, -10, 10])
