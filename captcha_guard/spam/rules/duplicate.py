"""Comments that were already posted on the same page."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ...messages import message
from ..submission import Submission
from ..verdict import Action, Finding


class Duplicate:
    """Refuses a comment that was already accepted in this scope. ``known`` returns whether it was."""

    slug: ClassVar[str] = "duplicate"
    looks_at: ClassVar[tuple[str, ...]] = ("scope", "author", "email", "body")
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = message("This very comment has already been posted here.")

    def __init__(self, known: Callable[[Submission], bool]) -> None:
        self._known = known

    def check(self, submission: Submission) -> Finding | None:
        """Compare scope, author, e-mail, body and all other posted texts, ignoring surrounding white space."""
        if not submission.can_be_duplicate or not self._known(submission):
            return None
        return already_said()


def already_said() -> Finding:
    """Return the finding for a comment that was posted before."""
    return Finding(Duplicate.slug, Duplicate.weight, Duplicate.sentence, Action.REJECT, final=True)
