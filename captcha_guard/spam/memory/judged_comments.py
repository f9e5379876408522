"""What is kept of each comment that was judged and stored, so that its id is enough to teach it later.

No text as it was written, no e-mail and no address is among it: the tokens are single words, the rest keyed hashes.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ...database.sqlite_file import Row, SQLiteFile
from ...health import Health
from ..verdict import Action
from .reputation import Trace

_Said = TypeVar("_Said")

logger = logging.getLogger("captcha_guard")

#: Seconds for which a comment can be taught by its id.
KEPT: Final = 60 * 86_400.0
#: Rows; some 10 MB of ordinary comments. The oldest make room.
MOST: Final = 20_000
#: Cases that one look for the overdue returns.
_SOME: Final = 500

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS judge_cases (id TEXT PRIMARY KEY, tokens BLOB NOT NULL, rules INTEGER NOT NULL, "
    "action INTEGER NOT NULL, judged_at REAL NOT NULL, mark BLOB NOT NULL, parties TEXT NOT NULL, "
    "service_mark TEXT NOT NULL, spam INTEGER, chance REAL, found TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS judge_cases_by_time ON judge_cases (judged_at)",
    "CREATE INDEX IF NOT EXISTS judge_cases_by_mark ON judge_cases (mark)",
    "CREATE INDEX IF NOT EXISTS judge_cases_undecided ON judge_cases (action, judged_at) WHERE spam IS NULL",
    "PRAGMA secure_delete = ON",
)
_ADD: Final = "INSERT OR REPLACE INTO judge_cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_READ: Final = (
    "SELECT id, tokens, rules, action, judged_at, mark, parties, service_mark, spam, chance, found FROM judge_cases"
)
_OVERDUE: Final = f"{_READ} WHERE action = ? AND spam IS NULL AND judged_at <= ? ORDER BY judged_at LIMIT ?"
_DECIDE: Final = "UPDATE judge_cases SET spam = ? WHERE mark = ?"
_CLAIM: Final = "UPDATE judge_cases SET spam = 1 WHERE id = ? AND spam IS NULL RETURNING id"
_REOPEN: Final = "UPDATE judge_cases SET spam = NULL WHERE id = ?"
_FORGET: Final = "DELETE FROM judge_cases WHERE mark = ?"
_EXPIRE: Final = "DELETE FROM judge_cases WHERE judged_at <= ?"
_CROWD: Final = (
    "DELETE FROM judge_cases WHERE judged_at < (SELECT judged_at FROM judge_cases ORDER BY judged_at DESC "
    "LIMIT 1 OFFSET ?)"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One judged comment: its ``id``, what the learning filter sees of it, and what it is known by elsewhere.

    ``rules`` is the rules' score, 0 to 100; ``judged_at`` is in seconds since 1970; ``service_mark`` is the services'
    name for it, empty where none is asked; ``spam`` is the last word about it, ``None`` as long as nobody decided.
    ``chance`` is the learning filter's, ``None`` where it had no say; ``found`` has the slug and score of each finding,
    without its sentence, which may quote the comment.
    """

    id: str
    tokens: tuple[str, ...]
    rules: int
    action: Action
    judged_at: float
    trace: Trace
    service_mark: str = ""
    spam: bool | None = None
    chance: float | None = None
    found: tuple[tuple[str, int], ...] = ()

    @property
    def name(self) -> str:
        """What the learning filter calls the comment: the same for all that is the same comment."""
        return self.trace.mark.hex()


