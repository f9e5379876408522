"""Letters that are not what they look like."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..verdict import Finding

#: Words; so many are no slip of the keyboard.
MANY = 5

#: Full-width letters alone are a fancy headline, and weigh half.
NAMES = {
    "zero_width": "invisible marks inside words",
    "mixed_script": "words in several scripts",
    "mathematical": "mathematical letters",
    "overlaid": "letters struck through",
    "full_width": "full-width letters",
}


class LetterTricks:
    """Weighs letters of mixed scripts, mathematical ones, marks unseen; what they spell is judged all the same."""

    slug: ClassVar[str] = "letter_tricks"
    looks_at: ClassVar[tuple[str, ...]] = ("author", "body")
    weight: ClassVar[int] = 25
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "Letters are not what they look like."

    def check(self, submission: Submission) -> Finding | None:
        """Look at what was undone to read the body and the name."""
        tricks = submission.text.tricks
        found = [name for slug, name in NAMES.items() if slug in tricks]
        if not found:
            return None
        grave = [times for slug, times in tricks.items() if slug != "full_width"]
        score = self.weight * len(grave) + (self.weight if sum(grave) >= MANY else 0)
        score = min(60, score or self.weight // 2)
        return Finding(self.slug, score, f"Letters are not what they look like: {', '.join(found)}.")
