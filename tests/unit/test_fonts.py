"""Fonts: the bundled ones are sound and licensed. A site's own fonts are used, or refused with the problem."""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image

from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.drawing.fonts import (
    GLYPHS,
    MASTER_HEIGHT,
    MIN_DIFFERENCE,
    FontFace,
    bundled_folder,
    difference,
    font_pool,
)
from captcha_guard.challenge.drawing.picture import draw
from captcha_guard.challenge.drawing.style import Style
from captcha_guard.characters.look_alikes import LOOK_ALIKES
from captcha_guard.errors import FontError
from tests.font_files import Part, remade

SOUND = bundled_folder() / "cabin" / "cabin.ttf"
NICK = Part("D", across=0.09, down=0.1, right=300)  # a speck with a tenth of the height beside another glyph
LIMB = Part("D", across=0.27, down=0.3, right=300)

LICENCES = {"OFL-1.1": "SIL OPEN FONT LICENSE Version 1.1", "Apache-2.0": "Apache License"}


def face_of(folder: Path, content: bytes, name: str = "mine.ttf") -> FontFace:
    (folder / name).write_bytes(content)
    return FontFace(folder / name)


# The bundled fonts


@pytest.mark.parametrize("face", font_pool(), ids=lambda face: face.name)
def test_bundled_font_has_every_glyph_distinct_and_heavy_enough(face: FontFace) -> None:
    face.check()
    for glyph in GLYPHS:
        assert face.master(glyph).height == MASTER_HEIGHT


def test_bundled_fonts_are_far_from_what_is_refused_as_alike() -> None:
    for face in font_pool():
        boxed = {glyph: face.master(glyph).resize((64, 64), Image.Resampling.BOX) for glyph in GLYPHS}
        for one, other in combinations(GLYPHS, 2):
            if one.translate(LOOK_ALIKES) != other.translate(LOOK_ALIKES):
                assert difference(boxed[one], boxed[other]) > MIN_DIFFERENCE + 0.1, (face, one, other)


def rows_of_the_fonts_page() -> list[list[str]]:
    page = (bundled_folder() / "README.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    return rows[2:]


def test_at_least_sixteen_families_of_many_kinds_are_bundled() -> None:
    kinds = Counter(re.split(r"[ ,]", kind)[0] for _, kind, *_ in rows_of_the_fonts_page())
    assert len(font_pool()) >= 16
    assert len(kinds) >= 8
    assert max(kinds.values()) <= len(font_pool()) / 4, "no kind may be most of the pool"


def test_every_bundled_font_has_its_licence_beside_it_and_its_source_in_the_list() -> None:
    rows = rows_of_the_fonts_page()
    assert [row[0] for row in rows] == [face.path.parent.name for face in font_pool()]
    for (folder, _, weight, licence, source), face in zip(rows, font_pool(), strict=True):
        text = " ".join((bundled_folder() / folder / "LICENSE").read_text(encoding="utf-8").split())
        assert LICENCES[licence] in text, folder
        assert re.fullmatch(r"@fontsource/[a-z-]+ \d+\.\d+\.\d+", source)
        assert weight.isdigit()
        names = face.path.read_bytes()
        assert b"Copyright" in names or "Copyright".encode("utf-16-be") in names


def test_no_bundled_font_has_a_reserved_font_name() -> None:
    # A cut file is a modified version in the sense of the OFL. One licence of the twenty misspells the words.
    for face in font_pool():
        first = (face.path.parent / "LICENSE").read_text(encoding="utf-8").split("This Font Software is licensed")[0]
        for reserved in re.findall(r'(?i)rese\w+ font names? "([^"]+)"', first):
            shown = f"{face.path.parent.name} {face.name} {face._font.getname()[0]}"
            assert reserved.lower() not in shown.lower().replace("-", " ")


def test_pool_is_read_once() -> None:
    assert font_pool() is font_pool()


# A site's own fonts


def test_a_sites_own_folder_replaces_the_bundled_one(tmp_path: Path) -> None:
    shutil.copy(SOUND, tmp_path / "Mine.TTF")
    assert [face.name for face in font_pool((tmp_path,))] == ["Mine"]


def test_several_folders_are_used_in_order_and_each_file_once(tmp_path: Path) -> None:
    mine, inner = tmp_path / "mine", tmp_path / "mine" / "inner"
    inner.mkdir(parents=True)
    shutil.copy(SOUND, mine / "b.ttf")
    shutil.copy(SOUND, inner / "a.otf")
    pool = font_pool((bundled_folder(), mine, inner))
    assert [face.name for face in pool] == [face.name for face in font_pool()] + ["a", "b"]


def test_files_with_the_same_name_have_the_same_order_on_every_machine(tmp_path: Path) -> None:
    for family in ("b", "c", "a"):
        (tmp_path / family).mkdir()
        shutil.copy(SOUND, tmp_path / family / "bold.ttf")
    assert [face.path.parent.name for face in font_pool((tmp_path,))] == ["a", "b", "c"]


def test_each_file_is_read_once_however_many_sites_use_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(SOUND, tmp_path / "mine.ttf")
    font_pool((tmp_path,), ALPHABET)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} is read again"))
    assert font_pool((tmp_path, bundled_folder()), GLYPHS)[0] is font_pool((tmp_path,), ALPHABET)[0]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_fonts_are_enough_to_draw(tmp_path: Path, count: int, scale: int) -> None:
    for number in range(count):
        shutil.copy(font_pool()[number].path, tmp_path)
    style = Style.from_secret(b"a site with few fonts")
    picture = draw("7ACD4", seed=b"1", style=style, scale=scale, fonts=font_pool((tmp_path,)))
    assert picture != draw("7ACD4", seed=b"1", style=style, scale=scale)


