"""The strokes that cross the text in its own ink, or cut through it, in the manner of a hand."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from captcha_guard.challenge.glyphs import OUTLINE

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from PIL import ImageDraw

    from captcha_guard.challenge.hand import Fill, Lines
    from captcha_guard.challenge.layout import Layout
    from captcha_guard.challenge.warp import Bend

Point = tuple[float, float]

_OVERHANG = 13  # px by which strokes do go on, so that their ends do not tell where the text begins
EDGES = 0.7  # px by which a stroke is wider on the canvas than it says, since its outline is inked, too
_THINNEST = 0.15  # of a stroke's width is left wherever it is thinned
_CUT = 0.045  # of a glyph's height; the width of a cut


class Stroke(NamedTuple):
    """A bent line (px at scale 1, of text space until it is bent with the text); one point alone is a disc.

    ``cut`` takes ink away instead of adding it. ``taper`` has a factor on the width for each point, or is empty.
    """

    points: tuple[Point, ...]
    width: float
    cut: bool = False
    taper: tuple[float, ...] = ()


#: From where to where, in px across the picture, strokes are drawn thinner, and by which factor.
Span = tuple[float, float, float]


def strokes(rng: random.Random, family: Lines, layout: Layout, *, count: int, width: float) -> list[Stroke]:
    """Return ``count`` strokes of a family (or as much ink in shorter ones), ``width`` px wide."""
    if not count:
        return []
    return [stroke for index in range(count) for stroke in _FAMILIES[family](rng, (index + 0.5) / count, width, layout)]


def cuts(rng: random.Random, layout: Layout, *, count: int) -> list[Stroke]:
    """Return ``count`` thin cuts through the text: a reader hardly sees them, a reading program loses its glyphs."""
    width = _CUT * layout.cut.height
    return [
        stroke._replace(width=width, cut=True)
        for index in range(count)
        for stroke in _sine(rng, (index + 0.5) / count, width, layout)
    ]


def bent(drawn: Sequence[Stroke], bend: Bend) -> list[Stroke]:
    """Return the strokes as the picture shows them."""
    return [
        stroke._replace(points=tuple([bend.shown(x, y) for x, y in stroke.points]), width=stroke.width * bend.growth)
        for stroke in drawn
    ]


def tapered(drawn: list[Stroke], spans: Sequence[Span]) -> list[Stroke]:
    """Return the strokes, thinner within each of the spans."""
    return [_thinner(stroke, spans) for stroke in drawn] if spans else drawn


def _thinner(stroke: Stroke, spans: Sequence[Span]) -> Stroke:
    """Return the stroke with what it covers within each span multiplied by the span's factor."""
    xs = [x for x, _ in stroke.points]
    # Between two points a stroke is as wide as both make it, so the next one beyond a span counts, too.
    beyond = max([abs(after - before) for before, after in itertools.pairwise(xs)], default=stroke.width)
    seen = stroke.width + EDGES
    factors = [
        (left - beyond, right + beyond, max((factor * seen - EDGES) / stroke.width, _THINNEST))
        for left, right, factor in spans
    ]
    taper = [min([f for left, right, f in factors if left <= x <= right], default=1.0) for x in xs]
    return stroke._replace(taper=tuple(taper))


def draw_stroke(pen: ImageDraw.ImageDraw, stroke: Stroke, *, scale: int, fill: Fill, height: float, ink: int) -> None:
    """Draw one stroke in the manner of a fill, on a canvas ``scale`` times the picture.

    ``height`` is that of the glyphs, px at scale 1.
    """
    edge = OUTLINE * height
    half = stroke.width / 2
    value = 0 if stroke.cut else ink
    points = [(x * scale, y * scale) for x, y in stroke.points]
    taper = [factor * scale for factor in stroke.taper] or [float(scale)] * len(points)
    if len(points) == 1:
        _disc(pen, points[0], half * taper[0], value=value)
    elif fill == "split" and half > 1.3 * edge and not stroke.cut:
        pen.polygon(_band(points, taper, half - edge, half), value)
        pen.polygon(_band(points, taper, -half, edge - half), value)
    else:
        pen.polygon(_band(points, taper, -half, half), value)
        if fill == "inline" and half > edge and not stroke.cut:
            pen.polygon(_band(points, taper, -edge / 3, edge / 3), 0)


def _disc(pen: ImageDraw.ImageDraw, centre: Point, radius: float, *, value: int) -> None:
    x, y = centre
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), value)


def _band(points: Sequence[Point], taper: Sequence[float], inner: float, outer: float) -> list[Point]:
    """Return the outline of the band between two distances to the side of a bent line."""
    there, back = [], []
    before = points[0]
    for (x, y), after, factor in zip(points, [*points[1:], points[-1]], taper, strict=True):
        dx, dy = after[0] - before[0], after[1] - before[1]
        unit = factor / (math.sqrt(dx * dx + dy * dy) or 1.0)
        nx, ny = -dy * unit, dx * unit
        there.append((x + nx * inner, y + ny * inner))
        back.append((x + nx * outer, y + ny * outer))
        before = (x, y)
    back.reverse()
    return there + back


