"""Comments that were posted on the site before with little difference."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message, message_n
from ..history import Memory
from ..submission import Submission
from ..verdict import Finding


class NearDuplicate:
    """Scores each similar comment of the last 24 hours, up to three of them."""

    slug: ClassVar[str] = "near_duplicate"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 35
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("Nearly the same comment was posted within 24 hours.")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def check(self, submission: Submission) -> Finding | None:
        """Count comments that share most of their three-word sequences (shingles) with this one."""
        copies = self._memory.alike(submission)
        if not copies:
            return None
        score = min(90, self.weight + 20 * (copies - 1))
        sentence = message_n(
            "Nearly the same comment was posted once within 24 hours.",
            "Nearly the same comment was posted %(count)d times within 24 hours.",
            copies,
        )
        return Finding(self.slug, score, sentence)
