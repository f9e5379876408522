"""Glyph masks as large as they come from the font, weighted and filled in the manner of a variant, and kept."""

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

OUTLINE = 0.062  # of the glyph's height: 2.5 px of 40 px
_PAD = 10  # px around a master, so that what grows outwards has room
_HEAVIER, _LIGHTER = 0.03, -0.035  # of the glyph's height, on each side of a stem; more would change its shape
_DIRECTIONS = [(math.cos(math.pi * step / 6), math.sin(math.pi * step / 6)) for step in range(12)]
_HULL_STEP = 5  # px between the rows of a mask in which its hull is looked for


_INSIDE = [255 * (value >= 255 * 5 / 6) for value in range(256)]  # two thirds of the radius inside the edge
_OUTSIDE = [255 * (value >= 255 / 6) for value in range(256)]


class Cut(NamedTuple):
    """How glyphs are cut: ``height`` in px, a factor on their width, and the stem's share of the height to aim at."""

    height: float
    width: float
    stem: float

    @property
    def scale(self) -> tuple[float, float]:
        """How many px across and down one px of a mask comes to."""
        down = self.height / MASTER_HEIGHT
        return down * self.width, down


@functools.lru_cache(maxsize=256)
def stem(face: FontFace, cut: Cut) -> float:
    """Return the stem's share of the height as it is cut: the one aimed at, as near as the font can be brought."""
    return face.stem + 2 * _growth(face, cut.stem)


@functools.lru_cache(maxsize=2048)
def filled(face: FontFace, glyph: str, stem: float, fill: Fill) -> Image.Image:
    """Return the glyph's mask (mode L) at the size of its master; don't alter it.

    Its edges are as soft as picking single px out of it, every second or third, asks for.
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
    """Return the mask with its edge moved out by a share of the glyph's height, or in when that is negative."""
    distance = abs(share) * MASTER_HEIGHT
    if distance < 0.3:
        return mask
    # Blurred by a box of radius r, a straight edge falls from full ink r px inside it to none r px outside.
    return mask.filter(ImageFilter.BoxBlur(1.5 * distance)).point(_INSIDE if share < 0 else _OUTSIDE)