def test_a_font_without_glyphs_that_no_code_contains_can_be_used(tmp_path: Path) -> None:
    face = face_of(tmp_path, remade(SOUND.read_bytes(), without="AEIOUQ0"))
    face.check(ALPHABET)
    assert font_pool((tmp_path,), ALPHABET)[0].has("K")
    assert not face.has("Q")
    assert face.stem == FontFace(SOUND).stem


def test_drawing_a_missing_glyph_raises_an_error_instead_of_drawing_an_empty_box(tmp_path: Path) -> None:
    face_of(tmp_path, remade(SOUND.read_bytes(), without="Q"))
    with pytest.raises(FontError, match=r"mine\.ttf has no glyph for 'Q'"):
        draw("QQQQ", seed=b"1", style=Style.from_secret(b"s"), fonts=font_pool((tmp_path,), ALPHABET))


def test_very_wide_glyphs_are_squeezed_into_the_picture(tmp_path: Path) -> None:
    wide = remade(SOUND.read_bytes(), composed={glyph: [Part(glyph, across=1.9)] for glyph in GLYPHS})
    face_of(tmp_path, wide).check()
    pool = font_pool((tmp_path,))
    assert draw("WMWMWMWM", seed=b"1", style=Style.from_secret(b"s"), difficulty=Difficulty.medium, fonts=pool)


# Refusals


def test_missing_folder_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(FontError, match=r"nowhere does not exist; set CAPTCHA_GUARD_FONTS to a folder"):
        font_pool((tmp_path / "nowhere",))


def test_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    shutil.copy(SOUND, tmp_path / "mine.ttf")
    with pytest.raises(FontError, match=r"mine\.ttf is a file; .* to a folder"):
        font_pool((tmp_path / "mine.ttf",))


def test_a_folder_that_cannot_be_opened_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(FontError, match=r"a+ can't be read \(File name too long\)"):
        font_pool((tmp_path / ("a" * 300),))


def test_folder_without_fonts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("to do: put fonts here")
    (tmp_path / "family.ttf").mkdir()
    with pytest.raises(FontError, match=r"has no \.ttf or \.otf"):
        font_pool((tmp_path,))


@pytest.mark.parametrize("content", [b"", b"\0\1\0\0 not a font", b"wOF2" + bytes(200), SOUND.read_bytes()[:900]])
def test_corrupt_file_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.ttf").write_bytes(content)
    with pytest.raises(FontError, match=r"broken\.ttf"):
        font_pool((tmp_path,))


def test_file_that_can_not_be_opened_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "gone.ttf").symlink_to(tmp_path / "moved-away.ttf")
    with pytest.raises(FontError, match=r"gone\.ttf can't be read \(No such file or directory\); replace the file"):
        font_pool((tmp_path,))


def test_a_damaged_font_is_used_or_refused_and_never_crashes(tmp_path: Path) -> None:
    rng, sound, refused = random.Random(7), SOUND.read_bytes(), 0
    for number in range(60):
        damaged = bytearray(sound)
        for _ in range(12):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            face_of(tmp_path, bytes(damaged), f"damaged{number}.ttf").check("ABCDEFGHKMNR")
        except FontError as error:
            assert f"damaged{number}.ttf" in str(error)  # noqa: PT017 - some of them can still be used
            refused += 1
    assert refused


@pytest.mark.parametrize(("lost", "named"), [("Q", "'Q'"), ("7", "'7'"), ("B7", "'B', '7'")])
def test_font_without_a_glyph_is_refused_with_the_glyph(tmp_path: Path, lost: str, named: str) -> None:
    face = face_of(tmp_path, remade(SOUND.read_bytes(), without=lost))
    with pytest.raises(FontError, match=rf"mine\.ttf has no glyph for {named}; .*CAPTCHA_GUARD_ALPHABET"):
        face.check()


@pytest.mark.parametrize("parts", [[Part("H")], [Part("H"), NICK]], ids=["the very same", "all but the same"])
def test_font_that_draws_two_glyphs_alike_is_refused(tmp_path: Path, parts: list[Part]) -> None:
    face = face_of(tmp_path, remade(SOUND.read_bytes(), composed={"R": parts}))
    with pytest.raises(FontError, match=r"mine\.ttf, 'H' and 'R' look alike; .*CAPTCHA_GUARD_ALPHABET"):
        face.check()
    face.check(ALPHABET.replace("R", ""))


def test_glyphs_that_differ_in_one_clear_place_are_not_alike(tmp_path: Path) -> None:
    face_of(tmp_path, remade(SOUND.read_bytes(), composed={"R": [Part("H"), LIMB]})).check()


def test_glyphs_that_answers_fold_into_one_may_be_alike(tmp_path: Path) -> None:
    same = {glyph: [Part(twin)] for glyph, twin in ("O0", "QD", "B8", "S5", "Z2", "IL")}
    face_of(tmp_path, remade(SOUND.read_bytes(), composed=same)).check()


def test_font_with_thin_stems_is_refused(tmp_path: Path) -> None:
    thin = remade(SOUND.read_bytes(), composed={glyph: [Part(glyph, across=0.4)] for glyph in GLYPHS})
    with pytest.raises(FontError, match=r"mine\.ttf has stems of 0\.0\d+ .* bolder"):
        face_of(tmp_path, thin).check()


def test_font_with_a_gigantic_glyph_is_refused(tmp_path: Path) -> None:
    gigantic = remade(SOUND.read_bytes(), composed={"W": [Part("W"), Part("W", right=30_000)]})
    with pytest.raises(FontError, match=r"mine\.ttf, 'W' is larger than 8 em"):
        face_of(tmp_path, gigantic).check()
