"""Author names that offer something, in several languages."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..lists.families import GRAMMAR
from ..lists.trades import TRADES
from ..names import quote
from ..submission import Submission
from ..verdict import Finding
from .author_slogan import AuthorSlogan


class NameOffer:
    """Scores names made of a trade and what it does, or of two parts of a family, if ``author_slogan`` finds nothing.

    One part isn't enough: Loan and Seo are names of people. Neither is a business named after its owner, such as
    "Bea's Tree Service", without a link to it.
    """

    slug: ClassVar[str] = "name_offer"
    looks_at: ClassVar[tuple[str, ...]] = ("author",)
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The name offers something.")

    def check(self, submission: Submission) -> Finding | None:
        """Look for a trade and for parts of families in the author's name."""
        words = submission.text.author_words
        if not words:
            return None
        offer = TRADES.find(words).get("a trade") or GRAMMAR.offer_in(words)
        if not offer or _is_plain_business(submission) or AuthorSlogan().check(submission):
            return None
        return Finding(self.slug, self.weight, message("The name offers something: %(offer)s.", offer=quote(offer, 60)))


def _is_plain_business(submission: Submission) -> bool:
    """Return whether a name begins with that of an owner, and the comment leads to no website."""
    text = submission.text
    return text.author_words[0].endswith("'s") and not text.site and not text.links
