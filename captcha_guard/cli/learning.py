"""``flask captcha-guard filter-stats | retrain | tidy``: shows how much the filter has learned, and maintains it."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..extension import CaptchaGuard
from .lookup import missing


@click.command("filter-stats")
@with_appcontext
def filter_stats() -> None:
    """Show how much the filter has been taught."""
    taught = CaptchaGuard().filter_stats()
    click.echo(f"Taught: {taught.ham} ham and {taught.spam} spam.")
    click.echo(f"Kept: {taught.decisions} decisions, {taught.tokens} tokens.")
    click.echo("The filter decides." if taught.speaks else missing(taught))


@click.command("retrain")
@with_appcontext
def retrain() -> None:
    """Train the filter again with all stored decisions.

    Training starts from zero and uses each decision ten times, in random order. Running this once a night is enough.
    """
    count = CaptchaGuard().retrain()
    click.echo(f"Trained again with {count} decision{'' if count == 1 else 's'}.")


@click.command("tidy")
@with_appcontext
def tidy() -> None:
    """Run the maintenance that is due.

    Comments that were set aside 30 days ago are learned as spam, and published comments that stayed unmarked for 30
    days are learned as good. Pending reports are sent to services, and the filter is trained again if it is time to.
    The guard does this itself from time to time after a comment. On a site with few comments, run this command with
    cron.
    """
    done = CaptchaGuard().tidy()
    click.echo(f"Learned as spam after 30 days aside: {done.learned_aside}. Sent to services: {done.services_run}.")
    click.echo(f"Learned as good after 30 days without a mark: {done.learned_unmarked}.")
    if done.retrained:
        click.echo(f"Trained again with {done.retrained} decisions.")
