"""The post takes no more comments."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..verdict import Action, Finding


class ClosedPost:
    """Refuses what is posted to a closed post: no form on the site leads there."""

    slug: ClassVar[str] = "closed_post"
    looks_at: ClassVar[tuple[str, ...]] = ("closed",)
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = "The post is closed to comments."

    def check(self, submission: Submission) -> Finding | None:
        """Look at ``closed``, which the host sets."""
        if not submission.closed:
            return None
        return Finding(self.slug, self.weight, "This post takes no more comments.", Action.REJECT, final=True)
