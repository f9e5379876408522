"""Phrases that are typical of spam."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from ...messages import joined, message
from ..lists.families import GRAMMAR
from ..lists.grammar import ADDRESS, LINK, Found
from ..lists.phrasing import UNQUOTED
from ..lists.spam_phrases import BOOK, FAINT, SCORES
from ..names import FAMILIES, LANGUAGES, quote
from ..submission import Submission
from ..text.normalised import Passage
from ..text.technical import TERMS
from ..verdict import Finding
from .bare_domain import BareDomain

#: The score of every further family, and the maximum for all families together.
FURTHER, MOST = 15, 90
#: The maximum for a question without a link or contact details, and for such a text about programming or about spam.
MOST_ASKED, MOST_ABOUT = 45, 25
#: The families to which these two apply, because readers write about their subjects, too.
_SUBJECTS: Final = frozenset(("a word of advertisers", "gambling", "gifts", "loans", "medicine"))

#: A name of a messenger or network, an e-mail address, a telephone number, a chat link. A single one scores nothing
#: here, so the expression is wider than those of the rule ``contact``.
_ADDRESS: Final = re.compile(
    r"""(?<![\w.])@[a-z]\w{3,31}\b
    | (?<![\w.+-])[a-z0-9_.+-]{2,64}(?:@|\s?[\[(]at[\])]\s?)[a-z0-9-]{2,63}\.[a-z]{2,18}
    | (?<![\w./-])\+?\d(?:[ ().-]{0,2}\d){8,14}(?![\w./-])
    | \b(?:t\.me|wa\.me|telegram\.me|vk\.com|line\.me)/\w
    | (?:微信|薇信|威信|加v|v信|扣扣|电报|飞机)\W{0,4}(?:号|id)?\W{0,4}[a-z0-9_-]{5,20}
    | (?<![a-z])(?:vx|wx|qq|tg|тг|telegram|телеграм|line|skype|скайп)(?:\ ?id)?(?:\ ?[:@]\ ?|号?\ ?(?=[a-z_-]{0,19}\d))
        [a-z0-9_-]{5,20}
    | \b(?:whats\s?app|wa|telegram|gmail|signal)\b\W{0,4}(?:@|\+|\d)""",
    re.VERBOSE,
)

#: Words of readers who write about advertisements or calculate with loans and odds.
_SUBJECT_WORDS: Final = """
    berechnen calcular calculer formel formula formule fórmula joke joking kidding mathematics phishing probability scam
    scams spam spammers statistics
"""
_ABOUT: Final = TERMS | frozenset(_SUBJECT_WORDS.split())
#: A reader's question about how something works.
_QUESTION: Final = re.compile(r"\b(?:why|how) (?:are|can|could|do|does|did|is|was|were|would)\b[^.!?]{8,200}\?")


class Phrases:
    """Scores offers and requests that readers seldom write; several kinds score more than one."""

    slug: ClassVar[str] = "phrases"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 45
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The comment contains phrases that are typical of spam.")

    def check(self, submission: Submission) -> Finding | None:
        """Look for each family, as whole phrases and as parts that meet, in the words of each text."""
        passages = submission.text.passages
        found = BOOK.search(passages)
        families = families_in(passages)
        if not found and not families:
            return None
        scores = {name: SCORES[name] for name in found}
        scores |= {name: max(family.score, scores.get(name, 0)) for name, family in families.items()}
        further = sum(score > FAINT for score in scores.values()) - 1
        score = min(MOST, max(scores.values()) + FURTHER * max(0, further))
        if scores.keys() <= _SUBJECTS:
            score = min(score, _most(submission))
        quotes = {name: quote(phrase, 40) for name, phrase in found.items()}
        quotes |= {name: _quoted(family) for name, family in families.items()}
        sentence = message(
            "The comment contains phrases that are typical of spam: %(kinds)s.",
            kinds=joined(_named(name, quoted) for name, quoted in quotes.items()),
        )
        return Finding(self.slug, score, sentence)


def _most(submission: Submission) -> int:
    """Return the maximum score: lower for a text without a link that asks something or is about programming."""
    text = submission.text
    if text.site or text.links or BareDomain().check(submission):
        return MOST
    has_address = any(ADDRESS in _details(passage) for passage in text.passages)
    if not _ABOUT.isdisjoint(text.words) and ("?" in text.plain or not has_address):
        return MOST_ABOUT
    return MOST_ASKED if not has_address and _QUESTION.search(text.plain) else MOST


def _quoted(family: Found) -> str:
    quoted = UNQUOTED if UNQUOTED in family.quoted else ", ".join(family.quoted)[:80]
    # Translators: phrases in a language, such as "German: Geld leihen".
    return message("%(language)s: %(phrases)s", language=LANGUAGES[family.language], phrases=quoted)


def _named(family: str, quoted: str) -> str:
    # Translators: a kind of spam with the phrases that were found, such as "gambling (casino bonus)".
    return message("%(kind)s (%(phrases)s)", kind=FAMILIES.get(family, family), phrases=quoted)


def families_in(passages: Iterable[Passage]) -> dict[str, Found]:
    """Return the families of which parts meet in a passage."""
    return GRAMMAR.search(passages, _details)


def _details(passage: Passage) -> list[str]:
    """Return which parts the passage has that aren't phrases."""
    return [LINK] * bool(passage.links) + [ADDRESS] * (_ADDRESS.search(passage.plain) is not None)
