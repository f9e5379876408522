"""Describes a table once, for SQLite's own statements and for SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlalchemy import MetaData
    from sqlalchemy.types import TypeEngine

Row = tuple[Any, ...]


class Kind(Enum):
    """The type of a column.

    ``KEY`` is text of up to 64 characters and ``HASH`` up to 64 bytes, so that every database can index them.
    """

    WHOLE = auto()
    REAL = auto()
    KEY = auto()
    TEXT = auto()
    HASH = auto()
    BYTES = auto()


_SQLITE: Final = {
    Kind.WHOLE: "INTEGER",
    Kind.REAL: "REAL",
    Kind.KEY: "TEXT",
    Kind.TEXT: "TEXT",
    Kind.HASH: "BLOB",
    Kind.BYTES: "BLOB",
}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table: its columns with their kinds, and the columns of its primary key.

    ``optional`` columns may be NULL. No two rows have the same values in all the ``unique`` columns. ``indexes`` has
    the columns of each index by its name. ``numbered`` means that the database chooses the key, each number once.
    ``first`` is a row that is added when the table is created.
    """

    name: str
    columns: Mapping[str, Kind]
    key: tuple[str, ...]
    optional: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbered: bool = False
    first: Row | None = None

    @property
    def insert(self) -> str:
        """The statement that adds a row, with a placeholder for each column."""
        return f"INSERT INTO {self.name} VALUES ({', '.join(f':{name}' for name in self.columns)})"  # noqa: S608 (our own names)

    @property
    def select(self) -> str:
        """The statement that reads all columns, in their order."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name}"  # noqa: S608 (our own names)

    def upsert(self, *changed: str, rows: int = 1) -> str:
        """Return the statement that adds rows, or changes columns (by default all but the key) where the key exists."""
        others = changed or tuple(name for name in self.columns if name not in self.key)
        changes = ", ".join(f"{name} = excluded.{name}" for name in others)
        more = "".join(f", ({', '.join(f':{name}_{number}' for name in self.columns)})" for number in range(1, rows))
        return f"{self.insert}{more} ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {changes}"


def sqlite_schema(tables: Iterable[Table]) -> Iterator[str | tuple[str, str]]:
    """Return the steps that create the tables in a SQLite file, for ``Connections``."""
    for table in tables:
        rowid = len(table.key) == 1 and table.columns[table.key[0]] is Kind.WHOLE
        parts = []
        for name, kind in table.columns.items():
            key = " PRIMARY KEY" + (" AUTOINCREMENT" if table.numbered else "") if rowid and name in table.key else ""
            parts.append(f"{name} {_SQLITE[kind]}{key}{'' if key or name in table.optional else ' NOT NULL'}")
        parts += [] if rowid else [f"PRIMARY KEY ({', '.join(table.key)})"]
        parts += [f"UNIQUE ({', '.join(table.unique)})"] if table.unique else []
        yield f"CREATE TABLE IF NOT EXISTS {table.name} ({', '.join(parts)}){'' if rowid else ' WITHOUT ROWID'}"
        for name, columns in table.indexes.items():
            yield f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({', '.join(columns)})"
        if table.first is not None:
            values = ", ".join(map(str, table.first))
            [key] = table.key
            exists = f"SELECT 1 FROM {table.name} WHERE {key} = {table.first[0]}"  # noqa: S608 (our own row)
            yield exists, f"INSERT INTO {table.name} VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608 (the same)


def alchemy_tables(tables: Iterable[Table]) -> MetaData:
    """Return the tables for SQLAlchemy."""
    from sqlalchemy import Column, Index, MetaData, UniqueConstraint  # noqa: PLC0415 (an extra)
    from sqlalchemy import Table as AlchemyTable  # noqa: PLC0415 (the same)

    types, metadata = _alchemy_types(), MetaData()
    for table in tables:
        columns = [
            Column(
                name,
                types[kind],
                primary_key=name in table.key,
                autoincrement=table.numbered,
                nullable=name in table.optional,
            )
            for name, kind in table.columns.items()
        ]
        unique = [UniqueConstraint(*table.unique)] if table.unique else []
        one = AlchemyTable(table.name, metadata, *columns, *unique, sqlite_autoincrement=table.numbered)
        for name, indexed in table.indexes.items():
            Index(name, *(one.c[column] for column in indexed))
    return metadata


def _alchemy_types() -> dict[Kind, TypeEngine[Any]]:
    from sqlalchemy import BigInteger, Double, Integer, LargeBinary, String, Text  # noqa: PLC0415 (an extra)
    from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT, VARBINARY, VARCHAR  # noqa: PLC0415 (the same)

    mysql = ("mysql", "mariadb")
    return {
        Kind.WHOLE: BigInteger().with_variant(Integer(), "sqlite"),
        Kind.REAL: Double(),
        Kind.KEY: String(64).with_variant(VARCHAR(64, collation="utf8mb4_bin"), *mysql),  # by default "é" equals "e"
        Kind.HASH: LargeBinary().with_variant(VARBINARY(64), *mysql),
        Kind.TEXT: Text().with_variant(LONGTEXT(), *mysql),
        Kind.BYTES: LargeBinary().with_variant(LONGBLOB(), *mysql),
    }
