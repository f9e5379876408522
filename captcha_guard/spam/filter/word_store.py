"""The tables of the learning filter: tokens, decisions, and a model of one row.

A decision is a hash of the comment's key, a label, the rules' score and the numbers of its tokens. That is enough to
learn it again or to forget it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Final

from ...database.database import Access, Database, Query
from ...database.table import Kind, Row, Table
from ...errors import DatabaseUnavailableError
from .rows import Decision, Model, Token, decision_row, read_decision, read_token, token_row
from .source import TABLE as _SOURCES
from .source import Source

#: The most values of one ``IN (...)``. Their number is rounded up to a multiple, so that few different statements are
#: prepared.
_MOST: Final = 480
_ROUND: Final = 16

_MODEL: Final = Table(
    "learning_model",
    {
        "id": Kind.WHOLE,
        "version": Kind.WHOLE,
        "revision": Kind.WHOLE,
        "ham": Kind.WHOLE,
        "spam": Kind.WHOLE,
        "tokens": Kind.WHOLE,
        "decisions": Kind.WHOLE,
    },
    key=("id",),
    first=(1, 0, 0, 0, 0, 0, 0),
)
_TOKENS: Final = Table(
    "learning_tokens",
    {
        "id": Kind.WHOLE,
        "token": Kind.KEY,
        "weight": Kind.REAL,
        "squares": Kind.REAL,
        "ham": Kind.WHOLE,
        "spam": Kind.WHOLE,
    },
    key=("id",),
    unique=("token",),
)
_DECISIONS: Final = Table(
    "learning_decisions",
    {"id": Kind.WHOLE, "name": Kind.WHOLE, "spam": Kind.WHOLE, "rules": Kind.WHOLE, "tokens": Kind.BYTES},
    key=("id",),
    unique=("name",),
    indexes={"learning_decisions_by_label": ("spam", "id")},
)
_RETRAINED: Final = Table("learning_retrained", {"id": Kind.WHOLE, "decisions": Kind.WHOLE}, key=("id",), first=(1, 0))
#: The tables of the filter.
TABLES: Final = (_MODEL, _TOKENS, _DECISIONS)
#: Tables whose rows can be lost without harm: the last decision before the last training, and the counts of sources.
SIDE_TABLES: Final = (_RETRAINED, _SOURCES)

_READ_MODEL: Final = "SELECT version, revision, ham, spam, tokens, decisions FROM learning_model WHERE id = 1"
_RAISE_REVISION: Final = "UPDATE learning_model SET revision = revision + 1 WHERE id = 1"
_WRITE_MODEL: Final = (
    "UPDATE learning_model SET version = :version, ham = :ham, spam = :spam, tokens = :tokens, decisions = :decisions "
    "WHERE id = 1"
)
_READ_TOKENS: Final = "SELECT token, id, weight, squares, ham, spam FROM learning_tokens"
_READ_BOTH: Final = (
    "SELECT version, revision, model.ham, model.spam, tokens, decisions, "
    "token, known.id, weight, squares, known.ham, known.spam "
    "FROM learning_model AS model LEFT JOIN learning_tokens AS known ON token IN ({}) WHERE model.id = 1"
)
_ADD_TOKENS: Final = _TOKENS.insert
_WRITE_TOKENS: Final = (
    "UPDATE learning_tokens SET weight = :weight, squares = :squares, ham = :ham, spam = :spam WHERE id = :id"
)
_DELETE_TOKENS: Final = "DELETE FROM learning_tokens WHERE id = :id"
_DELETE_ALL_TOKENS: Final = "DELETE FROM learning_tokens"
_READ_DECISIONS: Final = _DECISIONS.select
_ADD_DECISION: Final = _DECISIONS.insert
_DELETE_DECISION: Final = "DELETE FROM learning_decisions WHERE id = :id"
_READ_RETRAINED: Final = "SELECT decisions FROM learning_retrained WHERE id = 1"
_WRITE_RETRAINED: Final = "UPDATE learning_retrained SET decisions = :decisions WHERE id = 1"
_READ_SOURCES: Final = "SELECT source, taught FROM learning_sources WHERE source IN ({})"
_WRITE_SOURCE: Final = _SOURCES.upsert("taught")
_COUNT_DECISIONS: Final = "SELECT COUNT(*) FROM learning_decisions"
_COUNT_TOKENS: Final = "SELECT COUNT(*) FROM learning_tokens"


class DamagedError(DatabaseUnavailableError):
    """The filter's tables contain values that it never wrote."""


