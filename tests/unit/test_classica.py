"""The pictures of classica: 160 x 30 px whatever the site's style and size are, with every glyph whole and legible."""

from __future__ import annotations

import concurrent.futures
import functools
import io
import math
import random

import pytest
from PIL import Image, ImageChops

from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.drawing.classica import FACE, INK, MARGIN, PAPER
from captcha_guard.challenge.drawing.colour import contrast
from captcha_guard.challenge.drawing.fonts import GLYPHS, MASTER_HEIGHT, FontFace, bundled_folder, font_pool
from captcha_guard.challenge.drawing.picture import draw
from captcha_guard.challenge.drawing.style import Style

STYLE = Style.from_secret(b"a secret of the site's own", epoch=0)
classica = functools.partial(draw, style=STYLE, difficulty=Difficulty.classica)


def challenges(count: int) -> list[tuple[str, bytes]]:
    """Return answers of 4 to 8 symbols, and seeds."""
    rng = random.Random(count)
    return [
        ("".join(rng.choice(GLYPHS) for _ in range(rng.randint(4, 8))), f"classica {index}".encode())
        for index in range(count)
    ]


def shown(answer: str, seed: bytes, *, scale: int = 1) -> Image.Image:
    return Image.open(io.BytesIO(classica(answer, seed=seed, scale=scale))).convert("RGB")


def coverage(picture: Image.Image) -> Image.Image:
    """Return the amount of ink in each pixel (mode L, 0 to 255), measured in red."""
    paper, ink = PAPER[0], INK[0]
    table = [min(max(round((paper - red) * 255 / (paper - ink)), 0), 255) for red in range(256)]
    return picture.getchannel("R").point(table)


def mass(mask: Image.Image) -> float:
    """Return the amount of ink in px."""
    return sum(value * count for value, count in enumerate(mask.histogram())) / 255


def assert_whole(answer: str, picture: Image.Image, scale: int = 1) -> None:
    ink = coverage(picture)
    box = ink.getbbox()
    assert box is not None
    margin = (MARGIN - 1) * scale  # an edge may be blurred over one px
    assert min(box[0], box[1], picture.width - box[2], picture.height - box[3]) >= margin
    assert box[3] - box[1] >= 18 * scale
    face = next(face for face in font_pool() if face.name == FACE)
    masters = [face.master(glyph) for glyph in answer]
    long = sum(master.width for master in masters) + (len(masters) - 1) * MASTER_HEIGHT // 8
    high = 20 * scale / MASTER_HEIGHT
    wide = high * min(148 * scale / (long * high), 1)
    assert mass(ink) == pytest.approx(sum(map(mass, masters)) * wide * high, rel=0.05)


# Its own look


def test_neither_style_nor_size_of_the_site_changes_the_picture() -> None:
    other = Style.from_secret(b"another secret")
    plain = classica("7ACD4", seed=b"one")
    assert draw("7ACD4", seed=b"one", style=other, difficulty=Difficulty.classica, size=(480, 160)) == plain
    assert draw("7ACD4", seed=b"one", style=other, difficulty=Difficulty.classica, size=(160, 30)) == plain
    assert Difficulty.classica.picture_size((480, 160)) == (160, 30)
    for level in (Difficulty.easy, Difficulty.medium, Difficulty(lines=3)):
        assert level.picture_size((480, 160)) == (480, 160)


@pytest.mark.parametrize("scale", [1, 2])
def test_file_is_a_small_png_of_160_by_30_px_and_nothing_else(scale: int) -> None:
    png = classica("7ACD4", seed=b"one", scale=scale)
    picture = Image.open(io.BytesIO(png))
    picture.load()
    assert picture.size == (160 * scale, 30 * scale)
    assert picture.info == {}
    assert len(png) < 2048


def test_face_is_the_plain_sans_of_the_bundled_pool_and_the_first_of_another() -> None:
    pool = font_pool()
    cabin = next(face for face in pool if face.name == FACE)
    bitter, anton = (FontFace(bundled_folder() / name / f"{name}.ttf") for name in ("bitter", "anton"))
    assert classica("7ACD4", seed=b"one", fonts=(bitter, cabin)) == classica("7ACD4", seed=b"one")
    assert classica("7ACD4", seed=b"one", fonts=(bitter, anton)) == classica("7ACD4", seed=b"one", fonts=(bitter,))
    assert classica("7ACD4", seed=b"one", fonts=(bitter, anton)) != classica("7ACD4", seed=b"one")


