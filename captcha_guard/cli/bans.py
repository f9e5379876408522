"""``flask captcha-guard bans``: lists the banned clients, bans a client for some time, and ends a ban."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..extension import CaptchaGuard
from ..web.state import current_state
from .limits import client_of_word


@click.command("bans")
@click.option("--add", metavar="ADDRESS", help="Ban the client at this address.")
@click.option("--hours", type=float, help="How long the ban lasts, with --add. Default: 24.")
@click.option("--note", default="", help="A note for moderators, with --add.")
@click.option("--remove", metavar="ADDRESS", help="End the ban of the client at this address.")
@with_appcontext
def bans(add: str | None, hours: float | None, note: str, remove: str | None) -> None:
    """List the banned clients, ban a client, or end a ban.

    ADDRESS is an address as the log has it, a client's name if CAPTCHA_GUARD_CLIENT_KEY returns names, or a client's
    key as this list shows it.
    """
    if add is not None and remove is not None:
        raise click.UsageError("give either --add or --remove")
    if add is None and (hours is not None or note):
        raise click.UsageError("--hours and --note need --add")
    guard = CaptchaGuard()
    if add is not None:
        ban = guard.ban(_key(add, "--add"), seconds=3600 * (24.0 if hours is None else hours), note=note)
        click.echo(f"Banned until {ban.until:%Y-%m-%d %H:%M:%S} UTC: {ban.client}")
        return
    if remove is not None:
        ended = guard.unban(_key(remove, "--remove"))
        click.echo(f"{remove}: the ban has ended." if ended else f"{remove}: this client wasn't banned.")
        return
    for ban in (listed := guard.bans()):
        click.echo(f"{ban.client}  until {ban.until:%Y-%m-%d %H:%M:%S} UTC  {_printable(ban.note)}".rstrip())
    if not listed:
        click.echo("No client is banned.")


def _printable(note: str) -> str:
    """Return a note as one line that can't control the terminal."""
    return "".join(character if character.isprintable() else " " for character in note)


def _key(word: str, option: str) -> str:
    """Return the key of the client with this address, name or key."""
    if len(word) == 32 and set(word) <= set("0123456789abcdef"):
        return word
    return client_of_word(current_state(), word, option=option).key
