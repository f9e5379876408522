"""Pictures: the same everywhere, never clipped, with enough contrast, not covered too much, and without metadata.

The golden pictures are hashes of decoded pixels for the versions of Pillow and FreeType with which they were made.
After an intended change of the drawing, or for new versions, run ``python -m tests.unit.test_picture``.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import io
import itertools
import json
import math
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, features
from PIL import __version__ as pillow_version

from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.challenge.difficulty import KNOBS, Difficulty
from captcha_guard.challenge.drawing import strokes
from captcha_guard.challenge.drawing.background import background
from captcha_guard.challenge.drawing.colour import INK_TONE, contrast, deepest_tone, palette
from captcha_guard.challenge.drawing.fields import fields, swapped
from captcha_guard.challenge.drawing.fonts import font_pool
from captcha_guard.challenge.drawing.glyph_layer import INK, glyph_layer
from captcha_guard.challenge.drawing.layout import Layout
from captcha_guard.challenge.drawing.picture import HEIGHTS, WIDTHS, Composition, compose, draw, paint, readings
from captcha_guard.challenge.drawing.style import Style

STYLE = Style.from_secret(b"a secret of the site's own", epoch=0)
SIZE = (240, 120)
LEVELS = ("easy", "medium")  # classica is drawn differently: see test_classica.py
GOLDEN = Path(__file__).with_name("golden_pictures.json")
FINER = 2  # the scale at which pictures are measured
HARDEST = Difficulty(**{name: knob.high for name, knob in KNOBS.items()})
EASIEST = Difficulty(**{name: knob.low for name, knob in KNOBS.items()})


def challenges(count: int, *, of: str) -> list[tuple[str, bytes, Style]]:
    """Return answers, seeds and styles: 40 styles, or as many as fit with five pictures each."""
    rng = random.Random(f"{of} {count}")
    return [
        (
            "".join(rng.choice(ALPHABET) for _ in range(rng.choice((5, 6)))),
            f"{of} {index}".encode(),
            Style.from_secret(f"{of} {index // max(count // 40, 5)}".encode()),
        )
        for index in range(count)
    ]


def composed(answer: str, seed: bytes, style: Style, level: Difficulty, size: tuple[int, int] = SIZE) -> Composition:
    return compose(answer, seed=seed, style=style, difficulty=level, size=size, pool=font_pool())


def altered(style: Style, **traits: str) -> Style:
    """Return the style with these attributes in all of its variants."""
    return Style(tuple(dataclasses.replace(variant, **traits) for variant in style.variants))  # type: ignore[arg-type]


def golden(level: str) -> list[str]:
    """Return the hashes of ten pictures of a level."""
    made = []
    for answer, seed, style in challenges(50, of=f"golden {level}")[::5]:
        picture = Image.open(io.BytesIO(draw(answer, seed=seed, style=style, difficulty=Difficulty.named(level))))
        made.append(hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()[:24])
    return made


def versions() -> str:
    return f"Pillow {pillow_version}, FreeType {features.version('freetype2')}"


# The same everywhere


def test_same_arguments_give_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib\n"
        "from captcha_guard.challenge.drawing.picture import draw\n"
        "from captcha_guard.challenge.drawing.style import Style\n"
        "style = Style.from_secret(b'a secret of the site\\'s own', epoch=0)\n"
        "print(hashlib.sha256(draw('7ACD4', seed=b'one', style=style)).hexdigest())"
    )
    digest = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert digest == hashlib.sha256(draw("7ACD4", seed=b"one", style=STYLE)).hexdigest()


@pytest.mark.parametrize("level", ["classica", *LEVELS])
def test_golden_pictures_have_not_changed(level: str) -> None:
    known: dict[str, dict[str, list[str]]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    made = golden(level)
    assert len(set(made)) == 10
    # Another FreeType may draw an edge with another shade. The test across processes above holds everywhere.
    assert made == known.get(versions(), {}).get(level, made)


def test_eight_threads_draw_what_one_draws() -> None:
    todo = challenges(80, of="threads")
    alone = [draw(answer, seed=seed, style=style) for answer, seed, style in todo]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda one: draw(one[0], seed=one[1], style=one[2]), todo))
    assert together == alone


def test_global_generator_is_not_used() -> None:
    random.seed(1)
    before = random.getstate()
    draw("7ACD4", seed=b"one", style=STYLE)
    assert random.getstate() == before


def test_another_seed_gives_another_picture() -> None:
    assert draw("7ACD4", seed=b"one", style=STYLE) != draw("7ACD4", seed=b"two", style=STYLE)


# The file


@pytest.mark.parametrize("scale", [1, 2])
def test_png_contains_only_pixels(scale: int) -> None:
    png = draw("7ACD4", seed=b"one", style=STYLE, scale=scale)
    at, kinds = 8, []
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kinds.append(png[at + 4 : at + 8])
        checksum = struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        assert checksum == zlib.crc32(png[at + 4 : at + 8 + length])
        at += 12 + length
    assert kinds == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    picture = Image.open(io.BytesIO(png))
    picture.load()
    assert picture.size == (240 * scale, 120 * scale)
    assert picture.info == {}


def test_file_is_small() -> None:
    sizes = sorted(len(draw(answer, seed=seed, style=style)) for answer, seed, style in challenges(200, of="png"))
    assert sizes[100] <= 4096


@pytest.mark.parametrize("level", LEVELS)
def test_double_scale_shows_the_same_geometry(level: str) -> None:
    for answer, seed, style in challenges(10, of="scale"):
        plain = altered(style, background="plain")
        whole = composed(answer, seed, plain, Difficulty.named(level))
        small, large = paint(whole, 1), paint(whole, 2).reduce(2)
        # Edges differ by a shade. A stroke or a glyph in another place would differ by ink.
        apart = ImageChops.difference(small, large).histogram()
        assert sum(apart[10:]) < 0.005 * 240 * 120


# What can be drawn


@pytest.mark.parametrize("answer", ["", "ABCDEFGHIJK", "abc", "A B", "Ä", "A\0"])
def test_answers_that_cannot_be_drawn_are_refused(answer: str) -> None:
    with pytest.raises(ValueError, match="the answer is"):
        draw(answer, seed=b"one", style=STYLE)


@pytest.mark.parametrize("size", [(199, 120), (641, 120), (240, 99), (240, 321)])
def test_sizes_beyond_the_range_are_refused_with_the_range(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"px; \d+ to \d+ px are allowed"):
        draw("7ACD4", seed=b"one", style=STYLE, size=size)


@pytest.mark.parametrize("scale", [0, 3])
def test_other_scales_are_refused(scale: int) -> None:
    with pytest.raises(ValueError, match="1 and 2 are allowed"):
        draw("7ACD4", seed=b"one", style=STYLE, scale=scale)


@pytest.mark.parametrize("level", [*(Difficulty.named(name) for name in LEVELS), HARDEST, EASIEST])
def test_every_glyph_and_size_can_be_drawn(level: Difficulty) -> None:
    answers = ("A", "AB", "ABC", "ABCDEFGHIJ", "KLMNOPQRST", "UVWXYZ0123", "456789", "MWMWMWMW", "11111", "J7L4T")
    for answer in answers:
        for size in ((width, height) for width in WIDTHS for height in HEIGHTS):
            assert_inside(composed(answer, b"ends", STYLE, level, size))
            draw(answer, seed=b"ends", style=STYLE, difficulty=level, size=size)


# Legibility, by construction


def solid(whole: Composition, glyph: int, scale: int) -> Image.Image:
    """Return the mask (mode L, 0 or 255) of one glyph as it is shown, without fill, strokes or fields."""
    (one, cut) = whole.layout.glyphs[glyph], whole.layout.cut
    return glyph_layer([one], cut, "solid", size=whole.size, scale=scale).point(lambda shade: 255 * (shade > 0))


def assert_inside(whole: Composition) -> None:
    for glyph, one in enumerate(whole.layout.glyphs):
        # The transformed mask of a glyph is inside the picture, so no glyph is cut off at the edge.
        left, top, right, bottom = one.box
        assert min(left, top) >= 0
        assert right <= whole.size[0]
        assert bottom <= whole.size[1]
        box = solid(whole, glyph, FINER).getbbox()
        assert box is not None
        assert min(box[:2]) >= FINER
        assert box[2] <= (whole.size[0] - 1) * FINER
        assert box[3] <= (whole.size[1] - 1) * FINER


def covered(whole: Composition, masks: list[Image.Image]) -> float:
    """Return the largest share of a glyph's ink that is under strokes."""
    under = Image.new("L", (whole.size[0] * FINER, whole.size[1] * FINER))
    pen = ImageDraw.Draw(under)
    for stroke in whole.strokes:
        strokes.draw_stroke(pen, stroke, scale=FINER, ink=1)
    seen = [under.histogram(mask) for mask in masks]
    return max(counts[1] / (counts[0] + counts[1]) for counts in seen)


