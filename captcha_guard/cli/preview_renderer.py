"""Draws pictures as the site would, for its owner's eyes: no challenge is handed out, nothing is counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from flask import current_app

from ..challenge.difficulty import Difficulty
from ..challenge.issuer import Appearance, Issuer
from ..challenge.token import Challenge, Opened
from ..web.state import current_state

SCOPE = "captcha_guard.rehearsal"


class Drawn(NamedTuple):
    """A picture: every right answer (its code first), its PNG and the milliseconds that drawing it took."""

    answers: tuple[str, ...]
    png: bytes
    ms: float

    @property
    def code(self) -> str:
        """What the picture says."""
        return self.answers[0]


class Rehearsal(Issuer):
    """An issuer that can be told what to write; pictures take the same way as those that visitors see.

    ``secret`` is the site's newest secret, ``application`` its application's name, ``look`` what its pictures share.
    ``clock`` returns seconds since 1970.
    """

    def __init__(
        self, secret: bytes, application: str, appearance: Appearance, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__([secret], application=application, ttl=60, appearance=appearance, clock=clock)
        self.secret, self.application = secret, application
        self._key = self.open(self.issue(SCOPE, difficulty=Difficulty.medium)).key

    @classmethod
    def of_this_site(cls) -> Rehearsal:
        """Return the rehearsal of the current application; raises ``ConfigError`` when it has no guard."""
        state = current_state()
        return cls(state.secret, current_app.name, state.issuer.appearance, clock=state.clock)

    def with_appearance(self, appearance: Appearance) -> Rehearsal:
        """Return the same site's rehearsal under another look."""
        return Rehearsal(self.secret, self.application, appearance, clock=self.clock)

    def draw(
        self, difficulty: Difficulty, number: int, *, code: str = "", epoch: int | None = None, scale: int = 1
    ) -> Drawn:
        """Draw picture ``number``, the same one whenever it is asked for.

        ``code`` is what it says (A-Z, 0-9), made up when empty. ``epoch`` is the number of the style, the one in force
        when ``None``. Raises ``ValueError`` when the code can't be drawn.
        """
        at = int(self.clock())
        drawn_by = self.epoch(at) if epoch is None else epoch
        challenge = Challenge(f"{code} {number}", SCOPE, "image", difficulty.spec(), drawn_by, at)
        start = time.perf_counter()
        png = self._draw(self._key, challenge, scale)  # not picture(), which remembers
        ms = (time.perf_counter() - start) * 1000
        return Drawn(self.answers(Opened(challenge, self._key, 0)), png, ms)

    def timed(
        self, difficulty: Difficulty, number: int, *, code: str = "", epoch: int | None = None, scale: int = 1
    ) -> Drawn:
        """Draw as :meth:`draw` does, once before the clock runs: a process reads its fonts and cuts its glyphs once."""
        self.draw(difficulty, number, code=code, epoch=epoch, scale=scale)
        return self.draw(difficulty, number, code=code, epoch=epoch, scale=scale)

    def answer(self, opened: Opened) -> str:
        """Return the code in the nonce, or else the one that hangs on the nonce."""
        return opened.challenge.nonce.partition(" ")[0] or super().answer(opened)
