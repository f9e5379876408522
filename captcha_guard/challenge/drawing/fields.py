"""Fields in which ink and paper are swapped. They cross both rows, the glyphs and the strokes."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw

from .transform import Point

if TYPE_CHECKING:
    from collections.abc import Callable

    from .variant import Variant

Corners = list[Point]
_LEVEL = 1e-6  # px. A row of fields whose step is smaller counts as exactly horizontal or vertical.


def fields(rng: random.Random, variant: Variant, size: tuple[int, int], reach: float) -> list[Corners]:
    """Return the corners (px at scale 1) of each field. Fields are about ``reach`` px large."""
    return _FIELDS[variant.fields](rng, size, reach)


def swapped(canvas: Image.Image, fields: list[Corners], scale: int, ink: int) -> Image.Image:
    """Return the canvas with ``ink`` and 0 swapped in these fields. It is ``scale`` times the picture's size."""
    if not fields:
        return canvas
    made = Image.new("L", canvas.size)
    pen = ImageDraw.Draw(made)
    for corners in fields:
        pen.polygon([(x * scale, y * scale) for x, y in corners], ink)
    return ImageChops.difference(canvas, made)


def _side(rng: random.Random) -> int:
    return 1 if rng.random() < 0.5 else -1


def _bars(rng: random.Random, size: tuple[int, int], reach: float) -> list[Corners]:
    """Return every other one of parallel slanted bars."""
    width, height = size
    pitch = reach * (0.7 + 0.2 * rng.random())
    lean = height * (0.15 + 0.4 * rng.random()) * _side(rng)
    start = pitch * (rng.random() - 1) - abs(lean)
    lefts = [start + index * pitch for index in range(0, int((width - start + abs(lean)) / pitch) + 1, 2)]
    return [[(x + lean, 0.0), (x + pitch + lean, 0.0), (x + pitch - lean, height), (x - lean, height)] for x in lefts]


def _waves(rng: random.Random, size: tuple[int, int], reach: float) -> list[Corners]:
    """Return every other one of parallel wavy bars."""
    width, height = size
    pitch = reach * (0.55 + 0.2 * rng.random())
    swing = pitch * (0.25 + 0.2 * rng.random())
    lean = height * 0.3 * (2 * rng.random() - 1)
    phase, turn = 2 * math.pi * rng.random(), 2 * math.pi * (0.7 + 0.6 * rng.random())
    start = pitch * (rng.random() - 1) - abs(lean) - swing
    side = [
        (lean * (1 - 2 * t) + swing * math.sin(phase + turn * t), height * t) for t in (step / 10 for step in range(11))
    ]
    lefts = [start + index * pitch for index in range(0, int((width - 2 * start) / pitch) + 1, 2)]
    return [[*[(x + dx, y) for dx, y in side], *[(x + pitch + dx, y) for dx, y in side[::-1]]] for x in lefts]


def _discs(rng: random.Random, size: tuple[int, int], reach: float) -> list[Corners]:
    """Return discs all over the picture, in rows at a random angle. They don't touch each other."""
    pitch = reach * 2.1
    angle = math.pi * rng.random()
    cos, sin = math.cos(angle) * pitch, math.sin(angle) * pitch
    x0, y0 = size[0] * rng.random(), size[1] * rng.random()
    turns = [(math.cos(step * math.pi / 12), math.sin(step * math.pi / 12)) for step in range(24)]
    most = int(max(size) * 1.5 / pitch) + 1
    made = []
    for row in range(-most, most + 1):
        right, down = row / 2, row * 0.87
        start = (x0 + right * cos - down * sin, y0 + right * sin + down * cos)
        for x, y in _within(start, (cos, sin), 1, size, reach):
            radius = reach * (0.78 + 0.2 * rng.random())
            made.append([(x + radius * dx, y + radius * dy) for dx, dy in turns])
    return made


def _tiles(rng: random.Random, size: tuple[int, int], reach: float) -> list[Corners]:
    """Return the tiles of one colour of a turned chequerboard."""
    pitch = reach * (0.95 + 0.2 * rng.random())
    angle = math.pi * rng.random() / 2
    cos, sin = math.cos(angle) * pitch, math.sin(angle) * pitch
    x0, y0 = size[0] * rng.random(), size[1] * rng.random()
    most = int(max(size) * 1.5 / pitch) + 1
    made = []
    for row in range(-most, most + 1):
        right = row % 2
        start = (x0 + right * cos - row * sin, y0 + right * sin + row * cos)
        for x, y in _within(start, (cos, sin), 2, size, 2 * pitch):
            made.append([(x, y), (x + cos, y + sin), (x + cos - sin, y + sin + cos), (x - sin, y + cos)])
    return made


def _within(start: Point, step: Point, every: int, size: tuple[int, int], margin: float) -> list[Point]:
    """Return each ``every``-th point of an endless row, if it is in the picture or within ``margin`` px of it.

    The row goes through ``start``. ``step`` leads from each point to the next (px).
    """
    first, last = -math.inf, math.inf
    for at, by, side in zip(start, step, size, strict=True):
        if abs(by) > _LEVEL:
            low, high = sorted(((-margin - at) / by, (side + margin - at) / by))
            first, last = max(first, low / every), min(last, high / every)
        elif not -margin <= at <= side + margin:
            return []
    return [
        (start[0] + every * number * step[0], start[1] + every * number * step[1])
        for number in range(math.ceil(first), math.floor(last) + 1)
    ]


_FIELDS: dict[str, Callable[[random.Random, tuple[int, int], float], list[Corners]]] = {
    "bars": _bars,
    "waves": _waves,
    "discs": _discs,
    "tiles": _tiles,
}
