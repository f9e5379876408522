"""First comments of an author."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..history import Memory, Party, author_of
from ..submission import Submission
from ..verdict import Action, Finding


class FirstComment:
    """Holds the first comment of an author (WordPress core: ``comment_previously_approved``). Off by default."""

    slug: ClassVar[str] = "first_comment"
    looks_at: ClassVar[tuple[str, ...]] = ("account", "author", "email")
    weight: ClassVar[int] = 0
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("It is the first comment of this author.")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def check(self, submission: Submission) -> Finding | None:
        """Look up the account, or the typed name and e-mail. An author without an e-mail address is always new."""
        if submission.account:
            past = self._memory.history(Party.ACCOUNT, (submission.account,))
        else:
            past = self._memory.history(Party.AUTHOR, author_of(submission))
        if past is not None and past.ham and not past.spam:
            return None
        sentence = (
            message("No comment of this author has been kept before.")
            if past
            else message("The author's history can't be read now.")
        )
        return Finding(self.slug, self.weight, sentence, Action.HOLD)
