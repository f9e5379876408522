"""Glyph masks at the size of the font's masters, with a variant's stem width and fill. They are cached."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops, ImageFilter

from .fonts import MASTER_HEIGHT

if TYPE_CHECKING:
    from .fonts import FontFace
    from .transform import Point
    from .variant import Fill

OUTLINE = 0.062  # the width of outlines as a share of the glyph's height: 2.5 px of 40 px
_PAD = 10  # px around a master, as room for heavier stems
_HEAVIER, _LIGHTER = 0.03, -0.035  # the most to add on each side of a stem, as a share of the height. More distorts it.
_DIRECTIONS = [(math.cos(math.pi * step / 6), math.sin(math.pi * step / 6)) for step in range(12)]
_HULL_STEP = 5  # px between the rows of a mask that are searched for its hull


_INSIDE = [255 * (value >= 255 * 5 / 6) for value in range(256)]  # two thirds of the radius inside the edge
_OUTSIDE = [255 * (value >= 255 / 6) for value in range(256)]


class Cut(NamedTuple):
    """The proportions of glyphs: ``height`` in px, a factor on their width, and the wanted ``stem``.

    The stem's width is a share of the height.
    """

    height: float
    width: float
    stem: float

    @property
    def scale(self) -> tuple[float, float]:
        """The width and the height in px of one px of a mask."""
        down = self.height / MASTER_HEIGHT
        return down * self.width, down


@functools.lru_cache(maxsize=256)
def stem(face: FontFace, cut: Cut) -> float:
    """Return the stem's width as a share of the height, as near to the wanted one as the font allows."""
    return face.stem + 2 * _growth(face, cut.stem)


@functools.lru_cache(maxsize=2048)
def filled(face: FontFace, glyph: str, stem: float, fill: Fill) -> Image.Image:
    """Return the glyph's mask (mode L) at the size of its master. It's cached: don't change it.

    Its edges are soft, because at small sizes only every second or third px of it is used.
    """
    solid = _weighted(face, glyph, stem)
    return (_outlined(solid) if fill == "outline" else solid).filter(ImageFilter.BoxBlur(1))


@functools.lru_cache(maxsize=1024)
def corners(face: FontFace, glyph: str, stem: float) -> tuple[Point, ...]:
    """Return the outermost points of the glyph's ink in 12 directions, clockwise, in px of its mask."""
    mask = _weighted(face, glyph, stem)
    box = mask.getbbox() or (0, 0, 1, 1)
    width, levels = mask.width, mask.tobytes()
    points: list[Point] = []
    for y in (*range(box[1], box[3] - 1, _HULL_STEP), box[3] - 1):
        row = levels[y * width : (y + 1) * width]
        if ink := row.lstrip(b"\0"):
            left, right = width - len(ink), len(row.rstrip(b"\0"))
            points += [(left, y), (right, y)]
    return tuple(dict.fromkeys(max(points, key=lambda p, d=d: p[0] * d[0] + p[1] * d[1]) for d in _DIRECTIONS))  # type: ignore[misc]


def _outlined(solid: Image.Image) -> Image.Image:
    return ImageChops.subtract(solid, _moved_edge(solid, -OUTLINE))


def _growth(face: FontFace, stem: float) -> float:
    return min(max((stem - face.stem) / 2, _LIGHTER), _HEAVIER)


@functools.lru_cache(maxsize=512)
def _weighted(face: FontFace, glyph: str, stem: float) -> Image.Image:
    master = face.master(glyph)
    padded = Image.new("L", (master.width + 2 * _PAD, master.height + 2 * _PAD))
    padded.paste(master, (_PAD, _PAD))
    return _moved_edge(padded, _growth(face, stem))


def _moved_edge(mask: Image.Image, share: float) -> Image.Image:
    """Return the mask with its edge moved outwards by a share of the glyph's height, or inwards if it's negative."""
    distance = abs(share) * MASTER_HEIGHT
    if distance < 0.3:
        return mask
    # After a box blur of radius r, a straight edge falls from full ink r px inside it to no ink r px outside it.
    return mask.filter(ImageFilter.BoxBlur(1.5 * distance)).point(_INSIDE if share < 0 else _OUTSIDE)
