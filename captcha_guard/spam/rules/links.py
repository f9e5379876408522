"""Comments with many links."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message, message_n
from ..counted_links import counted_links
from ..history import Memory
from ..submission import Submission
from ..verdict import Action, Finding

#: What the score of a text that explains its links has more, because it isn't held for their number alone.
EXPLAINED = 10


class Links:
    """Holds comments with ``max_links`` or more links (WordPress core: ``comment_max_links``). 0 turns this off.

    A text that explains its links is only scored. :func:`.counted_links` says which links count.
    """

    slug: ClassVar[str] = "links"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The comment has many links.")

    def __init__(self, max_links: int = 2, memory: Memory | None = None) -> None:
        self.max_links = max_links
        self._memory = memory

    def check(self, submission: Submission) -> Finding | None:
        """Count the links of all texts."""
        if not self.max_links:
            return None
        counted = counted_links(submission, self._memory)
        count = len(counted.links)
        if count < self.max_links:
            return None
        score = self.weight + 10 * (count - self.max_links)
        if counted.explained:
            sentence = message_n(
                "The comment has %(count)d link in a text that explains it.",
                "The comment has %(count)d links in a text that explains them.",
                count,
            )
            return Finding(self.slug, min(90, score + EXPLAINED), sentence)
        sentence = message_n(
            "The comment has %(count)d link; comments with %(least)d or more are held.",
            "The comment has %(count)d links; comments with %(least)d or more are held.",
            count,
            least=self.max_links,
        )
        return Finding(self.slug, min(90, score), sentence, Action.HOLD)
