"""``flask captcha-guard strength``: attacks this site's own pictures with freely available reading programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click
from flask.cli import with_appcontext

from ..challenge.difficulty import Difficulty
from ..web.state import current_state
from . import options
from .attack.opponent import AttackError, Opponent
from .attack.opponents import Installed, load
from .attack.outcome import Outcome, Sample, attack
from .attack.quick import quick_ways
from .preview_renderer import PreviewRenderer

CAVEAT = """
"Best way" is chosen afterwards among {ways} ways, so it overstates what an attacker would reach. The programs are
off-the-shelf, and the pictures have today's style. A solver trained on your site's pictures reads far more."""

ROW = "{:<10}  {:<17}  {:>12}  {:>12}  {:>16}  {}"


@click.command("strength")
@click.option(
    "--pictures",
    type=click.IntRange(1, 5000),
    default=50,
    show_default=True,
    help="How many of each difficulty. More pictures make the interval narrower.",
)
@options.difficulty_option("all of them")
@with_appcontext
def strength(pictures: int, wanted: tuple[Difficulty, ...]) -> None:
    """Attack this site's pictures with reading programs, and print how many they read.

    This takes one to three minutes for each difficulty. Install ddddocr and RapidOCR with
    pip install ddddocr rapidocr onnxruntime, and Tesseract with your system's packages.
    """
    site = PreviewRenderer.of_this_site()
    installed = load(site.appearance.alphabet)
    present = installed.programs
    if not present:
        raise click.UsageError(f"no reading program can be loaded, but at least one is needed.\n{_absent(installed)}")
    targets = _targets(wanted)
    try:
        click.echo(f"{pictures} pictures of each difficulty, in today's style ({_sizes(site, targets.values())} px).")
        click.echo(f"Read by {', '.join(f'{opponent.name} {opponent.version}' for opponent in present)}.")
        if installed.missing or installed.broken:
            click.echo(_absent(installed))
        click.echo("\n" + ROW.format("difficulty", "program", "as it is", "best way", "95 % interval", "which"))
        for name, difficulty in targets.items():
            drawn = [site.draw(difficulty, number) for number in range(pictures)]
            samples = [Sample(one.png, one.answers) for one in drawn]
            for opponent in present:
                click.echo(_row(name, opponent, attack(opponent, samples, quick_ways(opponent))))
    except AttackError as error:
        raise click.ClickException(str(error)) from error
    click.echo(CAVEAT.format(ways=_range([len(quick_ways(opponent)) for opponent in present])))


def _targets(wanted: tuple[Difficulty, ...]) -> dict[str, Difficulty]:
    """Return the requested difficulties, or every preset and the site's own difficulty."""
    if wanted:
        return {difficulty.name or "own": difficulty for difficulty in wanted}
    own = current_state().difficulty
    return options.presets() if own.name else {**options.presets(), "own": own}


def _sizes(site: PreviewRenderer, difficulties: Iterable[Difficulty]) -> str:
    sizes = dict.fromkeys(difficulty.picture_size(site.appearance.size) for difficulty in difficulties)
    return " and ".join(f"{width} x {height}" for width, height in sizes)


def _absent(installed: Installed) -> str:
    """Return a line for each package that isn't installed or can't be loaded."""
    missing = [f"Not installed: {error.program}. To install it: {error.remedy}" for error in installed.missing]
    return "\n".join([*missing, *(f"Not loaded: {error}" for error in installed.broken)])


def _row(name: str, opponent: Opponent, outcome: Outcome) -> str:
    plain, best = outcome.plain, outcome.share(outcome.best)
    low, high = best.wilson()
    return ROW.format(
        name,
        opponent.name,
        f"{plain.hits} ({plain.rate:.1%})",
        f"{best.hits} ({best.rate:.1%})",
        f"{low * 100:.1f} to {high * 100:.1f} %",
        str(outcome.best) if best.hits else "none",
    )


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"
