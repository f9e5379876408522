"""The tables of the judge's memory, and how many rows of each are kept. They take 16 MB when all are full.

In ``judge_comments`` the column ``mark`` is the comment key and ``said`` is the status. In the other tables ``mark`` is
the sketch key.
"""

from __future__ import annotations

from typing import Final

from ...database.database import Access
from ...database.retention import BATCH, Retention
from ...database.table import Kind, Table

#: Bytes of a shingle's hash.
HASH: Final = 8
#: The number of a sketch's hashes that are in the index. Two must match, because one often matches by chance. This
#: misses 1 in 100 comments that are just similar enough, and 1 in 2,600 that have three quarters in common (the first
#: two terms of a binomial distribution).
INDEXED: Final = 8


def _expiring(name: str, columns: dict[str, Kind], *key: str) -> Table:
    index = {f"{name}_by_expiry": ("expires",)}
    return Table(name, columns | {"expires": Kind.REAL}, key=key, indexes=index)


HISTORY: Final = _expiring("judge_history", {"party": Kind.HASH, "ham": Kind.WHOLE, "spam": Kind.WHOLE}, "party")
COMMENTS: Final = _expiring("judge_comments", {"mark": Kind.HASH, "said": Kind.WHOLE}, "mark")
#: The sketches, ordered by time, so that a new row is written beside the last one.
SKETCHES: Final = Table(
    "judge_text_sketches",
    {"expires": Kind.REAL, "mark": Kind.HASH, "sketch": Kind.BYTES},
    key=("expires", "mark"),
)
#: The index of the sketches. Its rows are deleted with their sketch, so it needs no index of its own.
SHINGLES: Final = Table(
    "judge_text_shingles",
    {"shingle": Kind.HASH, "mark": Kind.HASH, "expires": Kind.REAL},
    key=("shingle", "mark"),
)

_PLACEHOLDERS: Final = ", ".join(f":v{number}" for number in range(INDEXED))
_DELETE_SHINGLES: Final = (
    f"DELETE FROM judge_text_shingles WHERE mark = :mark AND expires = :expires AND shingle IN ({_PLACEHOLDERS})"  # noqa: S608 (our own names)
)


def indexed(sketch: bytes) -> list[bytes]:
    """Return the hashes of a sketch that are in the index."""
    return [sketch[start : start + HASH] for start in range(0, len(sketch), HASH)][:INDEXED]


def _delete_shingles(access: Access, until: float) -> int:
    """Delete the shingles of the sketches that expire up to a time. Returns the number of shingles of these sketches.

    If the same comment was stored again later, the rows of its shingles have a later time and aren't deleted.
    """
    rows = access.rows(f"{SKETCHES.select} WHERE expires <= :until", (until,))
    deleted = [(mark, expires, indexed(bytes(sketch))) for expires, mark, sketch in rows]
    access.change(
        _DELETE_SHINGLES,
        [(mark, expires, *some, *some[:1] * (INDEXED - len(some))) for mark, expires, some in deleted],
    )
    return sum(len(some) for *_, some in deleted)


RETENTIONS: Final = (
    Retention(HISTORY, most=50_000),
    Retention(COMMENTS, most=50_000),
    Retention(SKETCHES, most=10_000, delete_others=_delete_shingles, batch=BATCH // INDEXED),
)
TABLES: Final = (HISTORY, COMMENTS, SKETCHES, SHINGLES)
