"""Clients that have posted spam before."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message, message_n
from ..history import Memory, Party, client_of, with_kept
from ..submission import Submission
from ..verdict import Finding


class ClientHistory:
    """Scores clients with more spam than kept comments."""

    slug: ClassVar[str] = "client_history"
    looks_at: ClassVar[tuple[str, ...]] = ("client",)
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("Spam has come from this client.")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def check(self, submission: Submission) -> Finding | None:
        """Look up the moderators' decisions about this client in the last 180 days."""
        past = self._memory.history(Party.CLIENT, client_of(submission))
        if past is None or past.spam <= past.ham:
            return None
        score = self.weight if past.spam == 1 else 2 * self.weight
        sentence = message_n(
            "%(count)d comment of this client was spam.", "%(count)d comments of this client were spam.", past.spam
        )
        return Finding(self.slug, score, with_kept(sentence, past))
