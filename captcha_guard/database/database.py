"""The judge's database: what can be asked of it, and what happens while it can't be used."""

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

#: A statement that reads, and its values.
Query = tuple[str, tuple[object, ...]]

#: What a site goes without while its database can't be used, for the log.
MEANWHILE: Final = (
    "the learning filter abstains, authors and clients count as new, and comments can't be taught by their id"
)


class Access(Protocol):
    """One transaction, or reading without one. ``values`` stand in the order of a statement's ``:marks``."""

    def rows(self, statement: str, values: Sequence[object] = ()) -> Sequence[Row]:
        """Run a statement that reads; returns its rows."""

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement that writes; returns how many rows it wrote or deleted."""

    def change(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement that writes, once for each row of values."""


class Database(ABC):
    """Tables that any number of threads, processes and, on a server, hosts share.

    Each user names its tables by :meth:`keep`; they are made on first use where they are missing. Writers take turns:
    nothing that one of them reads in its transaction is changed by another before it is over.

    After two faults in a row :meth:`read` and :meth:`write` leave the database alone for two seconds, so that one that
    hangs does not hold up every comment; the log has one line when that begins and one when it ends.

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
        """Whether nothing was kept yet, so that there is nothing to read."""
        return False

    def begin_with(self, act: Callable[[], None]) -> None:
        """Have ``act`` done before this process uses the database; again, where the database can't be used then."""
        self._before = act

    @abstractmethod
    def keep(self, *tables: Table) -> None:
        """Have these tables made when the database is used next."""

    @abstractmethod
    def drop(self, *names: str) -> None:
        """Have the tables with these names deleted when the database is used next."""

    @abstractmethod
    def close(self) -> None:
        """Close what the calling thread holds open; the next use opens it again."""

    def prefetching(self, _queries: Callable[[], Iterable[Query]]) -> AbstractContextManager[object]:
        """Return a context in which the calling thread will read these queries, and may read them all at once.

        They are read when the first of them is needed, so later ones may be a little out of date. A transaction of the
        same thread ends this. SQLite has no round trips, so nothing is read ahead there.
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

    def read(self, ask: Callable[[Access], _Result], *, insist: bool = False) -> _Result | None:
        """Return what ``ask`` reads; ``None`` where the database can't be used.

        :param insist: ask even while the database is left alone, where somebody waits for nothing but this answer.
        """

        def read() -> _Result:
            with self.reading() as access:
                return ask(access)

        try:
            return self.health.read(read, insist=insist)
        except StoreUnavailableError:
            return None

    def write(self, act: Callable[[Access], _Result], *, insist: bool = False) -> _Result | None:
        """Return what ``act`` does in one transaction; ``None``, and nothing is done, where it can't be used.

        :param insist: as :meth:`read`.
        """

        def write() -> _Result:
            with self.writing() as access:
                return act(access)

        try:
            return self.health.write(write, insist=insist)
        except StoreUnavailableError:
            return None

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Access]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Access]: ...

    def _begin(self) -> None:
        act, self._before = self._before, None
        if act is None:
            return
        try:
            act()
        except DatabaseUnavailableError:
            self._before = act
            raise


class _Translating:
    """A context of the database whose faults become ``DatabaseUnavailableError``."""

    __slots__ = ("_context", "_database", "_open")

    def __init__(self, database: Database, open_context: Callable[[], AbstractContextManager[Access]]) -> None:
        self._database = database
        self._open = open_context

    def __enter__(self) -> Access:
        self._database._begin()
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
        return DatabaseUnavailableError(
            f"The judge's database {self._database.where} can't be used: {_first_line(error)}"
        )


def _first_line(error: BaseException) -> str:
    """Return what went wrong; SQLAlchemy adds the statement and a link."""
    return str(error).partition("\n")[0]
