"""Comments with many links."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..verdict import Action, Finding


class Links:
    """Holds comments with ``max_links`` or more links (WordPress core: ``comment_max_links``). 0 turns this off."""

    slug: ClassVar[str] = "links"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The comment has many links."

    def __init__(self, max_links: int = 2) -> None:
        self.max_links = max_links

    def check(self, submission: Submission) -> Finding | None:
        """Count the links of all texts."""
        if not self.max_links:
            return None
        count = len(submission.text.links)
        if count < self.max_links:
            return None
        return Finding(
            self.slug,
            min(90, self.weight + 10 * (count - self.max_links)),
            f"The comment has {count} links; comments with {self.max_links} or more are held.",
            Action.HOLD,
        )
