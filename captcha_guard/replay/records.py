"""Stores the records of POSTs in the judge's database, in the background, and reads them in the order of time."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from math import inf
from typing import Final, cast

from ..database.background_writer import BackgroundWriter, WaitingRows
from ..database.database import Access, Database
from ..database.retention import Retention, Sweeper, sweep
from ..database.table import Kind, Row, Table
from ..spam.comment_key import hash_key
from .record import COLUMNS, TABLE, Record, Recorded, row_of

logger = logging.getLogger("captcha_guard")

DAY: Final = 86_400.0
RETENTION: Final = Retention(TABLE, "judged_at", kept=60 * DAY, most=100_000)

#: The keys of comments that were forgotten, for a day: another process may still have to write an older record of one.
FORGOTTEN: Final = Table(
    "judge_forgotten",
    {"mark": Kind.HASH, "forgotten_at": Kind.REAL},
    key=("mark",),
    indexes={"judge_forgotten_by_time": ("forgotten_at",)},
)
RETENTIONS: Final = (RETENTION, Retention(FORGOTTEN, "forgotten_at", kept=DAY, most=10_000))

#: The statement that adds a record. It may exist if a file is moved into another database twice.
ADD: Final = f"{TABLE.insert} ON CONFLICT ({', '.join(TABLE.key)}) DO NOTHING"

#: The most records that are read at once.
_PAGE: Final = 5_000
_READ: Final = (
    f"SELECT {', '.join(COLUMNS)} FROM judge_records WHERE judged_at >= :since AND judged_at < :until "  # noqa: S608 (our own names)
    "AND (judged_at > :after OR id > :id) ORDER BY judged_at, id LIMIT :most"
)
_MARK: Final = "SELECT mark FROM judge_records WHERE id = :id"
_FORGET: Final = "DELETE FROM judge_records WHERE mark = :mark"
_NOTE_FORGOTTEN: Final = FORGOTTEN.upsert()


class Records:
    """The records of a site, in a database that all its processes share.

    :param secret: the site's secret, the key of all hashes.
    """

    def __init__(self, database: Database, writer: BackgroundWriter, *, secret: bytes) -> None:
        database.add_tables(TABLE, FORGOTTEN)
        self._database = database
        self._writer = writer
        self._key = hash_key(secret)
        self._sweeper = Sweeper(RETENTIONS)
        self._waiting: WaitingRows[Record] = WaitingRows(writer, "records of submissions", self._store)

    def add(self, record: Record) -> None:
        """Write a record within seconds. This only changes memory, and never raises."""
        self._waiting.append(record)

    def scope_hash(self, scope: str) -> bytes:
        """Return the hash by which records name a scope."""
        encoded = scope.encode("utf-8", "surrogatepass")
        return blake2b(encoded, digest_size=8, key=self._key, person=b"scope").digest()

    def read(self, since: float, until: float) -> Iterator[Recorded]:
        """Yield what was recorded from ``since`` until before ``until``, in the order of time, also what still waits.

        :raises DatabaseUnavailableError: the database can't be used.
        """
        self._writer.write(insist=True)
        if self._database.is_missing:
            return
        after, name = since, ""
        while True:
            with self._database.reading() as access:
                rows = access.rows(_READ, (max(since, after), until, after, name, _PAGE))
            yield from cast("Sequence[Recorded]", rows)
            if len(rows) < _PAGE:
                return
            after, name = rows[-1][:2]

    def forget(self, comment_id: str, comment_key: str, *, now: float) -> int | None:
        """Delete the records of a comment up to ``now``. Returns their number, ``None`` if the database can't be used.

        A record of it that waits in the memory of another process won't be written, either.

        :param comment_id: the id of one of its verdicts, or "".
        :param comment_key: its key, or "" if only the id is known.
        """
        self._writer.write(insist=True)
        if self._database.is_missing:
            return 0

        def delete(access: Access) -> int:
            key = bytes.fromhex(comment_key)
            if comment_id and not key:
                key = next((bytes(mark) for (mark,) in access.rows(_MARK, (comment_id,)) if mark), b"")
            if not key:
                return 0
            access.change(_NOTE_FORGOTTEN, [(key, now)])
            return access.run(_FORGET, (key,))

        return self._database.write(delete, insist=True)

    def sweep(self, now: float) -> int | None:
        """Delete records older than 60 days, and the oldest if there are too many. Returns the number of deleted rows.

        Returns ``None`` if the database can't be used.
        """
        return sweep(self._database, RETENTIONS, now)

    def _store(self, access: Access, records: Sequence[Record]) -> None:
        forgotten = {bytes(mark).hex(): at for mark, at in access.rows(FORGOTTEN.select)}
        kept = [one for one in records if one.judged_at > forgotten.get(one.mark, -inf)]
        access.change(ADD, [row for one in kept if (row := _row_or_log(one)) is not None])
        self._sweeper.wrote(access, records[-1].judged_at, len(records))


def _row_or_log(record: Record) -> Row | None:
    """Return the row of a record. Logs and drops a record that can't be stored, such as one of a rule's wrong type."""
    try:
        return row_of(record, secrets.token_hex(8))
    except (TypeError, ValueError):
        logger.exception("captcha_guard: the submission %s could not be recorded", record.id)
        return None
