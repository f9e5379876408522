"""The pictures of ``classica``: one short tilted line of dark text on pale blue, 160 x 30 px.

They exist only for their old look. Programs read them easily, and they look the same on every site.
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
GLYPH_HEIGHT = 20  # px at scale 1. The rest of the 30 px is room for the tilt.
LONGEST = 148  # px. A longer line is made narrower at the same height.
MARGIN = 2  # the least px of paper at each edge
_GAP = MASTER_HEIGHT // 8  # px of the line's own image between two glyphs
_EDGE = 4  # px of paper around the line's own image, which the affine samples
_OVERSAMPLING = 2
_TONES = [round(value * INK_TONE / 255) for value in range(256)]


def paint(answer: str, *, seed: bytes, scale: int, pool: tuple[FontFace, ...]) -> Image.Image:
    """Return the picture of ``answer`` (mode L, tones 0 for ``PAPER`` to 15 for ``INK``), ``scale`` times 160 x 30 px.

    ``answer`` has 1 to 10 of A-Z and 0-9. The face is the one called ``FACE`` in ``pool``, or else the pool's first
    one. The same arguments give the same pixels.
    """
    rng = random.Random(seed)  # noqa: S311 - the seed comes from the secret; drawing needs no better generator
    line = _line(answer, next((face for face in pool if face.name == FACE), pool[0]))
    shrink = GLYPH_HEIGHT / MASTER_HEIGHT
    length = (line.width - 2 * _EDGE) * shrink
    narrow = min(LONGEST / length, 1.0)
    tilt = _tilt(rng, length * narrow)
    centre = _centre(rng, length * narrow, tilt)
    finer = scale * _OVERSAMPLING
    turned = _turned(line.reduce(2 // scale), tilt, centre, (line.width * shrink * narrow, line.height * shrink), finer)
    return turned.reduce(_OVERSAMPLING).point(_TONES)


def _line(answer: str, face: FontFace) -> Image.Image:
    """Return the glyphs side by side (mode L, ink 255), ``MASTER_HEIGHT`` px high, with ``_EDGE`` px around them."""
    masters = [face.master(glyph) for glyph in answer]
    length = sum(master.width + _GAP for master in masters) - _GAP
    line = Image.new("L", (length + length % 2 + 2 * _EDGE, MASTER_HEIGHT + 2 * _EDGE))
    x = _EDGE
    for master in masters:
        line.paste(master, (x, _EDGE))
        x += master.width + _GAP
    return line


def _tilt(rng: random.Random, length: float) -> float:
    """Return a random tilt in radians for a line of ``length`` px, within the difficulty's tilt and the height."""
    room = CLASSICA_SIZE[1] - 2 * MARGIN - GLYPH_HEIGHT
    most = min(math.radians(Difficulty.classica.tilt), math.asin(min(room / length, 1.0)))
    return math.copysign(most * (0.4 + 0.6 * rng.random()), rng.random() - 0.5)


def _centre(rng: random.Random, length: float, tilt: float) -> tuple[float, float]:
    """Return a random place for the middle of the turned line, in px at scale 1. It keeps the margin free."""
    cos, sin = math.cos(tilt), abs(math.sin(tilt))
    needed = (length * cos + GLYPH_HEIGHT * sin, length * sin + GLYPH_HEIGHT * cos)
    x, y = (
        side / 2 + (rng.random() - 0.5) * (side - 2 * MARGIN - taken)
        for side, taken in zip(CLASSICA_SIZE, needed, strict=True)
    )
    return x, y


def _turned(
    line: Image.Image, tilt: float, centre: tuple[float, float], size: tuple[float, float], finer: int
) -> Image.Image:
    """Return a canvas of ``finer`` times 160 x 30 px with the line, turned by ``tilt`` radians.

    The line is shown ``size`` px large, with its middle at ``centre`` (px at scale 1).
    """
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
