"""Glyph masks as large as they come from the font, weighted and filled in the manner of a hand, and kept."""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from captcha_guard.challenge.fonts import MASTER_HEIGHT

if TYPE_CHECKING:
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.hand import Fill

OUTLINE = 0.062  # of the glyph's height: 2.7 px of 44 px
_PAD = 16  # px around a master, so that what grows outwards (weight, shadow) has room
_HEAVIER, _LIGHTER = (
    0.03,
    -0.035,
)  # of the glyph's height, on each side of a stem; more would change its shape


class Cut(NamedTuple):
    """How glyphs are cut: ``height`` in px, a factor on their width, and the stem's share of the height to aim at."""

    height: int
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


def filled(face: FontFace, glyph: str, cut: Cut, fill: Fill) -> Image.Image:
    """Return the glyph's mask (mode L) at the size of its master; don't alter it.

    Its edges are as soft as picking single px out of it, every second or third, asks for. Fills that lie over the
    whole text are not in it.
    """
    return _filled(face, glyph, cut.stem, fill if fill in _FILLS else "solid")


@functools.lru_cache(maxsize=1024)
def _filled(face: FontFace, glyph: str, stem: float, fill: Fill) -> Image.Image:
    solid = _weighted(face, glyph, stem)
    return (_FILLS[fill](solid) if fill in _FILLS else solid).filter(ImageFilter.BoxBlur(1))


def _outline(solid: Image.Image) -> Image.Image:
    return ImageChops.subtract(solid, _moved_edge(solid, -OUTLINE))


def _inline(solid: Image.Image) -> Image.Image:
    line = ImageChops.subtract(_moved_edge(solid, -OUTLINE), _moved_edge(solid, -1.75 * OUTLINE))
    return ImageChops.subtract(solid, line)


def _split(solid: Image.Image) -> Image.Image:
    """Solid below, outlined above."""
    hollow = _outline(solid)
    hollow.paste(solid.crop((0, solid.height // 2, solid.width, solid.height)), (0, solid.height // 2))
    return hollow


def _shadow(solid: Image.Image) -> Image.Image:
    offset = round(0.07 * MASTER_HEIGHT)
    cast = ImageChops.subtract(ImageChops.offset(solid, offset, offset), _moved_edge(solid, 0.04))
    return ImageChops.lighter(solid, cast)


def _brush(solid: Image.Image) -> Image.Image:
    """Streaks of a dry brush, the same for every glyph."""
    rng = random.Random(4)  # noqa: S311 - a texture, not a secret
    streaked = solid.copy()
    pen = ImageDraw.Draw(streaked)
    for _ in range(6):
        x, y = rng.random() * solid.width, rng.random() * solid.height
        length = (0.2 + 0.4 * rng.random()) * solid.width
        pen.line((x - length, y + 0.3 * length, x + length, y - 0.3 * length), 0, 3)
    return streaked


_FILLS = {"outline": _outline, "inline": _inline, "split": _split, "shadow": _shadow, "brush": _brush}


def _growth(face: FontFace, stem: float) -> float:
    return min(max((stem - face.stem) / 2, _LIGHTER), _HEAVIER)


@functools.lru_cache(maxsize=256)
def _weighted(face: FontFace, glyph: str, stem: float) -> Image.Image:
    master = face.master(glyph)
    padded = Image.new("L", (master.width + 2 * _PAD, master.height + 2 * _PAD))
    padded.paste(master, (_PAD, _PAD))
    return _moved_edge(padded, _growth(face, stem))


def _moved_edge(mask: Image.Image, share: float) -> Image.Image:
    """Return the mask with its edge moved out by a share of the glyph's height, or in when that is negative."""
    radius = abs(share) * MASTER_HEIGHT
    if radius < 0.3:
        return mask
    # Blurred with a spread of r, a straight edge is at 84 % of full ink r px inside it, at 16 % outside.
    keep = 214 if share < 0 else 41
    return mask.filter(ImageFilter.GaussianBlur(radius)).point([255 * (value >= keep) for value in range(256)])
