"""``flask captcha-guard filter-stats | retrain | tidy``: how much the filter knows, and its housekeeping."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..extension import CaptchaGuard
from .knowledge import missing


@click.command("filter-stats")
@with_appcontext
def filter_stats() -> None:
    """Tell how much the filter was taught, and whether it decides by now."""
    taught = CaptchaGuard().filter_stats()
    click.echo(f"Taught: {taught.ham} ham and {taught.spam} spam.")
    click.echo(f"Kept: {taught.decisions} decisions, {taught.tokens} tokens.")
    click.echo("The filter decides." if taught.speaks else missing(taught))


@click.command("retrain")
@with_appcontext
def retrain() -> None:
    """Learn all kept decisions again from nothing, ten times each; once a night is a good time for it."""
    count = CaptchaGuard().retrain()
    click.echo(f"Learned again: {count} decision{'' if count == 1 else 's'}.")


@click.command("tidy")
@with_appcontext
def tidy() -> None:
    """Do what is due: learn what stayed aside for 30 days as spam, and tell the services what they should hear.

    The guard does so by itself now and then after a comment; a site with few of them can let cron do it.
    """
    done = CaptchaGuard().tidy()
    click.echo(f"Learned as spam, for nobody rescued it: {done.learned_aside}. Told to services: {done.services_run}.")