@pytest.mark.parametrize("level", LEVELS)
def test_glyphs_are_whole_large_apart_and_not_covered(level: str) -> None:
    difficulty = Difficulty.named(level)
    for answer, seed, style in challenges(1000, of=level):
        whole = composed(answer, seed, style, difficulty)
        assert_inside(whole)
        masks = [solid(whole, glyph, FINER) for glyph in range(len(answer))]
        assert covered(whole, masks) <= difficulty.cover / 100 + 0.05
        together = Image.new("L", masks[0].size)
        for mask in masks:
            box = mask.getbbox()
            assert box is not None
            assert box[3] - box[1] >= 26 * FINER
            shared = together.histogram(mask)[1] / mask.histogram()[255]
            assert shared <= 0.02  # soft edges may touch
            together.paste(1, (0, 0), mask)


def test_thick_strokes_are_thinned_until_they_cover_little() -> None:
    thick = Difficulty(lines=2, line_weight=100, cover=12)
    thinned, whole_width = [], []
    for answer, seed, style in challenges(100, of="thick"):
        whole = composed(answer, seed, style, thick)
        masks = [solid(whole, glyph, FINER) for glyph in range(len(answer))]
        thinned.append(covered(whole, masks))
        untapered = [stroke._replace(taper=()) for stroke in whole.strokes]
        whole_width.append(covered(dataclasses.replace(whole, strokes=untapered), masks))
    assert max(thinned) <= 0.12 + 0.06
    assert max(whole_width) > 0.3


