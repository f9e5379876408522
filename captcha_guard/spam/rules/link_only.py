"""Comments that consist of little more than a link."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..text.normalised import folded_case, words_of
from ..verdict import Finding

#: Words. A comment with this many can explain its link.
FEW = 4


class LinkOnly:
    """Scores comments with hardly any words and fewer links than ``max_links``."""

    slug: ClassVar[str] = "link_only"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The comment has hardly any words besides its link."

    def __init__(self, max_links: int = 2) -> None:
        self.max_links = max_links

    def check(self, submission: Submission) -> Finding | None:
        """Count the words outside the links in each text that has links."""
        text = submission.text
        if not text.links or (self.max_links and len(text.links) >= self.max_links):
            return None
        for passage in text.passages:
            labels = sum(len(words_of(folded_case(link.label))) for link in passage.links)
            if passage.links and len(passage.words) - labels < FEW:
                return Finding(self.slug, self.weight, self.sentence)
        return None