class Reader:
    """Reads the tables. ``model`` is read first."""

    def __init__(self, access: Access) -> None:
        self._access = access
        [row] = access.rows(*first_query(()))
        self.model = Model.read(row)

    def tokens(self, names: Collection[str]) -> dict[str, Token]:
        """Return those of these tokens that are stored, by name."""
        return dict(self._tokens("token", names))

    def tokens_numbered(self, numbers: Collection[int]) -> dict[str, Token]:
        """Return the tokens with these numbers, by name."""
        return dict(self._tokens("id", numbers))

    def all_tokens(self) -> dict[str, Token]:
        """Return all tokens, by name."""
        return dict(map(read_token, self._access.rows(_READ_TOKENS, ())))

    def decision(self, name: int) -> Decision | None:
        """Return the decision with this name."""
        return self._one(f"{_READ_DECISIONS} WHERE name = :name", (name,))

    def oldest(self) -> Decision | None:
        """Return the oldest decision."""
        return self._one(f"{_READ_DECISIONS} ORDER BY id LIMIT 1", ())

    def decision_from(self, number: int, *, spam: bool) -> Decision | None:
        """Return the first decision with this label from ``number`` on, or the oldest one if there is none."""
        with_label = f"{_READ_DECISIONS} WHERE spam = :spam AND id >= :number ORDER BY id LIMIT 1"
        found = self._one(with_label, (int(spam), number))
        return found or self._one(with_label, (int(spam), 0))

    def decisions(self) -> list[Decision]:
        """Return all decisions, oldest first."""
        return [read_decision(row) for row in self._access.rows(f"{_READ_DECISIONS} ORDER BY id", ())]

    def decisions_since_training(self) -> int:
        """Return the number of decisions since the filter was last trained from scratch."""
        [(decisions,)] = self._access.rows(_READ_RETRAINED, ())
        return self.model.last_decision - int(decisions)

    def sizes(self) -> tuple[int, int]:
        """Return the numbers of tokens and of decisions."""
        [(tokens,)] = self._access.rows(_COUNT_TOKENS, ())
        [(decisions,)] = self._access.rows(_COUNT_DECISIONS, ())
        return int(tokens), int(decisions)

    def _one(self, statement: str, values: Row) -> Decision | None:
        rows = self._access.rows(statement, values)
        return read_decision(rows[0]) if rows else None

    def _tokens(self, column: str, wanted: Collection[str] | Collection[int]) -> Iterator[tuple[str, Token]]:
        rest = iter(wanted)
        while chunk := list(islice(rest, _MOST)):
            values = _rounded(chunk)
            yield from map(read_token, self._access.rows(_read_tokens(column, len(values)), values))


class PrefetchingReader(Reader):
    """Reads the model and the tokens with these names in one statement."""

    def __init__(self, access: Access, names: Collection[str]) -> None:
        self._access = access
        first = list(islice(names, _MOST))
        self._prefetched = frozenset(first)
        rows = access.rows(*first_query(first))
        if not rows:
            raise ValueError("the row of learning_model is missing")
        self.model = Model.read(rows[0][:6])
        self._known = dict(read_token(row[6:]) for row in rows if row[6] is not None)

    def tokens(self, names: Collection[str]) -> dict[str, Token]:
        """Return those of these tokens that are stored, by name."""
        rest = [name for name in names if name not in self._prefetched]
        return self._known | (super().tokens(rest) if rest else {})


