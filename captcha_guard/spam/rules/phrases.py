"""Phrases that spam is made of."""

from __future__ import annotations

from typing import ClassVar

from ..lists.spam_phrases import BOOK, FAINT, SCORES
from ..submission import Submission
from ..verdict import Finding

#: What every further family adds, and the most that they make together.
FURTHER, MOST = 15, 90


class Advertising:
    """Weighs offers and calls that readers seldom make; several kinds of them weigh more than one."""

    slug: ClassVar[str] = "phrases"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 45
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The comment offers or asks what spam offers and asks."

    def check(self, submission: Submission) -> Finding | None:
        """Look for each family of phrases in the words of each text."""
        said = BOOK.search(submission.text.passages)
        if not said:
            return None
        scores = [SCORES[name] for name in said]
        further = sum(score > FAINT for score in scores) - 1
        score = min(MOST, max(scores) + FURTHER * max(0, further))
        what = ", ".join(f"{name} ({phrase[:40]})" for name, phrase in said.items())
        return Finding(self.slug, score, f"The comment talks as spam does: {what}.")
