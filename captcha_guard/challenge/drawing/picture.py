"""A challenge's picture: an answer, a seed and a style become PNG bytes."""

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
_EDGE_TONES = 4  # steps from paper to ink at an edge; more can't be seen, and take up bytes
# Each glyph has a shade of its own near full ink, or near paper within a field. All of these become ink and paper.
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
    """Return the picture of ``answer`` as PNG bytes; the same arguments give the same bytes in any process.

    ``answer`` has 1 to 10 of A-Z and 0-9. ``size`` is width and height in px at ``scale`` 1; scale 2 shows the same
    geometry at twice the resolution. ``fonts`` is a pool from :func:`font_pool`, the bundled one unless given.
    ``colours`` are those of ink and paper, the style's unless given. ``classica`` has a look, colours and a size of its
    own. Raises ``ValueError`` naming the argument that is out of range.
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
    """Return every order of the symbols in which the picture of these arguments may be read: ``answer`` first.

    Others go up and down between the rows from left to right, or take the rows for level ones.
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
    """Return the random generator (advanced past the layout), the variant and the layout."""
    rng = random.Random(seed)  # noqa: S311 - the seed comes from the secret; drawing needs no better generator
    variant = style.pick(rng)
    faces = _faces(pool, variant.fonts)
    return rng, variant, lay_out(answer, rng=rng, variant=variant, difficulty=difficulty, size=size, faces=faces)


@dataclass(frozen=True, eq=False)
class Composition:
    """Everything about a picture that does not depend on its scale; px at scale 1.

    ``letters`` is the canvas of its glyphs for scale 1, which the strokes were fitted to.
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
    """Decide where everything in the picture of ``answer`` goes."""
    rng, variant, layout = _laid_out(answer, seed=seed, style=style, difficulty=difficulty, size=size, pool=pool)
    if colours is not None:
        variant = replace(variant, ink=colours[0], paper=colours[1])
    width = layout.stem * difficulty.line_weight / 100 * variant.stroke_share
    crossing = strokes.strokes(rng, variant.strokes, layout, count=difficulty.lines, width=width)
    letters = glyph_layer(layout.glyphs, layout.cut, variant.fill, size=size, scale=_OVERSAMPLING)
    # What is covered is counted on a smaller canvas; but of an outline, too few px would be left there.
    scale = _OVERSAMPLING if variant.fill == "outline" else 1
    seen = letters if scale == _OVERSAMPLING else letters.resize(size, Image.Resampling.NEAREST)
    crossing = strokes.tapered(crossing, excess(seen, scale, layout.glyphs, crossing, difficulty.cover / 100))
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
    """Return the fonts that a variant picks from the pool, all different when it is large enough."""
    chosen: list[FontFace] = []
    for pick in picks:
        free = [face for face in pool if face not in chosen] or list(pool)
        chosen.append(free[int(pick * len(free))])
    return chosen


def _png(tones: Image.Image, colours: bytes) -> bytes:
    """Return a palette PNG of 4 bits a pixel (ISO/IEC 15948) with nothing in it but its pixels."""
    width, height = tones.size
    # Two px of tone 0 before each row are the byte that says "no filter".
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
