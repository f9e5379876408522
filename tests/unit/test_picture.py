from __future__ import annotations

import io

import pytest
from PIL import Image

from captcha_guard.challenge.picture import draw
from captcha_guard.challenge.style import Style

STYLE = Style.from_secret(b"a secret of the site's own", epoch=0)


def test_same_arguments_give_the_same_bytes() -> None:
    assert draw("7ACD4", seed=b"one", style=STYLE) == draw("7ACD4", seed=b"one", style=STYLE)


@pytest.mark.parametrize("answer", ["", "ABCDEFGHIJK", "abc", "A B", "Ä"])
def test_answers_that_cannot_be_drawn_are_refused(answer: str) -> None:
    with pytest.raises(ValueError, match="the answer is"):
        draw(answer, seed=b"one", style=STYLE)


@pytest.mark.parametrize("scale", [1, 2])
def test_picture_has_the_size_asked_for(scale: int) -> None:
    picture = Image.open(io.BytesIO(draw("7ACD4", seed=b"one", style=STYLE, scale=scale)))
    assert picture.size == (240 * scale, 80 * scale)
