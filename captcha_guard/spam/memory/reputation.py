"""What is remembered of comments that were taken, in one SQLite file. No word, name or address is kept in clear.

A comment leaves a keyed hash of itself for 30 days and, for a day, its sketch: those of its shingles (three words in a
row) whose hashes are the smallest. By the very smallest of them sketches are found again. Clients, hosts, accounts and
authors are keyed hashes with two counts, forgotten after 180 days without a change. Every table has an end: the rows
that expire first make room.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest
from pathlib import Path
from typing import Final

from ...database.sqlite_file import SQLiteFile
from ...health import Health
from ..history import History, Party, author_of, client_of, hosts_of
from ..submission import Submission
from ..verdict import Action
from .tables import SCHEMA, Sweeper, forget_expired, make_room

DAY: Final = 86_400.0
HISTORY_KEPT: Final = 180 * DAY
COMMENT_KEPT: Final = 30 * DAY
SKETCH_KEPT: Final = DAY

#: A comment's sketch: so many of its shingles' hashes (Broder 1997: the smallest are a fair sample of the set).
SKETCH: Final = 24
#: So many of them lead to the sketch, two at a time, since one is often had by chance. Of comments with just enough in
#: common to be alike 1 in 100 is missed so, of those with three quarters 1 in 2,600 (a binomial's first two terms).
LEADING: Final = 8
#: Fewer shingles than these say nothing: people do repeat "Thanks for the article, it helped me a lot".
FEWEST: Final = 6
#: The share of the sketch that two comments have in common when they are nearly the same.
ALIKE: Final = 0.6
#: More copies than these are not counted, and not kept.
MOST_ALIKE: Final = 8
#: Sketches that are compared; those that most of the shingles led to.
_COMPARED: Final = 64
_HASH: Final = 8  # bytes
_HALF: Final = 8  # bytes of a sketch's mark that are its comment's

#: What is thought of a comment: nothing yet, published by itself, kept or taken for spam by a moderator.
_TAKEN, _PUBLISHED, _KEPT, _SPAM = range(4)
_GOOD: Final = (_PUBLISHED, _KEPT)

_COUNT: Final = """
INSERT INTO judge_history (party, ham, spam, expires) VALUES (?, max(0, ?), max(0, ?), ?)
ON CONFLICT (party) DO UPDATE SET ham = max(0, ham + ?), spam = max(0, spam + ?), expires = excluded.expires
"""
_SAY: Final = """
INSERT INTO judge_comments (mark, said, expires) VALUES (?, ?, ?)
ON CONFLICT (mark) DO UPDATE SET said = excluded.said, expires = excluded.expires
"""
_SKETCH: Final = """
INSERT INTO judge_sketches (mark, sketch, expires) VALUES (?, ?, ?)
ON CONFLICT (mark) DO UPDATE SET expires = excluded.expires
"""
_SHINGLE: Final = """
INSERT INTO judge_shingles (shingle, mark, expires) VALUES (?, ?, ?)
ON CONFLICT (shingle, mark) DO UPDATE SET expires = excluded.expires
"""
_SKETCHES: Final = """
SELECT sketch FROM judge_sketches JOIN (
    SELECT mark FROM judge_shingles WHERE shingle IN ({}) AND expires > ? AND mark <> ?
    GROUP BY mark HAVING count(*) > 1 ORDER BY count(*) DESC LIMIT ?
) USING (mark)
"""  # as many placeholders as shingles


@dataclass(frozen=True, slots=True)
class Trace:
    """All that a comment is known by here: keyed hashes of itself, of its authors, and of its client and hosts."""

    mark: bytes
    authors: tuple[bytes, ...]
    evidence: tuple[bytes, ...]


class SQLiteMemory:
    """A :class:`~captcha_guard.spam.history.Memory` that any number of threads and processes share.

    :param path: the file, made on first use.
    :param secret: the key of all hashes; another secret remembers nothing.
    :param timeout: seconds to wait for another writer.
    :param health: of the file, where it is shared with others that keep something there.

    While the file can't be used nothing is known: comments are judged by what they say.
    """

    def __init__(self, path: Path, *, secret: bytes, timeout: float = 1.0, health: Health | None = None) -> None:
        self.path = path
        self._file = SQLiteFile(path, schema=SCHEMA, timeout=timeout, health=health)
        self._key = blake2b(secret, digest_size=32, person=b"judge memory").digest()
        self._sweeper = Sweeper()
        self._asked = threading.local()

    def history(self, party: Party, names: tuple[str, ...]) -> History | None:
        """Return the past of those names together; all zero where there is none."""
        if not names:
            return History()
        marks = ", ".join("?" * len(names))
        query = f"SELECT total(ham), total(spam) FROM judge_history WHERE party IN ({marks})"  # noqa: S608 (placeholders)
        rows = self._file.rows(query, [self._hash(party, name) for name in names])
        return None if rows is None else History(*map(int, rows[0] if rows else (0, 0)))

    def alike(self, submission: Submission) -> int | None:
        """Return how many other comments of the last 24 hours say nearly the same, 8 at most."""
        sketch = self._sketch(submission)
        if not sketch:
            return 0
        mark, own = self._sketch_mark(submission), set(sketch)
        query = _SKETCHES.format(", ".join("?" * len(sketch)))
        rows = self._file.rows(query, [*sketch, submission.posted_at, mark, _COMPARED])
        copies = None
        if rows is not None:
            shared = (len(own.intersection(_hashes(other))) for (other,) in rows)
            copies = min(MOST_ALIKE, sum(number >= ALIKE * len(own) for number in shared))
        self._asked.last = mark, submission.posted_at, copies
        return copies

    def _alike_lately(self, submission: Submission, mark: bytes) -> int:
        """Return what this thread was told of the comment when it was judged, or ask."""
        asked, posted_at, copies = getattr(self._asked, "last", (b"", 0.0, None))
        if (asked, posted_at) != (mark, submission.posted_at):
            copies = self.alike(submission)
        return copies or 0

    def note(self, submission: Submission, action: Action) -> None:
        """Remember a comment that was taken; to be called once it is stored, never for one that was refused.

        One that is published at once counts as kept for its author, for nobody else: only a moderator's word makes
        evidence of it.
        """
        sketch, mark, now = self._sketch(submission), self._sketch_mark(submission), submission.posted_at
        enough = self._alike_lately(submission, mark) >= MOST_ALIKE

        def write(connection: sqlite3.Connection) -> None:
            if sketch and not enough:  # a flood of one text does not push out all others
                connection.execute(_SKETCH, (mark, b"".join(sketch), now + SKETCH_KEPT))
                connection.executemany(_SHINGLE, [(one, mark, now + SKETCH_KEPT) for one in sketch[:LEADING]])
            self._say(connection, self.trace(submission), _PUBLISHED if action == Action.ACCEPT else _TAKEN, now)
            self._sweeper.wrote(connection, now, 2 + LEADING)

        self._file.change(write)

    def trace(self, submission: Submission) -> Trace:
        """Return what the comment is known by, to teach it when its text is no longer at hand."""
        authors = [self._hash(party, name) for party, name in _authors(submission)]
        evidence = [self._hash(party, name) for party, name in _evidence(submission)]
        return Trace(self._mark(submission), tuple(authors), tuple(evidence))

    def teach(self, comment: Submission | Trace, *, spam: bool, now: float) -> bool:
        """Remember a moderator's word about a comment; the last word counts, however often it is repeated.

        Returns whether it could be written down.
        """
        trace = comment if isinstance(comment, Trace) else self.trace(comment)

        def write(connection: sqlite3.Connection) -> bool:
            self._say(connection, trace, _SPAM if spam else _KEPT, now)
            self._sweeper.wrote(connection, now, 8)
            return True

        return self._file.change(write, insist=True) or False

    def forget(self, comment: Submission | Trace, *, now: float) -> bool | None:
        """Forget a comment, and what it counted for or against anyone; returns whether anything was known of it.

        ``None`` where the file can't be used, so that something may still be there.
        """
        trace = comment if isinstance(comment, Trace) else self.trace(comment)
        if self._file.is_missing:
            return False

        def write(connection: sqlite3.Connection) -> bool:
            known = connection.execute("SELECT 1 FROM judge_comments WHERE mark = ?", (trace.mark,)).fetchone()
            self._say(connection, trace, _TAKEN, now)
            connection.execute("DELETE FROM judge_comments WHERE mark = ?", (trace.mark,))
            for table in ("judge_shingles", "judge_sketches"):
                delete = f"DELETE FROM {table} WHERE substr(mark, 1, {_HALF}) = ?"  # noqa: S608 (our own names)
                connection.execute(delete, (trace.mark[:_HALF],))
            return known is not None

        return self._file.change(write, insist=True)

    def _say(self, connection: sqlite3.Connection, trace: Trace, said: int, now: float) -> None:
        """Write down what is thought of a comment, and move the counts by the difference to what was thought before."""
        row = connection.execute("SELECT said FROM judge_comments WHERE mark = ?", (trace.mark,)).fetchone()
        before = row[0] if row else _TAKEN
        connection.execute(_SAY, (trace.mark, said, now + COMMENT_KEPT))
        author = (said in _GOOD) - (before in _GOOD), (said == _SPAM) - (before == _SPAM)
        evidence = (said == _KEPT) - (before == _KEPT), author[1]
        for parties, (ham, spam) in ((trace.authors, author), (trace.evidence, evidence)):
            if ham or spam:
                rows = [(party, ham, spam, now + HISTORY_KEPT, ham, spam) for party in parties]
                connection.executemany(_COUNT, rows)

    def _hash(self, party: Party, name: str) -> bytes:
        octets = name.encode("utf-8", "surrogatepass")
        return blake2b(octets, digest_size=12, key=self._key, person=party.encode()).digest()

    def _mark(self, submission: Submission) -> bytes:
        octets = bytes.fromhex(submission.fingerprint)
        return blake2b(octets, digest_size=16, key=self._key, person=b"comment").digest()

    def _sketch_mark(self, submission: Submission) -> bytes:
        """Return what a sketch is known by: the same comment with other fields beside it leaves one of its own."""
        whole = blake2b(submission.whole.encode(), digest_size=_HALF, key=self._key, person=b"whole").digest()
        return self._mark(submission)[:_HALF] + whole

    def _sketch(self, submission: Submission) -> list[bytes]:
        return list(_smallest(tuple(submission.kept_text.words), self._key))

    def sweep(self, now: float) -> int | None:
        """Delete what has expired, and what expires first where there is too much; returns how many rows went.

        ``None`` where the file can't be used.
        """
        if self._file.is_missing:
            return 0
        gone = 0
        while expired := self._file.change(lambda connection: forget_expired(connection, now), insist=True):
            gone += expired
        crowd = None if expired is None else self._file.change(make_room, insist=True)
        return None if crowd is None else gone + crowd

    def close(self) -> None:
        """Close the calling thread's connection; the next use opens a new one."""
        self._file.close()


def _authors(submission: Submission) -> list[tuple[Party, str]]:
    accounts = [(Party.ACCOUNT, submission.account)] if submission.account else []
    return accounts + [(Party.AUTHOR, name) for name in author_of(submission)]


def _evidence(submission: Submission) -> list[tuple[Party, str]]:
    clients = [(Party.CLIENT, name) for name in client_of(submission)]
    return clients + [(Party.HOST, name) for name in hosts_of(submission.kept_text)]


def _hashes(sketch: bytes) -> Iterator[bytes]:
    return (sketch[start : start + _HASH] for start in range(0, len(sketch), _HASH))


@lru_cache(maxsize=16)
def _smallest(words: tuple[str, ...], key: bytes) -> list[bytes]:
    """Return the sketch of a text; each comment is asked for it several times, by rules and when it is kept."""
    shingles = {" ".join(words[start : start + 3]) for start in range(len(words) - 2)}
    if len(shingles) < FEWEST:
        return []
    hashes = (blake2b(one.encode("utf-8", "surrogatepass"), digest_size=_HASH, key=key) for one in shingles)
    return nsmallest(SKETCH, (one.digest() for one in hashes))
