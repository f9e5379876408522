"""Where each glyph of a picture stands: turned, slanted, and moved until it touches its neighbour.

All numbers are px at scale 1 in text space, in which the text begins at (0, 0); the warp maps it to the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from captcha_guard.challenge import glyphs

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from captcha_guard.challenge.difficulty import Difficulty
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.style import Baseline, Style

Matrix = tuple[float, float, float, float]

_ROW_STEP = 3  # px between the rows in which neighbours are brought together
_MAX_TUCK = 0.45  # of a glyph's width that may slide under a neighbour's overhang (7 and 4, T and J)


class Placement(NamedTuple):
    """One glyph: its top-left corner, its silhouette there, and the matrix from the silhouette back to its mask."""

    face: FontFace
    glyph: str
    x: float
    y: float
    inverse: Matrix
    offset: tuple[float, float]
    silhouette: Image.Image


@dataclass(frozen=True, eq=False)
class Layout:
    """The whole line of text: its glyphs, its extent in px, the height of a glyph and the width of its stems."""

    placements: tuple[Placement, ...]
    width: float
    height: float
    cut: glyphs.Cut
    stem: float


def lay_out(
    answer: str, *, rng: random.Random, style: Style, difficulty: Difficulty, height: int, faces: Sequence[FontFace]
) -> Layout:
    """Lay ``answer`` out in glyphs ``height`` px high."""
    cut = glyphs.Cut(height, style.width, style.weight / 44)
    overlap = difficulty.overlap / 100 * style.overlap_share
    placed: list[Placement] = []
    edge: dict[int, float] = {}
    right = 0.0
    for index, glyph in enumerate(answer):
        face = faces[int(rng.random() * len(faces))]
        forward = _matrix(rng, style, difficulty)
        source = glyphs.silhouette(face, glyph, cut)
        inverse, offset, size = _inverse(forward, source.size)
        turned = source.transform(size, Image.Transform.AFFINE, _affine(inverse, offset, 1), Image.Resampling.NEAREST)
        box = turned.getbbox() or (0, 0, *size)
        turned = turned.crop(box)
        offset = (offset[0] + box[0], offset[1] + box[1])
        place = (index + 0.5) / len(answer)
        y = height * (_baseline(style.baseline, place) + difficulty.shift / 100 * _either_way(rng))
        y = round(y - turned.height / 2)
        rows = _profile(turned, y)
        width = turned.width
        x = max((edge[row] - left for row, (left, _) in rows.items() if row in edge), default=right)
        x = max(x, right - _MAX_TUCK * width)
        if placed:
            x -= overlap * min(width, placed[-1].silhouette.width) + 0.5
        x = round(x)
        for row, (_, far) in rows.items():
            edge[row] = max(x + far, edge.get(row, -math.inf))
        # Rows beside a glyph's end count as inked a little further in, so that neighbours do not slip past.
        right = max(right, x + width)
        placed.append(Placement(face, glyph, x, y, inverse, offset, turned))
    left = min(p.x for p in placed)
    top = min(p.y for p in placed)
    placed = [p._replace(x=p.x - left, y=p.y - top) for p in placed]
    stem = sum(p.face.stem for p in placed) / len(placed) * height + style.weight * height / 44
    return Layout(
        placements=tuple(placed),
        width=max(p.x + p.silhouette.width for p in placed),
        height=max(p.y + p.silhouette.height for p in placed),
        cut=cut,
        stem=stem,
    )


def _either_way(rng: random.Random) -> float:
    return 2 * rng.random() - 1


def _matrix(rng: random.Random, style: Style, difficulty: Difficulty) -> Matrix:
    """Return the matrix that makes a glyph smaller, slants it and then turns it."""
    angle = math.radians(difficulty.rotation * style.rotation_share * _either_way(rng))
    shear = math.tan(math.radians(style.slant)) + difficulty.shear / 100 * style.shear_share * _either_way(rng)
    grow = 1 - difficulty.size_jitter / 100 * rng.random()
    cos, sin = math.cos(angle) * grow, math.sin(angle) * grow
    return cos, -sin - shear * cos, sin, cos - shear * sin


def _inverse(forward: Matrix, size: tuple[int, int]) -> tuple[Matrix, tuple[float, float], tuple[int, int]]:
    a, b, c, d = forward
    width, height = size
    xs = (0.0, a * width, b * height, a * width + b * height)
    ys = (0.0, c * width, d * height, c * width + d * height)
    determinant = a * d - b * c
    inverse = (d / determinant, -b / determinant, -c / determinant, a / determinant)
    extent = (math.ceil(max(xs) - min(xs)), math.ceil(max(ys) - min(ys)))
    return inverse, (min(xs), min(ys)), extent


def _affine(inverse: Matrix, offset: tuple[float, float], scale: int) -> tuple[float, ...]:
    """Return Pillow's six affine numbers for a picture of the glyph drawn ``scale`` times as large."""
    a, b, c, d = inverse
    x, y = offset[0] * scale, offset[1] * scale
    return a, b, a * x + b * y, c, d, c * x + d * y


def turned(placement: Placement, mask: Image.Image, scale: int) -> Image.Image:
    """Return ``mask`` (``scale`` times as large as the silhouette's) turned and slanted as the placement says."""
    size = (placement.silhouette.width * scale, placement.silhouette.height * scale)
    data = _affine(placement.inverse, placement.offset, scale)
    return mask.transform(size, Image.Transform.AFFINE, data, Image.Resampling.NEAREST)


def _profile(mask: Image.Image, y: int) -> dict[int, tuple[int, int]]:
    """Return the first and last inked px of every third row, keyed by the row's place in text space."""
    width, height = mask.size
    octets = mask.tobytes()
    rows = {}
    for top in range(-y % _ROW_STEP, height, _ROW_STEP):
        row = octets[top * width : (top + 1) * width]
        ink = row.lstrip(b"\0")
        if ink:
            rows[(y + top) // _ROW_STEP] = (width - len(ink), len(row.rstrip(b"\0")))
    return rows


def _baseline(family: Baseline, place: float) -> float:
    """Return how far down the baseline runs at ``place`` (0 left, 1 right), as a share of the glyph's height."""
    return {
        "level": 0.0,
        "arch": 0.6 * (place - 0.5) ** 2,
        "bowl": -0.6 * (place - 0.5) ** 2,
        "wave": 0.08 * math.sin(place * 2 * math.pi),
        "steps": 0.14 * (int(place * 10) % 2),
        "rise": -0.22 * place,
        "fall": 0.22 * place,
    }[family]
