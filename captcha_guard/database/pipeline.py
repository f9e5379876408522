"""Runs statements on PostgreSQL in psycopg's pipeline mode, in which several of them take one round trip."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from .database import Query
from .table import Row

if TYPE_CHECKING:
    from psycopg import Connection, Cursor
    from sqlalchemy import URL, Engine, PoolProxiedConnection

_PLACEHOLDER: Final = re.compile(r":\w+")


def has_pipelines(url: URL) -> bool:
    """Return whether psycopg opens this URL and libpq is new enough for pipelines."""
    if (url.get_backend_name(), url.get_driver_name()) != ("postgresql", "psycopg"):
        return False
    from psycopg import Pipeline  # noqa: PLC0415 (an extra)

    return Pipeline.is_supported()


class PipelineAccess:
    """A connection of the pool, for one transaction or for reading.

    A statement without a result waits for the next one that has a result, and both take one round trip. If the server
    has closed the connection since it was last used, the first round trip is repeated over a new one.

    :param engine: its connections commit each statement outside of a transaction.
    :param prefetch: the queries that this thread reads ahead.
    """

    def __init__(self, engine: Engine, prefetch: Prefetch | None = None) -> None:
        self._engine = engine
        self._prefetch = prefetch
        self._waiting: list[Query] = []
        self._pooled: PoolProxiedConnection | None = None
        self._is_first = True

    def rows(self, statement: str, values: Sequence[object] = ()) -> Sequence[Row]:
        """Run a statement that reads, unless it was read ahead."""
        query = statement, tuple(values)
        return self.ask([query])[0] if self._prefetch is None else self._prefetch.rows(query, self.ask)

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement that writes, and return the number of rows that it wrote or deleted."""
        return self._send([(statement, tuple(values))])[0].rowcount

    def change(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement that writes, once for each row of values, in the next round trip."""
        self._waiting += [(statement, tuple(values)) for values in rows]

    def ask(self, queries: Sequence[Query]) -> list[Sequence[Row]]:
        """Return the rows of all queries, after one round trip."""
        return [cursor.fetchall() for cursor in self._send(queries)]

    def commit(self) -> None:
        """Commit the transaction."""
        if self._is_first:  # _send may repeat its first statements, and a COMMIT must not be repeated
            self._send([])
        self._send([("COMMIT", ())])

    def close(self) -> None:
        """Give the connection back to the pool, which rolls an unfinished transaction back."""
        if self._pooled is None:
            return
        if _driver(self._pooled).closed:
            self._pooled.invalidate()
        self._pooled.close()
        self._pooled = None

    def _send(self, queries: Sequence[Query]) -> list[Cursor[Row]]:
        """Run the waiting statements, then these queries. Returns the cursors of the queries."""
        from psycopg import OperationalError  # noqa: PLC0415 (an extra)

        is_first, self._is_first = self._is_first, False
        waiting, self._waiting = self._waiting, []
        try:
            return self._run(waiting, queries)
        except OperationalError:
            if not is_first or self._pooled is None or not _driver(self._pooled).closed:
                raise
            self.close()
            self._engine.dispose()  # the other connections of the pool are as old
            return self._run(waiting, queries)

    def _run(self, waiting: Iterable[Query], queries: Iterable[Query]) -> list[Cursor[Row]]:
        from psycopg import OperationalError  # noqa: PLC0415 (an extra)

        if self._pooled is None:
            self._pooled = self._engine.raw_connection()
        driver, cursors = _driver(self._pooled), []
        with driver.pipeline():
            try:
                for statement, values in waiting:
                    driver.execute(_with_placeholders(statement), values)
                for statement, values in queries:
                    cursors.append(driver.execute(_with_placeholders(statement), values))
            except OperationalError:
                if not driver.closed:
                    raise
                # The end of the pipeline raises that the connection is closed. It would log a second error.
        return cursors


class Prefetch:
    """Reads some queries ahead, in one round trip together with the first query that is needed.

    :param queries: returns the queries.
    """

    def __init__(self, queries: Callable[[], Iterable[Query]]) -> None:
        self._queries = queries
        self._known: dict[Query, Sequence[Row]] | None = None

    def rows(self, query: Query, ask: Callable[[Sequence[Query]], list[Sequence[Row]]]) -> Sequence[Row]:
        """Return the rows of a query, which may be one of those that were read ahead."""
        if self._known is None:
            queries = list(dict.fromkeys([*self._queries(), query]))
            self._known = dict(zip(queries, ask(queries), strict=True))
        found = self._known.get(query)
        return ask([query])[0] if found is None else found


def _driver(pooled: PoolProxiedConnection) -> Connection[Row]:
    return cast("Connection[Row]", pooled.driver_connection)


@lru_cache(maxsize=256)
def _with_placeholders(statement: str) -> bytes:
    """Return the statement with psycopg's placeholders."""
    return _PLACEHOLDER.sub("%s", statement.replace("%", "%%")).encode()
