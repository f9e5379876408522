"""Phrases that are typical of spam."""

from __future__ import annotations

from typing import ClassVar

from ..lists.spam_phrases import BOOK, FAINT, SCORES
from ..submission import Submission
from ..verdict import Finding

#: The score of every further family, and the maximum for all families together.
FURTHER, MOST = 15, 90


class Phrases:
    """Scores offers and requests that readers seldom write; several kinds score more than one."""

    slug: ClassVar[str] = "phrases"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 45
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The comment contains phrases that are typical of spam."

    def check(self, submission: Submission) -> Finding | None:
        """Look for each family of phrases in the words of each text."""
        found = BOOK.search(submission.text.passages)
        if not found:
            return None
        scores = [SCORES[name] for name in found]
        further = sum(score > FAINT for score in scores) - 1
        score = min(MOST, max(scores) + FURTHER * max(0, further))
        quoted = ", ".join(f"{name} ({phrase[:40]})" for name, phrase in found.items())
        return Finding(self.slug, score, f"The comment contains phrases that are typical of spam: {quoted}.")
