"""The tables of the judge's memory, and how much of each is kept: 16 MB in all when every table is full."""

from __future__ import annotations

from typing import Final

from ...database.retention import Retention
from ...database.table import Kind, Table


def _expiring(name: str, columns: dict[str, Kind], *key: str) -> Table:
    index = {f"{name}_by_expiry": ("expires",)}
    return Table(name, columns | {"expires": Kind.REAL}, key=key, indexes=index)


HISTORY: Final = _expiring("judge_history", {"party": Kind.HASH, "ham": Kind.WHOLE, "spam": Kind.WHOLE}, "party")
COMMENTS: Final = _expiring("judge_comments", {"mark": Kind.HASH, "said": Kind.WHOLE}, "mark")
SKETCHES: Final = _expiring("judge_sketches", {"mark": Kind.HASH, "sketch": Kind.BYTES}, "mark")
SHINGLES: Final = _expiring("judge_shingles", {"shingle": Kind.HASH, "mark": Kind.HASH}, "shingle", "mark")

#: Shingles of random words are the largest that a table can hold.
RETENTIONS: Final = (
    Retention(HISTORY, most=50_000),
    Retention(COMMENTS, most=50_000),
    Retention(SKETCHES, most=10_000),
    Retention(SHINGLES, most=80_000),
)
TABLES: Final = tuple(one.table for one in RETENTIONS)
