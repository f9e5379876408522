"""How many decisions the filter has learned, and how many it still needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ...messages import message_n, sentences

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
        """What must still be taught before the filter decides, in one or two sentences, or "" if nothing is missing."""
        return what_is_missing(self.ham, self.spam)


def what_is_missing(ham: int, spam: int) -> str:
    """Return what a moderator must still do before the filter decides, "" if nothing is missing."""
    confirm, mark = (max(0, ENOUGH - taught) for taught in (ham, spam))
    confirming = message_n(
        "To start the filter, confirm %(count)d published or held comment.",
        "To start the filter, confirm %(count)d published or held comments.",
        confirm,
    )
    if confirm and mark:
        # Translators: follows "To start the filter, confirm 8 published or held comments."
        more = message_n("Mark %(count)d comment as spam, too.", "Mark %(count)d comments as spam, too.", mark)
        return sentences(confirming, more)
    marking = message_n(
        "To start the filter, mark %(count)d comment as spam.",
        "To start the filter, mark %(count)d comments as spam.",
        mark,
    )
    return confirming if confirm else marking if mark else ""
