"""``flask --app demo_blog journal import-wordpress``: imports WordPress exports and reports what was imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy.exc import IntegrityError

from captcha_guard import CaptchaGuardError
from demo_blog import wordpress
from demo_blog.guard import guard
from demo_blog.models import CommentState
from demo_blog.wxr import ExportError

_COMMENT_STATES = {
    CommentState.PUBLISHED: "published",
    CommentState.HELD: "waiting for a decision",
    CommentState.SPAM: "spam",
}
HOW_TO_EXPORT = "To make a file that can be imported, choose Tools, Export, All content in WordPress."
_POSTS = ("public posts", "drafts")


def import_files(files: Sequence[Path], *, dry_run: bool) -> None:
    """Import the files, or only report what would be imported, and print the numbers."""
    try:
        expected = wordpress.survey(files)  # so that a damaged file imports nothing
    except ExportError as error:
        raise click.ClickException(f"{error}. Nothing was imported. {HOW_TO_EXPORT}") from None
    if dry_run:
        _report(expected)
        click.echo("Nothing was imported, because of --dry-run.")
        return
    try:
        with click.progressbar(length=_new_comments(expected), label="Importing comments") as bar:
            tally = wordpress.load(files, bar.update)
    except ExportError as error:
        raise click.ClickException(f"{error}. Run the command again to import the rest.") from None
    except IntegrityError:
        raise click.ClickException(
            "another process added the same post or comment. Run the command again to import the rest."
        ) from None
    _report(tally)
    _teach()


def _report(tally: wordpress.Tally) -> None:
    drafts = "1 draft" if tally["drafts"] == 1 else f"{tally['drafts']} drafts"
    click.echo(f"Posts: {tally['public posts']} public, {drafts}, {tally['known posts']} known already.")
    counts = ", ".join(f"{tally[state]} {words}" for state, words in _COMMENT_STATES.items())
    click.echo(f"Comments: {counts}, {tally['known comments']} known already.")
    broken = "replies without their parent"
    if tally[broken]:
        click.echo(f"Replies without their parent, which became first comments: {tally[broken]}.")
    reported = {*_POSTS, *_COMMENT_STATES, "known posts", "known comments", broken}
    skipped = [f"{what}: {number}" for what, number in sorted(tally.items()) if number and what not in reported]
    if skipped:
        click.echo(f"Skipped: {'; '.join(skipped)}.")


def _new_comments(tally: wordpress.Tally) -> int:
    return sum(tally[state] for state in _COMMENT_STATES)


def _teach() -> None:
    pending = wordpress.untaught()
    if not pending:
        return
    with click.progressbar(length=min(len(pending), wordpress.TAUGHT_AT_MOST), label="Teaching the filter") as bar:
        learned = wordpress.teach(pending, bar.update)
    click.echo(f"The guard learned {learned} decision{'' if learned == 1 else 's'}.")
    if learned < min(len(pending), wordpress.TAUGHT_AT_MOST):
        click.echo("Some decisions could not be taught; the log says why. Run the same command again later.", err=True)
    try:
        guard.retrain()
    except CaptchaGuardError as error:
        click.echo(f"The filter was not trained again: {error}", err=True)
