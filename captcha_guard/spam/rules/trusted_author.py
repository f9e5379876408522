"""Someone whom the site knows."""

from __future__ import annotations

from typing import ClassVar

from ..history import Memory, Party
from ..submission import Submission
from ..verdict import Finding


class TrustedAuthor:
    """Spares a confirmed account with ``after`` comments kept and none taken for spam all rules after this one."""

    slug: ClassVar[str] = "trusted_author"
    looks_at: ClassVar[tuple[str, ...]] = ("account",)
    weight: ClassVar[int] = 0
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = "The account is known: nothing else is looked at."

    def __init__(self, memory: Memory, after: int = 3) -> None:
        self._memory = memory
        self.after = after

    def check(self, submission: Submission) -> Finding | None:
        """Look at ``account``, which the host sets; a typed name or e-mail is never trusted."""
        if not submission.account or not self.after:
            return None
        past = self._memory.history(Party.ACCOUNT, (submission.account,))
        if past is None or past.spam or past.ham < self.after:
            return None
        sentence = f"The account has {past.ham} comments that were kept and none that was spam."
        return Finding(self.slug, self.weight, sentence, final=True)
