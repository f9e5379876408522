"""``flask captcha-guard strength``: attack this site's own pictures with the OCR that every bot has at hand."""

from __future__ import annotations

from collections.abc import Iterable

import click
from flask.cli import with_appcontext

from ..challenge.difficulty import Difficulty
from ..web.state import current_state
from . import options
from .attack import AttackError, Outcome, Tesseract, attack, ways
from .interval import Share
from .rehearsal import Rehearsal

INSTALL = """tesseract is not installed, and it is the attacker. Install it, for example by
  apt install tesseract-ocr    (Debian, Ubuntu)
  dnf install tesseract        (Fedora)
  brew install tesseract       (macOS)"""

CAVEAT = """
"Read" counts pictures read whole by the best single way, picked afterwards, so it flatters the attacker. This is OCR
off the shelf on today's style; it says nothing about a solver that was trained on your site's pictures."""

ROW = "{:<10}  {:>12}  {:>16}  {:<27}  {}"


@click.command("strength")
@click.option(
    "--pictures",
    type=click.IntRange(1, 5000),
    default=50,
    show_default=True,
    help="How many of each difficulty; more make the interval narrower.",
)
@click.option(
    "--difficulty",
    "wanted",
    multiple=True,
    callback=options.difficulties,
    metavar="|".join(options.presets()),
    help="Can be given several times; default: all of them.",
)
@with_appcontext
def strength(pictures: int, wanted: tuple[Difficulty, ...]) -> None:
    """Let Tesseract read this site's pictures, and say how many it got.

    Takes about a second for every picture and difficulty.
    """
    site = Rehearsal.of_this_site()
    attacker = Tesseract.find(site.look.alphabet)
    if attacker is None:
        raise click.UsageError(INSTALL)
    try:
        version, targets = attacker.version, _targets(wanted)
        click.echo(
            f"Tesseract {version} reads {pictures} pictures of each difficulty in {len(ways())} ways, "
            f"in the style of today ({_sizes(site, targets.values())} px).\n"
        )
        click.echo(ROW.format("difficulty", "read", "95 % interval", "best way", "by any way"))
        for name, difficulty in targets.items():
            drawn = [site.draw(difficulty, number) for number in range(pictures)]
            outcome = attack(attacker, [one.png for one in drawn], [one.code for one in drawn])
            click.echo(_row(name, outcome))
    except AttackError as error:
        raise click.ClickException(str(error)) from error
    click.echo(CAVEAT)


def _targets(wanted: tuple[Difficulty, ...]) -> dict[str, Difficulty]:
    """Return what was asked for, or every preset and the site's own difficulty."""
    if wanted:
        return {difficulty.name or "own": difficulty for difficulty in wanted}
    own = current_state().difficulty
    return options.presets() if own.name else {**options.presets(), "own": own}


def _sizes(site: Rehearsal, difficulties: Iterable[Difficulty]) -> str:
    sizes = dict.fromkeys(difficulty.picture_size(site.look.size) for difficulty in difficulties)
    return " and ".join(f"{width} x {height}" for width, height in sizes)


def _row(name: str, outcome: Outcome) -> str:
    best, by_any = outcome.share(outcome.best), outcome.by_any
    low, high = best.wilson()
    way = str(outcome.best) if best.hits else "none read any"
    return ROW.format(
        name, f"{best.hits} ({best.rate:.1%})", f"{low * 100:.1f} to {high * 100:.1f} %", way, _of(by_any)
    )


def _of(share: Share) -> str:
    return f"{share.hits} of {share.trials}"
