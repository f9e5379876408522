"""Stores judged comments, so that they can be taught later by their id.

The original text, the email and the address aren't stored. The tokens are single words. Everything else that identifies
a person is a keyed hash.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...database.database import Access, Database
from ...database.retention import Retention, sweep
from ...database.table import Kind, Row, Table
from ..verdict import Action
from .reputation import Trace

logger = logging.getLogger("captcha_guard")

#: The most overdue comments that one call returns.
_MOST_OVERDUE: Final = 500

#: In the column ``spam``: no moderator decided within 30 days after the comment was published.
_UNMARKED: Final = 2

#: ``mark`` is the comment key, ``service_mark`` is ``JudgedComment.sent_as``.
TABLE: Final = Table(
    "judge_cases",
    {
        "id": Kind.KEY,
        "tokens": Kind.BYTES,
        "rules": Kind.WHOLE,
        "action": Kind.WHOLE,
        "judged_at": Kind.REAL,
        "mark": Kind.HASH,
        "parties": Kind.TEXT,
        "service_mark": Kind.KEY,
        "spam": Kind.WHOLE,
        "chance": Kind.REAL,
        "found": Kind.TEXT,
    },
    key=("id",),
    optional=("spam", "chance"),
    indexes={
        "judge_cases_by_time": ("judged_at",),
        "judge_cases_by_mark": ("mark",),
        "judge_cases_undecided": ("action", "judged_at"),
    },
)
#: A comment can be taught by its id for 60 days. 20,000 comments of ordinary length take about 10 MB.
RETENTION: Final = Retention(TABLE, "judged_at", kept=60 * 86_400.0, most=20_000)

_ADD: Final = TABLE.upsert()
_READ: Final = TABLE.select
_OVERDUE: Final = (
    f"{_READ} WHERE action = :action AND spam IS NULL AND judged_at <= :before ORDER BY judged_at LIMIT :most"
)
_DECIDE: Final = "UPDATE judge_cases SET spam = :spam WHERE mark = :mark"
_CLAIM: Final = "UPDATE judge_cases SET spam = :spam WHERE id = :id AND spam IS NULL"
_SPAM_SINCE: Final = "SELECT 1 FROM judge_cases WHERE judged_at > :since AND spam = 1 LIMIT :most"
_DECIDED_SINCE: Final = "SELECT 1 FROM judge_cases WHERE judged_at > :since AND spam IN (0, 1) LIMIT :most"
_REOPEN: Final = "UPDATE judge_cases SET spam = NULL WHERE id = :id"
_FORGET: Final = "DELETE FROM judge_cases WHERE mark = :mark"


@dataclass(frozen=True, slots=True)
class JudgedComment:
    """One judged comment.

    ``id`` is its verdict's. ``tokens`` are what the learning filter reads, ``rules`` is the rules' score (0 to 100),
    ``judged_at`` is in seconds since 1970. ``sent_as`` is the key of what services were sent about it: the comment
    key, an older hash for a comment that an earlier version stored, and "" where no service was configured. ``spam``
    is the last decision about it, ``None`` before the first. ``unmarked`` means that no moderator decided within 30
    days after it was published, so it counts as good. ``chance`` is the learning filter's chance of spam, ``None`` if
    it abstained. ``found`` has the slug and score of each finding. Its sentence isn't stored, because it
    may quote the comment.
    """

    id: str
    tokens: tuple[str, ...]
    rules: int
    action: Action
    judged_at: float
    trace: Trace
    sent_as: str = ""
    spam: bool | None = None
    chance: float | None = None
    found: tuple[tuple[str, int], ...] = ()
    unmarked: bool = False

    @property
    def comment_key(self) -> str:
        """The key of the comment: the same for each time that it was posted."""
        return self.trace.comment_key


class JudgedComments:
    """The judged comments of a site, in a database that all its processes share.

    While the database can't be used, nothing is stored and nothing is found. Visitors wait for :meth:`remember`, so it
    isn't tried during the pause after faults.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        database.add_tables(TABLE)

    def remember(self, judged: JudgedComment) -> None:
        """Store a judged comment."""
        self._database.write(self.store_step(judged))

    def store_step(self, judged: JudgedComment) -> Callable[[Access], None]:
        """Return a function that does the work of :meth:`remember` in a transaction."""
        tokens = zlib.compress(json.dumps(judged.tokens, separators=(",", ":")).encode(), 1)
        trace = judged.trace
        parties = " ".join(",".join(one.hex() for one in hashes) for hashes in (trace.authors, trace.evidence))
        key, spam = bytes.fromhex(trace.comment_key), None if judged.spam is None else int(judged.spam)
        spam = _UNMARKED if judged.unmarked else spam
        rest = (tokens, judged.rules, int(judged.action), judged.judged_at, key, parties, judged.sent_as)
        row = (judged.id, *rest, spam, judged.chance, json.dumps(judged.found))
        return lambda access: access.change(_ADD, [row])

    def find(self, comment_id: str) -> JudgedComment | None:
        """Return the judged comment with this id."""
        if "\0" in comment_id:  # PostgreSQL refuses text with a NUL in it
            return None
        return self._one("id = :id", comment_id)

    def find_latest(self, comment_key: str) -> JudgedComment | None:
        """Return the comment with this key as it was last judged."""
        return self._one("mark = :mark ORDER BY judged_at DESC", bytes.fromhex(comment_key))

    def decide(self, comment_key: str, *, spam: bool) -> None:
        """Store the last decision about a comment, in the rows of all times that it was judged."""
        self._change(_DECIDE, int(spam), bytes.fromhex(comment_key))

    def overdue(self, before: float, action: Action = Action.ASIDE) -> list[JudgedComment]:
        """Return comments with this action that were judged up to ``before`` and not decided since, 500 at most."""
        return self._several(_OVERDUE, (int(action), before, _MOST_OVERDUE))

    def claim(self, judged: JudgedComment, *, spam: bool = True) -> bool:
        """Record that a comment counts as spam, or as good because no moderator marked it, unless there is a decision.

        Returns True for the first caller only.
        """
        return bool(self._change(_CLAIM, 1 if spam else _UNMARKED, judged.id))

    def has_spam_since(self, since: float, at_least: int) -> bool:
        """Return whether at least so many comments that were judged after ``since`` were marked as spam."""
        return self._has(_SPAM_SINCE, since, at_least)

    def has_decided_since(self, since: float) -> bool:
        """Return whether a moderator decided about a comment that was judged after ``since``."""
        return self._has(_DECIDED_SINCE, since, 1)

    def reopen(self, judged: JudgedComment) -> None:
        """Undo :meth:`claim`."""
        self._change(_REOPEN, judged.id)

    def forget(self, comment_key: str) -> bool | None:
        """Delete all that is stored under a comment key. Returns whether there was anything.

        Returns ``None`` if the database can't be used, so something may still be there.
        """
        if self._database.is_missing:
            return False
        deleted = self._change(_FORGET, bytes.fromhex(comment_key))
        return None if deleted is None else deleted > 0

    def sweep(self, now: float) -> int | None:
        """Delete comments older than 60 days, and the oldest if there are too many. Returns the number of deleted rows.

        Returns ``None`` if the database can't be used.
        """
        return sweep(self._database, (RETENTION,), now)

    def _has(self, query: str, since: float, at_least: int) -> bool:
        if self._database.is_missing:
            return False
        rows = self._database.read(lambda access: access.rows(query, (since, at_least)))
        return rows is not None and len(rows) >= at_least

    def _change(self, statement: str, *values: object) -> int | None:
        return self._database.write(lambda access: access.run(statement, values), insist=True)

    def _one(self, where: str, value: object) -> JudgedComment | None:
        found = self._several(f"{_READ} WHERE {where} LIMIT 1", (value,))
        return found[0] if found else None

    def _several(self, query: str, values: tuple[object, ...]) -> list[JudgedComment]:
        if self._database.is_missing:
            return []
        rows = self._database.read(lambda access: access.rows(query, values), insist=True)
        return [judged for judged in map(_read_or_log, rows or ()) if judged]


def _read_or_log(row: Row) -> JudgedComment | None:
    """Return the judged comment of a row. Logs a damaged row and returns ``None``, so that other rows can be used."""
    try:
        return _read(row)
    except (ValueError, TypeError, zlib.error) as error:
        logger.warning("captcha_guard: the judged comment %s is stored damaged: %s", row[0], error)
        return None


def _read(row: Row) -> JudgedComment:
    name, tokens, rules, action, judged_at, key, parties, sent_as, spam, chance, found = row
    authors, evidence = (tuple(bytes.fromhex(one) for one in hashes.split(",") if one) for hashes in parties.split(" "))
    decided = None if spam in (None, _UNMARKED) else bool(spam)
    words = tuple(json.loads(zlib.decompress(tokens)))
    trace = Trace(bytes(key).hex(), authors, evidence)
    findings = tuple((slug, score) for slug, score in json.loads(found))
    return JudgedComment(
        name, words, rules, Action(action), judged_at, trace, sent_as, decided, chance, findings, spam == _UNMARKED
    )
