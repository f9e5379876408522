"""The ways that the commands try: few enough to wait for. The benchmark searches many more."""

from __future__ import annotations

from collections.abc import Sequence

from .opponent import Opponent
from .rapidocr import RapidocrDetector
from .tesseract import Tesseract
from .ways import Way

_WHOLE = (Way(), Way("inverted"), Way("smoothed"), Way("widened"))
_IN_ROWS = (
    *(Way(cut="halves at 50 %", rotation=rotation) for rotation in (0, -10, 10)),
    Way(cut="deskewed"),
    Way(cut="seam"),
    Way("dark on light", "seam"),
)
_ALL = (*_WHOLE, *_IN_ROWS)


def quick_ways(opponent: Opponent) -> Sequence[Way]:
    """Return the ways to try with a program. A detector finds rows by itself, and takes long for it."""
    if isinstance(opponent, RapidocrDetector):
        return _WHOLE
    if isinstance(opponent, Tesseract):
        # A block of lines, and one line. Cut pieces are lines.
        return [*(way._replace(mode="psm 6") for way in _WHOLE), *(way._replace(mode="psm 7") for way in _ALL)]
    return _ALL
