"""Issues challenges, opens their tokens, and compares answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..errors import TokenMalformedError
from . import answer as code
from .difficulty import Difficulty
from .keys import subkey
from .kind import ChallengeKind
from .token import Challenge, Opened, Tokens


class Issuer:
    """Makes challenges and decides whether an answer is right.

    ``secrets`` are the host's secrets, the newest first. ``application`` is the application's name, so that another
    application with the same secret has different keys. ``kinds`` are the ways in which each challenge is presented,
    the first one first in the field. ``ttl`` is in seconds. ``style_rotation`` is the number of seconds after which the
    site's style changes; 0 means never. ``clock`` returns seconds since 1970.
    """

    def __init__(
        self,
        secrets: Sequence[bytes],
        *,
        application: str = "",
        kinds: Sequence[ChallengeKind],
        ttl: int,
        style_rotation: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.kinds = {kind.name: kind for kind in kinds}
        self.clock = clock
        self._style_rotation = style_rotation
        label = b"root." + application.encode("utf-8", "surrogatepass")
        keys = [subkey(secret, label) for secret in secrets]
        self.tokens = Tokens(keys, ttl=ttl, clock=clock)

    def issue(
        self, scope: str, *, difficulty: Difficulty, language: str = "en", tries_left: int = 0, repeats: bool = False
    ) -> str:
        """Return the token of a new challenge for ``scope``. The other arguments are as in ``Challenge``."""
        at = int(self.clock())
        challenge = Challenge.new(
            scope,
            language=language,
            difficulty=difficulty.spec(),
            epoch=self.epoch(at),
            at=at,
            tries_left=tries_left,
            repeats=repeats,
        )
        return self.tokens.sign(challenge)

    def open(self, token: str, *, scope: str | None = None) -> Opened:
        """Return the challenge in a token. Raises the errors of ``Tokens.open``.

        A token with an unknown difficulty counts as malformed. Tokens of an earlier release can have one.
        """
        opened = self.tokens.open(token, scope=scope)
        try:
            self.difficulty(opened)
        except ValueError as error:
            raise TokenMalformedError("signed, but its difficulty is unknown here", token=token) from error
        return opened

    def issue_pass(self, opened: Opened, bound_to: str) -> str | None:
        """Return a pass for the solved challenge ``opened``. It expires when the challenge would have expired.

        ``bound_to`` identifies the comment that it is for. Returns None if the last possible pass was already issued.
        """
        challenge = opened.challenge.as_pass(opened.key, bound_to)
        return None if challenge is None else self.tokens.sign(challenge)

    @property
    def key(self) -> bytes:
        """The key that signs new tokens."""
        return self.tokens.keys[0]

    def difficulty(self, opened: Opened) -> Difficulty:
        """Return the challenge's difficulty."""
        return Difficulty.from_spec(opened.challenge.difficulty)

    def answers(self, opened: Opened) -> dict[str, tuple[str, ...]]:
        """Return every right answer by the name of its kind, the code itself first."""
        return {name: kind.answers(opened.key, opened.challenge) for name, kind in self.kinds.items()}

    def solved_kind(self, opened: Opened, typed: str) -> str | None:
        """Return the name of the kind whose code was typed, None if ``typed`` is wrong.

        Case, spaces and look-alikes don't matter. It is compared with every right answer, each in constant time.
        """
        right = {
            name: any([code.matches(answer, typed) for answer in answers])  # noqa: C419 - compares all of them
            for name, answers in self.answers(opened).items()
        }
        return next((name for name, is_right in right.items() if is_right), None)

    def render(self, opened: Opened, kind: str, medium: str) -> bytes:
        """Return one of the challenge's files: the file ``medium`` in the ``media`` of ``kind``."""
        return self.kinds[kind].render(opened.key, opened.challenge, medium)

    def epoch(self, at: float) -> int:
        """Return the number of the style that is in force at ``at`` (seconds since 1970)."""
        return int(at) // self._style_rotation if self._style_rotation else 0
