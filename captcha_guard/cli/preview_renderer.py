"""Draws pictures exactly as the site would, without issuing a challenge or counting anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from flask import current_app

from ..challenge.difficulty import Difficulty
from ..challenge.image import Appearance, ImageKind
from ..challenge.issuer import Issuer
from ..challenge.token import Challenge
from ..web.state import current_state

SCOPE = "captcha_guard.preview"


class Drawn(NamedTuple):
    """A picture: all right answers (the code first), the PNG, and the drawing time in milliseconds."""

    answers: tuple[str, ...]
    png: bytes
    ms: float

    @property
    def code(self) -> str:
        """The code in the picture."""
        return self.answers[0]


class _WrittenCode(ImageKind):
    """Draws the code in the nonce, if there is one."""

    def code(self, key: bytes, challenge: Challenge) -> str:
        """Return the code in the nonce, or else the one that is derived from the nonce."""
        return challenge.nonce.partition(" ")[0] or super().code(key, challenge)


class PreviewRenderer:
    """Draws pictures just as visitors get them, with any code.

    ``secret`` is the site's newest secret, ``application`` the name of its application, and ``appearance`` the common
    look of its pictures. ``clock`` returns seconds since 1970.
    """

    def __init__(
        self, secret: bytes, application: str, appearance: Appearance, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.secret, self.application, self.appearance, self.clock = secret, application, appearance, clock
        self._image = _WrittenCode(appearance)
        self._issuer = Issuer(
            [secret],
            application=application,
            kinds=[self._image],
            ttl=60,
            style_rotation=appearance.rotation,
            clock=clock,
        )

    @classmethod
    def of_this_site(cls) -> PreviewRenderer:
        """Return the renderer of the current application. Raises ``ConfigError`` if it has no guard."""
        state = current_state()
        return cls(state.secret, current_app.name, state.appearance, clock=state.clock)

    def with_appearance(self, appearance: Appearance) -> PreviewRenderer:
        """Return the same site's renderer with another appearance."""
        return PreviewRenderer(self.secret, self.application, appearance, clock=self.clock)

    def epoch(self, at: float) -> int:
        """Return the number of the style that is used at ``at`` (seconds since 1970)."""
        return self._issuer.epoch(at)

    def draw(
        self, difficulty: Difficulty, number: int, *, code: str = "", epoch: int | None = None, scale: int = 1
    ) -> Drawn:
        """Draw picture ``number``. The same arguments always give the same picture.

        ``code`` is the code to draw (A-Z, 0-9), random if empty. ``epoch`` is the number of the style, the current one
        if ``None``. Raises ``ValueError`` if the code can't be drawn.
        """
        at, key = int(self.clock()), self._issuer.key
        style = self.epoch(at) if epoch is None else epoch
        challenge = Challenge(f"{code} {number}", SCOPE, self._image.name, difficulty.spec(), style, at)
        start = time.perf_counter()
        png = self._image.draw(key, challenge, scale)  # not render(), which has a cache
        ms = (time.perf_counter() - start) * 1000
        return Drawn(self._image.answers(key, challenge), png, ms)

    def timed(
        self, difficulty: Difficulty, number: int, *, code: str = "", epoch: int | None = None, scale: int = 1
    ) -> Drawn:
        """Draw like :meth:`draw`, but measure a second drawing, because the first one also loads fonts and glyphs."""
        self.draw(difficulty, number, code=code, epoch=epoch, scale=scale)
        return self.draw(difficulty, number, code=code, epoch=epoch, scale=scale)
