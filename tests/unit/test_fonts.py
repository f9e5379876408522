from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from captcha_guard.challenge.fonts import GLYPHS, MASTER_HEIGHT, FontFace, bundled_folder, font_pool
from captcha_guard.errors import FontError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("face", font_pool(), ids=lambda face: face.name)
def test_bundled_font_has_every_glyph_distinct_and_heavy_enough(face: FontFace) -> None:
    face.check()
    for glyph in GLYPHS:
        assert face.master(glyph).height == MASTER_HEIGHT


def test_at_least_sixteen_fonts_come_along_each_with_its_licence() -> None:
    assert len(font_pool()) >= 16
    for face in font_pool():
        assert (face.path.parent / "LICENSE").read_text(encoding="utf-8").strip()
        assert f"| {face.path.parent.name} |" in (bundled_folder() / "README.md").read_text(encoding="utf-8")


def test_pool_is_read_once() -> None:
    assert font_pool() is font_pool()


def test_folder_of_ones_own_takes_the_place_of_the_bundled_one(tmp_path: Path) -> None:
    shutil.copy(font_pool()[0].path, tmp_path / "Mine.TTF")
    assert [face.name for face in font_pool(tmp_path)] == ["Mine"]


def test_missing_folder_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(FontError, match="nowhere"):
        font_pool(tmp_path / "nowhere")


def test_folder_without_fonts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FontError, match=r"holds no \.ttf or \.otf"):
        font_pool(tmp_path)


def test_corrupt_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0 not a font")
    with pytest.raises(FontError, match=r"broken\.ttf"):
        font_pool(tmp_path)


@pytest.mark.parametrize("lost", ["Q", "7"])
def test_font_without_a_glyph_is_refused_with_the_glyph(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    face = FontFace(font_pool()[0].path)
    draw = face._draw

    def lossy(glyph: str, *, may_be_empty: bool = False) -> object:
        return draw("\U0010fffe" if glyph == lost else glyph, may_be_empty=may_be_empty)

    monkeypatch.setattr(face, "_draw", lossy)
    with pytest.raises(FontError, match=rf"{face.path.name} has no glyph for '{lost}'"):
        face.check()


def test_font_that_draws_two_glyphs_alike_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    face = FontFace(font_pool()[0].path)
    draw = face._draw
    monkeypatch.setattr(face, "_draw", lambda glyph, **options: draw("X" if glyph == "K" else glyph, **options))
    with pytest.raises(FontError, match="draws 'K' and 'X' alike"):
        face.check()


def test_font_with_thin_stems_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FontFace, "stem", 0.05)
    with pytest.raises(FontError, match="bolder"):
        FontFace(font_pool()[0].path).check()
