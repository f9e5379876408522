"""What a kind of challenge offers. The image is one; anything else that shows a code can be another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol

from .difficulty import Difficulty
from .token import Challenge


class Medium(NamedTuple):
    """One file of a challenge: what follows the token in its path, and its MIME type."""

    ending: str
    mimetype: str


class ChallengeKind(Protocol):
    """All that token, issuer, routes, field and script need to know about one kind of challenge.

    ``name`` stands in tokens, in requests for a challenge and in signals. ``template`` is the field's, below
    ``captcha_guard/``. ``media`` are its files: each name is that of a route, of a variable in the template and of a
    key in JSON, whose value is the file's path.
    """

    name: ClassVar[str]
    template: ClassVar[str]
    media: ClassVar[Mapping[str, Medium]]

    def answers(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:
        """Return every right answer, the code itself first; ``key`` is the one that signed the token."""
        ...

    def render(self, key: bytes, challenge: Challenge, medium: str) -> bytes:
        """Return one of its files: the same bytes whichever process renders it, and however often."""
        ...

    def properties(self, difficulty: Difficulty) -> Mapping[str, int]:
        """Return what else the template and JSON say of a challenge, such as the width and height in px."""
        ...
