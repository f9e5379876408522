"""Draws a challenge's picture: a PNG, made from an answer, a seed and a style."""

from __future__ import annotations

import functools
import random
import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw

from ..difficulty import Difficulty
from . import classica, strokes
from .background import background
from .colour import INK_TONE, palette
from .fields import Corners, fields, swapped
from .fonts import GLYPHS, font_pool
from .glyph_layer import INK, excess, glyph_layer
from .layout import lay_out

if TYPE_CHECKING:
    from .colour import Colour
    from .fonts import FontFace
    from .layout import Layout
    from .style import Style
    from .variant import Variant

MAX_GLYPHS = 10
WIDTHS = (200, 640)  # px at scale 1
HEIGHTS = (100, 320)
_OVERSAMPLING = 2
_EDGE_TONES = 4  # steps from paper to ink at an edge. More can't be seen, and make the file larger.
# Each glyph has its own shade near full ink, or near paper in a field. All of these become ink or paper.
_TONES = [
    round(round(min(max((shade - MAX_GLYPHS) / (INK - 2 * MAX_GLYPHS), 0), 1) * _EDGE_TONES) * INK_TONE / _EDGE_TONES)
    for shade in range(256)
]


def draw(
    answer: str,
    *,
    seed: bytes,
    style: Style,
    difficulty: Difficulty = Difficulty.medium,
    scale: int = 1,
    size: tuple[int, int] = (240, 120),
    fonts: tuple[FontFace, ...] | None = None,
    colours: tuple[Colour, Colour] | None = None,
) -> bytes:
    """Return the picture of ``answer`` as PNG bytes. The same arguments give the same bytes in any process.

    ``answer`` has 1 to 10 of A-Z and 0-9. ``size`` is the width and height in px at ``scale`` 1. Scale 2 shows the same
    geometry at twice the resolution. ``fonts`` are by default the bundled ones.
    ``colours`` are ink and paper, by default the style's. ``classica`` ignores ``style``, ``size`` and ``colours``.
    Raises ``ValueError`` with the name of the argument that is out of range.
    """
    _check(answer, scale)
    pool = font_pool() if fonts is None else fonts
    if difficulty.is_classica:
        tones = classica.paint(answer, seed=seed, scale=scale, pool=pool)
        return _png(tones, palette(classica.PAPER, classica.INK))
    _check_size(size)
    composition = compose(answer, seed=seed, style=style, difficulty=difficulty, size=size, pool=pool, colours=colours)
    variant = composition.variant
    tones = ImageChops.lighter(background(variant, size, scale), paint(composition, scale))
    return _png(tones, palette(variant.paper, variant.ink))


def readings(
    answer: str,
    *,
    seed: bytes,
    style: Style,
    difficulty: Difficulty = Difficulty.medium,
    size: tuple[int, int] = (240, 120),
    fonts: tuple[FontFace, ...] | None = None,
) -> tuple[str, ...]:
    """Return every text that a reader may read in the picture of these arguments, ``answer`` first.

    Readers may read two rows in zigzag from left to right, or see glyphs of both rows as one level row.
    """
    if difficulty.is_classica:
        return (answer,)
    pool = font_pool() if fonts is None else fonts
    *_, layout = _laid_out(answer, seed=seed, style=style, difficulty=difficulty, size=size, pool=pool)
    return tuple(dict.fromkeys([answer, *("".join([answer[index] for index in order]) for order in layout.orders)]))


def _laid_out(
    answer: str,
    *,
    seed: bytes,
    style: Style,
    difficulty: Difficulty,
    size: tuple[int, int],
    pool: tuple[FontFace, ...],
) -> tuple[random.Random, Variant, Layout]:
    """Return the random generator (in its state after the layout), the variant and the layout."""
    rng = random.Random(seed)  # noqa: S311 - the seed comes from the secret; drawing needs no better generator
    variant = style.pick(rng)
    faces = _faces(pool, variant.fonts)
    return rng, variant, lay_out(answer, rng=rng, variant=variant, difficulty=difficulty, size=size, faces=faces)


