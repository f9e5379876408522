"""``flask captcha-guard explain``: shows why a comment was judged as it was, and its words with the largest weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from ..errors import ConfigError
from ..extension import CaptchaGuard
from ..spam.filter.explanation import Weighed
from ..spam.memory.judged_comments import JudgedComment
from ..spam.submission import Submission
from ..spam.verdict import Verdict
from ..web.state import current_state
from .lookup import IDS, find_judged, missing

HEAD = ("weight", "token", "kind", "ham", "spam")


# An id may start with a hyphen; a word that isn't an option is taken as an id.
@click.command("explain", context_settings={"ignore_unknown_options": True})
@click.option("--text", help="Judge this text instead of a stored comment.")
@click.argument("comment", metavar="[ID]", required=False)
@with_appcontext
def explain(text: str | None, comment: str | None) -> None:
    """Explain why a comment was judged as it was.

    ID is the comment's verdict.id; --text judges any text instead. The weights are log-odds in the current filter. A
    positive weight means spam.
    """
    guard = CaptchaGuard()
    if text is not None and comment is None:
        submission = Submission(scope="", body=text)
        lines, weights = _verdict(guard.check(submission)), guard.explain(submission)
    elif comment is not None and text is None:
        judged = find_judged(comment)
        if judged is None:
            raise click.ClickException(
                f"there is no comment with the id {comment!r}. {IDS}. Use --text to judge any text"
            )
        lines, weights = _judged(judged), guard.explain(comment)
    else:
        raise click.UsageError("give the id of a comment, or a text with --text")
    for line in (*lines, *(_table(weights) if weights else _why_no_weights(guard))):
        click.echo(line)


def _verdict(verdict: Verdict) -> Iterator[str]:
    chance = "" if verdict.chance is None else f", chance of spam {verdict.chance:.2f}"
    yield f"{verdict.action.name.lower()}, score {verdict.score}{chance}"
    for finding in verdict.findings:
        yield f"- {finding.reason} ({finding.score}): {finding.sentence}"
    for finding in verdict.shadowed:
        yield f"- {finding.reason} ({finding.score}, not counted): {finding.sentence}"
    if not (verdict.findings or verdict.shadowed):
        yield "The rules found nothing."


def _judged(judged: JudgedComment) -> Iterator[str]:
    at = datetime.fromtimestamp(judged.judged_at, UTC)
    chance = "" if judged.chance is None else f", chance of spam {judged.chance:.2f}"
    yield f"judged {at:%Y-%m-%d %H:%M} UTC: {judged.action.name.lower()}, the rules' score {judged.rules}{chance}"
    if judged.spam is not None:
        yield f"taught since then: {'spam' if judged.spam else 'ham'}"
    if judged.unmarked:
        yield "unmarked for 30 days, so it counts as ham"
    state = current_state()
    sentences = {
        rule.slug: state.translator.translate(getattr(rule, "sentence", ""), state.settings.locale)
        for rule in state.judge.rules
    }
    for slug, score in judged.found:
        yield f"- {slug} ({score}): {sentences.get(slug, '')}".rstrip(": ")
    if not judged.found:
        yield "The rules found nothing."


def _table(weighed: Sequence[Weighed]) -> Iterator[str]:
    """Return an aligned table with one token per line. Numbers are aligned right, texts left."""
    rows = [HEAD, *((f"{one.weight:+.2f}", _name(one), one.kind, str(one.ham), str(one.spam)) for one in weighed)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        weight, token, kind, ham, spam = (
            cell.ljust(width) if place in (1, 2) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {weight}  {token}  {kind}  {ham}  {spam}"


def _name(one: Weighed) -> str:
    name = one.token.partition(":")[2]
    return name if name.isprintable() else ascii(name)


def _why_no_weights(guard: CaptchaGuard) -> Iterator[str]:
    try:
        taught = guard.filter_stats()
    except ConfigError as error:  # the filter is off
        yield str(error)
        return
    yield "The filter knows none of the words." if taught.speaks else missing(taught)
