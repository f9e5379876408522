"""Colours of ink and paper: their contrast, random pairs, and the palette of sixteen tones between them."""

from __future__ import annotations

import colorsys
import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

#: An sRGB colour. Each value is 0 to 255.
Colour = tuple[int, int, int]

#: The least contrast of ink and paper. It's above the 4.5 that text needs (WCAG 2.2, 1.4.3), so that backgrounds fit.
MIN_CONTRAST = 6.0
INK_TONE = 15  # the tone of ink. 0 is paper.
_BACKGROUND_CONTRAST = 5.0  # the least contrast of a background's deepest tone and the ink
_DEEPEST = 3  # the deepest tone that a background may have, so that it never looks like ink


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two sRGB colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def random_colours(rng: random.Random) -> tuple[Colour, Colour]:
    """Return random colours of paper and ink with a contrast of ``MIN_CONTRAST`` or more."""
    light_paper = rng.random() < 0.6
    while True:
        pale = _hls(rng.random(), 0.84 + 0.15 * rng.random(), 0.2 + 0.7 * rng.random())
        deep = _hls(rng.random(), 0.08 + 0.22 * rng.random(), 0.2 + 0.7 * rng.random())
        if contrast(pale, deep) >= MIN_CONTRAST:
            return (pale, deep) if light_paper else (deep, pale)


@functools.lru_cache(maxsize=256)
def palette(paper: Colour, ink: Colour) -> bytes:
    """Return 16 RGB triples from paper to ink."""
    tones = range(INK_TONE + 1)
    return bytes(round(p + (i - p) * tone / INK_TONE) for tone in tones for p, i in zip(paper, ink, strict=True))


def deepest_tone(paper: Colour, ink: Colour) -> int:
    """Return the deepest tone that a background may have with this paper and ink, 0 to ``_DEEPEST``."""
    tones = palette(paper, ink)
    for tone in range(_DEEPEST, 0, -1):
        red, green, blue = tones[3 * tone : 3 * tone + 3]
        if contrast((red, green, blue), ink) >= _BACKGROUND_CONTRAST:
            return tone
    return 0


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _hls(hue: float, lightness: float, saturation: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
