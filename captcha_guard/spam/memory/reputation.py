"""What is remembered of comments that were taken. No word, name or address is kept in clear.

A comment leaves a keyed hash of itself for 30 days and, for a day, its sketch: those of its shingles (three words in a
row) whose hashes are the smallest. By the very smallest of them sketches are found again. Clients, hosts, accounts and
authors are keyed hashes with two counts, forgotten after 180 days without a change. Every table has an end: the rows
that expire first make room.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest
from typing import Final

from ...database.database import Access, Database
from ...database.retention import Sweeper, sweep
from ..history import History, Party, author_of, client_of, links_of, sites_of
from ..submission import Submission
from ..verdict import Action
from .tables import COMMENTS, RETENTIONS, SHINGLES, SKETCHES, TABLES

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
INSERT INTO judge_history VALUES (:party, :ham, :spam, :expires) ON CONFLICT (party) DO UPDATE SET
    ham = CASE WHEN judge_history.ham + :more_ham > 0 THEN judge_history.ham + :more_ham ELSE 0 END,
    spam = CASE WHEN judge_history.spam + :more_spam > 0 THEN judge_history.spam + :more_spam ELSE 0 END,
    expires = excluded.expires
"""
_HISTORY: Final = "SELECT party, ham, spam FROM judge_history WHERE party IN ({})"  # as many marks as parties
_SAID: Final = "SELECT said FROM judge_comments WHERE mark = :mark"
_SAY_FIRST: Final = f"{COMMENTS.insert} ON CONFLICT (mark) DO NOTHING"
_SAY: Final = COMMENTS.upsert()
_SKETCH: Final = SKETCHES.upsert("expires")
_SHINGLES: Final = [SHINGLES.upsert("expires", rows=rows) for rows in range(1, LEADING + 1)]
_SKETCHES: Final = """
SELECT sketch FROM judge_sketches JOIN (
    SELECT mark FROM judge_shingles WHERE shingle IN ({}) AND expires > :now AND mark <> :own
    GROUP BY mark HAVING count(*) > 1 ORDER BY count(*) DESC, mark LIMIT :most
) AS near ON judge_sketches.mark = near.mark
"""  # as many marks as shingles
_FORGET: Final = "DELETE FROM judge_comments WHERE mark = :mark"
_FORGET_TEXT: Final = tuple(
    f"DELETE FROM {table} WHERE substr(mark, 1, {_HALF}) = :half"  # noqa: S608 (our own names)
    for table in ("judge_shingles", "judge_sketches")
)


@dataclass(frozen=True, slots=True)
class Trace:
    """All that a comment is known by here: keyed hashes of itself, of its authors, and of its client and hosts."""

    mark: bytes
    authors: tuple[bytes, ...]
    evidence: tuple[bytes, ...]


