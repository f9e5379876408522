"""The interface of every reading program, and the errors of running one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Protocol

from PIL import Image

#: The command that installs the programs from the package index.
PIP_COMMAND = "pip install ddddocr rapidocr onnxruntime"


class AttackError(RuntimeError):
    """A reading program couldn't be run. The message has the reason."""


class NotInstalledError(AttackError):
    """A reading program isn't installed. ``program`` is its name, and ``remedy`` the command that installs it."""

    def __init__(self, program: str, remedy: str) -> None:
        super().__init__(f"{program} isn't installed: {remedy}")
        self.program, self.remedy = program, remedy


def imported(module: str) -> ModuleType:
    """Return the top-level module of a package from the index.

    Raises ``NotInstalledError`` if the module doesn't exist, and ``AttackError`` if it can't be imported, such as when
    one of its dependencies is missing.
    """
    try:
        return import_module(module)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == module:
            raise NotInstalledError(module.replace("_", "-"), PIP_COMMAND) from error
        raise AttackError(f"{module} can't be imported: {error}") from error


class Opponent(Protocol):
    """A program that reads pictures.

    The constructor takes the symbols of codes. The program then reads only those, or any symbols if the text is empty.
    The constructor raises ``NotInstalledError``, or another ``AttackError`` if the program can't be loaded.
    """

    name: str

    @property
    def version(self) -> str:
        """The program's version, such as ``5.3.0``."""

    @property
    def modes(self) -> tuple[str, ...]:
        """The program's own modes that are worth trying. One empty string if the program has no modes."""

    def read(self, pictures: Sequence[Image.Image], mode: str) -> list[str]:
        """Return the text that it reads in each picture (mode L). Raises ``AttackError`` if the program fails.

        Several threads may call this at the same time. Each call uses one processor.
        """