@dataclass(frozen=True, eq=False)
class Composition:
    """The parts of a picture that don't depend on its scale. Lengths are px at scale 1.

    ``letters`` is the canvas of the glyphs for scale 1. The strokes were fitted to it.
    """

    variant: Variant
    size: tuple[int, int]
    layout: Layout
    letters: Image.Image
    strokes: list[strokes.Stroke]
    fields: list[Corners]


def compose(
    answer: str,
    *,
    seed: bytes,
    style: Style,
    difficulty: Difficulty,
    size: tuple[int, int],
    pool: tuple[FontFace, ...],
    colours: tuple[Colour, Colour] | None = None,
) -> Composition:
    """Return the composition of the picture of ``answer``."""
    rng, variant, layout = _laid_out(answer, seed=seed, style=style, difficulty=difficulty, size=size, pool=pool)
    if colours is not None:
        variant = replace(variant, ink=colours[0], paper=colours[1])
    width = layout.stem * difficulty.line_weight / 100 * variant.stroke_share
    crossing = strokes.strokes(rng, variant.strokes, layout, count=difficulty.lines, width=width)
    letters = glyph_layer(layout.glyphs, layout.cut, variant.fill, size=size, scale=_OVERSAMPLING)
    # Covered px are counted on a smaller canvas, except for outlines, which have too few px there.
    scale = _OVERSAMPLING if variant.fill == "outline" else 1
    counted = letters if scale == _OVERSAMPLING else letters.resize(size, Image.Resampling.NEAREST)
    crossing = strokes.tapered(crossing, excess(counted, scale, layout.glyphs, crossing, difficulty.cover / 100))
    reach = difficulty.field_size / 100 * layout.height
    return Composition(variant, size, layout, letters, crossing, fields(rng, variant, size, reach))


def paint(composition: Composition, scale: int) -> Image.Image:
    """Return the text with its strokes and fields, without the background (mode L, tones 0 to 15)."""
    variant, size, layout = composition.variant, composition.size, composition.layout
    finer = scale * _OVERSAMPLING
    if scale == 1:
        canvas = composition.letters.copy()
    else:
        canvas = glyph_layer(layout.glyphs, layout.cut, variant.fill, size=size, scale=finer)
    pen = ImageDraw.Draw(canvas)
    for stroke in composition.strokes:
        strokes.draw_stroke(pen, stroke, scale=finer, ink=INK)
    shades = swapped(canvas, composition.fields, finer, INK).reduce(_OVERSAMPLING)
    return shades.point(_TONES)


def _check(answer: str, scale: int) -> None:
    if not 1 <= len(answer) <= MAX_GLYPHS or not set(answer) <= set(GLYPHS):
        msg = f"the answer is {answer[:20]!r}; 1 to {MAX_GLYPHS} of A-Z and 0-9 can be drawn"
        raise ValueError(msg)
    if scale not in (1, 2):
        msg = f"the scale is {scale!r}; 1 and 2 are allowed"
        raise ValueError(msg)


def _check_size(size: tuple[int, int]) -> None:
    for side, value, (low, high) in (("width", size[0], WIDTHS), ("height", size[1], HEIGHTS)):
        if not low <= value <= high:
            msg = f"the picture's {side} is {value!r} px; {low} to {high} px are allowed"
            raise ValueError(msg)


@functools.lru_cache(maxsize=64)
def _faces(pool: tuple[FontFace, ...], picks: tuple[float, ...]) -> list[FontFace]:
    """Return the fonts that a variant picks from the pool. All are different if the pool is large enough."""
    chosen: list[FontFace] = []
    for pick in picks:
        free = [face for face in pool if face not in chosen] or list(pool)
        chosen.append(free[int(pick * len(free))])
    return chosen


def _png(tones: Image.Image, colours: bytes) -> bytes:
    """Return a palette PNG with 4 bits per pixel (ISO/IEC 15948) and without metadata."""
    width, height = tones.size
    # Each row starts with a byte for its filter. Two px of tone 0 become the byte 0, "no filter".
    padded = Image.new("L", (width + 2, height))
    padded.paste(tones, (2, 0))
    padded.putpalette(colours)
    packed = padded.tobytes("raw", "P;4")
    squeeze = zlib.compressobj(3, zlib.DEFLATED, 13, 7, zlib.Z_RLE)
    data = squeeze.compress(packed) + squeeze.flush()
    header = struct.pack(">2I5B", width, height, 4, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", colours), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