# The same everywhere


def test_same_arguments_give_the_same_bytes_in_every_thread_and_leave_the_global_generator_alone() -> None:
    todo = challenges(80)
    random.seed(1)
    before = random.getstate()
    alone = [classica(answer, seed=seed) for answer, seed in todo]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda one: classica(one[0], seed=one[1]), todo))
    assert together == alone
    assert random.getstate() == before
    assert classica("7ACD4", seed=b"one") != classica("7ACD4", seed=b"two")


def test_double_scale_shows_the_same_geometry() -> None:
    for answer, seed in challenges(50):
        small = coverage(shown(answer, seed))
        large = coverage(shown(answer, seed, scale=2)).reduce(2)
        # Edges differ by a shade. A line in another place would differ by ink.
        assert sum(ImageChops.difference(small, large).histogram()[128:]) < 0.005 * 160 * 30


# What can be drawn


@pytest.mark.parametrize("answer", ["", "ABCDEFGHIJK", "abc", "A B", "Ä"])
def test_answers_that_cannot_be_drawn_are_refused(answer: str) -> None:
    with pytest.raises(ValueError, match="the answer is"):
        classica(answer, seed=b"one")


def test_other_scales_are_refused() -> None:
    with pytest.raises(ValueError, match="1 and 2 are allowed"):
        classica("7ACD4", seed=b"one", scale=3)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize(
    "answer",
    ["A", "I", "1", "ABCDEFGHIJ", "KLMNOPQRST", "UVWXYZ0123", "456789", "WWWWWWWWWW", "MWMWMWMW", "1111111111"],
)
def test_every_glyph_and_length_fits(answer: str, scale: int) -> None:
    for seed in (b"one", b"two", b"three"):
        assert_whole(answer, shown(answer, seed, scale=scale), scale)


# Legible


def test_a_thousand_pictures_are_whole_with_enough_contrast() -> None:
    assert contrast(PAPER, INK) >= 4.5
    for answer, seed in challenges(1000):
        picture = shown(answer, seed)
        assert_whole(answer, picture)
        colours = {colour: count for count, colour in picture.getcolors(16) or []}
        # The tones between the two are soft edges.
        assert colours[PAPER] > 0.6 * 160 * 30
        assert colours[INK] > 0.015 * 160 * 30 * len(answer) / 4
        assert picture.getpixel((0, 0)) == PAPER


def test_line_is_tilted_a_little_either_way() -> None:
    angles = []
    for index in range(200):
        ink = coverage(shown("HHHHHHHH", f"tilt {index}".encode(), scale=2)).point([0] * 128 + [255] * 128)
        box = ink.getbbox()
        assert box is not None
        end = (box[2] - box[0]) // 8
        first = ink.crop((box[0], 0, box[0] + end, ink.height)).getbbox()
        last = ink.crop((box[2] - end, 0, box[2], ink.height)).getbbox()
        assert first is not None
        assert last is not None
        angles.append(math.degrees(math.atan2(last[1] - first[1], box[2] - box[0] - end)))
    assert max(map(abs, angles)) <= Difficulty.classica.tilt + 0.5
    assert min(map(abs, angles)) >= 0.3
    assert 60 < sum(angle > 0 for angle in angles) < 140


def test_own_fonts_of_any_width_fit() -> None:
    for folder in sorted(bundled_folder().iterdir()):
        if folder.is_dir():
            face = FontFace(folder / f"{folder.name}.ttf")
            for answer in ("MWMWMWMW", "J7L4"):
                picture = Image.open(io.BytesIO(classica(answer, seed=b"own", fonts=(face,)))).convert("RGB")
                box = coverage(picture).getbbox()
                assert box is not None
                assert min(box[0], box[1], 160 - box[2], 30 - box[3]) >= MARGIN - 1
