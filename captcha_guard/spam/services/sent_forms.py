"""The forms that were sent to services, kept while a correction may follow, because it must have the same fields."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...database.database import Access
from ...database.retention import Retention
from ...database.table import Kind, Table
from .service import Form

#: Seconds for which a comment can be corrected, and for which its form is kept.
KEPT: Final = 60 * 86_400

#: ``mark`` is the comment key, ``belief`` is the label.
TABLE: Final = Table(
    "service_sent",
    {"service": Kind.KEY, "mark": Kind.KEY, "form": Kind.TEXT, "belief": Kind.KEY, "expires": Kind.REAL},
    key=("service", "mark"),
    indexes={"service_sent_expires": ("expires",)},
)
RETENTION: Final = Retention(TABLE)

_KEEP: Final = TABLE.upsert()
_FIND: Final = "SELECT form, belief FROM service_sent WHERE service = :service AND mark = :mark AND expires > :now"
_RELABEL: Final = "UPDATE service_sent SET belief = :belief WHERE service = :service AND mark = :mark"
_FORGET: Final = "DELETE FROM service_sent WHERE mark = :mark"


class Label(StrEnum):
    """A service's latest label of a comment, as far as this site knows."""

    SPAM = "spam"
    HAM = "ham"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SentForm:
    """The exact form that was sent about one comment, and the service's label."""

    form: Form
    label: Label


class SentForms:
    """The stored forms, in one transaction. Times are in seconds since 1970, ``key`` is a comment key."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def keep(self, service: str, key: str, form: Form, label: Label, *, now: float) -> None:
        """Store a form for 60 days."""
        text = json.dumps(dict(form), ensure_ascii=True, separators=(",", ":"))
        self._access.run(_KEEP, (service, key, text, label.value, now + KEPT))

    def find(self, service: str, key: str, *, now: float) -> SentForm | None:
        """Return the form that was sent about a comment within 60 days."""
        found = self._access.rows(_FIND, (service, key, now))
        return SentForm(json.loads(found[0][0]), Label(found[0][1])) if found else None

    def relabel(self, service: str, key: str, label: Label) -> None:
        """Store another label."""
        self._access.run(_RELABEL, (label.value, service, key))

    def forget(self, key: str) -> int:
        """Delete the forms that were sent about one comment to any service. Returns their number."""
        return self._access.run(_FORGET, (key,))
