"""What a service was asked about each comment, kept for as long as a correction may follow, then deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...database.connections import Connections
from .service import Form

#: Seconds for which a comment can be corrected, and for which what was sent of it is kept.
KEPT: Final = 60 * 86_400

#: Statements that lay the table.
SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS service_sent (
        service TEXT NOT NULL, mark TEXT NOT NULL, form TEXT NOT NULL, belief TEXT NOT NULL, expires REAL NOT NULL,
        PRIMARY KEY (service, mark)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS service_sent_expires ON service_sent (expires)",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten: it was someone's address
)

_KEEP = "INSERT OR REPLACE INTO service_sent VALUES (?, ?, ?, ?, ?) RETURNING 1"
_FIND = "SELECT form, belief FROM service_sent WHERE service = ? AND mark = ? AND expires > ?"
_BELIEVE = "UPDATE service_sent SET belief = ? WHERE service = ? AND mark = ? RETURNING 1"
_FORGET = "DELETE FROM service_sent WHERE mark = ? RETURNING 1"
_EXPIRE = "DELETE FROM service_sent WHERE expires <= ? RETURNING 1"


class Belief(StrEnum):
    """What a service takes a comment for, as far as is known here."""

    SPAM = "spam"
    HAM = "ham"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was sent about one comment, to the letter, and what the service made of it."""

    form: Form
    belief: Belief


class Sent:
    """The forms that were sent, by service and comment; times are in seconds since 1970.

    ``connections`` lead to a file with ``SCHEMA``. Every method raises ``sqlite3.Error`` when it can't be read or
    written.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def keep(self, service: str, mark: str, form: Form, belief: Belief, *, now: float) -> None:
        """Keep a form for 60 days."""
        text = json.dumps(dict(form), ensure_ascii=True, separators=(",", ":"))
        self._connections.atomically(_KEEP, (service, mark, text, belief.value, now + KEPT))

    def find(self, service: str, mark: str, *, now: float) -> Asked | None:
        """Return what was sent about a comment, unless that is 60 days ago or never was."""
        found = self._connections.atomically(_FIND, (service, mark, now))
        return Asked(json.loads(found[0][0]), Belief(found[0][1])) if found else None

    def believe(self, service: str, mark: str, belief: Belief) -> None:
        """Note what the service takes a comment for from now on."""
        self._connections.atomically(_BELIEVE, (belief.value, service, mark))

    def forget(self, mark: str) -> int:
        """Delete what was sent about one comment, to all services; returns how many forms that were."""
        return len(self._connections.atomically(_FORGET, (mark,)))

    def expire(self, now: float) -> int:
        """Delete what is older than 60 days; returns how many forms that were."""
        return len(self._connections.atomically(_EXPIRE, (now,)))
