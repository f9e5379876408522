"""What the judge remembers about stored comments, as keyed hashes: no name or address can be read from it.

The key of a comment is kept for 30 days, its sketch for one (see :mod:`.sketches`). Clients, hosts, accounts and
authors are hashes with two counts, which are deleted after 180 days without a change. Each table has a maximum size;
the rows that expire first are deleted first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from ...database.database import Access, Database, Query
from ...database.retention import Sweeper, sweep
from ..comment_key import comment_key, hash_key
from ..history import History, Party, author_of, client_of, links_of, sites_of
from ..submission import Submission
from ..verdict import Action
from .sketches import Sketches, with_placeholders
from .tables import COMMENTS, INDEXED, RETENTIONS, TABLES

DAY: Final = 86_400.0
HISTORY_KEPT: Final = 180 * DAY
COMMENT_KEPT: Final = 30 * DAY

#: The status of a comment. A moderator has decided about the last two only.
_UNDECIDED, _AUTO_PUBLISHED, _CONFIRMED_GOOD, _CONFIRMED_SPAM = range(4)
_GOOD: Final = (_AUTO_PUBLISHED, _CONFIRMED_GOOD)

_COUNT: Final = """
INSERT INTO judge_history VALUES (:party, :ham, :spam, :expires) ON CONFLICT (party) DO UPDATE SET
    ham = CASE WHEN judge_history.ham + :more_ham > 0 THEN judge_history.ham + :more_ham ELSE 0 END,
    spam = CASE WHEN judge_history.spam + :more_spam > 0 THEN judge_history.spam + :more_spam ELSE 0 END,
    expires = excluded.expires
