"""A challenge's picture: an answer, a seed and a look become PNG bytes."""

from __future__ import annotations

import random
import struct
import zlib
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw

from captcha_guard.challenge import glyphs, lines
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.fonts import GLYPHS, font_pool
from captcha_guard.challenge.ground import FULL, ground, palette
from captcha_guard.challenge.layout import lay_out
from captcha_guard.challenge.texture import fields, screened
from captcha_guard.challenge.warp import bend

if TYPE_CHECKING:
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.layout import Layout
    from captcha_guard.challenge.style import Style

MAX_GLYPHS = 10
WIDTHS = (120, 640)  # px at scale 1
HEIGHTS = (56, 240)
MIN_ADVANCE = 20  # px of width that each glyph needs
_OVERSAMPLING = 2


def draw(
    answer: str,
    *,
    seed: bytes,
    style: Style,
    difficulty: Difficulty = Difficulty.medium,
    scale: int = 1,
    size: tuple[int, int] = (240, 80),
    fonts: tuple[FontFace, ...] | None = None,
) -> bytes:
    """Return the picture of ``answer`` as PNG bytes; the same arguments give the same bytes in any process.

    ``answer`` has 1 to 10 of A-Z and 0-9. ``size`` is width and height in px at ``scale`` 1; scale 2 shows the same
    geometry at twice the resolution. ``fonts`` is a pool from :func:`font_pool`, the bundled one unless given.
    Raises ``ValueError`` naming the argument that is out of range.
    """
    _check(answer, scale, size)
    pool = font_pool() if fonts is None else fonts
    rng = random.Random(seed)  # noqa: S311 - the seed is derived from the secret; the drawing need not be more random
    faces = _faces(pool, style)
    layout = lay_out(
        answer,
        rng=rng,
        style=style,
        difficulty=difficulty,
        height=_glyph_height(size),
        faces=faces,
    )
    width = layout.stem * difficulty.line_weight / 100 * style.line_share
    crossing = lines.strokes(rng, style.lines, layout, count=difficulty.lines, width=width)
    crossing = lines.tapered(crossing, layout, difficulty.cover / 100)
    bent = bend(rng, style, difficulty.warp, layout, size)
    canvas_scale = scale * _OVERSAMPLING
    canvas = _canvas(layout, crossing, rng, style, canvas_scale)
    mesh = bent.mesh(scale, canvas_scale, lines.MARGIN)
    shown = (size[0] * scale, size[1] * scale)
    text = canvas.transform(shown, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
    if style.counter != "none":
        text = ImageChops.difference(text, fields(rng, style, size, scale, FULL))
    return _png(
        ImageChops.lighter(ground(style, size, scale), text),
        palette(style.paper, style.ink),
    )


def _check(answer: str, scale: int, size: tuple[int, int]) -> None:
    if not 1 <= len(answer) <= MAX_GLYPHS or not set(answer) <= set(GLYPHS):
        msg = f"the answer is {answer[:20]!r}; 1 to {MAX_GLYPHS} of A-Z and 0-9 can be drawn"
        raise ValueError(msg)
    if scale not in (1, 2):
        msg = f"the scale is {scale!r}; 1 and 2 are allowed"
        raise ValueError(msg)
    for side, value, (low, high) in (
        ("width", size[0], WIDTHS),
        ("height", size[1], HEIGHTS),
    ):
        if not low <= value <= high:
            msg = f"the picture's {side} is {value!r} px; {low} to {high} px are allowed"
            raise ValueError(msg)
    if len(answer) * MIN_ADVANCE > size[0]:
        msg = f"{len(answer)} glyphs need a width of {len(answer) * MIN_ADVANCE} px or more; it is {size[0]} px"
        raise ValueError(msg)


def _glyph_height(size: tuple[int, int]) -> int:
    return max(round(size[1] * 0.58), 34)


def _faces(pool: tuple[FontFace, ...], style: Style) -> list[FontFace]:
    """Return the fonts that the style picks from the pool, all different when it is large enough."""
    chosen: list[FontFace] = []
    for pick in style.fonts:
        free = [face for face in pool if face not in chosen] or list(pool)
        chosen.append(free[int(pick * len(free))])
    return chosen


def _canvas(
    layout: Layout,
    crossing: list[lines.Stroke],
    rng: random.Random,
    style: Style,
    scale: int,
) -> Image.Image:
    """Return the text, not yet bent, ``scale`` times text space with a margin around it (mode L, tones 0 to 15)."""
    extent = (
        (layout.width + 2 * lines.MARGIN) * scale,
        (layout.height + 2 * lines.MARGIN) * scale,
    )
    canvas = Image.new("L", extent)
    cut = layout.cut._replace(height=layout.cut.height * scale)
    for place in layout.placements:
        mask = place.turned(glyphs.filled(place.face, place.glyph, cut, style.fill), scale)
        canvas.paste(
            FULL,
            ((place.x + lines.MARGIN) * scale, (place.y + lines.MARGIN) * scale),
            mask,
        )
    screened(canvas, rng, style, scale)
    pen = ImageDraw.Draw(canvas)
    for stroke in crossing:
        lines.draw_stroke(pen, stroke, layout, scale=scale, fill=style.fill, ink=FULL)
    return canvas


def _png(tones: Image.Image, colours: bytes) -> bytes:
    """Return a palette PNG of 4 bits a pixel (ISO/IEC 15948) with nothing in it but its pixels."""
    width, height = tones.size
    # Two px of tone 0 before each row are the octet that says "no filter".
    padded = Image.new("L", (width + 2, height))
    padded.paste(tones, (2, 0))
    padded.putpalette(colours)
    packed = padded.tobytes("raw", "P;4")
    squeeze = zlib.compressobj(3, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    data = squeeze.compress(packed) + squeeze.flush()
    header = struct.pack(">2I5B", width, height, 4, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", colours), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
