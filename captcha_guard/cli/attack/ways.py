"""The ways of an attack: what is done to a picture before a program reads it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from PIL import Image

from .cuts import ADAPTIVE, CUTS, FIXED, ROTATIONS, WHOLE, rotated
from .treatments import TREATMENTS

PLAIN = "as it is"


class Way(NamedTuple):
    """Names in ``TREATMENTS`` and ``CUTS``, the degrees that the picture is turned by first, and a program's mode."""

    treatment: str = PLAIN
    cut: str = WHOLE
    rotation: int = 0
    mode: str = ""

    def __str__(self) -> str:
        turned = f"turned by {self.rotation}°" if self.rotation else ""
        return ", ".join(part for part in (self.treatment, turned, self.cut, self.mode) if part)

    @property
    def adaptive(self) -> bool:
        """Whether the cut looks for the rows in each picture."""
        return self.cut in ADAPTIVE

    @property
    def untreated(self) -> bool:
        """Whether the program gets the picture as visitors see it."""
        return (self.treatment, self.cut, self.rotation) == (PLAIN, WHOLE, 0)

    def cut_up(self, picture: Image.Image) -> list[Image.Image]:
        """Return the pieces of a picture in mode L, in reading order, untreated."""
        return CUTS[self.cut](rotated(picture, self.rotation))


def pieces(way: Way, cut: Sequence[Image.Image]) -> list[Image.Image]:
    """Return what a program gets to read of the pieces of a picture."""
    return [TREATMENTS[way.treatment](piece) for piece in cut]


def ways(
    modes: Sequence[str],
    *,
    treatments: Sequence[str] = tuple(TREATMENTS),
    cuts: Sequence[str] = tuple(CUTS),
    rotations: Sequence[int] = ROTATIONS,
) -> list[Way]:
    """Return every way that these make; an adaptive cut is made of the picture as it stands."""
    fixed = product([cut for cut in cuts if cut in FIXED], rotations)
    adaptive = product([cut for cut in cuts if cut in ADAPTIVE], [0])
    return [
        Way(treatment, cut, rotation, mode)
        for (cut, rotation), treatment, mode in product([*fixed, *adaptive], treatments, modes)
    ]
