"""The interface of the judge's database, and what happens while it can't be used."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Final, Protocol, TypeVar

from ..errors import DatabaseUnavailableError, StoreUnavailableError
from ..health import Health
from .table import Row, Table

_Result = TypeVar("_Result")

#: A statement that reads, with its values.
Query = tuple[str, tuple[object, ...]]

#: For the log: what doesn't work while the database can't be used.
MEANWHILE: Final = (
    "the learning filter abstains, authors and clients count as new, bans have no effect, comments can't be taught by "
    "their id, and statistics wait in memory"
)


class Access(Protocol):
    """A transaction, or a connection for reading. ``values`` are in the order of a statement's ``:placeholders``."""

    def rows(self, statement: str, values: Sequence[object] = ()) -> Sequence[Row]:
        """Run a statement that reads, and return its rows."""

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement that writes, and return the number of rows that it wrote or deleted."""

    def change(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement that writes, once for each row of values."""


class Database(ABC):
    """A database that any number of threads and processes share, and on a server also hosts.

    Each user adds its tables with :meth:`add_tables`. Missing tables are created at the next use. Only one transaction
    runs at a time, so what it reads isn't changed by others before it ends.

    After two faults in a row, :meth:`read` and :meth:`write` don't use the database for two seconds, so that a database
    that hangs doesn't delay every comment. The log has one line when this begins and one when it ends.

    :param where: the file or the server, without a password, for messages.
    :param clock: monotonic seconds.
    """

    _faults: ClassVar[tuple[type[Exception], ...]] = ()

    def __init__(self, where: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.where = where
        self._before: Callable[[], None] | None = None
        self.health = Health(
            (DatabaseUnavailableError,),
            name=f"The judge's database {where}",
            meanwhile=MEANWHILE,
            describe=lambda error: (
                f"{type(error.__cause__ or error).__name__}: {_first_line(error.__cause__ or error)}"
            ),
            clock=clock,
        )

    @property
    def is_missing(self) -> bool:
        """Whether nothing was stored yet, so that there is nothing to read."""
        return False

    def run_before_use(self, action: Callable[[], None]) -> None:
        """Call ``action`` before this process uses the database, and again if the database couldn't be used then."""
        self._before = action

    @abstractmethod
    def add_tables(self, *tables: Table) -> None:
        """Create these tables at the next use, where they are missing."""

    @abstractmethod
    def drop_tables(self, *names: str) -> None:
        """Delete the tables with these names at the next use."""

    @abstractmethod
    def close(self) -> None:
        """Close the calling thread's connection. The next use opens a new one."""

    def prefetching(self, _queries: Callable[[], Iterable[Query]]) -> AbstractContextManager[object]:
        """Return a context in which the calling thread needs the results of these queries.

        On a server, all of them may be read at once when the first result is needed, so later ones may be slightly out
        of date. A transaction of the same thread ends this. SQLite has no round trips, so it reads each when needed.
        """
        return nullcontext()

    def reading(self) -> AbstractContextManager[Access]:
        """Return a context for reading.

        :raises DatabaseUnavailableError: the database can't be used.
        """
        return _Translating(self, self._reading)

    def writing(self) -> AbstractContextManager[Access]:
        """Return a context with one transaction. It is committed at the end, or rolled back after an exception.

        :raises DatabaseUnavailableError: the database can't be used, or other writers kept the lock for too long.
        """
        return _Translating(self, self._writing)

    def read(self, query: Callable[[Access], _Result], *, insist: bool = False) -> _Result | None:
        """Return the result of ``query``, or ``None`` if the database can't be used.

        :param insist: try even during the pause after faults, because a moderator waits for this result only.
        """

        def read() -> _Result:
            with self.reading() as access:
                return query(access)

        try:
            return self.health.read(read, insist=insist)
        except StoreUnavailableError:
            return None

    def write(self, action: Callable[[Access], _Result], *, insist: bool = False) -> _Result | None:
        """Call ``action`` in a transaction, and return its result.

        Returns ``None`` if the database can't be used. Nothing was written then.

        :param insist: as :meth:`read`.
        """

        def write() -> _Result:
            with self.writing() as access:
                return action(access)

        try:
            return self.health.write(write, insist=insist)
        except StoreUnavailableError:
            return None

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Access]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Access]: ...

    def _failed(self, error: BaseException) -> None:  # noqa: B027 - not every database needs it
        """Prepare the next use after this error of the database."""

    def _prepare(self) -> None:
        action, self._before = self._before, None
        if action is None:
            return
        try:
            action()
        except DatabaseUnavailableError:
            self._before = action
            raise


class _Translating:
    """A context of the database that turns its errors into ``DatabaseUnavailableError``."""

    __slots__ = ("_context", "_database", "_open")

    def __init__(self, database: Database, open_context: Callable[[], AbstractContextManager[Access]]) -> None:
        self._database = database
        self._open = open_context

    def __enter__(self) -> Access:
        self._database._prepare()
        try:
            self._context = self._open()
            return self._context.__enter__()
        except self._database._faults as error:
            raise self._unavailable(error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        try:
            self._context.__exit__(kind, error, traceback)
        except self._database._faults as fault:
            raise self._unavailable(fault) from fault
        if isinstance(error, self._database._faults):
            raise self._unavailable(error) from error

    def _unavailable(self, error: BaseException) -> DatabaseUnavailableError:
        self._database._failed(error)
        return DatabaseUnavailableError(
            f"The judge's database {self._database.where} can't be used: {_first_line(error)}"
        )


def _first_line(error: BaseException) -> str:
    """Return the first line of a message. SQLAlchemy adds lines with the statement and a link."""
    return str(error).partition("\n")[0]
