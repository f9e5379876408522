"""Forms that were sent faster than people type."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..submission import Submission
from ..verdict import Finding


class TooFast:
    """Scores forms sent in less than ``min_seconds``, but never refuses them, because people paste prepared text."""

    slug: ClassVar[str] = "too_fast"
    looks_at: ClassVar[tuple[str, ...]] = ("seconds",)
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The form was sent faster than people type.")

    def __init__(self, min_seconds: float = 3) -> None:
        self.min_seconds = min_seconds

    def check(self, submission: Submission) -> Finding | None:
        """Check ``seconds``."""
        if submission.seconds is None or submission.seconds >= self.min_seconds:
            return None
        sentence = message(
            "Posted %(seconds)d s after the form was made; people need at least %(least)d s.",
            seconds=round(submission.seconds),
            least=self.min_seconds,
        )
        return Finding(self.slug, self.weight, sentence)
