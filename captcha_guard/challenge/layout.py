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
Profile = dict[int, tuple[int, int]]

_ROW_STEP = 3  # px between the rows in which neighbours are brought together
_MAX_TUCK = 0.16  # of a glyph's width that may slide under a neighbour's overhang (7 and 4, T and J)
_CONTACT = 10  # of a glyph's rows may touch for each part of its ink that it shares (0.02 of ink: 20 % of rows)
_DEEPEST = 0.1  # of a glyph's width that may go into its neighbour in any row
_APART = 0.09  # of the height; the gap between neighbours that are not to touch


class Placement(NamedTuple):
    """One glyph: its top-left corner, and how its silhouette there came from its mask."""

    face: FontFace
    glyph: str
    x: int
    y: int
    inverse: Matrix
    offset: tuple[float, float]
    silhouette: Image.Image
    ink: float
    shared: float

    def turned(self, mask: Image.Image, scale: int) -> Image.Image:
        """Return ``mask``, ``scale`` times as large as the silhouette's, turned and slanted like the silhouette."""
        size = (self.silhouette.width * scale, self.silhouette.height * scale)
        data = _affine(self.inverse, self.offset, scale)
        return mask.transform(size, Image.Transform.AFFINE, data, Image.Resampling.NEAREST)


@dataclass(frozen=True, eq=False)
class Layout:
    """The whole line of text: its glyphs, its extent, how the glyphs are cut and the width of their stems in px.

    ``labels`` (mode L) has 1 where the first glyph's ink is, 2 where the second's, and so on.
    """

    placements: tuple[Placement, ...]
    labels: Image.Image
    width: int
    height: int
    cut: glyphs.Cut
    stem: float


def lay_out(
    answer: str, *, rng: random.Random, style: Style, difficulty: Difficulty, height: int, faces: Sequence[FontFace]
) -> Layout:
    """Lay ``answer`` out in glyphs ``height`` px high."""
    cut = glyphs.Cut(height, style.width, style.stem)
    overlap = difficulty.overlap / 100 * style.overlap_share
    placed: list[Placement] = []
    reach: Profile = {}
    for index, glyph in enumerate(answer):
        face = faces[int(rng.random() * len(faces))]
        placement = _turn(face, glyph, cut, _matrix(rng, style, difficulty))
        middle = _baseline(style.baseline, (index + 0.5) / len(answer)) + difficulty.shift / 100 * _either_way(rng)
        y = round(height * middle - placement.silhouette.height / 2)
        rows = _profile(placement.silhouette, y)
        x = 0
        if placed:
            before, width = placed[-1], placement.silhouette.width
            ink = min(placement.ink, before.ink)
            shared = overlap * ink
            x = _beside(reach, rows, overlap, ink, width) if overlap else _apart(reach, rows, height)
            x = max(x, before.x + before.silhouette.width - round(_MAX_TUCK * width))
            placement = placement._replace(shared=shared)
            placed[-1] = before._replace(shared=before.shared + shared)
        placed.append(placement._replace(x=x, y=y))
        reach = {row: (0, x + right) for row, (_, right) in rows.items()}
    return _from_origin(placed, cut)


def _turn(face: FontFace, glyph: str, cut: glyphs.Cut, forward: Matrix) -> Placement:
    source = glyphs.silhouette(face, glyph, cut)
    inverse, offset, size = _inverse(forward, source.size)
    mask = source.transform(size, Image.Transform.AFFINE, _affine(inverse, offset, 1), Image.Resampling.NEAREST)
    box = mask.getbbox() or (0, 0, *size)
    offset = (offset[0] + box[0], offset[1] + box[1])
    ink = glyphs.ink(face, glyph, cut) / (inverse[0] * inverse[3] - inverse[1] * inverse[2])
    return Placement(face, glyph, 0, 0, inverse, offset, mask.crop(box), ink, 0.0)


def _from_origin(placed: list[Placement], cut: glyphs.Cut) -> Layout:
    left = min(place.x for place in placed)
    top = min(place.y for place in placed)
    moved = tuple(place._replace(x=place.x - left, y=place.y - top) for place in placed)
    width = max(place.x + place.silhouette.width for place in moved)
    height = max(place.y + place.silhouette.height for place in moved)
    labels = Image.new("L", (width, height))
    for label, place in enumerate(moved, start=1):
        labels.paste(label, (place.x, place.y), place.silhouette)
    return Layout(
        placements=moved,
        labels=labels,
        width=width,
        height=height,
        cut=cut,
        stem=sum(glyphs.stem(place.face, cut) for place in moved) / len(moved) * cut.height,
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


def _profile(mask: Image.Image, y: int) -> Profile:
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


def _beside(reach: Profile, rows: Profile, overlap: float, ink: float, width: int) -> int:
    """Return how far right a glyph goes so that it shares ``overlap`` of its ink with the one before it.

    Shapes that meet in a point go into each other, parallel stems hardly touch: a reader must see where one ends.
    """
    meetings = sorted((reach[row][1] - rows[row][0] for row in rows if row in reach), reverse=True)
    if not meetings:
        return max(right for _, right in reach.values())
    longest = max(round(_CONTACT * overlap * len(rows)), 1)
    if longest < len(meetings):
        # No nearer than the row after the longest contact allows.
        nearest = max(meetings[longest] + 1.0, meetings[0] - _DEEPEST * width)
    else:
        nearest = meetings[0] - _DEEPEST * width
    shared, area = overlap * ink, 0.0
    for count, (here, after) in enumerate(zip(meetings, [*meetings[1:], -10_000], strict=True), start=1):
        step = count * (here - after) * _ROW_STEP
        if area + step >= shared:
            return round(max(here - (shared - area) / (count * _ROW_STEP), nearest) - 0.3)
        area += step
    return round(nearest)


def _apart(reach: Profile, rows: Profile, height: int) -> int:
    return max(right for _, right in reach.values()) - min(left for left, _ in rows.values()) + round(_APART * height)


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
