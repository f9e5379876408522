"""Comments that consist of little more than a link."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from ...messages import message
from ..counted_links import counted_links
from ..history import Memory
from ..submission import Submission
from ..text.normalised import Passage, folded_case, words_of
from ..verdict import Finding

#: Words. A comment with this many can explain its link.
FEW = 4

#: Text in scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff]{4,}+")


class LinkOnly:
    """Scores comments with hardly any words and fewer links than ``max_links``.

    Links to sites for programmers count, too, because anyone can publish there.
    """

    slug: ClassVar[str] = "link_only"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The comment has hardly any words besides its link.")

    def __init__(self, max_links: int = 2, memory: Memory | None = None) -> None:
        self.max_links = max_links
        self._memory = memory

    def check(self, submission: Submission) -> Finding | None:
        """Count the words outside the links in each text that has links."""
        counted = counted_links(submission, self._memory)
        if self.max_links and len(counted.links) >= self.max_links:
            return None
        links = {*counted.links, *counted.forges}
        for passage in submission.text.passages:
            if not links.isdisjoint(passage.links) and _length(passage) < FEW:
                return Finding(self.slug, self.weight, self.sentence)
        return None


def _length(passage: Passage) -> int:
    """Return the number of words outside the links; in scripts without spaces, two letters count as one word."""
    labels = sum(len(words_of(folded_case(link.label))) for link in passage.links)
    unspaced = sum(len(run) // 2 - 1 for run in _UNSPACED.findall(" ".join(passage.words)))
    return len(passage.words) - labels + unspaced
