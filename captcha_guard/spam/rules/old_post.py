"""Comments on old posts: spammers find these by search engine, while most readers come from the front page."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message, message_n
from ..submission import Submission
from ..verdict import Finding

#: Seconds.
DAY = 86_400


class OldPost:
    """Scores comments on a post that is at least ``days`` days old. 0 turns this off."""

    slug: ClassVar[str] = "old_post"
    looks_at: ClassVar[tuple[str, ...]] = ("post_age",)
    weight: ClassVar[int] = 15
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The post is old.")

    def __init__(self, days: int = 365) -> None:
        self.days = days

    def check(self, submission: Submission) -> Finding | None:
        """Check ``post_age``, which the host sets."""
        if not self.days or submission.post_age is None or submission.post_age < self.days * DAY:
            return None
        sentence = message_n(
            "The post is %(count)d day old, so it counts as old.",
            "The post is %(count)d days old, so it counts as old.",
            round(submission.post_age / DAY),
        )
        return Finding(self.slug, self.weight, sentence)
