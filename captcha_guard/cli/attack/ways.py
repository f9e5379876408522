"""The ways of an attack: combinations of changes to a picture before a program reads it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from PIL import Image

from .cuts import ADAPTIVE, CUTS, FIXED, STRAIGHT, TURNS, WHOLE
from .treatments import TREATMENTS

PLAIN = "as it is"


class Way(NamedTuple):
    """One combination: names in ``TREATMENTS``, ``CUTS`` and ``TURNS``, and a program's mode. The turn comes first."""

    treatment: str = PLAIN
    cut: str = WHOLE
    turn: str = STRAIGHT
    mode: str = ""

    def __str__(self) -> str:
        turned = "" if self.turn == STRAIGHT else self.turn
        return ", ".join(part for part in (self.treatment, turned, self.cut, self.mode) if part)

    @property
    def adaptive(self) -> bool:
        """Whether the cut looks for the rows in each picture."""
        return self.cut in ADAPTIVE

    @property
    def untreated(self) -> bool:
        """Whether the program gets the picture as visitors see it."""
        return (self.treatment, self.cut, self.turn) == (PLAIN, WHOLE, STRAIGHT)

    def cut_up(self, picture: Image.Image) -> list[Image.Image]:
        """Return the pieces of a picture in mode L, in reading order, untreated."""
        return CUTS[self.cut](TURNS[self.turn](picture))


def pieces(way: Way, cut: Sequence[Image.Image]) -> list[Image.Image]:
    """Return the treated pieces that a program reads."""
    return [TREATMENTS[way.treatment](piece) for piece in cut]


def ways(
    modes: Sequence[str],
    *,
    treatments: Sequence[str] = tuple(TREATMENTS),
    cuts: Sequence[str] = tuple(CUTS),
    turns: Sequence[str] = tuple(TURNS),
) -> list[Way]:
    """Return every combination of these. Adaptive cuts are combined only with the unturned picture."""
    fixed = product([cut for cut in cuts if cut in FIXED], turns)
    adaptive = product([cut for cut in cuts if cut in ADAPTIVE], [STRAIGHT])
    return [
        Way(treatment, cut, turn, mode)
        for (cut, turn), treatment, mode in product([*fixed, *adaptive], treatments, modes)
    ]
