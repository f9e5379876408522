"""Nearly the same comment was posted elsewhere on the site."""

from __future__ import annotations

from typing import ClassVar

from ..history import Memory
from ..submission import Submission
from ..verdict import Finding


class NearDuplicate:
    """Weighs each copy of the last 24 hours, up to three, by ever the same shingles."""

    slug: ClassVar[str] = "near_duplicate"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 35
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "Nearly the same was posted within 24 hours."

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def check(self, submission: Submission) -> Finding | None:
        """Look for comments that share most of their runs of three words with this one."""
        copies = self._memory.alike(submission)
        if not copies:
            return None
        times = "once" if copies == 1 else f"{copies} times"
        score = min(90, self.weight + 20 * (copies - 1))
        return Finding(self.slug, score, f"Nearly the same was posted {times} within 24 hours.")
