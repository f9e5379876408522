"""The few ways that the commands try, so that the result comes within minutes. The benchmark tries many more."""

from __future__ import annotations

from collections.abc import Sequence

from .cuts import STRAIGHT
from .opponent import Opponent
from .rapidocr import RapidocrDetector
from .tesseract import Tesseract
from .ways import Way

_LEVELLED = ("turned by -25°", "turned by 25°")  # close to the slope of the rows at every level
_WHOLE = (Way(), Way("inverted"), Way("smoothed"), Way("widened"))
_IN_ROWS = (
    *(Way(cut="halves at 50 %", turn=turn) for turn in (STRAIGHT, *_LEVELLED)),
    Way(cut="deskewed"),
    Way(cut="seam"),
    Way("dark on light", "seam"),
)
_ALL = (*_WHOLE, *_IN_ROWS)


def quick_ways(opponent: Opponent) -> Sequence[Way]:
    """Return the ways to try with a program. A detector gets fewer, because it finds rows by itself and is slow."""
    if isinstance(opponent, RapidocrDetector):
        return [*_WHOLE, *(Way(turn=turn) for turn in _LEVELLED)]
    if isinstance(opponent, Tesseract):
        # psm 6 reads a block of lines, and psm 7 one line. The pieces of a cut are lines.
        return [*(way._replace(mode="psm 6") for way in _WHOLE), *(way._replace(mode="psm 7") for way in _ALL)]
    return _ALL
