"""Pictures: the same everywhere, never clipped, never too faint or too covered, and nothing in them but pixels.

The golden pictures are hashes of decoded pixels, kept for the versions of Pillow and FreeType they were made with.
After a wanted change of the drawing, or for new versions: ``python -m tests.unit.test_picture``.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import io
import json
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, features
from PIL import __version__ as pillow_version

from captcha_guard.challenge import lines
from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.challenge.difficulty import KNOBS, Difficulty
from captcha_guard.challenge.fonts import font_pool
from captcha_guard.challenge.ground import FULL, deepest_tone, ground, palette
from captcha_guard.challenge.hand import contrast
from captcha_guard.challenge.ink import INK, inked
from captcha_guard.challenge.picture import HEIGHTS, MIN_ADVANCE, WIDTHS, Composition, compose, draw, paint
from captcha_guard.challenge.style import Style
from captcha_guard.challenge.texture import fields, swapped

STYLE = Style.from_secret(b"a secret of the site's own", epoch=0)
LEVELS = ("easy", "medium", "hard")  # classica is drawn in another way: see test_classica.py
GOLDEN = Path(__file__).with_name("golden_pictures.json")
FINER = 2  # times as large as the picture, what is measured is drawn
HARDEST = Difficulty(**{name: knob.high for name, knob in KNOBS.items()})


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


def composed(
    answer: str, seed: bytes, style: Style, level: Difficulty, size: tuple[int, int] = (240, 80)
) -> Composition:
    return compose(answer, seed=seed, style=style, difficulty=level, size=size, pool=font_pool())


def altered(style: Style, **traits: str) -> Style:
    """Return the style with these traits in all of its hands."""
    return Style(tuple(dataclasses.replace(hand, **traits) for hand in style.hands))  # type: ignore[arg-type]


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
        "from captcha_guard.challenge.picture import draw\n"
        "from captcha_guard.challenge.style import Style\n"
        "style = Style.from_secret(b'a secret of the site\\'s own', epoch=0)\n"
        "print(hashlib.sha256(draw('7ACD4', seed=b'one', style=style)).hexdigest())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert told == hashlib.sha256(draw("7ACD4", seed=b"one", style=STYLE)).hexdigest()


@pytest.mark.parametrize("level", ["classica", *LEVELS])
def test_golden_pictures_have_not_changed(level: str) -> None:
    known: dict[str, dict[str, list[str]]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    made = golden(level)
    assert len(set(made)) == 10
    # Another FreeType may draw an edge a shade apart; what holds everywhere is tested across processes above.
    assert made == known.get(versions(), {}).get(level, made)


def test_eight_threads_draw_what_one_draws() -> None:
    todo = challenges(80, of="threads")
    alone = [draw(answer, seed=seed, style=style) for answer, seed, style in todo]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda one: draw(one[0], seed=one[1], style=one[2]), todo))
    assert together == alone


def test_global_generator_is_left_alone() -> None:
    random.seed(1)
    before = random.getstate()
    draw("7ACD4", seed=b"one", style=STYLE)
    assert random.getstate() == before


def test_another_seed_gives_another_picture() -> None:
    assert draw("7ACD4", seed=b"one", style=STYLE) != draw("7ACD4", seed=b"two", style=STYLE)


# The file


@pytest.mark.parametrize("scale", [1, 2])
def test_png_holds_nothing_but_pixels(scale: int) -> None:
    octets = draw("7ACD4", seed=b"one", style=STYLE, scale=scale)
    at, kinds = 8, []
    while at < len(octets):
        (length,) = struct.unpack(">I", octets[at : at + 4])
        kinds.append(octets[at + 4 : at + 8])
        checksum = struct.unpack(">I", octets[at + 8 + length : at + 12 + length])[0]
        assert checksum == zlib.crc32(octets[at + 4 : at + 8 + length])
        at += 12 + length
    assert kinds == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    picture = Image.open(io.BytesIO(octets))
    picture.load()
    assert picture.size == (240 * scale, 120 * scale)
    assert picture.info == {}


def test_file_is_small() -> None:
    sizes = sorted(len(draw(answer, seed=seed, style=style)) for answer, seed, style in challenges(200, of="octets"))
    assert sizes[100] <= 5120


@pytest.mark.parametrize("level", LEVELS)
def test_double_scale_shows_the_same_geometry(level: str) -> None:
    for answer, seed, style in challenges(10, of="scale"):
        plain = altered(style, ground="plain")
        whole = composed(answer, seed, plain, Difficulty.named(level))
        small, large = paint(whole, 1), paint(whole, 2).reduce(2)
        # Edges differ by a shade; a stroke or a glyph elsewhere would differ by ink.
        apart = ImageChops.difference(small, large).histogram()
        assert sum(apart[10:]) < 0.005 * 240 * 80


# What can be drawn


@pytest.mark.parametrize("answer", ["", "ABCDEFGHIJK", "abc", "A B", "Ä", "A\0"])
def test_answers_that_cannot_be_drawn_are_refused(answer: str) -> None:
    with pytest.raises(ValueError, match="the answer is"):
        draw(answer, seed=b"one", style=STYLE)


@pytest.mark.parametrize("size", [(119, 80), (641, 80), (240, 55), (240, 241)])
def test_sizes_beyond_the_range_are_refused_with_the_range(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"px; \d+ to \d+ px are allowed"):
        draw("7ACD4", seed=b"one", style=STYLE, size=size)


def test_answer_too_long_for_the_width_is_refused() -> None:
    with pytest.raises(ValueError, match="need a width of 200 px"):
        draw("ABCDEFGHIJ", seed=b"one", style=STYLE, size=(199, 80))


@pytest.mark.parametrize("scale", [0, 3])
def test_other_scales_are_refused(scale: int) -> None:
    with pytest.raises(ValueError, match="1 and 2 are allowed"):
        draw("7ACD4", seed=b"one", style=STYLE, scale=scale)


@pytest.mark.parametrize("level", [*(Difficulty.named(name) for name in LEVELS), HARDEST, Difficulty(overlap=0)])
def test_every_glyph_and_size_can_be_drawn(level: Difficulty) -> None:
    answers = ("A", "ABCDEFGHIJ", "KLMNOPQRST", "UVWXYZ0123", "456789", "MWMWM", "11111", "J7L4T")
    for answer in answers:
        for width in (max(WIDTHS[0], len(answer) * MIN_ADVANCE), WIDTHS[1]):
            for height in HEIGHTS:
                size = (width, height)
                whole = composed(answer, b"ends", altered(STYLE, counter="none"), level, size)
                assert_inside(whole)
                draw(answer, seed=b"ends", style=STYLE, difficulty=level, size=size)


# Legibility, by construction


def solid(whole: Composition, glyph: int, scale: int) -> Image.Image:
    """Return the mask (mode L, 0 or 255) of one glyph as it is shown, without fill, strokes or fields."""
    (one, cut) = whole.glyphs[glyph], whole.layout.cut
    return inked([one], cut, "solid", size=whole.size, scale=scale).point(lambda shade: 255 * (shade > 0))


def assert_inside(whole: Composition) -> None:
    for glyph, one in enumerate(whole.glyphs):
        # What a glyph is drawn in lies inside the picture, so nothing is cut off at its edge.
        left, top, right, bottom = one.box
        assert min(left, top) >= 0
        assert right <= whole.size[0]
        assert bottom <= whole.size[1]
        box = solid(whole, glyph, FINER).getbbox()
        assert box is not None
        assert min(box[:2]) >= FINER
        assert box[2] <= (whole.size[0] - 1) * FINER
        assert box[3] <= (whole.size[1] - 1) * FINER


def covered(whole: Composition) -> float:
    """Return the largest share of a glyph's ink that lies under strokes or in a neighbour."""
    under = Image.new("L", (whole.size[0] * FINER, whole.size[1] * FINER))
    pen = ImageDraw.Draw(under)
    for stroke in whole.strokes:
        lines.draw_stroke(
            pen, stroke._replace(cut=False), scale=FINER, fill="solid", height=whole.layout.cut.height, ink=1
        )
    masks = [solid(whole, glyph, FINER) for glyph in range(len(whole.glyphs))]
    worst = 0.0
    for index, mask in enumerate(masks):
        beneath = under.copy()
        for neighbour in masks[max(index - 1, 0) : index] + masks[index + 1 : index + 2]:
            beneath.paste(1, (0, 0), neighbour)
        seen = beneath.histogram(mask)
        worst = max(worst, seen[1] / (seen[0] + seen[1]))
    return worst


