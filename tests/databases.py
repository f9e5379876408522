"""The kinds of database for the judge's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from captcha_guard.database.alchemy import AlchemyDatabase
from captcha_guard.database.database import Database
from captcha_guard.database.sqlite import SQLiteDatabase

DATABASES = ["sqlite", "sqlalchemy", pytest.param("postgresql", marks=pytest.mark.postgresql)]


def opener(request: pytest.FixtureRequest, path: Path) -> Callable[[], Database]:
    """Return a function that opens a database of the kind in ``request.param``, each time as another process would."""
    if request.param == "sqlite":
        return lambda: SQLiteDatabase(path)
    uri = f"sqlite:///{path}" if request.param == "sqlalchemy" else request.getfixturevalue("postgresql").database()
    return lambda: AlchemyDatabase(uri)
