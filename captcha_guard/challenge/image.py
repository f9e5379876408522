"""The challenge kind ``image``: a code drawn as a picture."""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

from ..config.validators import PREFIX
from ..errors import ConfigError, FontError
from . import answer as code
from .difficulty import Difficulty
from .drawing.colour import MIN_CONTRAST, Colour, contrast
from .drawing.fonts import FontFace
from .drawing.picture import draw, readings
from .drawing.style import Style
from .keys import subkey
from .kind import Medium
from .token import Challenge

_WHITE: Final[Colour] = (255, 255, 255)

#: The number of pictures that a process caches, so that a reload costs nothing. Each is a few KB.
PICTURES: Final = 128

_SCALES: Final = {"picture": 1, "picture_2x": 2}


@dataclass(frozen=True, slots=True)
class Appearance:
    """The common look of all pictures of one site.

    ``size`` is in px. ``alphabet`` and ``length`` are those of the answers. ``style_seed`` is the seed of the style; if
    it's empty, the style is derived from the secret. ``rotation`` is the number of seconds after which the style
    changes; 0 means never. ``fonts`` comes from ``font_pool``; ``None`` means the bundled fonts. ``colours`` are ink
    and paper; ``None`` means those of the style. Raises ``ConfigError`` for a contrast below ``MIN_CONTRAST``.
    """

    size: tuple[int, int] = (240, 120)
    alphabet: str = code.ALPHABET
    length: tuple[int, int] = (5, 6)
    style_seed: bytes = b""
    rotation: int = 0
    fonts: tuple[FontFace, ...] | None = None
    colours: tuple[Colour, Colour] | None = None

    def __post_init__(self) -> None:
        if self.colours is not None:
            _check_contrast(*self.colours)


class ImageKind:
    """The :class:`~captcha_guard.challenge.kind.ChallengeKind` that draws codes as pictures, with one appearance."""

    name: ClassVar[str] = "image"
    template: ClassVar[str] = "image"
    media: ClassVar[Mapping[str, Medium]] = {
        "picture": Medium(".png", "image/png"),
        "picture_2x": Medium("@2x.png", "image/png"),
    }

    def __init__(self, appearance: Appearance) -> None:
        self.appearance = appearance
        self._rendered = lru_cache(maxsize=PICTURES)(self.draw)
        self._answers = lru_cache(maxsize=PICTURES)(self._possible_readings)
        self._style = lru_cache(maxsize=8)(self._style_of)

    def code(self, key: bytes, challenge: Challenge) -> str:
        """Return the code that the picture shows."""
        length = Difficulty.from_spec(challenge.difficulty).symbols(self.appearance.length)
        return code.derive(
            subkey(key, b"answer"), challenge.nonce.encode(), alphabet=self.appearance.alphabet, length=length
        )

    def answers(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:
        """Return every right answer, the code itself first. Other answers are other orders of reading the rows."""
        try:
            return self._answers(key, challenge)
        except (FontError, OSError):  # then the picture can't be drawn either, and its route logs this
            return (self.code(key, challenge),)

    def render(self, key: bytes, challenge: Challenge, medium: str) -> bytes:
        """Return the PNG, from the cache or newly drawn."""
        return self._rendered(key, challenge, _SCALES[medium])

    def properties(self, difficulty: Difficulty, language: str) -> Mapping[str, int]:  # noqa: ARG002 - for voices
        """Return the picture's ``width`` and ``height`` in px at scale 1."""
        width, height = difficulty.picture_size(self.appearance.size)
        return {"width": width, "height": height}

    def draw(self, key: bytes, challenge: Challenge, scale: int) -> bytes:
        """Draw the picture and return it as a PNG. ``scale`` is 1 or 2."""
        return draw(
            self.code(key, challenge),
            seed=_seed(key, challenge),
            style=self._style(key, challenge.epoch),
            difficulty=Difficulty.from_spec(challenge.difficulty),
            scale=scale,
            size=self.appearance.size,
            fonts=self.appearance.fonts,
            colours=self.appearance.colours,
        )

    def _possible_readings(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:
        return readings(
            self.code(key, challenge),
            seed=_seed(key, challenge),
            style=self._style(key, challenge.epoch),
            difficulty=Difficulty.from_spec(challenge.difficulty),
            size=self.appearance.size,
            fonts=self.appearance.fonts,
        )

    def _style_of(self, key: bytes, epoch: int) -> Style:
        return Style.from_secret(self.appearance.style_seed or subkey(key, b"style"), epoch)


def _check_contrast(ink: Colour, paper: Colour) -> None:
    ratio = contrast(ink, paper)
    if ratio < MIN_CONTRAST:
        darker, lighter = ("ink", "paper") if contrast(ink, _WHITE) >= contrast(paper, _WHITE) else ("paper", "ink")
        written = tuple(f"#{bytes(colour).hex()}" for colour in (ink, paper))
        raise ConfigError(
            f"{PREFIX}COLOURS is {written!r}: the contrast of ink and paper is {math.floor(100 * ratio) / 100:.2f}:1, "
            f"and {MIN_CONTRAST:g}:1 or more is needed; make the {darker} darker or the {lighter} lighter"
        )


def _seed(key: bytes, challenge: Challenge) -> bytes:
    """Return the seed for drawing the challenge's picture."""
    return hmac.digest(key, b"drawing" + challenge.nonce.encode(), "sha256")
