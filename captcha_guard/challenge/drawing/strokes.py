"""The strokes that cross both rows of the text. They have the colour of its ink."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from PIL import ImageDraw

    from .layout import Layout
    from .transform import Point
    from .variant import StrokeFamily

_OVERHANG = 13  # px by which strokes continue beyond the text, so that their ends don't show where it begins
EDGES = 0.7  # px by which a stroke is wider on the canvas than its ``width``, because its outline is drawn too
_THINNEST = 0.15  # the least share of a stroke's width after it was thinned


class Stroke(NamedTuple):
    """A bent line (px at scale 1). ``taper`` has a factor on the width for each point. Empty: the full width."""

    points: tuple[Point, ...]
    width: float
    taper: tuple[float, ...] = ()


#: A box in which strokes are drawn thinner (left, top, right, bottom in px), and the factor.
Span = tuple[tuple[float, float, float, float], float]


class _Area(NamedTuple):
    """The box of the text that strokes cross, px at scale 1."""

    left: float
    top: float
    width: float
    height: float


def strokes(rng: random.Random, family: StrokeFamily, layout: Layout, *, count: int, width: float) -> list[Stroke]:
    """Return ``count`` strokes of a family, ``width`` px wide. Families of shorter strokes return more of them."""
    left, top, right, bottom = layout.box
    area = _Area(left - _OVERHANG, top, right - left + 2 * _OVERHANG, bottom - top)
    return [stroke for index in range(count) for stroke in _FAMILIES[family](rng, (index + 0.5) / count, width, area)]


def tapered(drawn: list[Stroke], spans: Sequence[Span]) -> list[Stroke]:
    """Return the strokes, made thinner in each of the spans."""
    return [_thinner(stroke, spans) for stroke in drawn] if spans else drawn


def _thinner(stroke: Stroke, spans: Sequence[Span]) -> Stroke:
    """Return the stroke, made so thin in each span that it covers only the span's factor of what it covered."""
    # The width between two points depends on both, so the next point outside a span is also made thinner.
    pairs = itertools.pairwise(stroke.points)
    beyond = max([max(abs(x1 - x0), abs(y1 - y0)) for (x0, y0), (x1, y1) in pairs])
    seen = stroke.width + EDGES
    factors = [
        (
            (left - beyond, top - beyond, right + beyond, bottom + beyond),
            max((factor * seen - EDGES) / stroke.width, _THINNEST),
        )
        for (left, top, right, bottom), factor in spans
    ]
    taper = [
        min([f for (left, top, right, bottom), f in factors if left <= x <= right and top <= y <= bottom], default=1.0)
        for x, y in stroke.points
    ]
    return stroke._replace(taper=tuple(taper))


def draw_stroke(pen: ImageDraw.ImageDraw, stroke: Stroke, *, scale: int, ink: int) -> None:
    """Draw one stroke on a canvas ``scale`` times the picture."""
    points = [(x * scale, y * scale) for x, y in stroke.points]
    taper = [factor * scale for factor in stroke.taper] or [float(scale)] * len(points)
    pen.polygon(_band(points, taper, stroke.width / 2), ink)


def _band(points: Sequence[Point], taper: Sequence[float], half: float) -> list[Point]:
    """Return the outline of a band along a bent line. It reaches ``half`` px to each side where the taper is 1."""
    left, right = [], []
    before = points[0]
    for (x, y), after, factor in zip(points, [*points[1:], points[-1]], taper, strict=True):
        dx, dy = after[0] - before[0], after[1] - before[1]
        reach = half * factor / (math.sqrt(dx * dx + dy * dy) or 1.0)
        left.append((x + dy * reach, y - dx * reach))
        right.append((x - dy * reach, y + dx * reach))
        before = (x, y)
    right.reverse()
    return left + right


def _wave(rng: random.Random, place: float, width: float, area: _Area) -> list[Stroke]:
    """Return one wave across both rows."""
    middle = area.top + area.height * (0.36 + 0.28 * (place * 0.5 + 0.5 * rng.random()))
    swing = area.height * (0.2 + 0.1 * rng.random())
    turn = 2 * math.pi * (1.0 + 0.7 * rng.random()) * max(area.width / 240, 0.6)
    phase = rng.random() * 2 * math.pi
    drift = area.height * 0.2 * (rng.random() - 0.5)
    points = tuple(
        (area.left + area.width * t, middle + drift * (2 * t - 1) + swing * math.sin(phase + turn * t))
        for t in (step / 20 for step in range(21))
    )
    return [Stroke(points, width)]


def _arcs(rng: random.Random, place: float, width: float, area: _Area) -> list[Stroke]:
    """Return two arcs, one to the right of the other."""
    made = []
    for piece in range(2):
        start = area.left + area.width * (piece + 0.2 * rng.random()) / 2
        length = area.width / 2 * (0.8 + 0.3 * rng.random())
        middle = area.top + area.height * (0.38 + 0.24 * (place * 0.5 + 0.5 * rng.random()))
        bend = area.height * (0.22 + 0.15 * rng.random()) * (1 if rng.random() < 0.5 else -1)
        tilt = area.height * 0.6 * (rng.random() - 0.5)
        points = tuple(
            (start + length * t, middle + tilt * (t - 0.5) + bend * (0.33 - 2.7 * (t - 0.5) ** 2))
            for t in (step / 12 for step in range(13))
        )
        made.append(Stroke(points, width))
    return made


_FAMILIES: dict[str, Callable[[random.Random, float, float, _Area], list[Stroke]]] = {
    "wave": _wave,
    "arcs": _arcs,
}
