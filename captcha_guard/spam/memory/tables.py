"""The tables of the judge's memory, and how many rows of each are kept. They take 16 MB when all are full.

In ``judge_comments`` the column ``mark`` is the comment key and ``said`` is the status. In the other tables ``mark`` is
the sketch key.
"""

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

#: The table of shingles is the largest.
RETENTIONS: Final = (
    Retention(HISTORY, most=50_000),
    Retention(COMMENTS, most=50_000),
    Retention(SKETCHES, most=10_000),
    Retention(SHINGLES, most=80_000),
)
TABLES: Final = tuple(one.table for one in RETENTIONS)