"""
_HISTORY: Final = "SELECT party, ham, spam FROM judge_history WHERE party IN ({})"  # one placeholder for each party
_STATUS: Final = "SELECT said FROM judge_comments WHERE mark = :mark"
_ADD: Final = f"{COMMENTS.insert} ON CONFLICT (mark) DO NOTHING"
_CHANGE: Final = COMMENTS.upsert()
_FORGET: Final = "DELETE FROM judge_comments WHERE mark = :mark"


@dataclass(frozen=True, slots=True)
class Trace:
    """What is stored of a comment: its comment key, and keyed hashes of its authors, its client and its hosts."""

    comment_key: str
    authors: tuple[bytes, ...]
    evidence: tuple[bytes, ...]


class Reputation:
    """A :class:`~captcha_guard.spam.history.Memory` that all users of a database share.

    While the database can't be used, nothing is remembered, and comments are judged by their text alone.

    :param secret: the site's secret, the key of all hashes. With another secret nothing is found.
    """

    def __init__(self, database: Database, *, secret: bytes) -> None:
        self._database = database
        database.add_tables(*TABLES)
        self._secret = secret
        self._key = hash_key(secret)
        self._sketches = Sketches(database, secret=secret)
        self._sweeper = Sweeper(RETENTIONS)
        self._local = threading.local()

    def history(self, party: Party, names: tuple[str, ...]) -> History | None:
        """Return the sums of the counts of these names. Returns ``None`` if the database can't be used."""
        if not names or self._database.is_missing:
            return History()
        parties = {self._hash(party, name) for name in names}
        histories = self._histories(parties)
        if histories is None:
            return None
        found = [histories[one] for one in parties if one in histories]
        return History(sum(history.ham for history in found), sum(history.spam for history in found))

    @contextmanager
    def prefetching(
        self, submission: Submission, also: Callable[[Submission], Iterable[Query]] = lambda _: ()
    ) -> Iterator[None]:
        """Read the histories of all the submission's parties in one statement, when this thread needs the first one.

        A server may read the sketches and the queries of ``also`` in the same round trip.
        """

        def queries() -> list[Query]:
            parties = self._parties(submission)
            histories = [_history(parties)] if parties else []
            return [*histories, *self._sketches.queries(submission), *also(submission)]

        self._local.submission, self._local.parties = submission, None
        try:
            with self._database.prefetching(queries):
                yield
        finally:
            self._local.submission = None

    def _histories(self, parties: set[bytes]) -> Mapping[bytes, History] | None:
        """Return the histories of the parties that have one, or ``None`` if the database can't be used."""
        local = self._local
        submission: Submission | None = getattr(local, "submission", None)
        if submission is None:
            return self._read(parties)
        if local.parties is None:
            local.parties = self._parties(submission)
            local.histories = self._read(local.parties)
        histories: Mapping[bytes, History] | None = local.histories
        return histories if parties <= local.parties else self._read(parties)

    def _parties(self, submission: Submission) -> set[bytes]:
        return {self._hash(*one) for one in (*_authors(submission), *_evidence(submission))}

    def _read(self, parties: Collection[bytes]) -> dict[bytes, History] | None:
        query = _history(parties)
        rows = self._database.read(lambda access: access.rows(*query))
        return None if rows is None else {party: History(ham, spam) for party, ham, spam in rows}

    def alike(self, submission: Submission) -> int | None:
        """Return how many other comments of the last 24 hours are nearly the same, 8 at most.

        Returns ``None`` if the database can't be used.
        """
        return self._sketches.alike(submission)

    def note(self, submission: Submission, action: Action) -> None:
        """Remember a comment that the site has stored. Don't call this for a comment that was refused.

        A comment that is published at once counts as kept for its author, but not for its client and hosts. Those
        count only what a moderator decided.
        """
        self._database.write(self.note_step(submission, action))

    def note_step(self, submission: Submission, action: Action) -> Callable[[Access], None]:
        """Return a function that does the work of :meth:`note` in a transaction."""
        store_sketch, trace = self._sketches.store_step(submission), self.trace(submission)

        def write(access: Access) -> None:
            store_sketch(access)
            status = _AUTO_PUBLISHED if action == Action.ACCEPT else _UNDECIDED
            self._set_status(access, trace, status, submission.posted_at)
            self._sweeper.wrote(access, submission.posted_at, 2 + INDEXED)

        return write

    def trace(self, submission: Submission) -> Trace:
        """Return the hashes by which a comment can be taught later, without its text."""
        authors = [self._hash(party, name) for party, name in _authors(submission)]
        evidence = [self._hash(party, name) for party, name in _evidence(submission)]
        return Trace(comment_key(submission, self._secret), tuple(authors), tuple(evidence))

    def teach(self, comment: Submission | Trace, *, spam: bool, now: float) -> bool:
        """Record a moderator's decision. The last one counts, and repeating it changes nothing.

        Returns whether the decision could be stored.
        """
        trace = comment if isinstance(comment, Trace) else self.trace(comment)

        def write(access: Access) -> bool:
            self._set_status(access, trace, _CONFIRMED_SPAM if spam else _CONFIRMED_GOOD, now)
            self._sweeper.wrote(access, now, 8)
            return True

        return self._database.write(write, insist=True) or False

    def forget(self, comment: Submission | Trace, *, now: float) -> bool | None:
        """Delete a comment, and take it out of all counts. Returns whether it was remembered.

        Returns ``None`` if the database can't be used, so something may still be there.
        """
        trace = comment if isinstance(comment, Trace) else self.trace(comment)
        if self._database.is_missing:
            return False

        def write(access: Access) -> bool:
            key = bytes.fromhex(trace.comment_key)
            found = access.rows(_STATUS, (key,))
            self._set_status(access, trace, _UNDECIDED, now)
            access.change(_FORGET, [(key,)])
            self._sketches.forget(access, trace.comment_key)
            return bool(found)

        return self._database.write(write, insist=True)

    def _set_status(self, access: Access, trace: Trace, status: int, now: float) -> None:
        """Store a comment's status, and change the counts by the difference to its status before."""
        before, key = _UNDECIDED, bytes.fromhex(trace.comment_key)
        if not access.run(_ADD, (key, status, now + COMMENT_KEPT)):
            [(before,)] = access.rows(_STATUS, (key,))
            access.change(_CHANGE, [(key, status, now + COMMENT_KEPT)])
        author = (status in _GOOD) - (before in _GOOD), (status == _CONFIRMED_SPAM) - (before == _CONFIRMED_SPAM)
        evidence = (status == _CONFIRMED_GOOD) - (before == _CONFIRMED_GOOD), author[1]
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

    def sweep(self, now: float) -> int | None:
        """Delete expired rows, and the rows that expire first where there are too many. Returns the number of rows.

        Returns ``None`` if the database can't be used.
        """
        return sweep(self._database, RETENTIONS, now)


def _history(parties: Collection[bytes]) -> Query:
    return with_placeholders(_HISTORY, len(parties)), tuple(sorted(parties))


def _authors(submission: Submission) -> list[tuple[Party, str]]:
    """Return the parties for which a comment counts as good as soon as it is published."""
    accounts = [(Party.ACCOUNT, submission.account)] if submission.account else []
    authors = [(Party.AUTHOR, name) for name in author_of(submission)]
    return [*accounts, *authors, *((Party.LINK, name) for name in links_of(submission))]


def _evidence(submission: Submission) -> list[tuple[Party, str]]:
    clients = [(Party.CLIENT, name) for name in client_of(submission)]
    return clients + [(Party.HOST, name) for name in sites_of(submission.kept_text)]
