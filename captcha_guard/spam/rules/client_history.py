"""Clients that have posted spam before."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message, message_n
from ..history import Memory, Party, client_of
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
            "%(count)d of this client's comments was spam, %(good)d were not.",
            "%(count)d of this client's comments were spam, %(good)d were not.",
            past.spam,
            good=past.ham,
        )
        return Finding(self.slug, score, sentence)