@pytest.mark.parametrize("answer", ["25689CDF", "25689CDFHM"])
def test_every_glyph_of_a_long_code_is_entirely_ink_or_paper(answer: str) -> None:
    for _, seed, style in challenges(30, of=answer):
        whole = composed(answer, seed, altered(style, fill="solid"), Difficulty.medium)
        shown = paint(whole, 1)
        for glyph in range(len(answer)):
            inside = solid(whole, glyph, 1).filter(ImageFilter.MinFilter(3))
            tones = shown.histogram(inside)
            # The shades between are the soft edges of fields and strokes that cross the glyph.
            assert tones[0] + tones[INK_TONE] > 0.7 * sum(tones)
            assert tones[1] < 0.1 * sum(tones)


@pytest.mark.parametrize("level", LEVELS)
def test_no_straight_line_separates_the_rows(level: str) -> None:
    for answer, seed, style in challenges(300, of=f"rows {level}"):
        whole = composed(answer, seed, style, Difficulty.named(level))
        first = whole.layout.rows[0]
        upper, lower = (range(first), range(first, len(answer)))
        points = {glyph: outline(solid(whole, glyph, 1)) for glyph in range(len(answer))}
        for degrees in range(-20, 21, 2):
            slope = math.tan(math.radians(degrees) + whole.layout.tilt)
            lowest = max(y - slope * x for glyph in upper for x, y in points[glyph])
            highest = min(y - slope * x for glyph in lower for x, y in points[glyph])
            assert lowest > highest


def outline(mask: Image.Image) -> list[tuple[int, int]]:
    """Return the first and the last inked px of every column."""
    columns = mask.transpose(Image.Transpose.TRANSPOSE)
    boxes = ((x, columns.crop((0, x, columns.width, x + 1)).getbbox()) for x in range(columns.height))
    return [(x, y) for x, box in boxes if box is not None for y in (box[0], box[2] - 1)]


