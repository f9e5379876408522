"""What the text stands on, and the sixteen tones from paper to ink in which a picture is stored."""

from __future__ import annotations

import functools
import math
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from captcha_guard.challenge.style import contrast

if TYPE_CHECKING:
    from captcha_guard.challenge.style import Colour, Style

FULL = 15  # the tone of ink; 0 is paper
_KEEP_CONTRAST = 4.9  # of the darkest ground to the ink


@functools.lru_cache(maxsize=256)
def palette(paper: Colour, ink: Colour) -> bytes:
    """Return 16 RGB triples from paper to ink."""
    return bytes(round(p + (i - p) * tone / FULL) for tone in range(FULL + 1) for p, i in zip(paper, ink, strict=True))


@functools.lru_cache(maxsize=256)
def deepest_tone(paper: Colour, ink: Colour) -> int:
    """Return the last tone, 4 at most, that a ground may have and still be far enough from the ink."""
    tones = palette(paper, ink)
    for tone in range(4, 0, -1):
        red, green, blue = tones[3 * tone : 3 * tone + 3]
        if contrast((red, green, blue), ink) >= _KEEP_CONTRAST:
            return tone
    return 0


@functools.lru_cache(maxsize=64)
def ground(style: Style, size: tuple[int, int], scale: int) -> Image.Image:
    """Return the ground of a style's pictures (mode L, tones 0 to 4), ``scale`` times ``size``; don't alter it."""
    width, height = size
    made = Image.new("L", (width * scale, height * scale))
    tone = deepest_tone(style.paper, style.ink)
    if style.ground == "plain" or not tone:
        return made
    rng = random.Random(style.ground_seed)  # noqa: S311 - a texture, not a secret
    draw = ImageDraw.Draw(made)
    if style.ground == "grain":
        for _ in range(width * height // 120):
            x, y, r = rng.random() * width, rng.random() * height, 0.6 + rng.random()
            draw.ellipse([c * scale for c in (x - r, y - r, x + r, y + r)], 1 + int(rng.random() * tone))
    elif style.ground == "blots":
        for _ in range(9):
            x, y, r = rng.random() * width, rng.random() * height, height * (0.1 + 0.25 * rng.random())
            draw.ellipse([c * scale for c in (x - r, y - r, x + r, y + r)], int(rng.random() * (tone + 1)))
    elif style.ground == "gradient":
        across = rng.random() < 0.5
        for step in range(tone + 1):
            at = step / (tone + 1)
            corner = (width * at, 0) if across else (0, height * at)
            draw.rectangle([corner[0] * scale, corner[1] * scale, width * scale, height * scale], step)
    elif style.ground == "stripes":
        pitch = 8 + 12 * rng.random()
        angle = rng.random() * math.pi
        nx, ny = math.cos(angle), math.sin(angle)
        reach = width + height
        for index in range(-int(reach / pitch), int(reach / pitch) + 1):
            x, y = width / 2 + nx * index * pitch, height / 2 + ny * index * pitch
            ends = (x - ny * reach, y + nx * reach, x + ny * reach, y - nx * reach)
            draw.line([c * scale for c in ends], tone, max(round(pitch / 2 * scale), 1))
    return made
