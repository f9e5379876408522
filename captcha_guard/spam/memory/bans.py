"""The clients that a moderator has banned for some time. They are given by their keys, never by an address."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from ...config.validators import storable
from ...database.database import Database, Query
from ...database.retention import Retention, Sweeper, sweep
from ...database.table import Kind, Row, Table
from ...errors import ConfigError
from ..history import SHARED_CLIENT, Ban
from ..submission import Submission

#: The longest ban, in seconds: 366 days.
LONGEST: Final = 366 * 86_400.0
#: The most characters of a note.
LONGEST_NOTE: Final = 500

TABLE: Final = Table(
    "judge_bans",
    {"client": Kind.KEY, "since": Kind.REAL, "expires": Kind.REAL, "note": Kind.TEXT},
    key=("client",),
    indexes={"judge_bans_by_expiry": ("expires",)},
)
#: If there are more bans, those that end first are deleted.
RETENTION: Final = Retention(TABLE, most=10_000)

_KEY: Final = re.compile("[0-9a-f]{32}")
_BAN: Final = TABLE.upsert()
_UNBAN: Final = "DELETE FROM judge_bans WHERE client = :client"
_OF_CLIENT: Final = f"{TABLE.select} WHERE client = :client"
_ALL: Final = f"{TABLE.select} WHERE expires > :now ORDER BY since DESC, client"


class Bans:
    """The bans of a site, in a database that all its processes share.

    While the database can't be used, :meth:`find` finds nothing, and the other methods raise
    :exc:`~captcha_guard.errors.DatabaseUnavailableError`.

    :param clock: returns seconds since 1970.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._sweeper = Sweeper((RETENTION,))
        database.add_tables(TABLE)

    def ban(self, client: str, *, seconds: float, note: str = "") -> Ban:
        """Ban a client from now on, and return the ban. It replaces an earlier ban of the same client.

        :raises ConfigError: ``client`` isn't the key of one client, or another argument is out of range.
        """
        _check_client(client)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= LONGEST:
            raise ConfigError(
                f"the ban's length is {seconds!r} s; allowed: more than 0, up to {LONGEST:.0f} s (366 days)"
            )
        now = self._clock()
        row = (client, now, now + seconds, storable("the ban's note", note, most=LONGEST_NOTE))
        with self._database.writing() as access:
            access.change(_BAN, [row])
            self._sweeper.wrote(access, now, 1)
        return _read(row)

    def unban(self, client: str) -> bool:
        """End a client's ban. Returns whether the client was banned.

        :raises ConfigError: ``client`` isn't the key of one client.
        """
        _check_client(client)
        if self._database.is_missing:
            return False
        with self._database.writing() as access:
            rows = access.rows(*_query(client))
            access.run(_UNBAN, (client,))
        return any(row[2] > self._clock() for row in rows)

    def all(self) -> tuple[Ban, ...]:
        """Return the bans that haven't ended, the newest first."""
        if self._database.is_missing:
            return ()
        with self._database.reading() as access:
            return tuple(map(_read, access.rows(_ALL, (self._clock(),))))

    def find(self, client: str) -> Ban | None:
        """Return the ban of a client that hasn't ended. Returns ``None`` if the database can't be used."""
        if not _KEY.fullmatch(client) or self._database.is_missing:
            return None
        rows = self._database.read(lambda access: access.rows(*_query(client)))
        now = self._clock()
        return next((_read(row) for row in rows or () if row[2] > now), None)

    def queries(self, submission: Submission) -> list[Query]:
        """Return the query of :meth:`find`, to read it ahead."""
        return [_query(submission.client)] if _KEY.fullmatch(submission.client) else []

    def sweep(self, now: float) -> int | None:
        """Delete the bans that have ended. Returns their number, or ``None`` if the database can't be used."""
        return sweep(self._database, (RETENTION,), now)


def _query(client: str) -> Query:
    return _OF_CLIENT, (client,)


def _read(row: Row) -> Ban:
    client, since, expires, note = row
    return Ban(client, datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(expires, UTC), note)


def _check_client(client: object) -> None:
    if client == SHARED_CLIENT:
        raise ConfigError(
            f"{SHARED_CLIENT!r} is the key of all clients without a known address, so it can't be banned; the "
            "page Limits of the documentation says how a client's address is found"
        )
    if not isinstance(client, str) or not _KEY.fullmatch(client):
        raise ConfigError(
            f"{client!r} isn't the key of a client; pass guard.client or a submission's client, which has 32 "
            "hexadecimal digits. flask captcha-guard bans --add takes an address"
        )
