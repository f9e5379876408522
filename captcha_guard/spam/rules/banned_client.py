"""Clients that a moderator has banned for some time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from ...messages import message
from ..history import Ban
from ..submission import Submission
from ..verdict import Action, Finding


class BannedClient:
    """Refuses comments from a banned client, also on moderated routes. ``ban_of`` returns the ban of a client's key."""

    slug: ClassVar[str] = "banned_client"
    looks_at: ClassVar[tuple[str, ...]] = ("client",)
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = message("A moderator has banned this client for some time.")

    def __init__(self, ban_of: Callable[[str], Ban | None]) -> None:
        self._ban_of = ban_of

    def check(self, submission: Submission) -> Finding | None:
        """Look up the ban of the submission's client."""
        ban = self._ban_of(submission.client)
        if ban is None:
            return None
        until = _to_the_minute(ban.until)
        sentence = message("This client is banned until %(time)s.", time=until)
        # Translators: time is "2027-01-15 12:00 UTC".
        reply = message("No comments are accepted from your connection until %(time)s.", time=until)
        return Finding(self.slug, self.weight, sentence, Action.REJECT, final=True, reply=reply)


def _to_the_minute(time: datetime) -> str:
    """Return a time as visitors see it, in UTC and rounded up to a minute, so that the ban has ended then."""
    up = time.astimezone(UTC) + timedelta(seconds=59, microseconds=999_999)
    return f"{up:%Y-%m-%d %H:%M} UTC"
