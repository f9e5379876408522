"""The judge's database wherever SQLAlchemy can keep it, for the hosts that share it (an extra)."""

from __future__ import annotations

import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ..config.validators import without_password
from ..errors import ConfigError
from .database import Access, Database, Query
from .pipeline import PipelineAccess, Prefetch, has_pipelines
from .table import Kind, Row, Table, alchemy_tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, TextClause

#: The table whose one row a writer holds until its transaction ends, so that writers come one after another.
TURN: Final = Table("judge_turn", {"id": Kind.WHOLE, "turn": Kind.WHOLE}, key=("id",), first=(1, 0))

_MARK: Final = re.compile(r":(\w+)")
_TAKE_TURN: Final = "UPDATE judge_turn SET turn = turn + 1 WHERE id = 1"
_UPSERT: Final = re.compile(r"ON CONFLICT \([^)]*\) DO UPDATE SET")
_IF_NEW: Final = "DO NOTHING"
#: Seconds to connect to PostgreSQL, the least that libpq knows.
_CONNECT: Final = 2
#: A host that dies in its turn keeps the others waiting for so long; PostgreSQL ends it then.
_DEAD: Final = "10s"


class AlchemyDatabase(Database):
    """The tables in the database of a SQLAlchemy URL.

    :param timeout: seconds to wait for another writer, in PostgreSQL.
    :raises ConfigError: SQLAlchemy is missing, or can't read the URL.
    """

    def __init__(self, uri: str, *, timeout: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        where = without_password(uri)
        super().__init__(where, clock=clock)
        try:
            from sqlalchemy import create_engine, event, make_url  # noqa: PLC0415 (an extra)
            from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError  # noqa: PLC0415 (the same)
        except ImportError as error:
            raise ConfigError(f"{where!r} needs SQLAlchemy, which isn't installed: pip install sqlalchemy") from error
        try:
            url = make_url(uri)
            options: dict[str, Any] = {"hide_parameters": True}
            if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
                options["connect_args"] = {"connect_timeout": _CONNECT}
            self._has_pipelines = has_pipelines(url)
            if self._has_pipelines:
                options["isolation_level"] = "AUTOCOMMIT"  # the pipeline has its own BEGIN
            self._engine: Engine = create_engine(url, **options)
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
            said = str(error).replace(uri, where)
            raise ConfigError(f"{where!r} isn't a database that SQLAlchemy can open: {said}") from None
        # known only once SQLAlchemy is here; in pipelines the driver's own errors are raised
        self._faults = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error)  # type: ignore[misc]
        if self._engine.dialect.name == "postgresql":
            event.listen(self._engine, "connect", lambda connection, _: _bound_waits(connection, timeout))
        self._tables: dict[str, Table] = {TURN.name: TURN}
        self._dropped: tuple[str, ...] = ()
        self._made = (0, 0, 0)  # in which process, how many of the tables, how many deleted ones
        self._making = threading.Lock()
        self._process = [os.getpid()]  # whose the connections of the pool are
        self._local = threading.local()
        weakref.finalize(self, _dispose, self._engine, self._process)

    def keep(self, *tables: Table) -> None:
        """Have these tables made when the database is used next."""
        self._tables.update({table.name: table for table in tables})

    def drop(self, *names: str) -> None:
        """Have the tables with these names deleted when the database is used next."""
        self._dropped += names

    def close(self) -> None:
        """Close the pool; its next use opens it again."""
        self._engine.dispose()

    @contextmanager
    def prefetching(self, queries: Callable[[], Iterable[Query]]) -> Iterator[None]:
        """Return a context in which the calling thread will read these queries: all at once, where that is possible."""
        self._local.prefetch = Prefetch(queries) if self._has_pipelines else None
        try:
            yield
        finally:
            self._local.prefetch = None

    def _reading(self) -> AbstractContextManager[Access]:
        self._make()
        if self._has_pipelines:
            return closing(PipelineAccess(self._engine, getattr(self._local, "prefetch", None)))
        return self._reading_plainly()

    def _writing(self) -> AbstractContextManager[Access]:
        self._make()
        if self._has_pipelines:
            self._local.prefetch = None
            return self._writing_in_pipelines()
        return self._writing_plainly()

    @contextmanager
    def _writing_in_pipelines(self) -> Iterator[Access]:
        with closing(PipelineAccess(self._engine)) as access:
            access.change("BEGIN", [()])
            access.change(_TAKE_TURN, [()])
            yield access
            access.commit()

    @contextmanager
    def _reading_plainly(self) -> Iterator[Access]:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield _AlchemyAccess(connection, again=True)

    @contextmanager
    def _writing_plainly(self) -> Iterator[Access]:
        with self._engine.connect() as connection:
            access = _AlchemyAccess(connection, again=True)
            access.run(_TAKE_TURN)
            access.again = False  # what was begun can't go on over another connection
            yield access
            connection.commit()

    def _make(self) -> None:
        """Make the tables that are missing and delete old ones, once in each process."""
        if self._made == (os.getpid(), len(self._tables), len(self._dropped)):
            return
        with self._making:
            if self._process != [os.getpid()]:  # a fork must not talk through its parent's connections
                self._engine.dispose(close=False)
                self._process[:] = [os.getpid()]
            tables = list(self._tables.values())
            self._create(tables)
            for table in tables:
                self._put_first(table)
            dropped = self._dropped
            for name in dropped:
                self._drop(name)
            self._made = (os.getpid(), len(tables), len(dropped))

    def _drop(self, name: str) -> None:
        from sqlalchemy import text  # noqa: PLC0415 (an extra)

        with self._engine.begin() as connection:
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))

    def _create(self, tables: list[Table]) -> None:
        from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError  # noqa: PLC0415 (an extra)

        for left in reversed(range(1 + len(tables) + sum(len(table.indexes) for table in tables))):
            try:
                alchemy_tables(tables).create_all(self._engine)
                break
            except (IntegrityError, OperationalError, ProgrammingError):  # another process has made the next one
                if not left:
                    raise

    def _put_first(self, table: Table) -> None:
        from sqlalchemy import text  # noqa: PLC0415 (an extra)
        from sqlalchemy.exc import IntegrityError  # noqa: PLC0415 (the same)

        if table.first is None:
            return
        [key], [number, *_] = table.key, table.first
        try:
            with self._engine.begin() as connection:
                there = connection.execute(text(f"SELECT 1 FROM {table.name} WHERE {key} = {number}")).all()  # noqa: S608 (our own names)
                if not there:
                    connection.execute(*_bound(table.insert, "", [table.first]))
        except IntegrityError:  # another process has put it there
            pass


