"""Comments on closed posts."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..submission import Submission
from ..verdict import Action, Finding


class ClosedPost:
    """Refuses comments on a closed post. The site shows no form there, so a program must have sent them."""

    slug: ClassVar[str] = "closed_post"
    looks_at: ClassVar[tuple[str, ...]] = ("closed",)
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = message("The post is closed to comments.")

    def check(self, submission: Submission) -> Finding | None:
        """Check ``closed``, which the host sets."""
        if not submission.closed:
            return None
        return Finding(self.slug, self.weight, message("This post takes no more comments."), Action.REJECT, final=True)
