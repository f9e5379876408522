"""A challenge's picture: an answer, a seed and a look become PNG bytes."""

from __future__ import annotations

import functools
import random
import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw

from captcha_guard.challenge import classica, lines
from captcha_guard.challenge.difficulty import KNOBS, Difficulty
from captcha_guard.challenge.fonts import GLYPHS, font_pool
from captcha_guard.challenge.ground import FULL, ground, palette
from captcha_guard.challenge.ink import INK, excess, inked
from captcha_guard.challenge.layout import lay_out
from captcha_guard.challenge.texture import Corners, fields, screened, swapped
from captcha_guard.challenge.warp import bend, room_for_text

if TYPE_CHECKING:
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.hand import Colour, Hand
    from captcha_guard.challenge.layout import Layout
    from captcha_guard.challenge.style import Style
    from captcha_guard.challenge.warp import Bent

MAX_GLYPHS = 10
WIDTHS = (120, 640)  # px at scale 1
HEIGHTS = (56, 240)
MIN_ADVANCE = 20  # px of width that each glyph needs
_GLYPH_SHARE, _SHIFTED_SHARE = (0.58, 0.45)  # of the picture's height, where glyphs are not shifted and where they are
_LEAST_HEIGHT = 34  # px, so that the smallest glyph still has 28
_OVERSAMPLING = 2


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
    ``colours`` are ink and paper in place of the style's; whoever gives them sees to their contrast.
    ``classica`` has a look, colours and a size of its own, whatever the arguments are.
    Raises ``ValueError`` naming the argument that is out of range.
    """
    _check(answer, scale)
    pool = font_pool() if fonts is None else fonts
    if difficulty.is_classica:
        tones = classica.paint(answer, seed=seed, scale=scale, pool=pool)
        return _png(tones, palette(classica.PAPER, classica.INK))
    _check_size(answer, size)
    composition = compose(answer, seed=seed, style=style, difficulty=difficulty, size=size, pool=pool)
    ink, paper = colours or (composition.hand.ink, composition.hand.paper)
    hand = replace(composition.hand, ink=ink, paper=paper)
    tones = ImageChops.lighter(ground(hand, size, scale), paint(composition, scale))
    return _png(tones, palette(hand.paper, hand.ink))


@dataclass(frozen=True, eq=False)
class Composition:
    """Everything about a picture that does not depend on its scale; px at scale 1.

    ``letters`` is the canvas of its glyphs for scale 1, which the strokes were fitted to.
    """

    hand: Hand
    size: tuple[int, int]
    layout: Layout
    glyphs: tuple[Bent, ...]
    letters: Image.Image
    strokes: list[lines.Stroke]
    screen: tuple[float, float]
    fields: list[Corners]


def compose(
    answer: str,
    *,
    seed: bytes,
    style: Style,
    difficulty: Difficulty,
    size: tuple[int, int],
    pool: tuple[FontFace, ...],
) -> Composition:
    """Decide where everything in the picture of ``answer`` goes."""
    rng = random.Random(seed)  # noqa: S311 - the seed comes from the secret; drawing needs no better generator
    hand = style.pick(rng)
    faces = _faces(pool, hand.fonts)
    shifted = difficulty.shift / KNOBS["shift"].high
    share = _GLYPH_SHARE + (_SHIFTED_SHARE - _GLYPH_SHARE) * shifted
    height = max(round(size[1] * share), _LEAST_HEIGHT)
    room = room_for_text(size, difficulty.warp, height)
    layout = lay_out(answer, rng=rng, hand=hand, difficulty=difficulty, height=height, room=room, faces=faces)
    width = layout.stem * difficulty.line_weight / 100 * hand.line_share
    strokes = lines.strokes(rng, hand.lines, layout, count=difficulty.lines, width=width)
    bent = bend(rng, hand, difficulty.warp, layout, size)
    glyphs = tuple([bent.carried(place) for place in layout.placements])
    letters = inked(glyphs, layout.cut, hand.fill, size=size, scale=_OVERSAMPLING)
    strokes = lines.bent(strokes, bent)
    small, limit = letters.resize(size, Image.Resampling.NEAREST), difficulty.cover / 100
    spans = excess(small, glyphs, strokes, limit)
    strokes = lines.tapered(strokes, spans)
    screen = (rng.random(), rng.random())
    return Composition(hand, size, layout, glyphs, letters, strokes, screen, fields(rng, hand, size))


def paint(composition: Composition, scale: int) -> Image.Image:
    """Return the text with its strokes and fields, on no ground (mode L, tones 0 to 15)."""
    hand, size, cut = composition.hand, composition.size, composition.layout.cut
    finer = scale * _OVERSAMPLING
    canvas = (
        composition.letters.copy() if scale == 1 else inked(composition.glyphs, cut, hand.fill, size=size, scale=finer)
    )
    screened(canvas, hand, composition.screen, finer)
    pen = ImageDraw.Draw(canvas)
    for stroke in composition.strokes:
        lines.draw_stroke(pen, stroke, scale=finer, fill=hand.fill, height=cut.height, ink=INK)
    shades = swapped(canvas, composition.fields, finer, INK).reduce(_OVERSAMPLING)
    # Shades become tones; what is added makes those of all glyphs full.
    return ImageChops.add(shades, _even(MAX_GLYPHS, shades.size), INK / FULL)


def _check(answer: str, scale: int) -> None:
    if not 1 <= len(answer) <= MAX_GLYPHS or not set(answer) <= set(GLYPHS):
        msg = f"the answer is {answer[:20]!r}; 1 to {MAX_GLYPHS} of A-Z and 0-9 can be drawn"
        raise ValueError(msg)
    if scale not in (1, 2):
        msg = f"the scale is {scale!r}; 1 and 2 are allowed"
        raise ValueError(msg)


def _check_size(answer: str, size: tuple[int, int]) -> None:
    for side, value, (low, high) in (("width", size[0], WIDTHS), ("height", size[1], HEIGHTS)):
        if not low <= value <= high:
            msg = f"the picture's {side} is {value!r} px; {low} to {high} px are allowed"
            raise ValueError(msg)
    if len(answer) * MIN_ADVANCE > size[0]:
        msg = f"{len(answer)} glyphs need a width of {len(answer) * MIN_ADVANCE} px or more; it is {size[0]} px"
        raise ValueError(msg)


@functools.lru_cache(maxsize=64)
def _faces(pool: tuple[FontFace, ...], picks: tuple[float, ...]) -> list[FontFace]:
    """Return the fonts that a hand picks from the pool, all different when it is large enough."""
    chosen: list[FontFace] = []
    for pick in picks:
        free = [face for face in pool if face not in chosen] or list(pool)
        chosen.append(free[int(pick * len(free))])
    return chosen


@functools.lru_cache(maxsize=16)
def _even(shade: int, size: tuple[int, int]) -> Image.Image:
    """Return a canvas (mode L) of one shade; don't alter it."""
    return Image.new("L", size, shade)


def _png(tones: Image.Image, colours: bytes) -> bytes:
    """Return a palette PNG of 4 bits a pixel (ISO/IEC 15948) with nothing in it but its pixels."""
    width, height = tones.size
    # Two px of tone 0 before each row are the octet that says "no filter".
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
