"""Author names that are addresses or advertisements."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from ..submission import Submission
from ..verdict import Finding

#: Words. Names of people and of their blogs are shorter.
LONG: Final = 7

ADDRESS: Final = re.compile(
    r"[a-z0-9-]{2,63}(?:\.[a-z0-9-]{2,63}){0,3}\."
    r"(?:com|net|org|info|biz|ru|xyz|top|shop|site|online|club|store)"
)

_OFFERED: Final = """
    agency backlinks bitcoin bonus buy casino casinos cbd cheap coupon coupons credit crypto discount escort
    escorts forex gambling hacker hire insurance jackpot loan loans marketing movers payday pharmacy pills
    plumber poker porn promo rental repair replica seo sex slot slots tablets traffic viagra vpn wholesale
"""

#: Goods and services that spammers advertise in the name field.
OFFERS: Final = frozenset(_OFFERED.split())


class AuthorSlogan:
    """Scores author names that are an address, an advertisement or a sentence."""

    slug: ClassVar[str] = "author_slogan"
    looks_at: ClassVar[tuple[str, ...]] = ("author",)
    weight: ClassVar[int] = 40
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The name is an address or a slogan."

    def check(self, submission: Submission) -> Finding | None:
        """Check the author's name."""
        text = submission.text
        if "://" in text.author or text.author.startswith("www.") or ADDRESS.fullmatch(text.author):
            return Finding(self.slug, self.weight, "The name is an address.")
        advertised = OFFERS.intersection(text.author_words)
        if advertised and len(text.author_words) > 1:
            return Finding(self.slug, self.weight, f"The name advertises: {min(advertised)}.")
        if len(text.author_words) >= LONG:
            return Finding(self.slug, self.weight // 2, f"The name has {len(text.author_words)} words.")
        return None
