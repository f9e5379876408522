"""The glyphs on their canvas, each in a shade of its own, and how much of each one strokes would cover."""

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

INK = 255  # the shade of strokes. Glyphs have the shades below it; all are shown alike
_SMOOTH_FROM = 4  # times the picture; masks are smaller than that, so picking single px out of them would show
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
    """Return where strokes cover more than ``limit`` (a share) of a glyph's ink, and the factor by which to thin them.

    ``letters`` is a canvas of these glyphs, ``scale`` times the picture. Their soft edges, in other shades, are not
    counted.
    """
    if not drawn:
        return []
    inks = letters.histogram(letters)  # through itself as a mask: to count paper would take most of the time
    widths = [max(round(stroke.width * scale), 1) for stroke in drawn]
    counts = letters.histogram(_under(drawn, widths, letters.size, scale))
    # A line is as many whole px wide as ``widths`` says; the count is weighted for that.
    weight = sum(stroke.width + EDGES for stroke in drawn) * scale / sum(widths)
    spans = []
    for shade, one in enumerate(placed, start=1):
        covered = weight * counts[INK - shade] / (inks[INK - shade] or 1)
        if covered > limit:
            spans.append((one.box, limit / covered))
    return spans


def _under(drawn: Sequence[Stroke], widths: Sequence[int], size: tuple[int, int], scale: int) -> Image.Image:
    """Return what lies under strokes that are not yet tapered (mode L, 1 there)."""
    under = Image.new("L", size)
    pen = ImageDraw.Draw(under)
    for stroke, width in zip(drawn, widths, strict=True):
        pen.line([(x * scale, y * scale) for x, y in stroke.points], 1, width)
    return under
