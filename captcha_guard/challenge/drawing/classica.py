"""The pictures of ``classica``: one short tilted line of dark text on pale blue, 160 x 30 px, on every site the same.

It is here for nostalgia. Nothing in it costs a reading program anything, and it takes nothing from the site's style.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from PIL import Image

from ..difficulty import CLASSICA_SIZE, Difficulty
from .colour import INK_TONE
from .fonts import MASTER_HEIGHT

if TYPE_CHECKING:
    from .fonts import FontFace

PAPER = (221, 234, 248)
INK = (32, 44, 76)
FACE = "cabin"  # the plainest sans of the bundled pool
GLYPH_HEIGHT = 20  # px at scale 1: what 30 px leave beside a tilt
LONGEST = 148  # px; a longer line is made narrower, not lower
MARGIN = 2  # px of paper all round, at least
_GAP = MASTER_HEIGHT // 8  # between two glyphs of the line, in its own px
_EDGE = 4  # around the line, in its own px, so that the affine finds paper there
_OVERSAMPLING = 2
_TONES = [round(value * INK_TONE / 255) for value in range(256)]


def paint(answer: str, *, seed: bytes, scale: int, pool: tuple[FontFace, ...]) -> Image.Image:
    """Return the picture of ``answer`` (mode L, tones 0 for ``PAPER`` to 15 for ``INK``), ``scale`` times 160 x 30 px.

    ``answer`` has 1 to 10 of A-Z and 0-9. The face is the one of the pool called ``FACE``, or else its first. The same
    arguments give the same pixels.
    """
    rng = random.Random(seed)  # noqa: S311 - the seed comes from the secret; drawing needs no better generator
    line = _line(answer, next((face for face in pool if face.name == FACE), pool[0]))
    shrink = GLYPH_HEIGHT / MASTER_HEIGHT
    long = (line.width - 2 * _EDGE) * shrink
    narrow = min(LONGEST / long, 1.0)
    tilt = _tilt(rng, long * narrow)
    centre = _centre(rng, long * narrow, tilt)
    finer = scale * _OVERSAMPLING
    turned = _turned(line.reduce(2 // scale), tilt, centre, (line.width * shrink * narrow, line.height * shrink), finer)
    return turned.reduce(_OVERSAMPLING).point(_TONES)


def _line(answer: str, face: FontFace) -> Image.Image:
    """Return the glyphs side by side (mode L, ink 255), ``MASTER_HEIGHT`` px high, in a little paper."""
    masters = [face.master(glyph) for glyph in answer]
    long = sum(master.width + _GAP for master in masters) - _GAP
    line = Image.new("L", (long + long % 2 + 2 * _EDGE, MASTER_HEIGHT + 2 * _EDGE))
    x = _EDGE
    for master in masters:
        line.paste(master, (x, _EDGE))
        x += master.width + _GAP
    return line


def _tilt(rng: random.Random, long: float) -> float:
    """Return how far a line ``long`` px long is turned, in radians: up to what ``tilt`` and the height allow."""
    room = CLASSICA_SIZE[1] - 2 * MARGIN - GLYPH_HEIGHT
    most = min(math.radians(Difficulty.classica.tilt), math.asin(min(room / long, 1.0)))
    return math.copysign(most * (0.4 + 0.6 * rng.random()), rng.random() - 0.5)


def _centre(rng: random.Random, long: float, tilt: float) -> tuple[float, float]:
    """Return where the middle of the turned line goes, in px at scale 1: anywhere that leaves the margin free."""
    cos, sin = math.cos(tilt), abs(math.sin(tilt))
    needed = (long * cos + GLYPH_HEIGHT * sin, long * sin + GLYPH_HEIGHT * cos)
    x, y = (
        side / 2 + (rng.random() - 0.5) * (side - 2 * MARGIN - taken)
        for side, taken in zip(CLASSICA_SIZE, needed, strict=True)
    )
    return x, y


def _turned(
    line: Image.Image, tilt: float, centre: tuple[float, float], size: tuple[float, float], finer: int
) -> Image.Image:
    """Return the line, ``size`` px large and turned about ``centre`` (px at scale 1), ``finer`` times 160 x 30 px."""
    wide, high = line.width / size[0] / finer, line.height / size[1] / finer
    cos, sin = math.cos(tilt), math.sin(tilt)
    across, down = (cos * wide, sin * wide), (-sin * high, cos * high)
    x, y = centre[0] * finer, centre[1] * finer
    affine = (
        *across,
        line.width / 2 - across[0] * x - across[1] * y,
        *down,
        line.height / 2 - down[0] * x - down[1] * y,
    )
    canvas = (CLASSICA_SIZE[0] * finer, CLASSICA_SIZE[1] * finer)
    return line.transform(canvas, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