class Reputation:
    """A :class:`~captcha_guard.spam.history.Memory` that all who use a database share.

    :param secret: the key of all hashes; another secret remembers nothing.

    While the database can't be used nothing is known: comments are judged by what they say.
    """

    def __init__(self, database: Database, *, secret: bytes) -> None:
        self._database = database
        database.keep(*TABLES)
        self._key = blake2b(secret, digest_size=32, person=b"judge memory").digest()
        self._sweeper = Sweeper(RETENTIONS)
        self._asked = threading.local()

    def history(self, party: Party, names: tuple[str, ...]) -> History | None:
        """Return the past of those names together; all zero where there is none."""
        if not names or self._database.is_missing:
            return History()
        parties = {self._hash(party, name) for name in names}
        pasts = self._recalled(parties)
        if pasts is None:
            return None
        some = [pasts[one] for one in parties if one in pasts]
        return History(sum(past.ham for past in some), sum(past.spam for past in some))

    @contextmanager
    def recalling(self, submission: Submission) -> Iterator[None]:
        """Let this thread read the pasts of all the submission's parties at once, when the first is asked for."""
        self._asked.recall, self._asked.every = submission, None
        try:
            yield
        finally:
            self._asked.recall = None

    def _recalled(self, parties: set[bytes]) -> Mapping[bytes, History] | None:
        """Return the pasts of these parties, those without one left out; ``None`` where the database can't be used."""
        submission: Submission | None = getattr(self._asked, "recall", None)
        if submission is None:
            return self._pasts(parties)
        if self._asked.every is None:
            self._asked.every = {self._hash(*one) for one in (*_authors(submission), *_evidence(submission))}
            self._asked.pasts = self._pasts(self._asked.every)
        pasts: Mapping[bytes, History] | None = self._asked.pasts
        return pasts if parties <= self._asked.every else self._pasts(parties)

    def _pasts(self, parties: Collection[bytes]) -> dict[bytes, History] | None:
        query, values = _HISTORY.format(_marks(len(parties))), sorted(parties)
        rows = self._database.read(lambda access: access.rows(query, values))
        return None if rows is None else {party: History(ham, spam) for party, ham, spam in rows}

    def alike(self, submission: Submission) -> int | None:
        """Return how many other comments of the last 24 hours say nearly the same, 8 at most."""
        sketch = self._sketch(submission)
        if not sketch:
            return 0
        if self._database.is_missing:
            return 0
        mark, own = self._sketch_mark(submission), set(sketch)
        query, values = _SKETCHES.format(_marks(len(sketch))), [*sketch, submission.posted_at, mark, _COMPARED]
        rows = self._database.read(lambda access: access.rows(query, values))
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
        self._database.write(self.noting(submission, action))

    def noting(self, submission: Submission, action: Action) -> Callable[[Access], None]:
        """Return what :meth:`note` does, for a transaction that does more."""
        sketch, mark, now = self._sketch(submission), self._sketch_mark(submission), submission.posted_at
        enough = self._alike_lately(submission, mark) >= MOST_ALIKE

        def write(access: Access) -> None:
            if sketch and not enough:  # a flood of one text does not push out all others
                access.run(_SKETCH, (mark, b"".join(sketch), now + SKETCH_KEPT))
                rows = [(one, mark, now + SKETCH_KEPT) for one in sketch[:LEADING]]
                access.run(_SHINGLES[len(rows) - 1], [value for row in rows for value in row])
            self._say(access, self.trace(submission), _PUBLISHED if action == Action.ACCEPT else _TAKEN, now)
            self._sweeper.wrote(access, now, 2 + LEADING)

        return write

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

        def write(access: Access) -> bool:
            self._say(access, trace, _SPAM if spam else _KEPT, now)
            self._sweeper.wrote(access, now, 8)
            return True

        return self._database.write(write, insist=True) or False

    def forget(self, comment: Submission | Trace, *, now: float) -> bool | None:
        """Forget a comment, and what it counted for or against anyone; returns whether anything was known of it.

        ``None`` where the database can't be used, so that something may still be there.
        """
        trace = comment if isinstance(comment, Trace) else self.trace(comment)
        if self._database.is_missing:
            return False

        def write(access: Access) -> bool:
            known = access.rows(_SAID, (trace.mark,))
            self._say(access, trace, _TAKEN, now)
            access.run(_FORGET, (trace.mark,))
            for statement in _FORGET_TEXT:
                access.run(statement, (trace.mark[:_HALF],))
            return bool(known)

        return self._database.write(write, insist=True)

    def _say(self, access: Access, trace: Trace, said: int, now: float) -> None:
        """Write down what is thought of a comment, and move the counts by the difference to what was thought before."""
        before = _TAKEN
        if not access.run(_SAY_FIRST, (trace.mark, said, now + COMMENT_KEPT)):
            [(before,)] = access.rows(_SAID, (trace.mark,))
            access.run(_SAY, (trace.mark, said, now + COMMENT_KEPT))
        author = (said in _GOOD) - (before in _GOOD), (said == _SPAM) - (before == _SPAM)
        evidence = (said == _KEPT) - (before == _KEPT), author[1]
        counts = [
            (party, max(0, ham), max(0, spam), now + HISTORY_KEPT, ham, ham, spam, spam)
            for parties, (ham, spam) in ((trace.authors, author), (trace.evidence, evidence))
            for party in (parties if ham or spam else ())
        ]
        if counts:
            access.change(_COUNT, counts)

    def _hash(self, party: Party, name: str) -> bytes:
        encoded = name.encode("utf-8", "surrogatepass")
        return blake2b(encoded, digest_size=12, key=self._key, person=party.encode()).digest()

    def _mark(self, submission: Submission) -> bytes:
        whole = bytes.fromhex(submission.fingerprint)
        return blake2b(whole, digest_size=16, key=self._key, person=b"comment").digest()

    def _sketch_mark(self, submission: Submission) -> bytes:
        """Return what a sketch is known by: the same comment with other fields beside it leaves one of its own."""
        whole = blake2b(submission.whole.encode(), digest_size=_HALF, key=self._key, person=b"whole").digest()
        return self._mark(submission)[:_HALF] + whole

    def _sketch(self, submission: Submission) -> list[bytes]:
        return list(_smallest(tuple(submission.kept_text.words), self._key))

    def sweep(self, now: float) -> int | None:
        """Delete what has expired, and what expires first where there is too much; returns how many rows went.

        ``None`` where the database can't be used.
        """
        return sweep(self._database, RETENTIONS, now)


def _marks(count: int) -> str:
    return ", ".join(f":v{number}" for number in range(count))


def _authors(submission: Submission) -> list[tuple[Party, str]]:
    """Return the parties for which a comment counts as good as soon as it is published."""
    accounts = [(Party.ACCOUNT, submission.account)] if submission.account else []
    authors = [(Party.AUTHOR, name) for name in author_of(submission)]
    return [*accounts, *authors, *((Party.LINK, name) for name in links_of(submission))]


def _evidence(submission: Submission) -> list[tuple[Party, str]]:
    clients = [(Party.CLIENT, name) for name in client_of(submission)]
    return clients + [(Party.HOST, name) for name in sites_of(submission.kept_text)]


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
