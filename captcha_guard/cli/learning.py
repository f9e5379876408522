"""``flask captcha-guard filter-stats | retrain | tidy``: how much the filter knows, and its housekeeping."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..extension import CaptchaGuard
from .lookup import missing


@click.command("filter-stats")
@with_appcontext
def filter_stats() -> None:
    """Tell how much the filter was taught."""
    taught = CaptchaGuard().filter_stats()
    click.echo(f"Taught: {taught.ham} ham and {taught.spam} spam.")
    click.echo(f"Kept: {taught.decisions} decisions, {taught.tokens} tokens.")
    click.echo("The filter decides." if taught.speaks else missing(taught))


@click.command("retrain")
@with_appcontext
def retrain() -> None:
    """Learn all kept decisions again.

    Each is learned ten times over, from nothing, in no order. Once a night is a good time for it.
    """
    count = CaptchaGuard().retrain()
    click.echo(f"Learned again: {count} decision{'' if count == 1 else 's'}.")


@click.command("tidy")
@with_appcontext
def tidy() -> None:
    """Do what has come due.

    What stayed aside for 30 days is learned as spam, and services are told what they should hear. The guard does so by
    itself now and then after a comment; a site with few of them can let cron do it.
    """
    done = CaptchaGuard().tidy()
    click.echo(f"Learned as spam, for nobody rescued it: {done.learned_aside}. Told to services: {done.services_run}.")
