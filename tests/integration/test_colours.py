"""A site's own colours: in every picture except those of ``classica``, and always with enough contrast."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from captcha_guard import Difficulty
from captcha_guard.challenge.drawing import classica
from captcha_guard.cli.preview_renderer import PreviewRenderer
from captcha_guard.errors import ConfigError
from tests.integration.bare_site import make_site, state_of

INK, PAPER = (29, 53, 87), (241, 250, 238)
COLOURS = ("#1d3557", "#f1faee")


def ends(png: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ink and the paper of a picture: the last and the first colour of its palette."""
    palette = Image.open(io.BytesIO(png)).getpalette() or []
    return tuple(palette[45:48]), tuple(palette[:3])


@pytest.mark.parametrize("level", ["easy", "medium"])
@pytest.mark.parametrize("scale", [1, 2])
def test_all_pictures_that_visitors_see_are_in_the_sites_colours(tmp_path: Path, level: str, scale: int) -> None:
    site = make_site(tmp_path, COLOURS=COLOURS)
    for _ in range(5):
        token = state_of(site).issuer.issue("comment", difficulty=Difficulty.named(level))
        served = site.test_client().get(f"/captcha-guard/{token}{'@2x' if scale == 2 else ''}.png")
        assert ends(served.data) == (INK, PAPER)


def test_commands_draw_in_the_sites_colours(tmp_path: Path) -> None:
    with make_site(tmp_path, COLOURS=COLOURS).app_context():
        assert ends(PreviewRenderer.of_this_site().draw(Difficulty.easy, 1).png) == (INK, PAPER)


def test_classica_keeps_its_own_colours(tmp_path: Path) -> None:
    with make_site(tmp_path, COLOURS=COLOURS).app_context():
        drawn = PreviewRenderer.of_this_site().draw(Difficulty.classica, 1)
    assert ends(drawn.png) == (classica.INK, classica.PAPER)


def test_without_the_setting_the_secret_decides(tmp_path: Path) -> None:
    plain = make_site(tmp_path)
    assert state_of(plain).appearance.colours is None
    with plain.app_context():
        assert len({ends(PreviewRenderer.of_this_site().draw(Difficulty.easy, number).png) for number in range(20)}) > 1


@pytest.mark.parametrize(
    ("colours", "sentence"),
    [
        (
            ("#777", "#ffffff"),
            "CAPTCHA_GUARD_COLOURS is ('#777777', '#ffffff'): the contrast of ink and paper is 4.47:1, and 6:1 or more "
            "is needed; make the ink darker or the paper lighter",
        ),
        (
            ("#ffffff", "#777"),
            "CAPTCHA_GUARD_COLOURS is ('#ffffff', '#777777'): the contrast of ink and paper is 4.47:1, and 6:1 or more "
            "is needed; make the paper darker or the ink lighter",
        ),
        (("#636363", "#ffffff"), None),
        (("#646464", "#ffffff"), "is 5.91:1, and 6:1"),
        (("#123456", "#123456"), "is 1.00:1, and 6:1"),
    ],
)
def test_colours_without_contrast_are_refused_at_start_up(
    tmp_path: Path, colours: tuple[str, str], sentence: str | None
) -> None:
    if sentence is None:
        make_site(tmp_path, COLOURS=colours)
        return
    with pytest.raises(ConfigError) as refused:
        make_site(tmp_path, COLOURS=colours)
    assert sentence in str(refused.value)
