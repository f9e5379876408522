"""Something came in the field that no person sees."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..verdict import Finding


class Honeypot:
    """Weighs, and never refuses on its own: browsers fill fields by themselves."""

    slug: ClassVar[str] = "honeypot"
    looks_at: ClassVar[tuple[str, ...]] = ("honeypot",)
    weight: ClassVar[int] = 60
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The field that people do not see was filled in."

    def check(self, submission: Submission) -> Finding | None:
        """Look at ``honeypot``."""
        if not submission.honeypot.strip():
            return None
        return Finding(self.slug, self.weight, self.sentence)
