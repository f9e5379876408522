"""Deletes what was sent to services and what waits to be sent, also after the services were switched off."""

from __future__ import annotations

from ...database.database import Database
from ...database.retention import sweep
from . import outbox, sent_forms


def add_tables(database: Database) -> None:
    """Add the tables of services to a database."""
    database.add_tables(sent_forms.TABLE, outbox.TABLE)


def expire(database: Database, now: float) -> int | None:
    """Delete what has expired. Returns how many forms and tasks, or ``None`` if the database can't be used.

    :param now: seconds since 1970.
    """
    tasks = outbox.expire(database, now)
    forms = sweep(database, (sent_forms.RETENTION,), now)
    return None if tasks is None or forms is None else tasks + forms


def forget(database: Database, key: str) -> None:
    """Delete what was sent about the comment with this key, and what waits to be sent about it.

    :raises DatabaseUnavailableError: the database can't be used, so the data may still be there.
    """
    with database.writing() as access:
        outbox.cancel_all(access, key)
        sent_forms.SentForms(access).forget(key)
