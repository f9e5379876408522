"""The convex outline of one glyph in a picture: how far it reaches up and down at each place."""

from __future__ import annotations

import functools
import math
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from . import glyphs
from .transform import Matrix, Point, glyph_matrix, inverted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fonts import FontFace

#: The slopes (dy per dx) of lines through the picture, from 24 degrees upwards to 24 degrees downwards.
SLOPES = tuple(math.tan(math.radians(angle)) for angle in (-24, -18, -13, -9, -6, -3, 0, 3, 6, 9, 13, 18, 24))
_BESIDE = 1.5  # px by which a glyph counts as wider than it is, so that diagonal neighbours don't touch either
_FAR = 1e9
_CACHED = 4096  # shapes, about 2 kB each


class Edge(NamedTuple):
    """The upper or the lower side of a convex outline: its corners from left to right, px from the glyph's middle."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def at(self, x: float) -> float:
        """Return the y at ``x``. Beyond either end it's the y of that end."""
        xs, ys = self
        i = bisect_right(xs, x)
        if i == 0:
            return ys[0]
        if i == len(xs):
            return ys[-1]
        return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])


class Shape(NamedTuple):
    """A glyph, turned and scaled. Lengths are px at scale 1, from the middle of the box around its ink.

    ``half_width`` is half the width of the box, and ``corners`` outline the ink. ``matrix`` leads from the glyph's mask
    to the picture. ``middle`` is the point of the mask that is shown in the middle of the box. ``lowest`` and
    ``highest`` have, for each of ``SLOPES``, how far the glyph reaches below and above such a line through its middle.
    """

    face: FontFace
    glyph: str
    matrix: Matrix
    middle: Point
    half_width: float
    corners: tuple[Point, ...]
    upper: Edge
    lower: Edge
    lowest: tuple[float, ...]
    highest: tuple[float, ...]


@functools.lru_cache(maxsize=_CACHED)
def shape_of(face: FontFace, glyph: str, cut: glyphs.Cut, angle: float, slant: float) -> Shape:
    """Return the glyph, slanted by ``slant`` (dx per dy) and turned by ``angle`` radians."""
    a, b, c, d = matrix = glyph_matrix(angle, slant, cut.scale)
    turned = [(a * x + b * y, c * x + d * y) for x, y in glyphs.corners(face, glyph, cut.stem)]
    xs, ys = [x for x, _ in turned], [y for _, y in turned]
    x0, y0 = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    around = sorted((x - x0, y - y0) for x, y in turned)
    e, f, g, h = inverted(matrix)
    return Shape(
        face,
        glyph,
        matrix,
        (e * x0 + f * y0, g * x0 + h * y0),
        max(xs) - x0,
        tuple(around),
        _edge(around, 1),
        _edge(around, -1),
        tuple(max(y - slope * x for x, y in around) for slope in SLOPES),
        tuple(min(y - slope * x for x, y in around) for slope in SLOPES),
    )


def overlap(above: Shape, below: Shape, right: float) -> float:
    """Return by how many px ``below`` must be moved down from the height of ``above``, so that they just touch.

    ``below`` is ``right`` px to the right of ``above``. Returns a large negative number if they are side by side.
    """
    if abs(right) >= above.half_width + below.half_width + 2 * _BESIDE:
        return -_FAR
    bottom, top = above.lower, below.upper
    start, end = max(bottom.xs[0], top.xs[0] + right) - _BESIDE, min(bottom.xs[-1], top.xs[-1] + right) + _BESIDE
    if start >= end:
        return -_FAR
    # The distance between two chains of straight lines is largest at a corner of one of them, or at an end.
    found = [bottom.at(start) - top.at(start - right), bottom.at(end) - top.at(end - right)]
    found += [y - top.at(x - right) for x, y in zip(bottom.xs, bottom.ys, strict=True) if start < x < end]
    found += [bottom.at(x + right) - y for x, y in zip(top.xs, top.ys, strict=True) if start < x + right < end]
    return max(found)


def _edge(points: Sequence[Point], side: int) -> Edge:
    """Return the upper (``side`` 1) or the lower (-1) edge of points sorted from left to right (Andrew 1979)."""
    xs: list[float] = []
    ys: list[float] = []
    for x, upright in points:
        y = side * upright
        if xs and x - xs[-1] < 1e-6:
            ys[-1] = min(ys[-1], y)
            continue
        while len(xs) > 1 and (ys[-1] - ys[-2]) * (x - xs[-2]) >= (y - ys[-2]) * (xs[-1] - xs[-2]):
            xs.pop()
            ys.pop()
        xs.append(x)
        ys.append(y)
    return Edge(tuple(xs), tuple([side * y for y in ys]))
