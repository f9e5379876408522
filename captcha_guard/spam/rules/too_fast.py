"""The form came back sooner than anyone can type."""

from __future__ import annotations

from ..submission import Submission
from ..verdict import Finding


class TooFast:
    """Weighs, and never refuses: people paste what they wrote elsewhere. ``min_seconds`` is the shortest usual time."""

    slug = "too_fast"
    score = 30

    def __init__(self, min_seconds: float = 3) -> None:
        self.min_seconds = min_seconds

    def check(self, submission: Submission) -> Finding | None:
        """Look at ``seconds``."""
        if submission.seconds is None or submission.seconds >= self.min_seconds:
            return None
        return Finding(
            self.slug,
            self.score,
            f"Posted {submission.seconds:.0f} s after the form was made; people take {self.min_seconds:g} s or more.",
        )
