"""Something came in the field that no person sees."""

from __future__ import annotations

from ..submission import Submission
from ..verdict import Finding


class Honeypot:
    """Weighs, and never refuses on its own: browsers fill fields by themselves."""

    slug = "honeypot"
    score = 60

    def check(self, submission: Submission) -> Finding | None:
        """Look at ``honeypot``."""
        if not submission.honeypot.strip():
            return None
        return Finding(self.slug, self.score, "The field that people do not see was filled in.")
