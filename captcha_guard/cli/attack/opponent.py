"""What every reading program looks like to the rest of the package."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Protocol

from PIL import Image

#: The command that installs the programs from the package index.
PIP_COMMAND = "pip install ddddocr rapidocr-onnxruntime"


class AttackError(RuntimeError):
    """A reading program could not be run; the message says why."""


class NotInstalledError(AttackError):
    """A reading program isn't installed; ``program`` names it and ``remedy`` is the command that installs it."""

    def __init__(self, program: str, remedy: str) -> None:
        super().__init__(f"{program} isn't installed: {remedy}")
        self.program, self.remedy = program, remedy


def imported(module: str) -> ModuleType:
    """Return the top-level module of a package from the index.

    Raises ``NotInstalledError`` when there is no such module, and ``AttackError`` when it can't be imported, such as
    when something that it needs is missing.
    """
    try:
        return import_module(module)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == module:
            raise NotInstalledError(module.replace("_", "-"), PIP_COMMAND) from error
        raise AttackError(f"{module} can't be imported: {error}") from error


class Opponent(Protocol):
    """A program that reads pictures.

    It is made with the symbols that codes consist of, and reads no other ones; with none it reads whatever it likes.
    The constructor raises ``NotInstalledError``, or another ``AttackError`` where the program can't be loaded.
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
