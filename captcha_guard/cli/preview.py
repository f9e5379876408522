"""``flask captcha-guard preview``: draws a sheet of this site's pictures, in the current and in future styles."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click
from flask.cli import with_appcontext

from ..challenge.difficulty import Difficulty
from ..web.state import current_state
from . import options
from .contact_sheet import Cell, Row, contact_sheet
from .preview_renderer import Drawn, PreviewRenderer

#: The number of pictures in a row if neither codes nor several difficulties are given.
COLUMNS = 3


class Version(NamedTuple):
    """One of the site's styles: its renderer, its epoch and its heading."""

    renderer: PreviewRenderer
    epoch: int
    heading: str


@click.command("preview")
@options.difficulty_option("the site's own")
@click.option("--styles", type=click.IntRange(1, 60), default=6, show_default=True, help="How many styles.")
@click.option("--codes", callback=options.codes, help="The codes to draw, such as 7ACD4,KW39H; default: random ones.")
@click.option("--scale", type=click.IntRange(1, 2), default=1, show_default=True, help="2: for high-density screens.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="captcha-guard-preview.png",
    show_default=True,
    help="The PNG to write.",
)
@with_appcontext
def preview(wanted: tuple[Difficulty, ...], styles: int, codes: tuple[str, ...] | None, scale: int, out: Path) -> None:
    """Draw a sheet of this site's pictures.

    The first row shows the current style. The other rows show the styles of the next periods or, if
    CAPTCHA_GUARD_STYLE_ROTATION is 0, the styles of new seeds, which are printed above the rows.
    """
    if out.suffix.lower() != ".png":
        raise click.BadParameter(f"{out} doesn't end in .png; the command writes a PNG", param_hint="--out")
    difficulties = wanted or (current_state().difficulty,)
    versions = _versions(PreviewRenderer.of_this_site(), styles)
    try:
        table = [_pictures(version, difficulties, codes, scale) for version in versions]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--codes") from error
    rows = [
        Row(version.heading, [_cell(*picture) for picture in pictures])
        for version, pictures in zip(versions, table, strict=True)
    ]
    replaced = " (replaced an existing file)" if out.exists() else ""
    try:
        contact_sheet(rows, scale=scale).save(out, "PNG", optimize=True)
    except OSError as error:
        raise click.BadParameter(f"{out} can't be written: {error.strerror or error}", param_hint="--out") from error
    pictures = sum(map(len, table))
    counted = f"{len(rows)} style{'' if len(rows) == 1 else 's'}, {pictures} picture{'' if pictures == 1 else 's'}"
    click.echo(f"{out} written{replaced}: {counted}.")
    click.echo(_cost([drawn for pictures in table for _, drawn in pictures]))


def _versions(site: PreviewRenderer, styles: int) -> list[Version]:
    """Return the current style and ``styles - 1`` others."""
    now, rotation = site.epoch(site.clock()), site.appearance.rotation
    if rotation:
        coming = [
            Version(site, now + step, f"Style {now + step}, from {_day((now + step) * rotation)}")
            for step in range(1, styles)
        ]
        return [Version(site, now, f"Style {now}, in use until {_day((now + 1) * rotation)}"), *coming]
    # Long and random, because with the seed an attacker can draw the site's pictures and train a solver on them.
    seeds = [secrets.token_hex(8) for _ in range(styles - 1)]
    others = [
        Version(
            site.with_appearance(replace(site.appearance, style_seed=seed.encode())),
            now,
            f'CAPTCHA_GUARD_STYLE_SEED = "{seed}"',
        )
        for seed in seeds
    ]
    return [Version(site, now, "Style in use"), *others]


def _pictures(
    version: Version, difficulties: Sequence[Difficulty], codes: Sequence[str] | None, scale: int
) -> list[tuple[Difficulty, Drawn]]:
    wanted = codes or ("",) * (COLUMNS if len(difficulties) == 1 else 1)
    return [
        (difficulty, version.renderer.timed(difficulty, number, code=code, epoch=version.epoch, scale=scale))
        for difficulty in difficulties
        for number, code in enumerate(wanted)
    ]


def _cell(difficulty: Difficulty, drawn: Drawn) -> Cell:
    return Cell(drawn.png, f"{difficulty.name or 'own'}, {drawn.code}, {drawn.ms:.1f} ms, {len(drawn.png):,} bytes")


def _cost(drawn: Sequence[Drawn]) -> str:
    ms, size = [one.ms for one in drawn], [len(one.png) for one in drawn]
    return (
        f"A picture takes {median(ms):.1f} ms (at most {max(ms):.1f}) "
        f"and {median(size):,.0f} bytes (at most {max(size):,})."
    )


def _day(at: int) -> str:
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.day} {day:%b %Y}"
