"""The strokes that cross the text in its own ink, or cut through it, in the manner of a style."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from PIL import ImageDraw

    from captcha_guard.challenge.layout import Layout
    from captcha_guard.challenge.style import Lines

Point = tuple[float, float]

_OVERHANG = 14  # px by which strokes go on beyond the text, so that their ends do not tell where it begins


class Stroke(NamedTuple):
    """A bent line in text space (px at scale 1); ``cut`` takes ink away instead of adding it."""

    points: tuple[Point, ...]
    width: float
    cut: bool = False


def strokes(rng: random.Random, family: Lines, count: int, width: float, layout: Layout) -> list[Stroke]:
    """Return ``count`` strokes (or as much ink in smaller ones) of a family, ``width`` px wide."""
    if not count:
        return []
    return [stroke for index in range(count) for stroke in _FAMILIES[family](rng, (index + 0.5) / count, width, layout)]


def draw_stroke(canvas: ImageDraw.ImageDraw, stroke: Stroke, *, scale: int, origin: Point, value: int) -> None:
    """Draw one stroke on a canvas ``scale`` times as large as text space, whose (0, 0) lies at ``origin``."""
    points = [((x + origin[0]) * scale, (y + origin[1]) * scale) for x, y in stroke.points]
    half = stroke.width * scale / 2
    if len(points) == 1:
        x, y = points[0]
        canvas.ellipse((x - half, y - half, x + half, y + half), value)
    else:
        canvas.polygon(_ribbon(points, half), value)


def _ribbon(points: Sequence[Point], half: float) -> list[Point]:
    there, back = [], []
    last = len(points) - 1
    for index, (x, y) in enumerate(points):
        x0, y0 = points[max(index - 1, 0)]
        x1, y1 = points[min(index + 1, last)]
        dx, dy = x1 - x0, y1 - y0
        reach = half / (math.hypot(dx, dy) or 1.0)
        there.append((x - dy * reach, y + dx * reach))
        back.append((x + dy * reach, y - dx * reach))
    return there + back[::-1]


def _level(rng: random.Random, place: float, layout: Layout) -> float:
    """Return a height at which a stroke crosses bodies rather than edges."""
    return layout.height * (0.25 + 0.5 * (place * 0.75 + 0.25 * rng.random()))


def _sine(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    middle = _level(rng, place, layout)
    swing = layout.height * (0.12 + 0.14 * rng.random())
    waves = (1.2 + 1.3 * rng.random()) * max(layout.width / 200, 0.6)
    phase = rng.random() * 2 * math.pi
    drift = layout.height * 0.2 * (rng.random() - 0.5)
    span = layout.width + 2 * _OVERHANG
    return [
        Stroke(
            tuple(
                (
                    -_OVERHANG + span * i / 32,
                    middle + drift * (i / 16 - 1) + swing * math.sin(phase + waves * 2 * math.pi * i / 32),
                )
                for i in range(33)
            ),
            width,
        )
    ]


def _arcs(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    made = []
    pieces = 2
    for piece in range(pieces):
        start = layout.width * (piece + 0.3 * rng.random()) / pieces - _OVERHANG
        length = layout.width / pieces * (0.9 + 0.3 * rng.random()) + _OVERHANG
        middle = _level(rng, place, layout)
        bend = layout.height * (0.3 + 0.2 * rng.random()) * (1 if (piece + int(2 * rng.random())) % 2 else -1)
        tilt = layout.height * 0.5 * (rng.random() - 0.5)
        made.append(
            Stroke(
                tuple(
                    (
                        start + length * i / 16,
                        middle + tilt * (i / 16 - 0.5) + bend * (0.5 - 4 * (i / 16 - 0.5) ** 2) / 1.5,
                    )
                    for i in range(17)
                ),
                width,
            )
        )
    return made


def _straight(rng: random.Random, _place: float, width: float, layout: Layout) -> list[Stroke]:
    left = layout.height * (0.2 + 0.6 * rng.random())
    right = layout.height * (0.2 + 0.6 * rng.random())
    if abs(right - left) < 0.2 * layout.height:  # level strokes pass for the bars of E, F and H
        right = left + math.copysign(0.25 * layout.height, layout.height / 2 - left)
    slope = (right - left) / layout.width
    return [
        Stroke(((-_OVERHANG, left - slope * _OVERHANG), (layout.width + _OVERHANG, right + slope * _OVERHANG)), width)
    ]


def _gaps(rng: random.Random, place: float, width: float, layout: Layout) -> list[Stroke]:
    cut = [stroke._replace(width=max(width * 0.5, 2.2), cut=True) for stroke in _sine(rng, place, width, layout)]
    return cut if place > 0.6 else [*cut, *_sine(rng, 1 - place, width * 0.8, layout)]


def _comb(rng: random.Random, _place: float, width: float, layout: Layout) -> list[Stroke]:
    teeth = max(int(layout.width / 26), 2)
    lean = layout.height * (rng.random() - 0.5)
    made = []
    for tooth in range(teeth):
        x = layout.width * (tooth + 0.15 + 0.7 * rng.random()) / teeth
        middle = layout.height * (0.2 + 0.6 * rng.random())
        reach = layout.height * (0.18 + 0.1 * rng.random())
        made.append(Stroke(((x - reach, middle - lean * 0.5), (x + reach, middle + lean * 0.5)), width * 0.8))
    return made


def _blobs(rng: random.Random, _place: float, width: float, layout: Layout) -> list[Stroke]:
    count = max(int(layout.width / 24), 2)
    made = []
    for index in range(count):
        x = layout.width * (index + rng.random()) / count
        y = layout.height * (0.1 + 0.8 * rng.random())
        made.append(Stroke(((x, y),), width * (1.1 + 0.5 * rng.random())))
    return made


_FAMILIES = {
    "sine": _sine,
    "arcs": _arcs,
    "straight": _straight,
    "gaps": _gaps,
    "comb": _comb,
    "blobs": _blobs,
}
