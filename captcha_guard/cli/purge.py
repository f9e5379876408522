"""``flask captcha-guard purge``: delete what has expired now, rather than little by little."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from ..counters.storages.sqlite import SQLiteStorage
from ..counters.store import faults_of
from ..database.corruption import set_aside_before
from ..web.state import current_state


@click.command("purge")
@with_appcontext
def purge() -> None:
    """Delete what has expired.

    Counts, spent codes, and what is remembered of comments go a little with every write; this takes all of it at once
    and gives the room back to the disk. Nothing that still counts is touched: a code that was spent stays spent. To
    forget limits that still count there is: flask captcha-guard limits --key ADDRESS --clear.
    """
    state = current_state()
    storage = state.storage
    purged = state.moderation.purge(state.clock())
    counts = {
        "Judge's memory": purged.remembered,
        "Cases of judged comments": purged.cases,
        "Sent to services, or waiting for them": purged.sent,
    }
    for what, count in counts.items():
        click.echo(f"{what}: " + ("not deleted." if count is None else f"{_rows(count)} deleted."))
    if isinstance(storage, SQLiteStorage):
        _purge_counters(storage)
    else:
        click.echo(f"Counters: {type(storage).__name__} lets go of what has expired by itself.")
    if None in counts.values():
        raise click.ClickException(
            f"What is remembered of comments could not be deleted: {state.database.where} can't be used, and the log "
            "says why. Mend that, and run this again."
        )


def _purge_counters(storage: SQLiteStorage) -> None:
    path = Path(storage.storage)
    before = _size(path)
    try:
        swept = storage.sweep()
    except faults_of(storage) as error:
        raise click.ClickException(f"The counters in {path} can't be used: {error}") from error
    click.echo(
        f"Counters: {_rows(swept)} of limits and spent codes deleted; {path} has {_size(path)}, it had {before}."
    )
    for aside in set_aside_before(path):
        click.echo(f"Set aside as corrupt, and yours to look at and delete: {aside}, {_size(aside)}")


def _rows(count: int) -> str:
    return f"{count:,} expired row" + ("" if count == 1 else "s")


def _size(path: Path) -> str:
    octets = sum(one.stat().st_size for one in (path, path.with_name(f"{path.name}-wal")) if one.exists())
    return f"{octets / 1_000_000:.1f} MB"
