"""``flask captcha-guard export-decisions | import-decisions``: what was taught, to keep or to take to another site."""

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
    """Write what was taught to a file.

    FILE gets a decision a line; - is standard output. The words of comments stand in it, each by itself: treat it as
    you treat the comments.
    """
    lines = list(this_learner().export())
    text = "".join(f"{line}\n" for line in lines)
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    replaced = " (in place of the file that was there)" if file.exists() else ""
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
    """Take in what export-decisions wrote.

    Everything is learned again from FILE (-: standard input) and what was taught here. A decision that is known already
    takes the label of the one that comes in.
    """
    learner = this_learner()
    wrong = f"{name_of(file)} is no file that export-decisions wrote, and nothing was changed"
    try:
        text = file.read().decode("utf-8-sig")
        count = learner.load(text.split("\n")) if text.strip() else None
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{wrong}: it is no UTF-8") from error
    except ValueError as error:
        raise click.ClickException(f"{wrong}: {error}") from error
    if count is None:
        raise click.ClickException(f"{wrong}: it is empty")
    click.echo(f"{_decisions(count)} taken in from {name_of(file)}; everything was learned again.")


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _decisions(count: int) -> str:
    return f"{count} decision{'' if count == 1 else 's'}"
