"""The honeypot: a hidden field that only programs fill in."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..submission import Submission
from ..verdict import Finding


class Honeypot:
    """Scores a filled honeypot, but never refuses it alone, because browsers autofill fields."""

    slug: ClassVar[str] = "honeypot"
    looks_at: ClassVar[tuple[str, ...]] = ("honeypot",)
    weight: ClassVar[int] = 60
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The field that people don't see was filled in.")

    def check(self, submission: Submission) -> Finding | None:
        """Check ``honeypot``."""
        if not submission.honeypot.strip():
            return None
        return Finding(self.slug, self.weight, self.sentence)
