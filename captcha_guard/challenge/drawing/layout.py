"""Places the glyphs of a picture in two interlocking rows, which are read one after the other.

All lengths are px at scale 1. Both rows follow the same curve, the lower just below the upper, and slope up or down
together, while their glyphs stay upright. So no straight line separates the rows, and if a program turns the picture
until the rows are level, the glyphs lean. Both stop programs that read line by line.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from . import glyphs as masks
from .shape import SLOPES, Shape, overlap, shape_of
from .transform import Matrix, Point, inverted, product

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from ..difficulty import Difficulty
    from .fonts import FontFace
    from .variant import Variant

EDGE = 4.0  # px that stay free at every edge of the picture
LEAST_HEIGHT = 28.0  # px. Upright glyphs are at least this high if the picture has room.
_GLYPH_SHARE = 0.36  # the height of a glyph before the rows are scaled, as a share of the picture's height
_SMALLEST, _LARGEST = 1.05, 1.3  # the range of the factor by which rows are enlarged if there is room
_ONE_ROW = 3  # glyphs. Codes up to this length are in one row.
_TURNS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # a glyph's turn, as a factor on the difficulty's rotation
_LEAST_TILT = (
    0.87  # the least tilt, as a share of the difficulty's, because programs can read rows that are nearly level
)
_LEAN_STEP = 4  # degrees. Glyphs lean by a multiple of this, so that fewer shapes must be computed.
# Shares of a glyph's height:
_ROW_GAP = 0.14  # the paper between a glyph and the one above it
_GLYPH_GAP = (0.1, 0.2)  # the paper between neighbours in a row
_RISE = 0.22  # how far a glyph may move up into a gap of the row above
_ROW_STEP = (0.34, 0.42)  # the largest difference in height between neighbours in a row
_ROW_DROP = (0.87, 0.78)  # the least difference in height between a glyph and the nearest one of the row above
_ZIGZAG = 0.3  # the least horizontal distance of glyphs that readers may read in zigzag
# If rows seem level: the most by which the glyphs of a row differ in height, and the least by which the rows do.
_LEVEL_ROW, _LEVEL_GAP = 0.7, 0.4
_TRIES = 16  # the number of layouts tried for rows that interlock far enough. Then the best one is used.
_MOST_TRIES = 64  # the number of layouts tried while a straight line separates the rows of the best one
_FAR = 1e9
# Index of a slope, the slope, and the length of such a line per px across. Level lines come first: they separate most
# rows.
_LINES = sorted([(i, s, math.sqrt(1 + s * s)) for i, s in enumerate(SLOPES)], key=lambda line: abs(line[1]))


#: The left, top, right and bottom edges of ink.
Box = tuple[float, float, float, float]


class Placed(NamedTuple):
    """One glyph with its place in the picture.

    ``inverse`` leads from the picture to the glyph's mask, whose point ``start`` is shown at (0, 0). ``box`` encloses
    the glyph's ink.
    """

    face: FontFace
    glyph: str
    inverse: Matrix
    start: Point
    box: Box


@dataclass(frozen=True, eq=False)
class Layout:
    """All glyphs in reading order, the number of glyphs in each row, and the proportions of glyphs.

    ``orders`` are the other orders in which a reader may read them (indices of ``glyphs``). ``tilt`` is in radians,
    clockwise. ``height`` is that of the largest glyph when it is upright, and ``stem`` is the width of a typical stem.
    ``box`` encloses all ink.
    """

    glyphs: tuple[Placed, ...]
    rows: tuple[int, ...]
    orders: tuple[tuple[int, ...], ...]
    cut: masks.Cut
    tilt: float
    height: float
    stem: float
    box: Box


class _InRow(NamedTuple):
    """A glyph and the place of the middle of its box, before the rows are tilted."""

    shape: Shape
    x: float
    y: float


_Rows = list[list[_InRow]]


def lay_out(
    answer: str,
    *,
    rng: random.Random,
    variant: Variant,
    difficulty: Difficulty,
    size: tuple[int, int],
    faces: Sequence[FontFace],
) -> Layout:
    """Return the layout of ``answer`` in a picture of ``size`` px."""
    cut = masks.Cut(max(size[1] * _GLYPH_SHARE, LEAST_HEIGHT), variant.width, variant.stem)
    glyphs = _chosen(answer, rng, faces, difficulty)
    gap = cut.height * (_GLYPH_GAP[0] + (_GLYPH_GAP[1] - _GLYPH_GAP[0]) * rng.random())
    wanted = difficulty.interlock / 100 * cut.height if len(answer) > _ONE_ROW else 0.0
    amplitude = (1.5 * difficulty.interlock / 100 + 0.2) * cut.height
    steepest = math.radians(difficulty.tilt) * (1 if rng.random() < 0.5 else -1)
    tilt = steepest * (_LEAST_TILT + (1 - _LEAST_TILT) * rng.random())
    depth = -_FAR
    best: tuple[_Rows, float, list[Box]] | None = None
    for attempt in range(_MOST_TRIES):
        if depth >= wanted or (attempt >= _TRIES and depth > 0):
            break
        tried = _rows(_shapes(glyphs, tilt, cut, variant), rng, height=cut.height, gap=gap, amplitude=amplitude)
        if not _legible(tried, cut.height, min(attempt / _TRIES, 1.0)):
            amplitude *= 0.85
            continue
        amplitude *= 1.1
        if (reached := _depth(tried, depth)) > depth:
            boxes = _boxes(tried, tilt)
            if _room(_around(boxes), size) * cut.height >= LEAST_HEIGHT:
                depth, best = reached, (tried, tilt, boxes)
            else:
                tilt *= 0.93
    if best is None:  # very wide glyphs in a small picture are largest in straight, level rows
        level = _rows(_shapes(glyphs, 0.0, cut, variant), rng, height=cut.height, gap=gap, amplitude=0.0)
        best = level, 0.0, _boxes(level, 0.0)
    return _fitted(*best, cut=cut, rng=rng, size=size)


def _chosen(
    answer: str, rng: random.Random, faces: Sequence[FontFace], difficulty: Difficulty
) -> list[tuple[FontFace, str, float]]:
    """Return, for each glyph, its font, the glyph, and its turn in degrees."""
    return [
        (faces[int(rng.random() * len(faces))], glyph, difficulty.rotation * _TURNS[int(rng.random() * len(_TURNS))])
        for glyph in answer
    ]


def _shapes(
    glyphs: Sequence[tuple[FontFace, str, float]], tilt: float, cut: masks.Cut, variant: Variant
) -> list[Shape]:
    """Return the glyphs for level rows. They lean, so that they become upright when the rows are tilted (radians)."""
    lean = _LEAN_STEP * round(math.degrees(tilt) / _LEAN_STEP)
    slant = math.tan(math.radians(variant.slant))
    return [shape_of(face, glyph, cut, math.radians(turn - lean), slant) for face, glyph, turn in glyphs]


def _rows(shapes: Sequence[Shape], rng: random.Random, *, height: float, gap: float, amplitude: float) -> _Rows:
    """Return the glyphs in rows along a new random curve, the lower row just below the upper."""
    upper = _upper(rng, len(shapes))
    rows = [shapes[:upper], shapes[upper:]] if upper < len(shapes) else [shapes]
    lengths = [sum([2 * shape.half_width for shape in row]) + gap * (len(row) - 1) for row in rows]
    curve, longest = _curve(rng, amplitude), max(lengths)
    placed: _Rows = []
    for row, length in zip(rows, lengths, strict=True):
        # A shorter row may be anywhere along the longer one, and may extend a little beyond it.
        left = (longest - length) / 2 + (rng.random() - 0.5) * 0.5 * (longest - length + height)
        on_curve = []
        for shape in row:
            x = left + shape.half_width
            on_curve.append(_InRow(shape, x, curve(2 * x / longest - 1)))
            left += 2 * shape.half_width + gap
        placed.append(_lowered(on_curve, placed[-1], height) if placed else on_curve)
    return placed


def _upper(rng: random.Random, count: int) -> int:
    """Return a random number of glyphs for the upper row, out of ``count``."""
    if count <= _ONE_ROW:
        return count
    most = 2 if count > 5 else 1  # the most glyphs by which one row may be longer than the other
    splits = [upper for upper in range(2, count - 1) if abs(count - 2 * upper) <= most]
    return splits[int(rng.random() * len(splits))]


def _curve(rng: random.Random, amplitude: float) -> Callable[[float], float]:
    """Return a random curve: a function from a place, -1 (left) to 1 (right), to px by which both rows are lower."""
    side = amplitude if rng.random() < 0.5 else -amplitude
    if rng.random() < 0.75:  # a parabola, open upwards or downwards, with its vertex near the middle
        middle = 0.7 * (rng.random() - 0.5)
        return lambda place: side * (place - middle) ** 2
    often = math.pi * (1.1 + 0.5 * rng.random())
    phase = 2 * math.pi * rng.random()
    return lambda place: 0.45 * side * math.sin(often * place + phase)


def _lowered(row: list[_InRow], above: list[_InRow], height: float) -> list[_InRow]:
    """Return the row, moved just below the one above. Each glyph is as near as the gap and legible rows allow."""
    needed = [
        max([overlap(upper.shape, lower.shape, lower.x - upper.x) + upper.y - lower.y for upper in above])
        for lower in row
    ]
    drop, gap = max(needed), _ROW_GAP * height
    lowered = []
    for (shape, x, y), need in zip(row, needed, strict=True):
        nearest = min([(abs(upper.x - x), upper.y) for upper in above])[1]
        risen = y + drop + gap - min(drop - need, _RISE * height)
        lowered.append(_InRow(shape, x, max(risen, nearest + _ROW_DROP[0] * height)))
    return lowered


def _depth(rows: _Rows, least: float) -> float:
    """Return how far (px) the rows reach across the straight line that separates them best. Negative if it does.

    The search stops at a depth of ``least`` or less, so such a result is only an upper bound.
    """
    if len(rows) == 1:
        return 0.0
    above, below = rows
    depth = _FAR
    for index, slope, length in _LINES:
        reach = max([shape.lowest[index] + y - slope * x for shape, x, y in above])
        reach -= min([shape.highest[index] + y - slope * x for shape, x, y in below])
        depth = min(depth, reach / length)
        if depth <= least:
            break
    return depth


def _legible(rows: _Rows, height: float, lenience: float) -> bool:
    """Return whether readers see the rows as rows.

    Neighbours in a row must have nearly the same height, and each glyph must be clearly lower than the nearest one of
    the row above. ``lenience`` selects both bounds, from 0 (strict) to 1 (loose).
    """
    step = (_ROW_STEP[0] + (_ROW_STEP[1] - _ROW_STEP[0]) * lenience) * height
    drop = (_ROW_DROP[0] + (_ROW_DROP[1] - _ROW_DROP[0]) * lenience) * height
    if any(abs(one.y - other.y) > step for row in rows for one, other in itertools.pairwise(row)):
        return False
    for above, below in itertools.pairwise(rows):
        for one, other in itertools.product(above, below):
            nearest = abs(one.x - other.x)
            if other.y - one.y < drop and (
                nearest <= min([abs(one.x - x) for _, x, _ in below])
                or nearest <= min([abs(other.x - x) for _, x, _ in above])
            ):
                return False
    return True


def _other_orders(boxes: Sequence[Box], rows: Sequence[int], height: float) -> tuple[tuple[int, ...], ...]:
    """Return the other orders (indices of glyphs) in which a reader may read two rows."""
    if len(rows) == 1:
        return ()
    found = (_zigzag(boxes, rows, height), _level(boxes, height))
    meant = tuple(range(len(boxes)))
    return tuple(dict.fromkeys([order for order in found if order is not None and order != meant]))


def _zigzag(boxes: Sequence[Box], rows: Sequence[int], height: float) -> tuple[int, ...] | None:
    """Return the order from left to right if the glyphs of the two rows alternate and are far enough apart."""
    middles = [(left + right) / 2 for left, _, right, _ in boxes]
    order = sorted(range(len(boxes)), key=middles.__getitem__)
    pairs = list(itertools.pairwise(order))
    turns = all((one < rows[0]) != (other < rows[0]) for one, other in pairs)
    apart = all(middles[other] - middles[one] >= _ZIGZAG * height for one, other in pairs)
    return tuple(order) if turns and apart else None


def _level(boxes: Sequence[Box], height: float) -> tuple[int, ...] | None:
    """Return the order of two level rows, divided at the largest difference in height. None if they aren't clear."""
    lefts = [left for left, *_ in boxes]
    middles = [(top + bottom) / 2 for _, top, _, bottom in boxes]
    order = sorted(range(len(boxes)), key=middles.__getitem__)
    gaps = [middles[below] - middles[above] for above, below in itertools.pairwise(order)]
    upper = gaps.index(max(gaps)) + 1
    rows = (order[:upper], order[upper:])
    flat = all(middles[row[-1]] - middles[row[0]] <= _LEVEL_ROW * height for row in rows)
    if not flat or max(gaps) < _LEVEL_GAP * height:
        return None
    return tuple([index for row in rows for index in sorted(row, key=lefts.__getitem__)])


