"""``flask captcha-guard export-decisions | import-decisions``: back up the taught decisions, or move them elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import click
from flask.cli import with_appcontext

from .lookup import this_learner
from .options import name_of


@click.command("export-decisions")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@with_appcontext
def export_decisions(file: Path) -> None:
    """Write all taught decisions to a file.

    FILE gets one decision per line; - is standard output. It contains the words of the comments as a list, so protect
    it like the comments themselves.
    """
    lines = list(this_learner().export())
    text = "".join(f"{line}\n" for line in lines)
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    replaced = " (replaced an existing file)" if file.exists() else ""
    try:
        with open(file, "w", encoding="utf-8", opener=_for_its_owner) as out:
            out.write(text)
    except OSError as error:
        raise click.BadParameter(f"{file} can't be written: {error.strerror or error}", param_hint="FILE") from error
    click.echo(f"{file} written{replaced}: {_decisions(len(lines) - 1)}.")


@click.command("import-decisions")
@click.argument("file", type=click.File("rb"))
@with_appcontext
def import_decisions(file: BinaryIO) -> None:
    """Import a file that export-decisions wrote.

    The filter is trained again with the decisions in FILE (-: standard input) and the site's own. If both have a
    decision about the same comment, the label in FILE is used.
    """
    learner = this_learner()
    wrong = f"{name_of(file)} wasn't written by export-decisions, so nothing was changed"
    try:
        text = file.read().decode("utf-8-sig")
        count = learner.load(text.split("\n")) if text.strip() else None
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{wrong}: it isn't valid UTF-8") from error
    except ValueError as error:
        raise click.ClickException(f"{wrong}: {error}") from error
    if count is None:
        raise click.ClickException(f"{wrong}: it is empty")
    click.echo(f"{_decisions(count)} imported from {name_of(file)}; the filter was trained again.")


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _decisions(count: int) -> str:
    return f"{count} decision{'' if count == 1 else 's'}"