class _AlchemyAccess:
    """A connection of the pool; with ``again`` the first statement is repeated where the server had closed it."""

    def __init__(self, connection: Connection, *, again: bool) -> None:
        self._connection = connection
        self.again = again

    def rows(self, statement: str, values: Sequence[object] = ()) -> Sequence[Row]:
        return [tuple(map(_plain, row)) for row in self._execute(statement, [values])]

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        return int(self._execute(statement, [values]).rowcount)

    def change(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            self._execute(statement, rows)

    def _execute(self, statement: str, rows: Sequence[Sequence[object]]) -> Any:
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 (an extra)

        clause, given = _bound(statement, self._connection.dialect.name, rows)
        try:
            return self._connection.execute(clause, given)
        except DBAPIError as error:
            if not (self.again and error.connection_invalidated):
                raise
            self.again = False
            self._connection.rollback()
            return self._connection.execute(clause, given)


def _dispose(engine: Engine, process: list[int]) -> None:
    if process == [os.getpid()]:
        engine.dispose()


def _bound_waits(connection: Any, seconds: float) -> None:
    """Limit how long a statement waits for others, and how long an idle transaction keeps others waiting."""
    autocommit, connection.autocommit = connection.autocommit, True
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {max(1, round(1000 * seconds))}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{_DEAD}'")
    connection.autocommit = autocommit


def _bound(
    statement: str, dialect: str, rows: Sequence[Sequence[object]]
) -> tuple[TextClause, dict[str, object] | list[dict[str, object]]]:
    clause, marks = _clause(statement, dialect)
    given = [dict(zip(marks, values, strict=True)) for values in rows]
    return clause, given[0] if len(given) == 1 else given


@lru_cache(maxsize=256)
def _clause(statement: str, dialect: str) -> tuple[TextClause, list[str]]:
    from sqlalchemy import text  # noqa: PLC0415 (an extra)

    if dialect in ("mysql", "mariadb"):
        if statement.endswith(_IF_NEW):
            statement = statement.replace("INSERT INTO", "INSERT IGNORE INTO")
        statement = re.sub(rf" ON CONFLICT \([^)]*\) {_IF_NEW}$", "", statement)
        changed = _UPSERT.sub("ON DUPLICATE KEY UPDATE", statement)
        statement = re.sub(r"excluded\.(\w+)", r"VALUES(\1)", changed) if changed != statement else statement
    return text(statement), _MARK.findall(statement)


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value
