"""What every reading program looks like to the rest of the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PIL import Image

#: How to install the programs that come from the package index.
STRENGTH_EXTRA = "pip install 'captcha-guard[strength]'"


class AttackError(RuntimeError):
    """A reading program could not be run; the message says why."""


class NotInstalledError(AttackError):
    """A reading program isn't installed; ``program`` names it and ``remedy`` is the command that installs it."""

    def __init__(self, program: str, remedy: str) -> None:
        super().__init__(f"{program} isn't installed: {remedy}")
        self.program, self.remedy = program, remedy


class Opponent(Protocol):
    """A program that reads pictures.

    It is made with the symbols that codes consist of, and reads no other ones; with none it reads whatever it likes.
    The constructor raises ``NotInstalledError``.
    """

    name: str

    @property
    def version(self) -> str:
        """The program's version, such as ``5.3.0``."""

    @property
    def modes(self) -> tuple[str, ...]:
        """The program's own settings that are worth trying; one empty string if there are none."""

    def read(self, pictures: Sequence[Image.Image], mode: str) -> list[str]:
        """Return the text it sees in each picture (mode L); raises ``AttackError`` when it fails.

        May be called from several threads at once, and keeps one processor busy for each.
        """