@pytest.mark.parametrize("level", LEVELS)
def test_rows_are_read_one_after_the_other(level: str) -> None:
    for answer, seed, style in challenges(300, of=f"order {level}"):
        layout = composed(answer, seed, style, Difficulty.named(level)).layout
        assert sum(layout.rows) == len(answer)
        boxes = [one.box for one in layout.glyphs]
        middles = [untilted((left + right) / 2, (top + low) / 2, layout) for left, top, right, low in boxes]
        upper, lower = middles[: layout.rows[0]], middles[layout.rows[0] :]
        # A tenth of a glyph is tolerated, because the middle of a turned glyph's box isn't exactly that of the upright
        # one's.
        for row in (upper, lower):
            assert row == sorted(row)
            assert all(abs(y - after) <= 0.52 * layout.height for (_, y), (_, after) in itertools.pairwise(row))
        for x, y in lower:
            above = min(upper, key=lambda middle, x=x: abs(middle[0] - x))  # type: ignore[misc]
            assert y - above[1] >= 0.68 * layout.height


def untilted(x: float, y: float, layout: Layout) -> tuple[float, float]:
    """Return the place of a point of the picture in the text before it is tilted."""
    cos, sin = math.cos(layout.tilt), math.sin(layout.tilt)
    return x * cos + y * sin, y * cos - x * sin


def test_alternating_rows_may_be_read_in_zigzag_and_rows_that_seem_level_as_level() -> None:
    found = {"up and down": 0, "level": 0}
    for answer, seed, style in challenges(400, of="orders"):
        first, *others = readings(answer, seed=seed, style=style, difficulty=Difficulty.medium, size=SIZE)
        assert first == answer
        layout = composed(answer, seed, style, Difficulty.medium).layout
        across = [one.box[0] + one.box[2] for one in layout.glyphs]
        down = [one.box[1] + one.box[3] for one in layout.glyphs]
        order = sorted(range(len(answer)), key=across.__getitem__)
        for other in others:
            if other == "".join(answer[place] for place in order):
                found["up and down"] += 1
                continue
            found["level"] += 1
            downward = sorted(order, key=down.__getitem__)
            level = [
                [*sorted(downward[:upper], key=across.__getitem__), *sorted(downward[upper:], key=across.__getitem__)]
                for upper in range(1, len(answer))
            ]
            assert other in {"".join(answer[place] for place in places) for places in level}
    assert 5 < found["up and down"] < 120
    assert 20 < found["level"] < 200


@pytest.mark.parametrize("level", LEVELS)
def test_ink_has_enough_contrast_to_every_pixel_of_the_background(level: str) -> None:
    for answer, seed, style in challenges(1000, of=f"contrast {level}"):
        whole = composed(answer, seed, style, Difficulty.named(level))
        shown = paint(whole, 1)
        variant = whole.variant
        tones = ImageChops.lighter(background(variant, whole.size, 1), shown)
        counts = tones.histogram()
        colours = palette(variant.paper, variant.ink)
        deepest = deepest_tone(variant.paper, variant.ink)
        # Ink is the last tone, and background one of the first. The tones between them are soft edges.
        assert counts[INK_TONE] > 0.04 * 240 * 120
        assert sum(counts[: deepest + 1]) > 0.2 * 240 * 120
        ink = (colours[3 * INK_TONE], colours[3 * INK_TONE + 1], colours[3 * INK_TONE + 2])
        for tone in range(deepest + 1):
            assert contrast((colours[3 * tone], colours[3 * tone + 1], colours[3 * tone + 2]), ink) >= 4.5
        assert sum(counts[deepest + 1 : INK_TONE]) < 0.2 * 240 * 120


@pytest.mark.parametrize("family", ["bars", "waves", "discs", "tiles"])
@pytest.mark.parametrize("reach", [20.0, 45.0, 90.0])
def test_fields_only_swap_ink_and_paper(family: str, reach: float) -> None:
    variant = altered(STYLE, fields=family).variants[0]
    shares = []
    for seed in range(20):
        paper = Image.new("L", SIZE)
        field = swapped(paper, fields(random.Random(seed), variant, SIZE, reach), 1, INK).histogram()
        assert field[0] + field[INK] == 240 * 120
        shares.append(field[INK] / (240 * 120))
    assert 0.25 < sum(shares) / len(shares) < 0.75


def remake() -> None:
    known = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    known[versions()] = {level: golden(level) for level in ("classica", *LEVELS)}
    GOLDEN.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    remake()
