"""A site's own fonts: in visitors' pictures, in the owner's commands, and refused at start-up if they can't be used."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask import Flask

from captcha_guard import ConfigError, Difficulty
from captcha_guard.challenge.drawing.fonts import FontFace, bundled_folder, font_pool
from captcha_guard.cli import group
from captcha_guard.cli.preview_renderer import PreviewRenderer
from captcha_guard.cli.tuner import make_tuner
from captcha_guard.cli.tuning import Tuning
from captcha_guard.testing import solve
from tests.font_files import Part, remade
from tests.integration.bare_site import SECRET, make_site, state_of

SOUND = bundled_folder() / "cabin" / "cabin.ttf"
OWN = ("anton", "bungee", "merienda")

#: Takes the instance folder. Prints how many folders of fonts were read at start-up, and after a picture.
WITHOUT_FONTS_OF_ITS_OWN = f"""
import sys, flask, captcha_guard
from captcha_guard.challenge.drawing import fonts
app = flask.Flask("site", instance_path=sys.argv[1])
app.config["SECRET_KEY"] = "{SECRET}"
captcha_guard.CaptchaGuard(app)
print(fonts._read.cache_info().currsize)
captcha_guard.draw("7ACD4", seed=b"1", style=captcha_guard.Style.from_secret(b"1"))
print(fonts._read.cache_info().currsize)
"""


def picture(app: Flask, token: str, dense: str = "") -> bytes:
    response = app.test_client().get(f"/captcha-guard/{token}{dense}.png")
    assert response.status_code == 200
    png: bytes = response.data
    return png


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with three sound fonts."""
    folder = tmp_path / "typefaces"
    folder.mkdir()
    for name in OWN:
        shutil.copy(bundled_folder() / name / f"{name}.ttf", folder)
    return folder


def refusal(folder: Path, **settings: object) -> str:
    with pytest.raises(ConfigError) as caught:
        make_site(folder, **settings)
    assert not (folder / "instance").exists(), "refused before anything is written"
    return str(caught.value)


# Visitors' pictures


@pytest.mark.parametrize("dense", ["", "@2x"])
def test_pictures_are_drawn_in_the_sites_own_fonts(tmp_path: Path, own: Path, dense: str) -> None:
    plain, mine = make_site(tmp_path), make_site(tmp_path, FONTS=str(own))
    token = state_of(plain).issuer.issue("post", difficulty=Difficulty.medium)
    assert solve(mine, token) == solve(plain, token)
    assert picture(mine, token, dense) != picture(plain, token, dense)


def test_own_fonts_alone_are_used_or_with_the_bundled_ones(tmp_path: Path, own: Path) -> None:
    def names(fonts: object) -> list[str]:
        pool = state_of(make_site(tmp_path, FONTS=fonts)).appearance.fonts or ()
        return [face.name for face in pool]

    bundled = [face.name for face in font_pool()]
    assert names(own) == names([own]) == list(OWN)
    assert names("bundled") == bundled
    shutil.copy(SOUND, own / "zz-mine.ttf")
    more = own.rename(own.with_name("more"))
    assert names(["bundled", str(more)]) == [*bundled, *OWN, "zz-mine"]


def test_naming_the_bundled_fonts_changes_no_picture(tmp_path: Path) -> None:
    plain, named = make_site(tmp_path), make_site(tmp_path, FONTS=["bundled"])
    token = state_of(plain).issuer.issue("post", difficulty=Difficulty.medium)
    assert picture(plain, token) == picture(named, token)


def test_a_relative_folder_is_relative_to_the_application(
    tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    pool = state_of(make_site(tmp_path, FONTS="typefaces")).appearance.fonts or ()
    assert [face.path for face in pool] == [own / f"{name}.ttf" for name in OWN]


def test_a_font_without_letters_that_no_code_contains_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "mine.ttf").write_bytes(remade(SOUND.read_bytes(), without="AEIOUQ01"))
    app = make_site(tmp_path, FONTS="fonts")
    for _ in range(5):
        assert picture(app, state_of(app).issuer.issue("post", difficulty=Difficulty.medium))


def test_bundled_fonts_are_not_read_before_the_first_picture(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_FONTS_OF_ITS_OWN, str(tmp_path / "instance")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=True)
    assert done.stdout.split() == [b"0", b"1"]


