"""Disguised letters."""

from __future__ import annotations

from typing import ClassVar

from ...messages import joined, message
from ..submission import Submission
from ..verdict import Finding

#: Words. This many can't be a typing mistake.
MANY = 5

#: Full-width letters alone may be a decorated headline, so they score half.
NAMES = {
    "zero_width": message("invisible marks inside words"),
    "mixed_script": message("words in several scripts"),
    "mathematical": message("mathematical letters"),
    "overlaid": message("letters struck through"),
    "full_width": message("full-width letters"),
}


class LetterTricks:
    """Scores disguises: mixed scripts, mathematical letters, invisible characters. The undisguised text is judged."""

    slug: ClassVar[str] = "letter_tricks"
    looks_at: ClassVar[tuple[str, ...]] = ("author", "body")
    weight: ClassVar[int] = 25
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("Letters are disguised.")

    def check(self, submission: Submission) -> Finding | None:
        """Check which disguises were removed from the texts and the name."""
        tricks = submission.text.tricks
        found = [name for slug, name in NAMES.items() if slug in tricks]
        if not found:
            return None
        grave = [times for slug, times in tricks.items() if slug != "full_width"]
        score = self.weight * len(grave) + (self.weight if sum(grave) >= MANY else 0)
        score = min(60, score or self.weight // 2)
        return Finding(self.slug, score, message("Letters are disguised: %(ways)s.", ways=joined(found)))
