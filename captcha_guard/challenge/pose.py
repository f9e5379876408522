"""How a glyph stands in the text: turned, slanted, made smaller, and how far its ink then reaches in each row."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from captcha_guard.challenge import glyphs

if TYPE_CHECKING:
    from captcha_guard.challenge.difficulty import Difficulty
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.hand import Hand

ROW_STEP = 3  # px between the rows of a profile; glyphs stand at whole steps, so that profiles meet
FAR = 10_000
_TURNS = 2  # steps of rotation to each side of upright
# Steps of rotation and of shear that glyphs stand in. More would look no richer after the bend, and be kept less.
_STANDS = ((-2, -1), (-2, 1), (-1, 0), (0, -1), (0, 1), (1, 0), (2, -1), (2, 1))
_HARD = [255 * (value > 127) for value in range(256)]
_KEPT = 4096  # posed glyphs in memory, some 1 kB each at the usual size

#: Two rows of a matrix: (a, b, c, d) leads from (x, y) to (a x + b y, c x + d y).
Matrix = tuple[float, float, float, float]


class Pose(NamedTuple):
    """How a glyph is posed: ``angle`` in radians, ``shear`` as dx per dy, ``grow`` as a factor on its size."""

    angle: float
    shear: float
    grow: float


class Posed(NamedTuple):
    """A glyph in its pose, cut to its ink: its size and ink in px, and the first and last inked px of its rows.

    Rows are ``ROW_STEP`` apart, ends as in slices; a row without ink begins ``FAR`` to the right and ends ``FAR`` to
    the left, so that it meets nothing. ``inverse`` leads back to the glyph's mask, where ``middle`` is that of its box.
    """

    width: int
    height: int
    ink: float
    lefts: list[int]
    rights: list[int]
    inverse: Matrix
    middle: tuple[float, float]


@functools.lru_cache(maxsize=256)
def poses(hand: Hand, difficulty: Difficulty) -> tuple[Pose, ...]:
    """Return the poses that a hand and a difficulty allow, each as likely as the others."""
    return tuple(
        Pose(
            angle=math.radians(difficulty.rotation * hand.rotation_share * turn / _TURNS),
            shear=math.tan(math.radians(hand.slant)) + difficulty.shear / 100 * hand.shear_share * lean,
            grow=1 - difficulty.size_jitter / 100 * ((turn + lean) % 3) / 2,
        )
        for turn, lean in _STANDS
    )


@functools.lru_cache(maxsize=_KEPT)
def posed(face: FontFace, glyph: str, cut: glyphs.Cut, pose: Pose) -> Posed:
    """Return the glyph in this pose."""
    upright = glyphs.filled(face, glyph, cut, "solid")
    a, b, c, d = matrix = _matrix(pose, cut)
    inverse = inverted(matrix)
    width, height = upright.size
    xs = (0.0, a * width, b * height, a * width + b * height)
    ys = (0.0, c * width, d * height, c * width + d * height)
    left, top = min(xs), min(ys)
    size = (math.ceil(max(xs) - left), math.ceil(max(ys) - top))
    whole = upright.transform(size, Image.Transform.AFFINE, affine(inverse, (left, top)), Image.Resampling.NEAREST)
    whole = whole.point(_HARD)
    box = whole.getbbox() or (0, 0, 1, 1)
    shape = whole.crop(box)
    lefts, rights = _reach(shape)
    x, y = left + (box[0] + box[2]) / 2, top + (box[1] + box[3]) / 2
    a, b, c, d = inverse
    middle = (a * x + b * y, c * x + d * y)
    return Posed(shape.width, shape.height, shape.histogram()[255], lefts, rights, inverse, middle)


def inverted(matrix: Matrix) -> Matrix:
    """Return the matrix that leads back."""
    a, b, c, d = matrix
    determinant = a * d - b * c
    return d / determinant, -b / determinant, -c / determinant, a / determinant


def product(first: Matrix, second: Matrix) -> Matrix:
    """Return the matrix that does what ``second`` does, and then ``first``."""
    a, b, c, d = first
    e, f, g, h = second
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


def affine(
    inverse: Matrix, corner: tuple[float, float], start: tuple[float, float] = (0.0, 0.0), scale: int = 1
) -> tuple[float, ...]:
    """Return what Pillow's ``Transform.AFFINE`` takes for a picture that is ``scale`` times the text's size.

    Its corner is ``corner`` from the text's origin, in px of the picture; the mask's point ``start`` is shown there.
    """
    a, b, c, d = inverse
    x, y = corner[0] / scale, corner[1] / scale
    return a / scale, b / scale, a * x + b * y + start[0], c / scale, d / scale, c * x + d * y + start[1]


def _matrix(pose: Pose, cut: glyphs.Cut) -> Matrix:
    """Return what leads from a glyph's mask to the text."""
    across, down = cut.scale
    cos, sin = math.cos(pose.angle) * pose.grow, math.sin(pose.angle) * pose.grow
    return cos * across, (-sin - pose.shear * cos) * down, sin * across, (cos - pose.shear * sin) * down


def _reach(shape: Image.Image) -> tuple[list[int], list[int]]:
    width, height = shape.size
    octets = shape.tobytes()
    lefts, rights = [], []
    for top in range(0, height, ROW_STEP):
        row = octets[top * width : (top + 1) * width]
        ink = row.lstrip(b"\0")
        lefts.append(width - len(ink) if ink else FAR)
        rights.append(len(row.rstrip(b"\0")) if ink else -FAR)
    return lefts, rights