def test_own_fonts_are_read_and_checked_at_start_up(tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_site(tmp_path, FONTS=own)
    shutil.rmtree(own)
    monkeypatch.setattr(FontFace, "check", lambda *_: pytest.fail("checked again"))
    assert picture(app, state_of(app).issuer.issue("post", difficulty=Difficulty.medium))


# The owner's commands


def test_the_sheet_and_the_tuning_page_use_the_sites_own_fonts(tmp_path: Path, own: Path) -> None:
    plain, mine = make_site(tmp_path), make_site(tmp_path, FONTS=own)
    drawn, pages, sheets = [], [], []
    for number, app in enumerate((plain, mine)):
        out = tmp_path / f"{number}.png"
        arguments = ["preview", "--styles", "1", "--codes", "7ACD4", "--out", str(out)]
        assert app.test_cli_runner().invoke(group, arguments).exit_code == 0
        sheets.append(out.read_bytes())
        with app.app_context():
            renderer = PreviewRenderer.of_this_site()
        drawn.append(renderer.draw(Difficulty.medium, 1, code="7ACD4").png)
        tuner = make_tuner(renderer, Tuning.of(state_of(app).settings, Difficulty.medium))
        pages.append(images(tuner.test_client().get("/").text))
    assert drawn[0] != drawn[1]
    assert sheets[0] != sheets[1]
    assert pages[0]
    assert set(pages[0]).isdisjoint(pages[1])


def images(page: str) -> list[str]:
    return re.findall("data:image/png;base64,([A-Za-z0-9+/=]+)", page)


def test_preview_reports_which_font_cannot_draw_the_given_code(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "mine.ttf").write_bytes(remade(SOUND.read_bytes(), without="Q"))
    out = tmp_path / "sheet.png"
    done = (
        make_site(tmp_path, FONTS="fonts")
        .test_cli_runner()
        .invoke(group, ["preview", "--styles", "1", "--codes", "QQQQ", "--out", str(out)])
    )
    assert done.exit_code == 2
    assert "mine.ttf has no glyph for 'Q'" in " ".join(done.output.split())
    assert not out.exists()


# Refused at start-up, by name


def test_a_folder_that_is_missing_empty_or_a_file_is_refused_by_its_full_name(tmp_path: Path, own: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert f"{tmp_path}/nowhere does not exist" in refusal(tmp_path, FONTS="nowhere")
    assert f"{tmp_path}/empty has no .ttf or .otf file" in refusal(tmp_path, FONTS=["bundled", "empty"])
    assert f"{own}/anton.ttf is a file" in refusal(tmp_path, FONTS=own / "anton.ttf")


def test_a_font_file_replaced_by_garbage_is_refused_by_its_name(tmp_path: Path, own: Path) -> None:
    (own / "bungee.ttf").write_bytes(b"<!doctype html><title>404</title>")
    message = refusal(tmp_path, FONTS=own)
    assert message.startswith(f"CAPTCHA_GUARD_FONTS: the font {own}/bungee.ttf can't be read")
    assert "replace the file, or remove it from the folder" in message


@pytest.mark.parametrize(
    ("without", "composed", "what"),
    [
        ("2", {}, "mine.ttf has no glyph for '2'"),
        ("", {"R": [Part("F"), Part("D", 0.09, 0.1, 300)]}, "mine.ttf, 'F' and 'R' look alike"),
        ("", {glyph: [Part(glyph, across=0.4)] for glyph in "DFHKNPR"}, "mine.ttf has stems of 0.07"),
    ],
    ids=["a glyph is missing", "two are alike", "stems are thin"],
)
def test_a_font_that_readers_could_not_read_is_refused_by_its_name(
    tmp_path: Path, own: Path, without: str, composed: dict[str, list[Part]], what: str
) -> None:
    (own / "mine.ttf").write_bytes(remade(SOUND.read_bytes(), without=without, composed=composed))
    assert what in refusal(tmp_path, FONTS=["bundled", own])


def test_fonts_need_only_the_sites_alphabet(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "mine.ttf").write_bytes(remade(SOUND.read_bytes(), without="Q"))
    assert make_site(tmp_path, FONTS="fonts")
    other = tmp_path / "other"
    other.mkdir()
    assert "no glyph for 'Q'" in refusal(other, FONTS=tmp_path / "fonts", ALPHABET="23456789CDFHKMNPQRTWXY")


def test_bundled_fonts_are_not_checked_at_start_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FontFace, "check", lambda *_: pytest.fail("the tests of the package do that"))
    font_pool.cache_clear()
    app = make_site(tmp_path, FONTS=["bundled"])
    assert picture(app, state_of(app).issuer.issue(str(time.time()), difficulty=Difficulty.medium))
