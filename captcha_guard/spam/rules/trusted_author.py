"""Accounts that the site trusts."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message, message_n
from ..history import Memory, Party
from ..submission import Submission
from ..verdict import Finding


class TrustedAuthor:
    """Skips all later rules for a confirmed account with at least ``after`` kept comments and no spam."""

    slug: ClassVar[str] = "trusted_author"
    looks_at: ClassVar[tuple[str, ...]] = ("account",)
    weight: ClassVar[int] = 0
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = message("The account is trusted, so the later rules are skipped.")

    def __init__(self, memory: Memory, after: int = 3) -> None:
        self._memory = memory
        self.after = after

    def check(self, submission: Submission) -> Finding | None:
        """Check ``account``, which the host sets; a typed name or e-mail is never trusted."""
        if not submission.account or not self.after:
            return None
        past = self._memory.history(Party.ACCOUNT, (submission.account,))
        if past is None or past.spam or past.ham < self.after:
            return None
        sentence = message_n(
            "The account has %(count)d kept comment and no spam.",
            "The account has %(count)d kept comments and no spam.",
            past.ham,
        )
        return Finding(self.slug, self.weight, sentence, final=True)
