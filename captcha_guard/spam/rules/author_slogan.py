"""Author names that are addresses or advertisements."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from ...messages import message, message_n
from ..submission import Submission
from ..verdict import Finding

#: Words. Names of people and of their blogs are shorter.
LONG: Final = 7

ADDRESS: Final = re.compile(
    r"[a-z0-9-]{2,63}(?:\.[a-z0-9-]{2,63}){0,3}\."
    r"(?P<ending>com|net|org|info|biz|ru|xyz|top|shop|site|online|club|store)"
)
#: Endings of addresses that people sign with, because their own site or their subject has one: asp.net.
_OWN: Final = ("com", "net", "org")

_OFFERED: Final = """
    backlinks bitcoin casino casinos cbd coupon coupons escort escorts forex gambling insurance jackpot loans payday
    pharmacy pills promo replica slots tablets viagra wholesale
"""
_AMBIGUOUS: Final = """
    agency bonus buy cheap credit crypto discount hacker hire loan marketing movers plumber poker porn rental repair
    seo sex slot traffic vpn
"""
_TRADE: Final = """
    advisor best broker bureau center centre city companies company consultant consultants consulting contractor
    dealer expert experts firm free freelancer game games group guru inc india london ltd mart near online price
    prices pro pros sale service services shop site specialist store team tips top usa website xxx
"""

#: Goods and services that spammers advertise in the name field.
OFFERS: Final = frozenset(_OFFERED.split())
#: Words that occur in nicknames, too. They advertise with another such word, with a word of trade, or in a name of
#: three or more words.
AMBIGUOUS: Final = frozenset(_AMBIGUOUS.split())
#: Those of them that are names of people: Loan Nguyen, Kim Seo Yeon. The number of words says nothing about these.
PERSONAL: Final = frozenset(("hacker", "loan", "porn", "seo"))
TRADE: Final = frozenset(_TRADE.split())
#: Words of nicknames: Bob the Plumber, Fan of Cheap Thrills.
NICKNAMES: Final = frozenset(("fan", "lover", "nerd", "the"))


class AuthorSlogan:
    """Scores author names that are an address, an advertisement or a sentence."""

    slug: ClassVar[str] = "author_slogan"
    looks_at: ClassVar[tuple[str, ...]] = ("author",)
    weight: ClassVar[int] = 40
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The name is an address or a slogan.")

    def check(self, submission: Submission) -> Finding | None:
        """Check the author's name."""
        text = submission.text
        if "://" in text.author or text.author.startswith("www."):
            return Finding(self.slug, self.weight, message("The name is an address."))
        if address := ADDRESS.fullmatch(text.author):
            return Finding(self.slug, self._address_score(address), message("The name is an address."))
        if advertised := _advertised(text.author_words):
            return Finding(self.slug, self.weight, message("The name advertises: %(word)s.", word=advertised))
        if len(text.author_words) >= LONG:
            words = len(text.author_words)
            sentence = message_n("The name has %(count)d word.", "The name has %(count)d words.", words)
            return Finding(self.slug, self.weight * 3 // 8, sentence)
        return None

    def _address_score(self, address: re.Match[str]) -> int:
        """Return less for an address that a reader may sign with: a short one without hyphens, digits or offers."""
        name = address[0]
        plain = address["ending"] in _OWN and name.count(".") == 1 and name.replace(".", "").isalpha()
        offers = plain and any(word in name for word in OFFERS | AMBIGUOUS | TRADE if len(word) > 3)
        return self.weight * 5 // 8 if plain and not offers else self.weight


def _advertised(words: tuple[str, ...]) -> str:
    """Return the word of an advertisement, or an empty string."""
    if len(words) < 2:
        return ""
    if clear := OFFERS.intersection(words):
        return min(clear)
    ambiguous = AMBIGUOUS.intersection(words)
    if len(ambiguous) == 1 and not NICKNAMES.isdisjoint(words) and TRADE.isdisjoint(words):
        return ""
    long = len(words) > 2 and bool(ambiguous - PERSONAL)
    if ambiguous and (long or len(ambiguous) > 1 or not TRADE.isdisjoint(words)):
        return min(ambiguous)
    return ""