class Transaction(Reader):
    """Reads and writes the tables in one transaction, from :meth:`begin` to :meth:`end`."""

    @classmethod
    def begin(cls, access: Access) -> Transaction:
        """Raise the revision, and read the model."""
        access.change(_RAISE_REVISION, [()])
        return cls(access)

    def save_tokens(self, tokens: Mapping[str, Token]) -> None:
        """Write these tokens. A token with the number 0 is new and gets the next number."""
        added = self._numbered(tokens)
        self._access.change(_ADD_TOKENS, [token_row(name, token) for name, token in added.items()])
        rows = [token_row(name, token) for name, token in tokens.items() if name not in added]
        changed = [(*learned, number) for number, _, *learned in rows]
        self._access.change(_WRITE_TOKENS, changed)

    def delete_tokens(self, numbers: Iterable[int]) -> None:
        """Delete tokens."""
        self._access.change(_DELETE_TOKENS, [(number,) for number in numbers])

    def replace_tokens(self, tokens: Mapping[str, Token]) -> None:
        """Replace all tokens with these. A token with the number 0 gets the next number."""
        self._numbered(tokens)
        self._access.change(_DELETE_ALL_TOKENS, [()])
        self._access.change(_ADD_TOKENS, [token_row(name, token) for name, token in tokens.items()])

    def add_decision(self, decision: Decision) -> int:
        """Write a new decision, and return its number. Its tokens must be stored already."""
        number = self.model.last_decision + 1
        self.model = replace(self.model, last_decision=number)
        self._access.change(_ADD_DECISION, [decision_row(replace(decision, number=number))])
        return number

    def delete_decision(self, decision: Decision) -> None:
        """Delete a decision, but not its tokens."""
        self._access.change(_DELETE_DECISION, [(decision.number,)])

    def count_sources(self, sources: Collection[Source]) -> dict[Source, int]:
        """Add one comment to each source, and return the number of comments of each."""
        if not sources:
            return {}
        statement = _READ_SOURCES.format(_placeholders(len(sources)))
        rows = self._access.rows(statement, [source.name for source in sources])
        known = {int(name): int(taught) for name, taught in rows}
        raised = {source: known.get(source.name, 0) + 1 for source in sources}
        self._access.change(_WRITE_SOURCE, [(one.name, taught, one.expires) for one, taught in raised.items()])
        return raised

    def record_training(self) -> None:
        """Record that the filter was trained from scratch, up to the last decision."""
        self._access.change(_WRITE_RETRAINED, [(self.model.last_decision,)])

    def end(self) -> None:
        """Write the model."""
        self._access.change(_WRITE_MODEL, [self.model.row])

    def _numbered(self, tokens: Mapping[str, Token]) -> dict[str, Token]:
        """Give numbers to the tokens that have none, and return those tokens."""
        added = {name: token for name, token in tokens.items() if not token.number}
        for number, token in enumerate(added.values(), self.model.last_token + 1):
            token.number = number
        self.model = replace(self.model, last_token=self.model.last_token + len(added))
        return added


class WordStore:
    """Opens the filter's tables for reading or writing."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.add_tables(*TABLES, *SIDE_TABLES)

    @contextmanager
    def reading(self, names: Collection[str] = ()) -> Iterator[Reader]:
        """Open the tables for reading. Tokens with these names are read in the first statement.

        :raises DatabaseUnavailableError: the database can't be used.
        """
        with self.database.reading() as access, self._errors_named():
            yield PrefetchingReader(access, names) if names else Reader(access)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open a transaction. An exception rolls it back.

        :raises DatabaseUnavailableError: the database can't be used, or another writer didn't finish in time.
        """
        with self.database.writing() as access, self._errors_named():
            transaction = Transaction.begin(access)
            yield transaction
            transaction.end()

    def close(self) -> None:
        """Close the calling thread's connection."""
        self.database.close()

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """Turn an error in reading a row into ``DamagedError``."""
        try:
            yield
        except (TypeError, ValueError, OverflowError) as error:
            raise DamagedError(
                f"What the filter learned in {self.database.where} is damaged ({error}); delete the tables "
                "learning_*, or restore them"
            ) from error


def first_query(names: Collection[str]) -> Query:
    """Return the query with which :meth:`WordStore.reading` begins for tokens with these names."""
    values = tuple(_rounded(list(islice(names, _MOST)))) if names else ()
    return (_read_both(len(values)), values) if names else (_READ_MODEL, ())


def _rounded(values: Sequence[object]) -> list[object]:
    """Return the values with the first one repeated, so that few different statements are prepared."""
    return [*values, *[values[0]] * (-len(values) % _ROUND)]


@lru_cache(maxsize=128)
def _read_both(count: int) -> str:
    return _READ_BOTH.format(_placeholders(count))


@lru_cache(maxsize=128)
def _read_tokens(column: str, count: int) -> str:
    return f"{_READ_TOKENS} WHERE {column} IN ({_placeholders(count)})"


def _placeholders(count: int) -> str:
    return ", ".join(f":v{number}" for number in range(count))
