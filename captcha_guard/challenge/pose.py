"""A glyph as it stands in the text: turned, slanted, made smaller, and kept, since poses are few."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from captcha_guard.challenge import glyphs

if TYPE_CHECKING:
    import random

    from captcha_guard.challenge.difficulty import Difficulty
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.hand import Fill, Hand

ROW_STEP = 3  # px between the rows of a profile; glyphs stand at whole steps, so that profiles meet
FAR = 10_000
_TURNS = 2  # steps of rotation to each side of upright
# Steps of rotation and of shear that glyphs stand in. More would look no richer after the warp, and be kept less.
_STANDS = ((-2, -1), (-2, 1), (-1, 0), (0, -1), (0, 1), (1, 0), (2, -1), (2, 1))
_KEPT = 4096  # posed glyphs in memory, some 10 kB each at the usual size


class Profile(NamedTuple):
    """The first and the last inked px (as in slices) of rows that are ``ROW_STEP`` apart, from row ``top`` on.

    A row without ink begins ``FAR`` to the right and ends ``FAR`` to the left, so that it meets nothing.
    """

    top: int
    lefts: list[int]
    rights: list[int]


class Pose(NamedTuple):
    """How a glyph is posed: ``angle`` in radians, ``shear`` as dx per dy, ``grow`` as a factor on its size."""

    angle: float
    shear: float
    grow: float


class Posed(NamedTuple):
    """A glyph in its pose at scale 1: its silhouette cut to the ink, and how much ink that is in px.

    ``inverse`` and ``offset`` lead from the silhouette back to the upright glyph.
    """

    silhouette: Image.Image
    ink: float
    profile: Profile
    inverse: tuple[float, float, float, float]
    offset: tuple[float, float]


def strike(rng: random.Random, hand: Hand, difficulty: Difficulty) -> Pose:
    """Draw one of the poses that a hand and a difficulty allow."""
    turn, lean = _STANDS[int(rng.random() * len(_STANDS))]
    return Pose(
        angle=math.radians(difficulty.rotation * hand.rotation_share * turn / _TURNS),
        shear=math.tan(math.radians(hand.slant)) + difficulty.shear / 100 * hand.shear_share * lean,
        grow=1 - difficulty.size_jitter / 100 * ((turn + lean) % 3) / 2,
    )


@functools.lru_cache(maxsize=_KEPT)
def posed(face: FontFace, glyph: str, cut: glyphs.Cut, pose: Pose) -> Posed:
    """Return the glyph's silhouette in this pose."""
    upright = glyphs.silhouette(face, glyph, cut)
    a, b, c, d = _matrix(pose)
    determinant = a * d - b * c
    inverse = (d / determinant, -b / determinant, -c / determinant, a / determinant)
    width, height = upright.size
    xs = (0.0, a * width, b * height, a * width + b * height)
    ys = (0.0, c * width, d * height, c * width + d * height)
    offset = (min(xs), min(ys))
    size = (math.ceil(max(xs) - min(xs)), math.ceil(max(ys) - min(ys)))
    whole = _turned(upright, inverse, offset, size, 1)
    box = whole.getbbox() or (0, 0, 1, 1)
    silhouette = whole.crop(box)
    offset = (offset[0] + box[0], offset[1] + box[1])
    return Posed(silhouette, silhouette.histogram()[255], _profile(silhouette), inverse, offset)


@functools.lru_cache(maxsize=_KEPT)
def inked(face: FontFace, glyph: str, cut: glyphs.Cut, pose: Pose, fill: Fill, *, scale: int) -> Image.Image:
    """Return the glyph's mask (mode L) in this pose and fill, ``scale`` times as large as its silhouette."""
    stands = posed(face, glyph, cut, pose)
    upright = glyphs.filled(face, glyph, cut._replace(height=cut.height * scale), fill)
    size = (stands.silhouette.width * scale, stands.silhouette.height * scale)
    return _turned(upright, stands.inverse, stands.offset, size, scale)


def _matrix(pose: Pose) -> tuple[float, float, float, float]:
    cos, sin = math.cos(pose.angle) * pose.grow, math.sin(pose.angle) * pose.grow
    return cos, -sin - pose.shear * cos, sin, cos - pose.shear * sin


def _turned(
    upright: Image.Image,
    inverse: tuple[float, float, float, float],
    offset: tuple[float, float],
    size: tuple[int, int],
    scale: int,
) -> Image.Image:
    a, b, c, d = inverse
    x, y = offset[0] * scale, offset[1] * scale
    data = (a, b, a * x + b * y, c, d, c * x + d * y)
    # At scale 1 a silhouette is read off, hard-edged; larger masks are shown.
    resample = Image.Resampling.NEAREST if scale == 1 else Image.Resampling.BILINEAR
    return upright.transform(size, Image.Transform.AFFINE, data, resample)


def _profile(mask: Image.Image) -> Profile:
    width, height = mask.size
    octets = mask.tobytes()
    lefts, rights = [], []
    for top in range(0, height, ROW_STEP):
        row = octets[top * width : (top + 1) * width]
        ink = row.lstrip(b"\0")
        lefts.append(width - len(ink) if ink else FAR)
        rights.append(len(row.rstrip(b"\0")) if ink else -FAR)
    return Profile(0, lefts, rights)
