"""Glyph masks, scaled and filled in the manner of a style, kept for the next picture."""

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


def stem(face: FontFace, cut: Cut) -> float:
    """Return the stem's share of the height as it is cut: the one aimed at, as near as the font can be brought."""
    return face.stem + 2 * _growth(face, cut)


@functools.lru_cache(maxsize=768)
def silhouette(face: FontFace, glyph: str, cut: Cut) -> Image.Image:
    """Return the glyph's solid mask without soft edges (mode L, 0 or 255); don't alter it."""
    return _scaled(_weighted(face, glyph, cut), cut).point([255 * (value > 127) for value in range(256)])


@functools.lru_cache(maxsize=768)
def filled(face: FontFace, glyph: str, cut: Cut, fill: Fill) -> Image.Image:
    """Return the glyph's mask as :func:`silhouette` does, with the fills that belong to single glyphs put in."""
    solid = _weighted(face, glyph, cut)
    fills = {"outline": _outline, "inline": _inline, "split": _split, "shadow": _shadow, "brush": _brush}
    return _scaled(fills[fill](solid) if fill in fills else solid, cut)


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


def _growth(face: FontFace, cut: Cut) -> float:
    return min(max((cut.stem - face.stem) / 2, _LIGHTER), _HEAVIER)


@functools.lru_cache(maxsize=256)
def _weighted(face: FontFace, glyph: str, cut: Cut) -> Image.Image:
    master = face.master(glyph)
    padded = Image.new("L", (master.width + 2 * _PAD, master.height + 2 * _PAD))
    padded.paste(master, (_PAD, _PAD))
    return _moved_edge(padded, _growth(face, cut))


def _moved_edge(mask: Image.Image, share: float) -> Image.Image:
    """Return the mask with its edge moved out by a share of the glyph's height, or in when that is negative."""
    radius = abs(share) * MASTER_HEIGHT
    if radius < 0.3:
        return mask
    # Blurred with a spread of r, a straight edge is at 84 % of full ink r px inside it, at 16 % outside.
    keep = 214 if share < 0 else 41
    return mask.filter(ImageFilter.GaussianBlur(radius)).point([255 * (value >= keep) for value in range(256)])


def _scaled(padded: Image.Image, cut: Cut) -> Image.Image:
    scale = cut.height / MASTER_HEIGHT
    size = (max(round(padded.width * scale * cut.width), 1), max(round(padded.height * scale), 1))
    return padded.resize(size, Image.Resampling.BOX)
