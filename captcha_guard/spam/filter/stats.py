"""How many decisions the filter has learned, and how many it still needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ...messages import message, message_n

#: Comments of each kind that must have been taught before the filter returns a chance of spam.
ENOUGH: Final = 8


@dataclass(frozen=True, slots=True)
class Stats:
    """The numbers of good comments and of spam that were taught, and of decisions and tokens that are stored.

    A published comment that stayed unmarked counts half in ``ham``, which is rounded down.
    """

    ham: int
    spam: int
    decisions: int
    tokens: int

    @property
    def speaks(self) -> bool:
        """Whether enough comments of both kinds were taught for the filter to return a chance of spam."""
        return min(self.ham, self.spam) >= ENOUGH

    @property
    def missing(self) -> str:
        """What must still be taught before the filter decides, as a sentence, or "" if nothing is missing."""
        missing = what_is_missing(self.ham, self.spam)
        return f"{missing[0].upper()}{missing[1:]}, and the filter starts." if missing else ""


def what_is_missing(ham: int, spam: int) -> str:
    """Return what a moderator must still do before the filter decides, "" if nothing is missing."""
    confirm, mark = (max(0, ENOUGH - taught) for taught in (ham, spam))
    # Translators: steps for the moderator, in "the filter doesn't decide yet: confirm 3 comments, and it starts".
    confirming = message_n(
        "confirm %(count)d published or held comment", "confirm %(count)d published or held comments", confirm
    )
    marking = message_n("mark %(count)d comment as spam", "mark %(count)d comments as spam", mark)
    if confirm and mark:
        return message("%(confirm)s and %(mark)s", confirm=confirming, mark=marking)
    return confirming if confirm else marking if mark else ""
