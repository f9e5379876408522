"""The judge's database on a server that several hosts share, through SQLAlchemy (an extra)."""

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

#: A transaction begins with an UPDATE of this table's only row, so the database runs one transaction after the other.
WRITER_LOCK: Final = Table("judge_turn", {"id": Kind.WHOLE, "turn": Kind.WHOLE}, key=("id",), first=(1, 0))

_PLACEHOLDER: Final = re.compile(r":(\w+)")
_LOCK_WRITERS: Final = "UPDATE judge_turn SET turn = turn + 1 WHERE id = 1"
_UPSERT: Final = re.compile(r"ON CONFLICT \([^)]*\) DO UPDATE SET")
_IF_NEW: Final = "DO NOTHING"
#: What SQLite says about a missing table. Servers have an error of their own for it.
_NO_TABLE: Final = "no such table"
#: Seconds to connect to PostgreSQL. libpq allows 2 or more.
_CONNECT_TIMEOUT: Final = 2
#: PostgreSQL ends a transaction that has been idle for this long. Its host may have crashed, and others wait for it.
_IDLE_TIMEOUT: Final = "10s"


class AlchemyDatabase(Database):
    """The database of a SQLAlchemy URL.

    :param timeout: seconds to wait for another writer, in PostgreSQL.
    :raises ConfigError: SQLAlchemy isn't installed, or can't read the URL.
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
                options["connect_args"] = {"connect_timeout": _CONNECT_TIMEOUT}
            self._has_pipelines = has_pipelines(url)
            if self._has_pipelines:
                options["isolation_level"] = "AUTOCOMMIT"  # the pipeline has its own BEGIN
            self._engine: Engine = create_engine(url, **options)
        except ModuleNotFoundError as error:
            driver = "psycopg[binary]" if error.name == "psycopg" else error.name
            raise ConfigError(f"{where!r} needs a driver that isn't installed: pip install '{driver}'") from None
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
            message = str(error).replace(uri, where)
            raise ConfigError(f"{where!r} isn't a database that SQLAlchemy can open: {message}") from None
        # Set here because SQLAlchemy is an extra. In pipelines the driver's own errors are raised.
        self._faults = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error)  # type: ignore[misc]
        if self._engine.dialect.name == "postgresql":
            event.listen(self._engine, "connect", lambda connection, _: _limit_waits(connection, timeout))
        self._tables: dict[str, Table] = {WRITER_LOCK.name: WRITER_LOCK}
        self._dropped: tuple[str, ...] = ()
        self._created = (0, 0, 0)  # the process, and how many tables it has created and deleted
        self._creating = threading.Lock()
        self._process = [os.getpid()]  # the process that opened the pool's connections
        self._local = threading.local()
        weakref.finalize(self, _dispose, self._engine, self._process)

    def add_tables(self, *tables: Table) -> None:
        """Create these tables at the next use, where they are missing."""
        self._tables.update({table.name: table for table in tables})

    def drop_tables(self, *names: str) -> None:
        """Delete the tables with these names at the next use."""
        self._dropped += names

    def close(self) -> None:
        """Close the pool's connections. The next use opens new ones."""
        self._engine.dispose()

    @contextmanager
    def prefetching(self, queries: Callable[[], Iterable[Query]]) -> Iterator[None]:
        """Return a context in which the calling thread needs these queries. With pipelines, they are read at once."""
        self._local.prefetch = Prefetch(queries) if self._has_pipelines else None
        try:
            yield
        finally:
            self._local.prefetch = None

    def _reading(self) -> AbstractContextManager[Access]:
        self._create_tables()
        if self._has_pipelines:
            return closing(PipelineAccess(self._engine, getattr(self._local, "prefetch", None)))
        return self._reading_without_pipeline()

    def _writing(self) -> AbstractContextManager[Access]:
        self._create_tables()
        if self._has_pipelines:
            self._local.prefetch = None
            return self._writing_with_pipeline()
        return self._writing_without_pipeline()

    @contextmanager
    def _writing_with_pipeline(self) -> Iterator[Access]:
        with closing(PipelineAccess(self._engine)) as access:
            access.change("BEGIN", [()])
            access.change(_LOCK_WRITERS, [()])
            yield access
            access.commit()

    @contextmanager
    def _reading_without_pipeline(self) -> Iterator[Access]:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield _AlchemyAccess(connection, retry=True)

    @contextmanager
    def _writing_without_pipeline(self) -> Iterator[Access]:
        with self._engine.connect() as connection:
            access = _AlchemyAccess(connection, retry=True)
            access.run(_LOCK_WRITERS)
            access.retry = False  # the transaction can't continue on another connection
            yield access
            connection.commit()

    def _failed(self, error: BaseException) -> None:
        """Create the tables again at the next use if one is missing, such as after a backup was restored."""
        if type(error).__name__ in ("UndefinedTable", "ProgrammingError") or _NO_TABLE in str(error):
            self._created = (0, 0, 0)

    def _create_tables(self) -> None:
        """Create the tables that are missing and delete old ones, once in each process."""
        if self._created == (os.getpid(), len(self._tables), len(self._dropped)):
            return
        with self._creating:
            if self._process != [os.getpid()]:  # a fork must not use its parent's connections
                self._engine.dispose(close=False)
                self._process[:] = [os.getpid()]
            tables = list(self._tables.values())
            self._create(tables)
            for table in tables:
                self._add_first_row(table)
            dropped = self._dropped
            for name in dropped:
                self._drop(name)
            self._created = (os.getpid(), len(tables), len(dropped))

    def _drop(self, name: str) -> None:
        from sqlalchemy import text  # noqa: PLC0415 (an extra)

        with self._engine.begin() as connection:
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))

    def _create(self, tables: list[Table]) -> None:
        from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError  # noqa: PLC0415 (an extra)

        for retries_left in reversed(range(1 + len(tables) + sum(len(table.indexes) for table in tables))):
            try:
                alchemy_tables(tables).create_all(self._engine)
                break
            except (IntegrityError, OperationalError, ProgrammingError):  # another process has created the next one
                if not retries_left:
                    raise

    def _add_first_row(self, table: Table) -> None:
        from sqlalchemy import text  # noqa: PLC0415 (an extra)
        from sqlalchemy.exc import IntegrityError  # noqa: PLC0415 (the same)

        if table.first is None:
            return
        [key], [number, *_] = table.key, table.first
        try:
            with self._engine.begin() as connection:
                exists = connection.execute(text(f"SELECT 1 FROM {table.name} WHERE {key} = {number}")).all()  # noqa: S608 (our own names)
                if not exists:
                    connection.execute(*_bound(table.insert, "", [table.first]))
        except IntegrityError:  # another process has added it
            pass


class _AlchemyAccess:
    """A connection of the pool. With ``retry``, the first statement is repeated if the server has closed it."""

    def __init__(self, connection: Connection, *, retry: bool) -> None:
        self._connection = connection
        self.retry = retry

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
            if not (self.retry and error.connection_invalidated):
                raise
            self.retry = False
            self._connection.rollback()
            return self._connection.execute(clause, given)


def _dispose(engine: Engine, process: list[int]) -> None:
    if process == [os.getpid()]:
        engine.dispose()


def _limit_waits(connection: Any, seconds: float) -> None:
    """Limit how long a statement waits for a lock, and how long an idle transaction can hold one."""
    autocommit, connection.autocommit = connection.autocommit, True
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {max(1, round(1000 * seconds))}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_TIMEOUT}'")
    connection.autocommit = autocommit


def _bound(
    statement: str, dialect: str, rows: Sequence[Sequence[object]]
) -> tuple[TextClause, dict[str, object] | list[dict[str, object]]]:
    clause, names = _clause(statement, dialect)
    given = [dict(zip(names, values, strict=True)) for values in rows]
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
    return text(statement), _PLACEHOLDER.findall(statement)


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value
