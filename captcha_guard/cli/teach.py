"""``flask captcha-guard teach``: teaches the guard a moderator's decisions about single comments or a whole blog."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO, Final

import click
from flask.cli import with_appcontext

from ..errors import ConfigError
from ..extension import CaptchaGuard
from .comment_lines import SHAPE, read_comments
from .lookup import IDS, find_judged
from .options import name_of

LATER: Final = (
    "the log says why. Fix this, then run the same command again: comments that were taught aren't taught twice"
)


# An id may start with a hyphen; a word that isn't an option is taken as an id.
@click.command("teach", context_settings={"ignore_unknown_options": True})
@click.option("--spam/--ham", "spam", default=None, help="The label of the comments with these ids.")
@click.option("--file", "lines", type=click.File("rb"), help=f"Comments, one per line; -: standard input. {SHAPE}")
@click.argument("ids", metavar="ID...", nargs=-1)
@with_appcontext
def teach(spam: bool | None, lines: BinaryIO | None, ids: tuple[str, ...]) -> None:  # noqa: FBT001 (click's)
    """Teach a moderator's decisions.

    They are about the comments with these ids (verdict.id), or about the comments in a file. A comment that was taught
    before with the other label is corrected. With the same label, nothing changes.
    """
    if lines is not None:
        if ids or spam is not None:
            raise click.UsageError("the lines of --file have labels: leave out --spam, --ham and ids")
        _teach_file(lines)
    elif not ids:
        raise click.UsageError("give the ids of comments, or a file of comments with --file")
    elif spam is None:
        raise click.UsageError("give the label of these comments: --spam or --ham")
    else:
        _teach_ids(ids, spam=spam)


def _teach_ids(ids: tuple[str, ...], *, spam: bool) -> None:
    guard = CaptchaGuard()
    with suppress(ConfigError):  # without a filter, the judge's memory and the services still get the decision
        guard.filter_stats()  # raises an error if the database can't be used
    missed = [one for one in ids if not guard.teach(one, spam=spam)]
    if len(ids) > len(missed):
        click.echo(f"Taught: {_comments(len(ids) - len(missed))} as {'spam' if spam else 'ham'}.")
    if unknown := [one for one in missed if find_judged(one) is None]:
        raise click.ClickException(
            f"there is no comment with the id: {', '.join(unknown)}. {IDS}; teach older comments with --file"
        )
    if missed:
        raise click.ClickException(f"not taught: {', '.join(missed)}. The filter's database can't be written, {LATER}")


def _teach_file(lines: BinaryIO) -> None:
    """Teach all comments, or none if a line is invalid. Then retrain, so that their order doesn't matter."""
    guard = CaptchaGuard()
    guard.filter_stats()  # raises an error if the filter is off or its database can't be used
    comments = list(read_comments(name_of(lines), lines))
    for number, (submission, spam) in enumerate(comments):
        if not guard.teach(submission, spam=spam):
            raise click.ClickException(
                f"stopped after {_comments(number)} of {len(comments)}. The filter's database can't be written, {LATER}"
            )
    if comments:
        guard.retrain()
    spam_count = sum(one.spam for one in comments)
    click.echo(f"Taught: {_comments(len(comments))}, {len(comments) - spam_count} ham and {spam_count} spam.")


def _comments(count: int) -> str:
    return f"{count} comment{'' if count == 1 else 's'}"
