"""Glyph masks, scaled and filled in the manner of a style, kept for the next picture."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops, ImageFilter

from captcha_guard.challenge.fonts import MASTER_HEIGHT

if TYPE_CHECKING:
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.style import Fill

OUTLINE = 0.058  # of the glyph's height; 2.5 px at 44 px
_PAD = 14  # px around a master, so that what grows outwards (weight, shadow) has room


class Cut(NamedTuple):
    """How glyphs are cut: ``height`` in px, a factor on their width, and weight added in shares of the height."""

    height: int
    width: float
    weight: float


@functools.lru_cache(maxsize=768)
def silhouette(face: FontFace, glyph: str, cut: Cut) -> Image.Image:
    """Return the glyph's solid mask (mode L, ink 255); don't alter it."""
    return _scaled(_weighted(face, glyph, cut.weight), cut)


@functools.lru_cache(maxsize=768)
def filled(face: FontFace, glyph: str, cut: Cut, fill: Fill) -> Image.Image:
    """Return the glyph's mask as :func:`silhouette` does, with the fills that belong to single glyphs put in."""
    solid = _weighted(face, glyph, cut.weight)
    if fill == "outline":
        solid = ImageChops.subtract(solid, _eroded(solid, OUTLINE))
    elif fill == "inline":
        line = ImageChops.subtract(_eroded(solid, OUTLINE * 1.15), _eroded(solid, OUTLINE * 2.1))
        solid = ImageChops.subtract(solid, line)
    elif fill == "shadow":
        offset = round(0.075 * MASTER_HEIGHT)
        cast = ImageChops.offset(solid, offset, offset)
        gap = _grown(solid, 0.035)
        solid = ImageChops.lighter(solid, ImageChops.subtract(cast, gap))
    return _scaled(solid, cut)


def _weighted(face: FontFace, glyph: str, weight: float) -> Image.Image:
    master = face.master(glyph)
    padded = Image.new("L", (master.width + 2 * _PAD, master.height + 2 * _PAD))
    padded.paste(master, (_PAD, _PAD))
    if weight > 0.002:
        return _grown(padded, weight)
    if weight < -0.002:
        return _eroded(padded, -weight)
    return padded


def _scaled(padded: Image.Image, cut: Cut) -> Image.Image:
    scale = cut.height / MASTER_HEIGHT
    size = (max(round(padded.width * scale * cut.width), 1), max(round(padded.height * scale), 1))
    return padded.resize(size, Image.Resampling.BOX)


def _eroded(mask: Image.Image, share: float) -> Image.Image:
    radius = share * MASTER_HEIGHT
    # Blurred with a spread of r, a straight edge is at 84 % of full ink r px inside it.
    return mask.filter(ImageFilter.GaussianBlur(radius)).point([255 * (v >= 214) for v in range(256)])


def _grown(mask: Image.Image, share: float) -> Image.Image:
    radius = share * MASTER_HEIGHT
    return mask.filter(ImageFilter.GaussianBlur(radius)).point([255 * (v >= 41) for v in range(256)])