def _boxes(rows: _Rows, tilt: float) -> list[Box]:
    """Return the box of each glyph's ink after all are turned by ``tilt`` radians about (0, 0)."""
    cos, sin = math.cos(tilt), math.sin(tilt)
    boxes = []
    for shape, x, y in [one for row in rows for one in row]:
        across = [(x + dx) * cos - (y + dy) * sin for dx, dy in shape.corners]
        down = [(x + dx) * sin + (y + dy) * cos for dx, dy in shape.corners]
        boxes.append((min(across), min(down), max(across), max(down)))
    return boxes


def _around(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _room(around: Box, size: tuple[int, int]) -> float:
    """Return the largest factor by which the content of this box can be enlarged in a picture of ``size`` px."""
    left, top, right, bottom = around
    return min((size[0] - 2 * EDGE) / (right - left), (size[1] - 2 * EDGE) / (bottom - top))


def _fitted(
    rows: _Rows, tilt: float, boxes: list[Box], *, cut: masks.Cut, rng: random.Random, size: tuple[int, int]
) -> Layout:
    """Return the layout, turned by ``tilt`` radians, scaled to the picture and moved to a random place in it.

    ``boxes`` are those of the turned glyphs.
    """
    left, top, right, bottom = around = _around(boxes)
    scale = max(_SMALLEST + (_LARGEST - _SMALLEST) * rng.random(), LEAST_HEIGHT / cut.height)
    scale = min(scale, _room(around, size))
    dx = EDGE + (size[0] - 2 * EDGE - (right - left) * scale) * rng.random() - left * scale
    dy = EDGE + (size[1] - 2 * EDGE - (bottom - top) * scale) * rng.random() - top * scale
    cos, sin = math.cos(tilt) * scale, math.sin(tilt) * scale
    shown = []
    for (shape, x, y), box in zip([one for row in rows for one in row], boxes, strict=True):
        middle_x, middle_y = x * cos - y * sin + dx, x * sin + y * cos + dy
        a, b, c, d = inverse = inverted(product((cos, -sin, sin, cos), shape.matrix))
        start = (
            shape.middle[0] - a * middle_x - b * middle_y,
            shape.middle[1] - c * middle_x - d * middle_y,
        )
        at = (box[0] * scale + dx, box[1] * scale + dy, box[2] * scale + dx, box[3] * scale + dy)
        shown.append(Placed(shape.face, shape.glyph, inverse, start, at))
    return Layout(
        glyphs=tuple(shown),
        rows=tuple([len(row) for row in rows]),
        orders=_other_orders(boxes, [len(row) for row in rows], cut.height),
        cut=cut,
        tilt=tilt,
        height=cut.height * scale,
        stem=sum([masks.stem(one.face, cut) for one in shown]) / len(shown) * cut.height * scale,
        box=(left * scale + dx, top * scale + dy, right * scale + dx, bottom * scale + dy),
    )
