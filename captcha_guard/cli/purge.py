"""``flask captcha-guard purge``: deletes all expired data at once."""

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
    """Delete all expired data.

    Normally each write deletes a few expired counts, used codes and remembered comments, and maintenance deletes
    expired statistics. This command deletes all of them at once and frees the disk space. Data that hasn't expired is
    kept, so a used code stays used. To clear limits that still apply, run: flask captcha-guard limits --key ADDRESS
    --clear.
    """
    state = current_state()
    storage = state.storage
    now = state.clock()
    purged = state.moderation.purge(now)
    counts = {
        "Judge's memory": purged.remembered,
        "Judged comments": purged.judged,
        "Sent to services, or waiting to be sent": purged.sent,
    }
    for table, count in counts.items():
        click.echo(_line(table, count))
    if isinstance(storage, SQLiteStorage):
        _purge_counters(storage)
    else:
        click.echo(f"Counters: {type(storage).__name__} deletes expired counters itself.")
    more = {
        "Statistics": state.recorder.sweep(now),
        "Bans": state.bans.sweep(now),
        "Records of submissions": state.records.sweep(now),
    }
    for table, count in more.items():
        click.echo(_line(table, count))
    if None in (*counts.values(), *more.values()):
        raise click.ClickException(
            f"some expired rows could not be deleted: {state.database.where} can't be used, and the log says "
            "why. Fix this, then run the command again."
        )


def _purge_counters(storage: SQLiteStorage) -> None:
    path = Path(storage.storage)
    before = _size(path)
    try:
        swept = storage.sweep()
    except faults_of(storage) as error:
        raise click.ClickException(f"the counters in {path} can't be used: {error}") from error
    click.echo(
        f"Counters: {_rows(swept)} of limits and used codes deleted. {path} had {before}, and now has {_size(path)}."
    )
    for aside in set_aside_before(path):
        click.echo(f"Corrupt copy, which you can inspect and delete: {aside}, {_size(aside)}")


def _line(table: str, count: int | None) -> str:
    return f"{table}: " + ("not deleted." if count is None else f"{_rows(count)} deleted.")


def _rows(count: int) -> str:
    return f"{count:,} expired row" + ("" if count == 1 else "s")


def _size(path: Path) -> str:
    size = sum(one.stat().st_size for one in (path, path.with_name(f"{path.name}-wal")) if one.exists())
    return f"{size / 1_000_000:.1f} MB"
