"""What is kept of each comment that was judged and stored, so that its id is enough to teach it later.

No text as it was written, no e-mail and no address is among it: the tokens are single words, the rest keyed hashes.
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

#: Cases that one look for the overdue returns.
_SOME: Final = 500

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
#: A comment can be taught by its id for 60 days. 20,000 are some 10 MB of ordinary comments; the oldest make room.
RETENTION: Final = Retention(TABLE, "judged_at", kept=60 * 86_400.0, most=20_000)

_ADD: Final = TABLE.upsert()
_READ: Final = TABLE.select
_OVERDUE: Final = (
    f"{_READ} WHERE action = :action AND spam IS NULL AND judged_at <= :before ORDER BY judged_at LIMIT :most"
)
_DECIDE: Final = "UPDATE judge_cases SET spam = :spam WHERE mark = :mark"
_CLAIM: Final = "UPDATE judge_cases SET spam = 1 WHERE id = :id AND spam IS NULL"
_REOPEN: Final = "UPDATE judge_cases SET spam = NULL WHERE id = :id"
_FORGET: Final = "DELETE FROM judge_cases WHERE mark = :mark"


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
    """The cases of a site, in a database that all its processes share.

    While the database can't be used nothing is kept, and nothing is known. Only what a visitor waits for
    (:meth:`remember`) leaves it alone meanwhile.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        database.keep(TABLE)

    def remember(self, case: Case) -> None:
        """Keep a case."""
        self._database.write(self.remembering(case))

    def remembering(self, case: Case) -> Callable[[Access], int]:
        """Return what :meth:`remember` does, for a transaction that does more."""
        tokens = zlib.compress(json.dumps(case.tokens, separators=(",", ":")).encode(), 1)
        parties = " ".join(",".join(one.hex() for one in some) for some in (case.trace.authors, case.trace.evidence))
        rest = (tokens, case.rules, int(case.action), case.judged_at, case.trace.mark, parties, case.service_mark)
        spam = None if case.spam is None else int(case.spam)
        row = (case.id, *rest, spam, case.chance, json.dumps(case.found))
        return lambda access: access.run(_ADD, row)

    def find(self, name: str) -> Case | None:
        """Return the case of this id."""
        return None if "\0" in name else self._one("id = :id", name)  # PostgreSQL takes no text with a NUL in it

    def find_marked(self, trace: Trace) -> Case | None:
        """Return the last case of the comment that left this trace."""
        return self._one("mark = :mark ORDER BY judged_at DESC", trace.mark)

    def find_sent(self, service_mark: str) -> Case | None:
        """Return the last case of the comment that the services know by this mark."""
        return self._one("service_mark = :mark ORDER BY judged_at DESC", service_mark)

    def decide(self, case: Case, *, spam: bool) -> None:
        """Note the last word about a comment, in every case of it."""
        self._change(lambda access: access.run(_DECIDE, (int(spam), case.trace.mark)))

    def overdue(self, before: float) -> list[Case]:
        """Return cases that were set aside up to the time ``before`` and that nobody has decided since, 500 at most."""
        return self._several(_OVERDUE, (int(Action.ASIDE), before, _SOME))

    def claim(self, case: Case) -> bool:
        """Decide a case as spam unless somebody has decided it; True for one caller only."""
        return bool(self._change(lambda access: access.run(_CLAIM, (case.id,))))

    def reopen(self, case: Case) -> None:
        """Take a claim back."""
        self._change(lambda access: access.run(_REOPEN, (case.id,)))

    def forget(self, trace: Trace) -> bool | None:
        """Forget every case of a comment; returns whether there was one.

        ``None`` where the database can't be used, so that there may still be one.
        """
        if self._database.is_missing:
            return False
        forgotten = self._change(lambda access: access.run(_FORGET, (trace.mark,)))
        return None if forgotten is None else forgotten > 0

    def sweep(self, now: float) -> int | None:
        """Delete what is older than 60 days, and the oldest where there are too many; returns how many went.

        ``None`` where the database can't be used.
        """
        return sweep(self._database, (RETENTION,), now)

    def _change(self, act: Callable[[Access], int]) -> int | None:
        return self._database.write(act, insist=True)

    def _one(self, where: str, value: object) -> Case | None:
        found = self._several(f"{_READ} WHERE {where} LIMIT 1", (value,))
        return found[0] if found else None

    def _several(self, query: str, values: tuple[object, ...]) -> list[Case]:
        """Return the cases found."""
        if self._database.is_missing:
            return []
        rows = self._database.read(lambda access: access.rows(query, values), insist=True)
        return [case for case in map(_case, rows or ()) if case]


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
