"""What several commands take as options, and how it is told when it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import click

from ..challenge.difficulty import Difficulty
from ..errors import ConfigError


def presets() -> dict[str, Difficulty]:
    """Return the named difficulties, the easiest first."""
    return {name: value for name, value in vars(Difficulty).items() if isinstance(value, Difficulty)}


def difficulties(ctx: click.Context, param: click.Parameter, names: Sequence[str]) -> tuple[Difficulty, ...]:
    """Return the presets of these names; a wrong one is refused with the nearest right one."""
    try:
        return tuple(Difficulty.named(name) for name in names)
    except ConfigError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def name_of(file: BinaryIO) -> str:
    """Return what to call an open file; one without a name is what comes through a pipe."""
    name = getattr(file, "name", "<stdin>")
    return "standard input" if name == "<stdin>" else str(name)


def codes(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """Return the security codes in ``text``, parted by commas or spaces, in capitals."""
    if text is None:
        return None
    if found := tuple(text.upper().replace(",", " ").split()):
        return found
    raise click.BadParameter("name at least one code, such as 7ACD4", ctx, param)
