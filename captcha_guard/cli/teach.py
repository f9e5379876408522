"""``flask captcha-guard teach``: tell the guard what a moderator decided, one comment or a whole blog at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO, Final

import click
from flask.cli import with_appcontext

from ..errors import ConfigError
from ..extension import CaptchaGuard
from .comment_lines import SHAPE, read_comments
from .lookup import IDS, find_case
from .options import name_of

LATER: Final = (
    "the log says why. Run the same command again when that is mended: what was taught already is not taught twice"
)


# An id may begin with a hyphen; one that is no option is an id.
@click.command("teach", context_settings={"ignore_unknown_options": True})
@click.option("--spam/--ham", "spam", default=None, help="What the comments of these ids are.")
@click.option("--file", "lines", type=click.File("rb"), help=f"Comments, one a line; -: standard input. {SHAPE}")
@click.argument("ids", metavar="ID...", nargs=-1)
@with_appcontext
def teach(spam: bool | None, lines: BinaryIO | None, ids: tuple[str, ...]) -> None:  # noqa: FBT001 (click's)
    """Teach what a moderator decided.

    It is about the comments with these ids (verdict.id), or about those in a file. A comment that was taught before
    with the other label is corrected; with the same label nothing changes.
    """
    if lines is not None:
        if ids or spam is not None:
            raise click.UsageError("--file says of each comment whether it is spam: leave out --spam, --ham and ids")
        _teach_file(lines)
    elif not ids:
        raise click.UsageError("name the ids of comments, or a file of comments with --file")
    elif spam is None:
        raise click.UsageError("say what these comments are: --spam or --ham")
    else:
        _teach_ids(ids, spam=spam)


def _teach_ids(ids: tuple[str, ...], *, spam: bool) -> None:
    guard = CaptchaGuard()
    with suppress(ConfigError):  # without a filter there are still histories and services to be told
        guard.filter_stats()  # says so, where nothing can be taught
    missed = [one for one in ids if not guard.teach(one, spam=spam)]
    if len(ids) > len(missed):
        click.echo(f"Taught: {_comments(len(ids) - len(missed))} as {'spam' if spam else 'ham'}.")
    if unknown := [one for one in missed if find_case(one) is None]:
        raise click.ClickException(f"no comment is known by: {', '.join(unknown)}. {IDS}; teach older ones with --file")
    if missed:
        raise click.ClickException(f"not taught: {', '.join(missed)}. The filter's database can't be written, {LATER}")


def _teach_file(lines: BinaryIO) -> None:
    """Teach all or, where a line is wrong, nothing; then learn once more, so that the order plays no part."""
    guard = CaptchaGuard()
    guard.filter_stats()  # says so, where nothing can be taught
    told = list(read_comments(name_of(lines), lines))
    for number, (submission, spam) in enumerate(told):
        if not guard.teach(submission, spam=spam):
            raise click.ClickException(
                f"stopped after {_comments(number)} of {len(told)}. The filter's database can't be written, {LATER}"
            )
    if told:
        guard.retrain()
    spam_count = sum(one.spam for one in told)
    click.echo(f"Taught: {_comments(len(told))}, {len(told) - spam_count} ham and {spam_count} spam.")


def _comments(count: int) -> str:
    return f"{count} comment{'' if count == 1 else 's'}"
