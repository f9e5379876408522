"""The interface of a kind of challenge. A kind presents a code of its own, for example as an image."""

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
    """Everything that issuer, routes and field need to know about one kind of challenge.

    A token serves all kinds of a site. Each kind derives a code of its own from it, so that reading one kind doesn't
    help with another, and the code of any kind solves the challenge.

    ``name`` is used in signals. ``template`` is the template below ``captcha_guard/`` for its part of the field.
    ``media`` are its files by name. Each name is also the name of a route, and of the template variable and JSON key
    that hold the file's path.
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

    def properties(self, difficulty: Difficulty, language: str) -> Mapping[str, int | str]:
        """Return further values for the template and JSON, such as the width and height in px.

        ``language`` is the tag of the challenge's language.
        """
        ...
