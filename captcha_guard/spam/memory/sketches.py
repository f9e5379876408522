"""Finds comments that are nearly the same, by sketches of their texts that are kept for a day.

A shingle is three words in a row, and a sketch is the smallest hashes of a text's shingles (Broder 1997: they are a
fair sample of all). Similar texts have similar sketches. The smallest hashes of a sketch are the index by which it is
found. The hashes are keyed, so no word can be read from them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from ...database.database import Access, Database, Query
from ..comment_key import SHARED, hash_key, sketch_key
from ..submission import Submission
from .tables import HASH, INDEXED, SHINGLES, SKETCHES

#: Seconds for which a sketch is kept.
KEPT: Final = 86_400.0
#: The number of hashes in a sketch.
SKETCH: Final = 24
#: The fewest shingles of a text that is compared. People repeat short ones such as "Thanks, this helped me a lot".
FEWEST: Final = 6
#: The share of the sketch that two similar comments have in common.
ALIKE: Final = 0.6
#: The most copies of a text that are counted, and kept.
MOST_ALIKE: Final = 8
#: The most sketches that are compared: those with the most hashes in the index.
_COMPARED: Final = 64

_ADD: Final = f"{SKETCHES.insert} ON CONFLICT (expires, mark) DO NOTHING"
_INDEX: Final = [SHINGLES.upsert("expires", rows=rows) for rows in range(1, INDEXED + 1)]
_NEAR: Final = f"""
SELECT sketch FROM judge_text_sketches AS known JOIN (
    SELECT expires, mark FROM judge_text_shingles
    WHERE shingle IN ({{}}) AND expires > :now AND mark <> :own AND substr(mark, 1, {SHARED}) <> :replaced
    GROUP BY expires, mark HAVING count(*) > 1 ORDER BY count(*) DESC, mark LIMIT :most
) AS near ON known.expires = near.expires AND known.mark = near.mark
"""  # noqa: S608 (our own number); one placeholder for each shingle
_FORGET: Final = tuple(
    f"DELETE FROM {table.name} WHERE substr(mark, 1, {SHARED}) = :half"  # noqa: S608 (our own names)
    for table in (SHINGLES, SKETCHES)
)


@dataclass(slots=True)
class _Sketch:
    """The sketch of one comment, its key, and the number of similar comments once ``is_compared``."""

    submission: Submission
    key: bytes
    hashes: list[bytes]
    copies: int | None = None
    is_compared: bool = False


class Sketches:
    """The sketches of a site's comments, in its database.

    :param secret: the site's secret, the key of all hashes.
    """

    def __init__(self, database: Database, *, secret: bytes) -> None:
        self._database = database
        self._secret = secret
        self._local = threading.local()

    def alike(self, submission: Submission) -> int | None:
        """Return how many other comments of the last 24 hours are nearly the same, 8 at most.

        Returns ``None`` if the database can't be used.
        """
        sketch, queries = self._sketch(submission), self.queries(submission)
        if not queries or self._database.is_missing:
            return 0
        rows = self._database.read(lambda access: access.rows(*queries[0]))
        sketch.copies, sketch.is_compared = None, True
        if rows is not None:
            own = set(sketch.hashes)
            shared = (len(own.intersection(_hashes(other))) for (other,) in rows)
            sketch.copies = min(MOST_ALIKE, sum(number >= ALIKE * len(own) for number in shared))
        return sketch.copies

    def queries(self, submission: Submission) -> list[Query]:
        """Return the query of :meth:`alike`, if a comment is long enough to be compared."""
        sketch = self._sketch(submission)
        if not sketch.hashes:
            return []
        replaced = bytes.fromhex(submission.replaces)[:SHARED]
        values = (*sketch.hashes, submission.posted_at, sketch.key, replaced, _COMPARED)
        return [(with_placeholders(_NEAR, len(sketch.hashes)), values)]

    def store_step(self, submission: Submission) -> Callable[[Access], None]:
        """Return a function that stores the sketch of a comment in a transaction."""
        sketch, expires = self._sketch(submission), submission.posted_at + KEPT
        if not sketch.is_compared:
            self.alike(submission)
        has_enough = (sketch.copies or 0) >= MOST_ALIKE

        def write(access: Access) -> None:
            if sketch.hashes and not has_enough:  # so that a flood of one text doesn't replace all others
                access.change(_ADD, [(expires, sketch.key, b"".join(sketch.hashes))])
                rows = [(shingle, sketch.key, expires) for shingle in sketch.hashes[:INDEXED]]
                access.change(_INDEX[len(rows) - 1], [[value for row in rows for value in row]])

        return write

    def forget(self, access: Access, comment_key: str) -> None:
        """Delete all sketches of a comment."""
        half = bytes.fromhex(comment_key)[:SHARED]
        for statement in _FORGET:
            access.change(statement, [(half,)])

    def _sketch(self, submission: Submission) -> _Sketch:
        """Return the sketch of a comment. The thread's last one is reused, for the rules and for storing."""
        last: _Sketch | None = getattr(self._local, "last", None)
        if last is None or last.submission is not submission:
            hashes = _smallest(submission.kept_text.words, hash_key(self._secret))
            last = self._local.last = _Sketch(submission, sketch_key(submission, self._secret), hashes)
        return last


@lru_cache(maxsize=128)
def with_placeholders(statement: str, count: int) -> str:
    """Return the statement with placeholders for the values of ``IN ({})``."""
    return statement.format(", ".join(f":v{number}" for number in range(count)))


def _hashes(sketch: bytes) -> Iterator[bytes]:
    return (sketch[start : start + HASH] for start in range(0, len(sketch), HASH))


def _smallest(words: Sequence[str], key: bytes) -> list[bytes]:
    """Return the sketch of a text.

    The key is a prefix of each hashed text. BLAKE2's own key parameter would need one more block for each hash.
    """
    shingles = {" ".join(three) for three in zip(words, words[1:], words[2:], strict=False)}
    if len(shingles) < FEWEST:
        return []
    encoded = (key + one.encode("utf-8", "surrogatepass") for one in shingles)
    return sorted([blake2b(one, digest_size=HASH).digest() for one in encoded])[:SKETCH]
