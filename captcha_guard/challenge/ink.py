"""Glyphs as they are inked on the canvas, each in a shade of its own, and how much of each one strokes would cover."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from captcha_guard.challenge import glyphs
from captcha_guard.challenge.lines import EDGES
from captcha_guard.challenge.pose import affine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from captcha_guard.challenge.glyphs import Cut
    from captcha_guard.challenge.hand import Fill
    from captcha_guard.challenge.lines import Span, Stroke
    from captcha_guard.challenge.warp import Bent

INK = 255  # the shade of strokes; the first glyph's is one less, the second's two, which nobody sees


def inked(shown: Sequence[Bent], cut: Cut, fill: Fill, *, size: tuple[int, int], scale: int) -> Image.Image:
    """Return the glyphs (mode L) on a canvas ``scale`` times the picture's ``size``."""
    canvas = Image.new("L", (size[0] * scale, size[1] * scale))
    for shade, one in enumerate(shown, start=1):
        left, top = math.floor(one.box[0] * scale), math.floor(one.box[1] * scale)
        room = (math.ceil(one.box[2] * scale) - left, math.ceil(one.box[3] * scale) - top)
        data = affine(one.inverse, (left, top), one.start, scale)
        upright = glyphs.filled(one.face, one.glyph, cut, fill)
        mask = upright.transform(room, Image.Transform.AFFINE, data, Image.Resampling.NEAREST)
        canvas.paste(INK - shade, (left, top), mask)
    return canvas


def excess(letters: Image.Image, shown: Sequence[Bent], drawn: Sequence[Stroke], limit: float) -> list[Span]:
    """Return where strokes cover more of a glyph's ink than ``limit`` (a share) leaves to them, and what mends it.

    ``letters`` is a canvas of these glyphs at scale 1. Their soft edges, in other shades, are not counted.
    """
    if not drawn:
        return []
    inks = letters.histogram(letters)  # through itself as a mask: to count paper would take most of the time
    counts = letters.histogram(_under(drawn, letters.size))
    area = sum(stroke.width + EDGES for stroke in drawn if len(stroke.points) > 1)
    whole = sum(_whole(stroke) for stroke in drawn if len(stroke.points) > 1)
    weight = area / whole if whole else 1.0
    spans = []
    for shade, one in enumerate(shown, start=1):
        covered = weight * counts[INK - shade] / (inks[INK - shade] or 1)
        room = max(limit - one.shared, 0.01)
        if covered > room:
            spans.append((one.box[0], one.box[2], room / covered))
    return spans


def _under(drawn: Sequence[Stroke], size: tuple[int, int]) -> Image.Image:
    """Return what lies under strokes that are not yet tapered (mode L, 1 there)."""
    under = Image.new("L", size)
    pen = ImageDraw.Draw(under)
    for stroke in drawn:
        if len(stroke.points) > 1:
            pen.line(stroke.points, 1, _whole(stroke))
        else:
            (x, y), radius = stroke.points[0], stroke.width / 2
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), 1)
    return under


def _whole(stroke: Stroke) -> int:
    """Return the width in px that a line is drawn with, which has to be whole; the count is weighted for it."""
    return max(round(stroke.width), 1)
