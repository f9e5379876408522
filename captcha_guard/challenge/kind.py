"""The interface of a kind of challenge. A kind presents a code, for example as an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol

from .difficulty import Difficulty
from .token import Challenge


class Medium(NamedTuple):
    """One file of a challenge: the ending that follows the token in its path, and its MIME type."""

    ending: str
    mimetype: str


class ChallengeKind(Protocol):
    """Everything that token, issuer, routes, field and script need to know about one kind of challenge.

    ``name`` is used in tokens, in requests for a challenge and in signals. ``template`` is the field's template below
    ``captcha_guard/``. ``media`` are its files by name. Each name is also the name of a route, and of the template
    variable and JSON key that hold the file's path.
    """

    name: ClassVar[str]
    template: ClassVar[str]
    media: ClassVar[Mapping[str, Medium]]

    def answers(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:
        """Return every right answer, the code itself first. ``key`` is the key that signed the token."""
        ...

    def render(self, key: bytes, challenge: Challenge, medium: str) -> bytes:
        """Return one of its files. Every process returns the same bytes every time."""
        ...

    def properties(self, difficulty: Difficulty) -> Mapping[str, int]:
        """Return further values for the template and JSON, such as the width and height in px."""
        ...
