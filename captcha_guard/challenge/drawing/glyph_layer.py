"""Draws the glyphs on a canvas, each in its own shade, and measures how much of each glyph the strokes cover."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from . import glyphs
from .strokes import EDGES
from .transform import affine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .glyphs import Cut
    from .layout import Placed
    from .strokes import Span, Stroke
    from .variant import Fill

INK = 255  # the shade of strokes. Glyphs have the shades just below it. The picture shows all of them as ink.
_SMOOTH_FROM = 4  # the scale from which masks are interpolated, because the canvas is larger than they are
_MARGIN = 1.0  # px at scale 1 around a glyph's box, for its soft edges


def glyph_layer(placed: Sequence[Placed], cut: Cut, fill: Fill, *, size: tuple[int, int], scale: int) -> Image.Image:
    """Return the glyphs (mode L) on a canvas ``scale`` times the picture's ``size``."""
    canvas = Image.new("L", (size[0] * scale, size[1] * scale))
    resampling = Image.Resampling.NEAREST if scale < _SMOOTH_FROM else Image.Resampling.BILINEAR
    for shade, one in enumerate(placed, start=1):
        left, top = math.floor((one.box[0] - _MARGIN) * scale), math.floor((one.box[1] - _MARGIN) * scale)
        room = (math.ceil((one.box[2] + _MARGIN) * scale) - left, math.ceil((one.box[3] + _MARGIN) * scale) - top)
        data = affine(one.inverse, one.start, (left, top), scale)
        upright = glyphs.filled(one.face, one.glyph, cut.stem, fill)
        mask = upright.transform(room, Image.Transform.AFFINE, data, resampling)
        canvas.paste(INK - shade, (left, top), mask)
    return canvas


def excess(
    letters: Image.Image, scale: int, placed: Sequence[Placed], drawn: Sequence[Stroke], limit: float
) -> list[Span]:
    """Return the boxes of glyphs that strokes cover too much, and the factor by which to thin the strokes there.

    ``limit`` is the share of a glyph's ink that strokes may cover. ``letters`` is a canvas of these glyphs, ``scale``
    times the picture. The soft edges of glyphs have other shades, and are not counted.
    """
    if not drawn:
        return []
    inks = letters.histogram(letters)  # masked by itself, because counting paper would take most of the time
    widths = [max(round(stroke.width * scale), 1) for stroke in drawn]
    counts = letters.histogram(_under(drawn, widths, letters.size, scale))
    # Lines are drawn with the whole px in ``widths``. The weight corrects the count for this.
    weight = sum(stroke.width + EDGES for stroke in drawn) * scale / sum(widths)
    spans = []
    for shade, one in enumerate(placed, start=1):
        covered = weight * counts[INK - shade] / (inks[INK - shade] or 1)
        if covered > limit:
            spans.append((one.box, limit / covered))
    return spans


def _under(drawn: Sequence[Stroke], widths: Sequence[int], size: tuple[int, int], scale: int) -> Image.Image:
    """Return a mask of the strokes at their full width (mode L, 1 under a stroke)."""
    under = Image.new("L", size)
    pen = ImageDraw.Draw(under)
    for stroke, width in zip(drawn, widths, strict=True):
        pen.line([(x * scale, y * scale) for x, y in stroke.points], 1, width)
    return under
