"""Comments with fewer links than those that are held."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..counted_links import counted_links
from ..history import Memory
from ..submission import Submission
from ..verdict import Finding


class SingleLink:
    """Scores comments with fewer than ``max_links`` links: most comments have no link, and most spam has one."""

    slug: ClassVar[str] = "single_link"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 10
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The comment has a link.")

    def __init__(self, max_links: int = 2, memory: Memory | None = None) -> None:
        self.max_links = max_links
        self._memory = memory

    def check(self, submission: Submission) -> Finding | None:
        """Count the links of all texts."""
        count = len(counted_links(submission, self._memory).links)
        if not count or (self.max_links and count >= self.max_links):
            return None
        return Finding(self.slug, self.weight, message("The comment has a link."))