class Cases:
    """The cases of a site, in a SQLite file that any number of threads and processes share.

    :param path: the file, made when there is something to keep.
    :param timeout: seconds to wait for another writer.
    :param health: of the file, where it is shared with others that keep something there.

    While the file can't be used nothing is kept, and nothing is known. Only what a visitor waits for (:meth:`remember`)
    leaves it alone meanwhile.
    """

    def __init__(self, path: Path, *, timeout: float = 1.0, health: Health | None = None) -> None:
        self.path = path
        self._file = SQLiteFile(path, schema=_SCHEMA, timeout=timeout, health=health)

    def remember(self, case: Case) -> None:
        """Keep a case."""
        tokens = zlib.compress(json.dumps(case.tokens, separators=(",", ":")).encode(), 1)
        parties = " ".join(",".join(one.hex() for one in some) for some in (case.trace.authors, case.trace.evidence))
        rest = (tokens, case.rules, int(case.action), case.judged_at, case.trace.mark, parties, case.service_mark)
        row = (case.id, *rest, case.spam, case.chance, json.dumps(case.found))
        self._file.change(lambda connection: connection.execute(_ADD, row))

    def find(self, name: str) -> Case | None:
        """Return the case of this id."""
        return self._one("id = ?", name)

    def find_marked(self, trace: Trace) -> Case | None:
        """Return the last case of the comment that left this trace."""
        return self._one("mark = ? ORDER BY judged_at DESC", trace.mark)

    def find_sent(self, service_mark: str) -> Case | None:
        """Return the last case of the comment that the services know by this mark."""
        return self._one("service_mark = ? ORDER BY judged_at DESC", service_mark)

    def decide(self, case: Case, *, spam: bool) -> None:
        """Note the last word about a comment, in every case of it."""
        self._change(lambda connection: connection.execute(_DECIDE, (int(spam), case.trace.mark)))

    def overdue(self, before: float) -> list[Case]:
        """Return cases that were set aside up to the time ``before`` and that nobody has decided since, 500 at most."""
        return self._several(_OVERDUE, (int(Action.ASIDE), before, _SOME))

    def claim(self, case: Case) -> bool:
        """Decide a case as spam unless somebody has decided it; True for one caller only."""
        return bool(self._change(lambda connection: connection.execute(_CLAIM, (case.id,)).fetchall()))

    def reopen(self, case: Case) -> None:
        """Take a claim back."""
        self._change(lambda connection: connection.execute(_REOPEN, (case.id,)))

    def forget(self, trace: Trace) -> bool | None:
        """Forget every case of a comment; returns whether there was one.

        ``None`` where the file can't be used, so that there may still be one.
        """
        if self._file.is_missing:
            return False
        return self._change(lambda connection: connection.execute(_FORGET, (trace.mark,)).rowcount > 0)

    def sweep(self, now: float) -> int | None:
        """Delete what is older than 60 days, and the oldest where there are too many; returns how many went.

        ``None`` where the file can't be used.
        """
        if self._file.is_missing:
            return 0

        def sweep(connection: sqlite3.Connection) -> int:
            expired = connection.execute(_EXPIRE, (now - KEPT,)).rowcount
            return expired + connection.execute(_CROWD, (MOST - 1,)).rowcount

        return self._change(sweep)

    def _change(self, act: Callable[[sqlite3.Connection], _Said]) -> _Said | None:
        return self._file.change(act, insist=True)

    def close(self) -> None:
        """Close the calling thread's connection; the next use opens a new one."""
        self._file.close()

    def _one(self, where: str, value: object) -> Case | None:
        found = self._several(f"{_READ} WHERE {where} LIMIT 1", (value,))
        return found[0] if found else None

    def _several(self, query: str, values: tuple[object, ...]) -> list[Case]:
        """Return the cases found."""
        return [case for case in map(_case, self._file.rows(query, values, insist=True) or ()) if case]


def _case(row: Row) -> Case | None:
    """Return the case in a row; a damaged one is logged, and hinders no other."""
    try:
        return _read(row)
    except (ValueError, TypeError, zlib.error) as error:
        logger.warning("captcha_guard: what is kept of the comment %s is damaged: %s", row[0], error)
        return None


def _read(row: Row) -> Case:
    name, tokens, rules, action, judged_at, mark, parties, service_mark, spam, chance, found = row
    authors, evidence = (tuple(bytes.fromhex(one) for one in some.split(",") if one) for some in parties.split(" "))
    decided = None if spam is None else bool(spam)
    told = tuple(json.loads(zlib.decompress(tokens)))
    trace = Trace(mark, authors, evidence)
    findings = tuple((slug, score) for slug, score in json.loads(found))
    return Case(name, told, rules, Action(action), judged_at, trace, service_mark, decided, chance, findings)
