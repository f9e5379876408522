"""The pattern behind the glyphs, in the few tones that are nearest to paper."""

from __future__ import annotations

import functools
import math
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from .colour import deepest_tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from .variant import Variant


@functools.lru_cache(maxsize=64)
def background(variant: Variant, size: tuple[int, int], scale: int) -> Image.Image:
    """Return a variant's background (mode L, tones 0 to 3), ``scale`` times ``size``. It's cached: don't change it."""
    made = Image.new("L", (size[0] * scale, size[1] * scale))
    tone = deepest_tone(variant.paper, variant.ink)
    if variant.background != "plain" and tone:
        rng = random.Random(variant.background_seed)  # noqa: S311 - a texture, not a secret
        _FAMILIES[variant.background](_Pen(made, scale), rng, size, tone)
    return made


class _Pen:
    """Draws on a picture of any scale. Its arguments are in px at scale 1."""

    def __init__(self, image: Image.Image, scale: int) -> None:
        self._draw = ImageDraw.Draw(image)
        self._scale = scale

    def disc(self, x: float, y: float, radius: float, tone: int) -> None:
        box = [value * self._scale for value in (x - radius, y - radius, x + radius, y + radius)]
        self._draw.ellipse(box, tone)

    def area(self, x: float, y: float, width: float, height: float, tone: int) -> None:
        s = self._scale
        self._draw.rectangle((x * s, y * s, (x + width) * s - 1, (y + height) * s - 1), tone)

    def line(self, ends: tuple[float, float, float, float], tone: int, width: float) -> None:
        self._draw.line([value * self._scale for value in ends], tone, max(round(width * self._scale), 1))

    def parallels(self, size: tuple[int, int], angle: float, pitch: float, tone: int, width: float) -> None:
        """Draw lines across the whole picture, ``pitch`` px apart."""
        nx, ny = math.cos(angle), math.sin(angle)
        reach = math.hypot(*size) / 2
        for index in range(-int(reach / pitch) - 1, int(reach / pitch) + 2):
            x, y = size[0] / 2 + nx * index * pitch, size[1] / 2 + ny * index * pitch
            self.line((x - ny * reach, y + nx * reach, x + ny * reach, y - nx * reach), tone, width)


def _grain(pen: _Pen, rng: random.Random, size: tuple[int, int], tone: int) -> None:
    for _ in range(size[0] * size[1] // 160):
        pen.disc(
            rng.random() * size[0],
            rng.random() * size[1],
            0.6 + 0.9 * rng.random(),
            1 + int(rng.random() * tone),
        )


def _blots(pen: _Pen, rng: random.Random, size: tuple[int, int], tone: int) -> None:
    for _ in range(9):
        radius = size[1] * (0.1 + 0.3 * rng.random())
        pen.disc(rng.random() * size[0], rng.random() * size[1], radius, int(rng.random() * (tone + 1)))


def _gradient(pen: _Pen, rng: random.Random, size: tuple[int, int], tone: int) -> None:
    across = rng.random() < 0.5
    falling = rng.random() < 0.5
    for step in range(tone + 1):
        start = step / (tone + 1)
        shade = tone - step if falling else step
        x, y = (size[0] * start, 0.0) if across else (0.0, size[1] * start)
        pen.area(x, y, size[0], size[1], shade)


def _rules(pen: _Pen, rng: random.Random, size: tuple[int, int], tone: int) -> None:
    angle = (rng.random() - 0.5) * 0.3
    pitch = 13 + 8 * rng.random()
    pen.parallels(size, angle, pitch, tone, 1)
    pen.parallels(size, angle + math.pi / 2, pitch, tone, 1)


_FAMILIES: dict[str, Callable[[_Pen, random.Random, tuple[int, int], int], None]] = {
    "grain": _grain,
    "blots": _blots,
    "gradient": _gradient,
    "rules": _rules,
}