@pytest.mark.parametrize("level", LEVELS)
def test_glyphs_are_whole_large_upright_and_not_covered(level: str) -> None:
    difficulty = Difficulty.named(level)
    for answer, seed, style in challenges(1000, of=level):
        whole = composed(answer, seed, style, difficulty)
        assert_inside(whole)
        assert covered(whole) <= 0.25
        for glyph, place in enumerate(whole.layout.placements):
            assert abs(place.pose.angle) <= 0.5236  # 30 degrees
            box = solid(whole, glyph, FINER).getbbox()
            assert box is not None
            assert box[3] - box[1] >= 28 * FINER


def test_glyphs_are_shifted_no_further_than_the_picture_is_high() -> None:
    shifted = Difficulty(shift=40, rotation=10, size_jitter=10, warp=0)
    for answer, seed, style in challenges(200, of="shifted"):
        whole = composed(answer, seed, style, shifted, size=(240, 60))
        for one, place in zip(whole.glyphs, whole.layout.placements, strict=True):
            # One part in ten is left to glyphs that turn out taller than the space of the picture, and to rounding.
            assert (one.box[3] - one.box[1]) * 1.1 >= place.posed.height


@pytest.mark.parametrize("level", LEVELS)
def test_ink_stands_out_from_every_pixel_of_the_ground(level: str) -> None:
    for answer, seed, style in challenges(1000, of=f"contrast {level}"):
        whole = composed(answer, seed, style, Difficulty.named(level))
        shown = paint(whole, 1)
        hand = whole.hand
        tones = ImageChops.lighter(ground(hand, whole.size, 1), shown)
        counts = tones.histogram()
        colours = palette(hand.paper, hand.ink)
        deepest = deepest_tone(hand.paper, hand.ink)
        # Ink is the last tone, ground one of the first; what lies between them are soft edges. Fields in which the two
        # change places cover most of some pictures, and leave little to the ground there.
        assert counts[FULL] > 0.04 * 240 * 80
        assert sum(counts[: deepest + 1]) > 0.2 * 240 * 80
        ink = (colours[3 * FULL], colours[3 * FULL + 1], colours[3 * FULL + 2])
        for tone in range(deepest + 1):
            assert contrast((colours[3 * tone], colours[3 * tone + 1], colours[3 * tone + 2]), ink) >= 4.5
        assert sum(counts[deepest + 1 : FULL]) < 0.2 * 240 * 80


def test_fields_change_ink_and_paper_only() -> None:
    hands = [hand for _, _, style in challenges(300, of="fields")[::30] for hand in style.hands]
    swapping = [hand for hand in hands if hand.counter != "none"]
    assert {hand.counter for hand in swapping} == {"split", "bars", "horizon", "discs"}
    for hand in swapping:
        paper = Image.new("L", (240, 80))
        field = swapped(paper, fields(random.Random(1), hand, (240, 80)), 1, INK).histogram()
        assert field[0] + field[INK] == 240 * 80
        assert 0.1 * 240 * 80 < field[INK] < 0.9 * 240 * 80


def remake() -> None:
    known = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    known[versions()] = {level: golden(level) for level in ("classica", *LEVELS)}
    GOLDEN.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    remake()
