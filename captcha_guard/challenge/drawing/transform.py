"""2 x 2 matrices that turn, slant and scale a glyph, and their form for Pillow."""

from __future__ import annotations

import math

Point = tuple[float, float]

#: The rows of a matrix: (a, b, c, d) maps (x, y) to (a x + b y, c x + d y).
Matrix = tuple[float, float, float, float]


def glyph_matrix(angle: float, slant: float, scale: Point) -> Matrix:
    """Return the matrix that scales (across, down), then slants (dx per dy), then turns by ``angle`` radians."""
    across, down = scale
    cos, sin = math.cos(angle), math.sin(angle)
    return cos * across, (-sin - slant * cos) * down, sin * across, (cos - slant * sin) * down


def inverted(matrix: Matrix) -> Matrix:
    """Return the inverse matrix."""
    a, b, c, d = matrix
    determinant = a * d - b * c
    return d / determinant, -b / determinant, -c / determinant, a / determinant


def product(first: Matrix, second: Matrix) -> Matrix:
    """Return the matrix that applies ``second``, then ``first``."""
    a, b, c, d = first
    e, f, g, h = second
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


def affine(inverse: Matrix, start: Point, corner: Point, scale: int) -> tuple[float, ...]:
    """Return the data of Pillow's ``Transform.AFFINE`` for an output whose top-left pixel is ``corner``.

    The output is ``scale`` times the picture, and ``corner`` is in px of the output. ``inverse`` and ``start`` lead
    from the picture to the input: the input's point ``start`` is shown at the picture's (0, 0).
    """
    a, b, c, d = inverse
    x, y = corner[0] / scale, corner[1] / scale
    return a / scale, b / scale, a * x + b * y + start[0], c / scale, d / scale, c * x + d * y + start[1]
