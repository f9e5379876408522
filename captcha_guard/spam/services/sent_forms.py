"""What a service was asked about each comment, kept for as long as a correction may follow, then deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...database.database import Access
from ...database.retention import Retention
from ...database.table import Kind, Table
from .service import Form

#: Seconds for which a comment can be corrected, and for which what was sent of it is kept.
KEPT: Final = 60 * 86_400

TABLE: Final = Table(
    "service_sent",
    {"service": Kind.KEY, "mark": Kind.KEY, "form": Kind.TEXT, "belief": Kind.KEY, "expires": Kind.REAL},
    key=("service", "mark"),
    indexes={"service_sent_expires": ("expires",)},
)
RETENTION: Final = Retention(TABLE)

_KEEP: Final = TABLE.upsert()
_FIND: Final = "SELECT form, belief FROM service_sent WHERE service = :service AND mark = :mark AND expires > :now"
_BELIEVE: Final = "UPDATE service_sent SET belief = :belief WHERE service = :service AND mark = :mark"
_FORGET: Final = "DELETE FROM service_sent WHERE mark = :mark"


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
    """The forms that were sent, by service and comment, in one transaction; times are in seconds since 1970."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def keep(self, service: str, key: str, form: Form, belief: Belief, *, now: float) -> None:
        """Keep a form for 60 days."""
        text = json.dumps(dict(form), ensure_ascii=True, separators=(",", ":"))
        self._access.run(_KEEP, (service, key, text, belief.value, now + KEPT))

    def find(self, service: str, key: str, *, now: float) -> Asked | None:
        """Return what was sent about a comment, unless that is 60 days ago or never was."""
        found = self._access.rows(_FIND, (service, key, now))
        return Asked(json.loads(found[0][0]), Belief(found[0][1])) if found else None

    def believe(self, service: str, key: str, belief: Belief) -> None:
        """Note what the service takes a comment for from now on."""
        self._access.run(_BELIEVE, (belief.value, service, key))

    def forget(self, key: str) -> int:
        """Delete what was sent about one comment, to all services; returns how many forms that were."""
        return self._access.run(_FORGET, (key,))
