"""Draws pictures exactly as the site would, for its owner, without issuing a challenge or counting anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from flask import current_app

from ..challenge.difficulty import Difficulty
from ..challenge.issuer import Issuer, Look
from ..challenge.token import Challenge, Opened
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


class PreviewRenderer(Issuer):
    """An issuer that can draw a given code. It draws in the same way as for visitors.

    ``secret`` is the site's newest secret, ``application`` the application's name, ``look`` what all pictures share.
    ``clock`` returns seconds since 1970.
    """

    def __init__(self, secret: bytes, application: str, look: Look, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__([secret], application=application, ttl=60, look=look, clock=clock)
        self.secret, self.application = secret, application
        self._key = self.open(self.issue(SCOPE, difficulty=Difficulty.medium)).key

    @classmethod
    def of_this_site(cls) -> PreviewRenderer:
        """Return the renderer of the current application; raises ``ConfigError`` if it has no guard."""
        state = current_state()
        return cls(state.secret, current_app.name, state.issuer.look, clock=state.clock)

    def with_look(self, look: Look) -> PreviewRenderer:
        """Return a renderer of the same site with another look."""
        return PreviewRenderer(self.secret, self.application, look, clock=self.clock)

    def draw(
        self, difficulty: Difficulty, number: int, *, code: str = "", epoch: int | None = None, scale: int = 1
    ) -> Drawn:
        """Draw picture ``number``; the same arguments always give the same picture.

        ``code`` is the code to draw (A-Z, 0-9), random if empty. ``epoch`` is the number of the style, the current one
        if ``None``. Raises ``ValueError`` if the code can't be drawn.
        """
        at = int(self.clock())
        style = self.epoch(at) if epoch is None else epoch
        challenge = Challenge(f"{code} {number}", SCOPE, "image", difficulty.spec(), style, at)
        start = time.perf_counter()
        png = self._draw(self._key, challenge, scale)  # not picture(), which caches
        ms = (time.perf_counter() - start) * 1000
        return Drawn(self.answers(Opened(challenge, self._key, 0)), png, ms)

    def timed(
        self, difficulty: Difficulty, number: int, *, code: str = "", epoch: int | None = None, scale: int = 1
    ) -> Drawn:
        """Draw like :meth:`draw`, but measure a second drawing, because the first one also loads fonts and glyphs."""
        self.draw(difficulty, number, code=code, epoch=epoch, scale=scale)
        return self.draw(difficulty, number, code=code, epoch=epoch, scale=scale)

    def answer(self, opened: Opened) -> str:
        """Return the code in the nonce or, if it has none, the code derived from the nonce."""
        return opened.challenge.nonce.partition(" ")[0] or super().answer(opened)
