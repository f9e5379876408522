"""The reading programs read plain text, and codes in two rows only after the right cut."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.cli.attack.cuts import ADAPTIVE, CUTS, background, rotated
from captcha_guard.cli.attack.opponent import Opponent
from captcha_guard.cli.attack.opponents import OPPONENTS
from captcha_guard.cli.attack.outcome import Sample, attack
from captcha_guard.cli.attack.rapidocr import Box, RapidocrDetector, in_reading_order
from captcha_guard.cli.attack.treatments import TREATMENTS
from captcha_guard.cli.attack.ways import Way

DARK, LIGHT = 30, 230


def printed(*rows: str, turned: bool = False, slope: float = 0.0) -> Image.Image:
    """Print rows of text, each 48 px high. ``slope`` is how many px they go down per px to the right."""
    picture = Image.new("L", (240, 24 + 48 * len(rows)), LIGHT)
    for number, row in enumerate(rows):
        place = (120, 36 + 48 * number)
        ImageDraw.Draw(picture).text(place, " ".join(row), DARK, ImageFont.load_default(38), anchor="mm")
    if slope:
        affine = (1, 0, 0, -slope, 1, 120 * slope)
        picture = picture.transform(picture.size, Image.Transform.AFFINE, affine, fillcolor=LIGHT)
    return ImageChops.invert(picture) if turned else picture


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module", params=list(OPPONENTS))
def opponent(request: pytest.FixtureRequest) -> Opponent:
    return OPPONENTS[request.param](ALPHABET)


def hits(opponent: Opponent, pictures: Sequence[Image.Image], codes: Sequence[str], way: Way) -> int:
    samples = [Sample(png(picture), (code,)) for picture, code in zip(pictures, codes, strict=True)]
    return max(
        attack(opponent, samples, [way._replace(mode=mode)]).share(way._replace(mode=mode)).hits
        for mode in opponent.modes
    )


def test_every_program_reads_plain_text(opponent: Opponent) -> None:
    assert opponent.version[0].isdigit()
    pictures = [printed("9CDW2"), printed("FRM58", turned=True)]
    assert hits(opponent, pictures, ["9CDW2", "FRM58"], Way()) == 2
    assert hits(opponent, pictures, ["22222", "FRM59"], Way()) == 0


@pytest.mark.parametrize("cut", ["halves at 50 %", "valley", "deskewed", "seam"])
def test_recognisers_of_lines_read_two_rows_only_after_a_cut(cut: str) -> None:
    program = OPPONENTS["ddddocr"](ALPHABET)
    pictures, codes = [printed("9CD", "W2F"), printed("FRM", "58T", turned=True)], ["9CDW2F", "FRM58T"]
    assert hits(program, pictures, codes, Way()) == 0
    assert hits(program, pictures, codes, Way(cut=cut)) == 2


def test_a_seam_follows_sloping_rows_where_halves_cut_through_letters() -> None:
    program, code = OPPONENTS["ddddocr"](ALPHABET), "HRMD582F"
    picture = printed(code[:4], code[4:], slope=0.42)
    assert hits(program, [picture], [code], Way(cut="halves at 50 %")) == 0
    assert hits(program, [picture], [code], Way(cut="seam")) == 1


def test_any_of_several_right_answers_counts() -> None:
    program, way = OPPONENTS["ddddocr"](ALPHABET), Way()
    sample = Sample(png(printed("9CDW2")), ("W29CD", "9CDW2"))
    assert attack(program, [sample], [way]).share(way) == (1, 1)
    assert attack(program, [sample._replace(codes=("W29CD",))], [way]).share(way) == (0, 1)


def test_the_best_way_is_the_one_that_reads_most_and_then_the_one_that_comes_nearest() -> None:
    program, wrong, right = OPPONENTS["ddddocr"](ALPHABET), Way(cut="thirds"), Way(cut="seam")
    sample = Sample(png(printed("9CD", "W2F")), ("9CDW2F",))
    assert attack(program, [sample], [wrong, right]).best == right
    missed = attack(program, [sample._replace(codes=("9CDW5",))], [Way(), right])
    assert missed.share(right).hits == missed.share(Way()).hits == 0
    assert missed.best == right


def test_the_detector_shares_no_state_between_threads() -> None:
    program = RapidocrDetector(ALPHABET)
    before = vars(program._program.text_det).copy()
    assert program.read([printed("9CDW2")], "") == ["9CDW2"]
    assert vars(program._program.text_det) == before


def test_boxes_are_read_row_by_row_from_left_to_right() -> None:
    boxes = [Box(90, 70, 30, "4"), Box(10, 80, 30, "3"), Box(95, 18, 28, "2"), Box(12, 25, 30, "1")]
    assert "".join(box.text for box in in_reading_order(boxes)) == "1234"


def test_a_turned_picture_is_whole_and_its_corners_are_background() -> None:
    turned = rotated(printed("9CDW2"), 20)
    assert turned.width > 240
    assert turned.getpixel((0, 0)) == background(turned) == LIGHT


@pytest.mark.parametrize(("slope", "turn"), [(-0.55, "sheared by 29°"), (0.55, "sheared by -29°")])
def test_sloping_rows_of_upright_letters_are_level_after_a_shear(slope: float, turn: str) -> None:
    program, code = OPPONENTS["ddddocr"](ALPHABET), "HRMD582F"
    picture = printed(code[:4], code[4:], slope=slope)
    assert hits(program, [picture], [code], Way(cut="halves at 50 %")) == 0
    assert hits(program, [picture], [code], Way(cut="valley", turn=turn)) == 1


@pytest.mark.parametrize("cut", list(CUTS))
@pytest.mark.parametrize("picture", [Image.new("L", (160, 30), LIGHT), printed("9CD", "W2F")], ids=["empty", "text"])
def test_a_cut_leaves_no_piece_empty(cut: str, picture: Image.Image) -> None:
    cut_up = CUTS[cut](picture)
    assert all(piece.width and piece.height for piece in cut_up)
    assert len(cut_up) > 1 or cut == "whole"
    if cut in ADAPTIVE:
        assert len(cut_up) == 2


@pytest.mark.parametrize("turned", [False, True])
def test_thin_lines_are_removed_and_ink_is_dark_on_either_ground(turned: bool) -> None:
    picture = Image.new("L", (60, 40), 20 if turned else 230)
    pen, ink = ImageDraw.Draw(picture), 230 if turned else 20
    pen.rectangle((20, 10, 35, 30), ink)
    pen.line((0, 35, 60, 35), ink, 1)
    treated = TREATMENTS["thin lines removed"](picture)
    assert treated.getpixel((80, 60)) == 0
    assert treated.getpixel((30, 106)) == 255
