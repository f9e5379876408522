"""Hands out challenges, opens them again, and knows each one's answer and picture."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..config.validators import PREFIX
from ..errors import ConfigError, FontError, TokenMalformedError
from . import answer as code
from .difficulty import Difficulty
from .drawing.colour import MIN_CONTRAST, Colour, contrast
from .drawing.fonts import FontFace
from .drawing.picture import draw, readings
from .drawing.style import Style
from .token import Challenge, Opened, Tokens

_WHITE: Colour = (255, 255, 255)

#: Pictures remembered per process, so that a reload costs nothing. Each is a few KB.
PICTURES = 128


@dataclass(frozen=True, slots=True)
class Appearance:
    """What all pictures of one site share: ``size`` in px, answer ``alphabet`` and ``length``, the ``style_seed``.

    An empty ``style_seed`` means that the style is derived from the secret. ``rotation`` is in seconds: after that long
    the site's style changes; 0 means never. ``fonts`` is a pool of ``font_pool``; ``None`` means the bundled one.
    ``colours`` are ink and paper; ``None`` leaves them to the style. Raises ``ConfigError`` for a contrast below
    ``MIN_CONTRAST``.
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


class Issuer:
    """The one place that makes challenges and tells right answers from wrong ones.

    ``secrets`` are the host's secrets, the newest first; ``application`` is the name of the application that they are
    used in, so that another one with the same secret has other keys. ``ttl`` is in seconds; ``clock`` returns seconds
    since 1970.
    """

    def __init__(
        self,
        secrets: Sequence[bytes],
        *,
        application: str = "",
        ttl: int,
        appearance: Appearance | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.appearance = appearance or Appearance()
        self.clock = clock
        label = b"root." + application.encode("utf-8", "surrogatepass")
        self.tokens = Tokens([_subkey(secret, label) for secret in secrets], ttl=ttl, clock=clock)
        self._picture = lru_cache(maxsize=PICTURES)(self._draw)
        self._readings = lru_cache(maxsize=PICTURES)(self._laid_out)
        self._style = lru_cache(maxsize=8)(self._style_of)

    def issue(
        self, scope: str, *, difficulty: Difficulty, kind: str = "image", tries_left: int = 0, repeats: bool = False
    ) -> str:
        """Return the token of a new challenge for ``scope``; ``tries_left`` and ``repeats`` as in ``Challenge``."""
        at = int(self.clock())
        spec, epoch = difficulty.spec(), self.epoch(at)
        return self.tokens.sign(
            Challenge.new(scope, kind=kind, difficulty=spec, epoch=epoch, at=at, tries_left=tries_left, repeats=repeats)
        )

    def open(self, token: str, *, scope: str | None = None) -> Opened:
        """Open the token of a challenge; raises the errors of ``Tokens.open``.

        A difficulty that this release does not know, as a token of the release before may carry, is malformed.
        """
        opened = self.tokens.open(token, scope=scope)
        try:
            self.difficulty(opened)
        except ValueError as error:
            raise TokenMalformedError("signed, but of a difficulty unknown here", token=token) from error
        return opened

    def solved(self, opened: Opened, bound_to: str) -> str | None:
        """Return the pass that follows ``opened``, valid as long as the challenge itself would have been.

        ``bound_to`` says which comment it is for. None after the last of a code's passes.
        """
        passed = opened.challenge.passed(opened.key, bound_to)
        return None if passed is None else self.tokens.sign(passed)

    @property
    def key(self) -> bytes:
        """The key that signs new tokens."""
        return self.tokens.keys[0]

    def difficulty(self, opened: Opened) -> Difficulty:
        """Return how hard the challenge's picture is."""
        return Difficulty.from_spec(opened.challenge.difficulty)

    def answer(self, opened: Opened) -> str:
        """Return the code that the visitor has to type."""
        key = _subkey(opened.key, b"answer")
        length = self.difficulty(opened).symbols(self.appearance.length)
        return code.derive(key, opened.challenge.nonce.encode(), alphabet=self.appearance.alphabet, length=length)

    def is_right(self, opened: Opened, typed: str) -> bool:
        """Compare with every right answer, each in constant time, forgiving case, spaces and look-alikes."""
        return any([code.matches(answer, typed) for answer in self.answers(opened)])  # noqa: C419 - all, not until one is

    def answers(self, opened: Opened) -> tuple[str, ...]:
        """Return every right answer, the code itself first: its rows may allow another order."""
        try:
            return self._readings(opened.key, opened.challenge)
        except (FontError, OSError):  # no fonts, so no picture either; its route logs the fault
            return (self.answer(opened),)

    def picture(self, opened: Opened, *, scale: int = 1) -> bytes:
        """Return the challenge's PNG: the same bytes whichever process draws it, and however often."""
        return self._picture(opened.key, opened.challenge, scale)

    def epoch(self, at: float) -> int:
        """Return the number of the style that is in force at ``at`` (seconds since 1970)."""
        return int(at) // self.appearance.rotation if self.appearance.rotation else 0

    def _laid_out(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:
        return readings(
            self.answer(Opened(challenge, key, 0)),
            seed=_seed(key, challenge),
            style=self._style(key, challenge.epoch),
            difficulty=Difficulty.from_spec(challenge.difficulty),
            size=self.appearance.size,
            fonts=self.appearance.fonts,
        )

    def _draw(self, key: bytes, challenge: Challenge, scale: int) -> bytes:
        return draw(
            self.answer(Opened(challenge, key, 0)),
            seed=_seed(key, challenge),
            style=self._style(key, challenge.epoch),
            difficulty=Difficulty.from_spec(challenge.difficulty),
            scale=scale,
            size=self.appearance.size,
            fonts=self.appearance.fonts,
            colours=self.appearance.colours,
        )

    def _style_of(self, key: bytes, epoch: int) -> Style:
        return Style.from_secret(self.appearance.style_seed or _subkey(key, b"style"), epoch)


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
    """Return what the challenge's picture is drawn from."""
    return hmac.digest(key, b"drawing" + challenge.nonce.encode(), "sha256")


@lru_cache(maxsize=64)
def _subkey(key: bytes, label: bytes) -> bytes:
    """One secret, many purposes: a key of its own for each label."""
    return hmac.digest(key, b"captcha_guard." + label, "sha256")
