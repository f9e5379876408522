"""The tables of the learning filter: tokens, decisions, and one row that counts both.

A decision is a name (a hash), a label, the rules' score and the numbers of its tokens: enough to learn it again or to
forget it.
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

#: Parameters of one statement; the number of marks is rounded up, so that few different statements are prepared.
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
#: Tables beside them, whose rows can be lost without harm: how far everything was learned again, and counts of sources.
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


class Look:
    """Reads the tables."""

    def __init__(self, access: Access) -> None:
        self._access = access
        [row] = access.rows(*first_query(()))
        self.model = Model.read(row)

    def tokens(self, names: Collection[str]) -> dict[str, Token]:
        """Return these tokens, if they are known."""
        return dict(self._tokens("token", names))

    def tokens_numbered(self, numbers: Collection[int]) -> dict[str, Token]:
        """Return the tokens of these numbers."""
        return dict(self._tokens("id", numbers))

    def all_tokens(self) -> dict[str, Token]:
        """Return every token."""
        return dict(map(read_token, self._access.rows(_READ_TOKENS, ())))

    def decision(self, name: int) -> Decision | None:
        """Return the decision of this name."""
        return self._one(f"{_READ_DECISIONS} WHERE name = :name", (name,))

    def oldest(self) -> Decision | None:
        """Return the decision that was made first."""
        return self._one(f"{_READ_DECISIONS} ORDER BY id LIMIT 1", ())

    def decision_from(self, number: int, *, spam: bool) -> Decision | None:
        """Return the first decision of a kind from ``number`` on, or its very first if there is none from there on."""
        of_a_kind = f"{_READ_DECISIONS} WHERE spam = :spam AND id >= :number ORDER BY id LIMIT 1"
        found = self._one(of_a_kind, (int(spam), number))
        return found or self._one(of_a_kind, (int(spam), 0))

    def decisions(self) -> list[Decision]:
        """Return every decision, the oldest first."""
        return [read_decision(row) for row in self._access.rows(f"{_READ_DECISIONS} ORDER BY id", ())]

    def since_retraining(self) -> int:
        """Return how many decisions came since everything was learned again."""
        [(decisions,)] = self._access.rows(_READ_RETRAINED, ())
        return self.model.decisions - int(decisions)

    def sizes(self) -> tuple[int, int]:
        """Return how many tokens and how many decisions there are."""
        [(tokens,)] = self._access.rows(_COUNT_TOKENS, ())
        [(decisions,)] = self._access.rows(_COUNT_DECISIONS, ())
        return int(tokens), int(decisions)

    def _one(self, statement: str, values: Row) -> Decision | None:
        rows = self._access.rows(statement, values)
        return read_decision(rows[0]) if rows else None

    def _tokens(self, column: str, wanted: Collection[str] | Collection[int]) -> Iterator[tuple[str, Token]]:
        rest = iter(wanted)
        while some := list(islice(rest, _MOST)):
            values = _rounded(some)
            yield from map(read_token, self._access.rows(_read_tokens(column, len(values)), values))


class Read(Look):
    """Reads the tables, with the first tokens in the same statement as the model."""

    def __init__(self, access: Access, names: Collection[str]) -> None:
        self._access = access
        first = list(islice(names, _MOST))
        self._first = frozenset(first)
        rows = access.rows(*first_query(first))
        if not rows:
            raise ValueError("its one row is missing")
        self.model = Model.read(rows[0][:6])
        self._known = dict(read_token(row[6:]) for row in rows if row[6] is not None)

    def tokens(self, names: Collection[str]) -> dict[str, Token]:
        """Return these tokens, if they are known."""
        rest = [name for name in names if name not in self._first]
        return self._known | (super().tokens(rest) if rest else {})


class Change(Look):
    """Reads and writes the tables in one transaction. ``model`` is written at its end."""

    def __init__(self, access: Access) -> None:
        access.change(_RAISE_REVISION, [()])
        super().__init__(access)

    def save_tokens(self, tokens: Mapping[str, Token]) -> None:
        """Write these tokens. One with the number 0 is new and gets the next number."""
        added = self._numbered(tokens)
        self._access.change(_ADD_TOKENS, [token_row(name, token) for name, token in added.items()])
        rows = [token_row(name, token) for name, token in tokens.items() if name not in added]
        changed = [(*learned, number) for number, _, *learned in rows]
        self._access.change(_WRITE_TOKENS, changed)

    def delete_tokens(self, numbers: Iterable[int]) -> None:
        """Delete tokens."""
        self._access.change(_DELETE_TOKENS, [(number,) for number in numbers])

    def replace_tokens(self, tokens: Mapping[str, Token]) -> None:
        """Replace all tokens with these. One with the number 0 gets the next number; the others keep theirs."""
        self._numbered(tokens)
        self._access.change(_DELETE_ALL_TOKENS, [()])
        self._access.change(_ADD_TOKENS, [token_row(name, token) for name, token in tokens.items()])

    def add_decision(self, decision: Decision) -> int:
        """Write a new decision, whose tokens are written already; returns the number that it gets."""
        number = self.model.decisions + 1
        self.model = replace(self.model, decisions=number)
        self._access.change(_ADD_DECISION, [decision_row(replace(decision, number=number))])
        return number

    def delete_decision(self, decision: Decision) -> None:
        """Delete a decision; its tokens stay."""
        self._access.change(_DELETE_DECISION, [(decision.number,)])

    def raise_sources(self, sources: Collection[Source]) -> dict[Source, int]:
        """Count one more comment of each source; returns how many there are of each now."""
        if not sources:
            return {}
        marks = ", ".join(f":v{mark}" for mark in range(len(sources)))
        rows = self._access.rows(_READ_SOURCES.format(marks), [source.name for source in sources])
        known = {int(name): int(taught) for name, taught in rows}
        raised = {source: known.get(source.name, 0) + 1 for source in sources}
        self._access.change(_WRITE_SOURCE, [(one.name, taught, one.expires) for one, taught in raised.items()])
        return raised

    def note_retraining(self) -> None:
        """Record that everything was learned again, up to the last decision."""
        self._access.change(_WRITE_RETRAINED, [(self.model.decisions,)])

    def end(self) -> None:
        """Write the row with the counts."""
        self._access.change(_WRITE_MODEL, [self.model.row])

    def _numbered(self, tokens: Mapping[str, Token]) -> dict[str, Token]:
        """Give numbers to the tokens without one, and return those."""
        added = {name: token for name, token in tokens.items() if not token.number}
        for number, token in enumerate(added.values(), self.model.tokens + 1):
            token.number = number
        self.model = replace(self.model, tokens=self.model.tokens + len(added))
        return added


class TokenStore:
    """Opens the tables for reading or for changes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.keep(*TABLES, *SIDE_TABLES)

    @contextmanager
    def looking(self, names: Collection[str] = ()) -> Iterator[Look]:
        """Open the tables for reading. Tokens with these names are read in the first statement.

        :raises DatabaseUnavailableError: the database can't be used.
        """
        with self.database.reading() as access, self._damage_named():
            yield Read(access, names) if names else Look(access)

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Open the tables for changes, in a transaction that no other writer shares. An exception rolls it back.

        :raises DatabaseUnavailableError: the database can't be used, or others did not finish in time.
        """
        with self.database.writing() as access, self._damage_named():
            change = Change(access)
            yield change
            change.end()

    def close(self) -> None:
        """Close what the calling thread has open."""
        self.database.close()

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        """Raise ``DamagedError`` for values that a table should never contain."""
        try:
            yield
        except (TypeError, ValueError, OverflowError) as error:
            raise DamagedError(
                f"What the filter learned in {self.database.where} is damaged ({error}); delete the tables "
                "learning_*, or restore them"
            ) from error


def first_query(names: Collection[str]) -> Query:
    """Return the query with which :meth:`TokenStore.looking` begins for these names of tokens."""
    values = tuple(_rounded(list(islice(names, _MOST)))) if names else ()
    return (_read_both(len(values)), values) if names else (_READ_MODEL, ())


def _rounded(some: Sequence[object]) -> list[object]:
    """Repeat the first, so that few different statements are prepared."""
    return [*some, *[some[0]] * (-len(some) % _ROUND)]


@lru_cache(maxsize=128)
def _read_both(marks: int) -> str:
    return _READ_BOTH.format(", ".join(f":v{mark}" for mark in range(marks)))


@lru_cache(maxsize=128)
def _read_tokens(column: str, marks: int) -> str:
    return f"{_READ_TOKENS} WHERE {column} IN ({', '.join(f':v{mark}' for mark in range(marks))})"
