"""Generic praise that would fit any page."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from ...messages import joined, message
from ..lists.praise import KIND, PAID
from ..names import quote
from ..submission import Submission
from ..text.normalised import Passage
from ..verdict import Finding

#: Words. A longer comment usually says something besides the praise.
SHORT: Final = 25

#: This many kinds of ordinary praise in a text of up to this many words leave no room for anything else.
STACKED: Final = 3
STACK: Final = 40

#: The score of each further kind of spammers' praise, and the maximum for all praise. The maximum is below the
#: threshold for holding a comment.
FURTHER, MOST = 15, 50


#: A text with one of these says something about the post.
_CONCRETE: Final = re.compile(r"[\d?`]")


class Flattery:
    """Scores generic praise: spammers' praise anywhere, other kind words in a short text with a link or in a stack."""

    slug: ClassVar[str] = "flattery"
    looks_at: ClassVar[tuple[str, ...]] = ("body", "url")
    weight: ClassVar[int] = 20
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The comment contains generic praise that would fit any page.")

    def check(self, submission: Submission) -> Finding | None:
        """Look for praise in the words of each text, and for links that the praise may be written for."""
        text = submission.text
        has_link = bool(text.links or text.site)
        brief = [passage for passage in text.passages if has_link and len(passage.words) < SHORT]
        if paid := PAID.search(text.passages):
            score = self.weight * (2 if brief and PAID.search(brief) else 1) + FURTHER * (len(paid) - 1)
            praise = joined(quote(one, 40) for one in paid.values())
            sentence = message("Generic praise that would fit any page: %(praise)s.", praise=praise)
            return Finding(self.slug, min(MOST, score), sentence)
        if brief and (kind := KIND.search(brief)):
            praise = quote(next(iter(kind.values())), 60)
            return Finding(self.slug, self.weight, message("Short praise with a link: %(praise)s.", praise=praise))
        if stack := _stack(text.passages):
            return Finding(self.slug, self.weight, message("Nothing but praise: %(praise)s.", praise=joined(stack)))
        return None


def _stack(passages: tuple[Passage, ...]) -> list[str]:
    """Return the praise of a short text that has several kinds, and no question, number or code."""
    for passage in passages:
        if len(passage.words) > STACK or _CONCRETE.search(passage.plain):
            continue
        if len(kinds := KIND.search([passage])) >= STACKED:
            return [quote(praise, 40) for praise in kinds.values()]
    return []
