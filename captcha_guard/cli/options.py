"""Options that several commands share, and their error messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import click

from ..challenge.difficulty import Difficulty
from ..errors import ConfigError


def presets() -> dict[str, Difficulty]:
    """Return the named difficulties, the easiest first."""
    return {name: value for name, value in vars(Difficulty).items() if isinstance(value, Difficulty)}


def difficulties(ctx: click.Context, param: click.Parameter, names: Sequence[str]) -> tuple[Difficulty, ...]:
    """Return the presets with these names. The error for an unknown name suggests the most similar one."""
    try:
        return tuple(Difficulty.named(name) for name in names)
    except ConfigError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def difficulty_option(default: str) -> Callable[[Any], Any]:
    """Return the decorator for the option ``--difficulty``, the argument ``wanted``. ``default`` is for its help."""
    return click.option(
        "--difficulty",
        "wanted",
        multiple=True,
        callback=difficulties,
        metavar="|".join(presets()),
        help=f"Can be given several times; default: {default}.",
    )


def name_of(file: BinaryIO) -> str:
    """Return the name of an open file, or "standard input"."""
    name = getattr(file, "name", "<stdin>")
    return "standard input" if name == "<stdin>" else str(name)


def codes(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """Return the security codes in ``text``, separated by commas or spaces, in upper case."""
    if text is None:
        return None
    if found := tuple(text.upper().replace(",", " ").split()):
        return found
    raise click.BadParameter("give at least one code, such as 7ACD4", ctx, param)
