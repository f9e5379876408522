"""What the text stands on, and the sixteen tones from paper to ink in which a picture is stored."""

from __future__ import annotations

import functools
import math
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from captcha_guard.challenge.hand import contrast

if TYPE_CHECKING:
    from collections.abc import Callable

    from captcha_guard.challenge.hand import Colour, Hand

FULL = 15  # the tone of ink; 0 is paper
_KEEP_CONTRAST = 5.0  # of the darkest ground to the ink
_DEEPEST = 3  # tone of a ground at most, so that it never looks like ink


@functools.lru_cache(maxsize=256)
def palette(paper: Colour, ink: Colour) -> bytes:
    """Return 16 RGB triples from paper to ink."""
    return bytes(round(p + (i - p) * tone / FULL) for tone in range(FULL + 1) for p, i in zip(paper, ink, strict=True))


def deepest_tone(paper: Colour, ink: Colour) -> int:
    """Return the last tone, 3 at most, that a ground may have and still be far enough from the ink."""
    tones = palette(paper, ink)
    for tone in range(_DEEPEST, 0, -1):
        red, green, blue = tones[3 * tone : 3 * tone + 3]
        if contrast((red, green, blue), ink) >= _KEEP_CONTRAST:
            return tone
    return 0


@functools.lru_cache(maxsize=64)
def ground(hand: Hand, size: tuple[int, int], scale: int) -> Image.Image:
    """Return the ground of a hand's pictures (mode L, tones 0 to 3), ``scale`` times ``size``; don't alter it."""
    made = Image.new("L", (size[0] * scale, size[1] * scale))
    tone = deepest_tone(hand.paper, hand.ink)
    if hand.ground != "plain" and tone:
        rng = random.Random(hand.ground_seed)  # noqa: S311 - a texture, not a secret
        _FAMILIES[hand.ground](_Pen(made, scale), rng, size, tone)
    return made


class _Pen:
    """Draws in px at scale 1 on a picture of any scale."""

    def __init__(self, image: Image.Image, scale: int) -> None:
        self._draw = ImageDraw.Draw(image)
        self._scale = scale

    def disc(self, x: float, y: float, radius: float, tone: int, *, ring: float = 0.0) -> None:
        box = [value * self._scale for value in (x - radius, y - radius, x + radius, y + radius)]
        if ring:
            self._draw.ellipse(box, outline=tone, width=max(round(ring * self._scale), 1))
        else:
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


def _stripes(pen: _Pen, rng: random.Random, size: tuple[int, int], tone: int) -> None:
    pitch = 9 + 14 * rng.random()
    pen.parallels(size, rng.random() * math.pi, pitch, tone, pitch / 2)


def _rules(pen: _Pen, rng: random.Random, size: tuple[int, int], tone: int) -> None:
    angle = (rng.random() - 0.5) * 0.3
    pitch = 9 + 8 * rng.random()
    pen.parallels(size, angle, pitch, tone, 1)
    pen.parallels(size, angle + math.pi / 2, pitch, tone, 1)


def _rings(pen: _Pen, rng: random.Random, size: tuple[int, int], tone: int) -> None:
    x, y = rng.random() * size[0], rng.random() * size[1]
    pitch = 10 + 10 * rng.random()
    for index in range(1, int(math.hypot(*size) / pitch) + 1):
        pen.disc(x, y, index * pitch, tone, ring=pitch / 3)


def _checks(pen: _Pen, rng: random.Random, size: tuple[int, int], tone: int) -> None:
    pitch = 10 + int(12 * rng.random())
    for column in range(size[0] // pitch + 1):
        for row in range(column % 2, size[1] // pitch + 1, 2):
            pen.area(column * pitch, row * pitch, pitch, pitch, tone)


_FAMILIES: dict[str, Callable[[_Pen, random.Random, tuple[int, int], int], None]] = {
    "grain": _grain,
    "blots": _blots,
    "gradient": _gradient,
    "stripes": _stripes,
    "rules": _rules,
    "rings": _rings,
    "checks": _checks,
}
