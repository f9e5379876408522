"""Opens the judge's database by its URI."""

from __future__ import annotations

from pathlib import Path

from .alchemy import AlchemyDatabase
from .database import Database
from .sqlite import SQLiteDatabase


def open_database(uri: str, *, timeout: float = 1.0) -> Database:
    """Return the database for a URI: a SQLite file for ``sqlite:///`` and a path, otherwise a SQLAlchemy database.

    It connects at first use.

    :param timeout: seconds to wait for another writer.
    :raises ConfigError: SQLAlchemy is needed and isn't installed, or can't read the URI.
    """
    scheme, _, path = uri.partition(":///")
    if scheme == "sqlite" and path and path != ":memory:" and "?" not in path:
        return SQLiteDatabase(Path(path), timeout=timeout)
    return AlchemyDatabase(uri, timeout=timeout)