def _level(rng: random.Random, place: float, layout: Layout) -> float:
    """Return a height at which a stroke crosses bodies rather than edges."""
    return layout.height * (0.3 + 0.4 * (place * 0.6 + 0.4 * rng.random()))


def _sine(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    middle = _level(rng, place, layout)
    swing = layout.height * (0.15 + 0.1 * rng.random())
    waves = (1.2 + 1.1 * rng.random()) * max(layout.width / 200, 0.6)
    phase = rng.random() * 2 * math.pi
    drift = layout.height * 0.2 * (rng.random() - 0.5)
    span = layout.width + 2 * _OVERHANG
    turn = waves * 2 * math.pi
    points = tuple(
        (span * t - _OVERHANG, middle + drift * (2 * t - 1) + swing * math.sin(phase + turn * t))
        for t in (step / 18 for step in range(19))
    )
    return [Stroke(points, width)]


def _arcs(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    made = []
    for piece in range(2):
        start = layout.width * (piece + 0.3 * rng.random()) / 2 - _OVERHANG
        length = layout.width / 2 * (0.8 + 0.3 * rng.random()) + _OVERHANG
        middle = _level(rng, place, layout)
        bend = layout.height * (0.2 + 0.15 * rng.random()) * (1 if rng.random() < 0.5 else -1)
        tilt = layout.height * 0.5 * (rng.random() - 0.5)
        points = tuple(
            (start + length * t, middle + tilt * (t - 0.5) + bend * (0.33 - 2.7 * (t - 0.5) ** 2))
            for t in (step / 12 for step in range(13))
        )
        made.append(Stroke(points, width))
    return made


def _straight(rng: random.Random, _place: float, width: float, layout: Layout) -> list[Stroke]:
    left = layout.height * (0.25 + 0.5 * rng.random())
    right = layout.height * (0.25 + 0.5 * rng.random())
    if abs(right - left) < 0.25 * layout.height:  # level strokes pass for the bars of E, F and H
        right = left + math.copysign(0.35 * layout.height, layout.height / 2 - left)
    span = layout.width + 2 * _OVERHANG
    points = tuple((span * t - _OVERHANG, left + (right - left) * t) for t in (step / 14 for step in range(15)))
    return [Stroke(points, width)]


def _gaps(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    return [*cuts(rng, layout, count=1), *_sine(rng, 1 - place, width * 0.8, layout)]


def _zigzag(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    middle = _level(rng, place, layout)
    swing = layout.height * (0.16 + 0.1 * rng.random())
    corners = max(round(layout.width / 52), 2)
    span = layout.width + 2 * _OVERHANG
    up = 1 if rng.random() < 0.5 else -1
    points = []
    for corner in range(corners + 1):
        points.append((span * corner / corners - _OVERHANG, middle + up * swing * (0.6 + 0.4 * rng.random())))
        up = -up
    return [Stroke(tuple(_in_steps(points)), width)]


def _in_steps(corners: Sequence[Point]) -> list[Point]:
    """Return the corners with points between them, and twins at each, which keep the band as wide on either side."""
    points = []
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        points += [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for t in (0.03, 0.35, 0.65, 0.97)]
    return points


def _sheaf(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    """Two thin strokes side by side."""
    (middle,) = _sine(rng, place, width * 0.55, layout)
    apart = width * 0.6
    return [middle._replace(points=tuple((x, y + offset) for x, y in middle.points)) for offset in (-apart, apart)]


def _loops(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    """One stroke that curls as it goes, like a pen tried out on the margin."""
    middle = _level(rng, place, layout)
    swing = layout.height * (0.16 + 0.08 * rng.random())
    loops = max(round(layout.width / 62), 2)
    phase = rng.random() * 2 * math.pi
    span = layout.width + 2 * _OVERHANG
    points = tuple(
        (
            span * t - _OVERHANG + swing * 0.9 * math.cos(phase + loops * 2 * math.pi * t),
            middle + swing * math.sin(phase + loops * 2 * math.pi * t),
        )
        for t in (step / (loops * 10) for step in range(loops * 10 + 1))
    )
    return [Stroke(points, width * 0.8)]


def _beads(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    """A thin stroke with discs of ink on it, like a string of pearls."""
    (string,) = _sine(rng, place, width * 0.45, layout)
    return [string, *(Stroke((point,), width * 1.25) for point in string.points[2:-2:3])]


_FAMILIES: dict[str, Callable[[random.Random, float, float, Layout], list[Stroke]]] = {
    "sine": _sine,
    "arcs": _arcs,
    "straight": _straight,
    "gaps": _gaps,
    "zigzag": _zigzag,
    "sheaf": _sheaf,
    "loops": _loops,
    "beads": _beads,
}
